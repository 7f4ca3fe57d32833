//! Proposals built on a real engine: both orders leave the same image.
//!
//! Every project is small and builds without a network: the package managers are scripts in its own `.github/bin/`
//! (a place that counts as seldom edited), which the Dockerfile copies to /usr/local/bin first. Each script writes
//! down what it was given to read, so an image in which an install saw other files than before differs in its files.

mod engine_support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use engine_support::Which;

/// A stand-in for any package manager: notes the manifests that lie where it runs, and what a build compiles.
const TOOL: &str = r#"#!/bin/sh
set -e
name=$(basename "$0")
case "$name $*" in
  *" run "*|*build*|*package*|*publish*|*compile*)
    mkdir -p out && find . -type f -not -path './out/*' | sort | xargs cat > "out/$name.built" ;;
  *)
    mkdir -p "/opt/deps/$name"
    for file in package.json package-lock.json yarn.lock pnpm-lock.yaml pyproject.toml poetry.lock uv.lock requirements.txt \
      go.mod go.sum pom.xml build.gradle settings.gradle Gemfile Gemfile.lock composer.json composer.lock; do
      if [ -f "$file" ]; then cat "$file" >> "/opt/deps/$name/seen"; fi
    done
    find . -mindepth 2 \( -name package.json -o -name build.gradle -o -name '*.csproj' -o -name go.mod \) | sort | xargs -r cat >> "/opt/deps/$name/seen" ;;
esac
"#;

struct Case {
    name: &'static str,
    /// What stands after `FROM alpine:3.17` and the copy of the tools; `@` begins a further stage.
    dockerfile: &'static str,
    files: &'static [(&'static str, &'static str)],
    /// A kind of move that has to be among those proposed.
    kind: &'static str,
}

const NPM: &[(&str, &str)] = &[
    ("package.json", r#"{"name":"x"}"#),
    ("package-lock.json", r#"{"name":"x","lockfileVersion":3,"packages":{"":{"name":"x"}}}"#),
    ("src/app.js", "app\n"),
];

const CASES: &[Case] = &[
    Case {
        name: "npm",
        dockerfile: "WORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\nCMD [\"node\", \"src/app.js\"]\n",
        files: NPM,
        kind: "manifests_first",
    },
    Case {
        name: "npm in one RUN",
        dockerfile: "WORKDIR /app\nCOPY . .\n# install and build\nRUN npm ci \\\n    && npm run build \\\n    && echo done > /done\n",
        files: NPM,
        kind: "split_run",
    },
    Case {
        name: "yarn workspaces",
        dockerfile: "WORKDIR /app\nCOPY . .\nRUN yarn install --frozen-lockfile\nRUN yarn build\n",
        files: &[
            ("package.json", r#"{"workspaces":["packages/*"]}"#),
            ("packages/a/package.json", "{}"),
            ("packages/a/index.js", "a\n"),
            ("yarn.lock", "lock\n"),
        ],
        kind: "manifests_first",
    },
    Case {
        name: "pnpm",
        dockerfile: "WORKDIR /app\nCOPY package.json .\nCOPY --chown=1000:1000 . .\nRUN pnpm install --frozen-lockfile\nRUN pnpm build\n",
        files: &[("package.json", "{}"), ("pnpm-lock.yaml", "lock\n"), ("index.js", "x\n")],
        kind: "manifests_first",
    },
    Case {
        name: "pip",
        dockerfile: "WORKDIR /srv\nCOPY . /srv\nRUN apk add --no-cache gcc\nRUN pip install -r requirements.txt\nARG VERSION=dev\nENV VERSION=$VERSION\n",
        files: &[("requirements.txt", "flask\n-r base.txt\n"), ("base.txt", "six\n"), ("app.py", "x\n")],
        kind: "manifests_first",
    },
    Case {
        name: "poetry",
        dockerfile: "COPY . /app\nWORKDIR /app\nRUN poetry config virtualenvs.create false && poetry install --no-root\nRUN poetry build\n",
        files: &[("pyproject.toml", "[tool.poetry]\n"), ("poetry.lock", "lock\n"), ("pkg/a.py", "x\n")],
        kind: "manifests_first",
    },
    Case {
        name: "uv",
        dockerfile: "WORKDIR /app\nCOPY . .\nRUN uv sync --frozen --no-install-project\nRUN uv build\n",
        files: &[("pyproject.toml", "[project]\nname = \"x\"\n"), ("uv.lock", "lock\n"), ("x/a.py", "x\n")],
        kind: "manifests_first",
    },
    Case {
        name: "go modules, two stages",
        dockerfile: "WORKDIR /src\nCOPY . .\nRUN go mod download\nRUN go build -o /out/app ./cmd\n@ARG COMMIT=none\nENV COMMIT=$COMMIT\nRUN apk add --no-cache ca-certificates\nCOPY --from=0 /src/out /app\n",
        files: &[("go.mod", "module x\n"), ("go.sum", "sum\n"), ("cmd/main.go", "main\n")],
        kind: "manifests_first",
    },
    Case {
        name: "go build that fetches",
        dockerfile: "WORKDIR /src\nCOPY . .\nRUN go build -o /out/app ./cmd\n@COPY --from=0 /src/out /app\n",
        files: &[("go.mod", "module x\n"), ("go.sum", "sum\n"), ("cmd/main.go", "main\n")],
        kind: "fetch_first",
    },
    Case {
        name: "maven",
        dockerfile: "WORKDIR /s\nADD . /s\nRUN mvn -B dependency:go-offline\nRUN mvn package\n",
        files: &[("pom.xml", "<project/>\n"), ("src/A.java", "a\n")],
        kind: "manifests_first",
    },
    Case {
        name: "gradle with two projects",
        dockerfile: "WORKDIR /app\nCOPY . .\nRUN gradle dependencies --no-daemon\nRUN gradle build --no-daemon\n",
        files: &[
            ("build.gradle", "plugins {}\n"),
            ("settings.gradle", "include ':a'\n"),
            ("a/build.gradle", "a\n"),
            ("a/src/A.java", "a\n"),
        ],
        kind: "manifests_first",
    },
    Case {
        name: "bundler",
        dockerfile: "WORKDIR /app\nCOPY --chown=1000:1000 . ./\nRUN bundle install --jobs 4\nRUN chmod 0700 app.rb\n",
        files: &[
            ("Gemfile", "source 'x'\ngem 'rails'\n"),
            ("Gemfile.lock", "PLATFORMS\n  x86_64-linux\n\n"),
            ("app.rb", "x\n"),
        ],
        kind: "manifests_first",
    },
    Case {
        name: "composer",
        dockerfile: "WORKDIR /app\nCOPY . .\nRUN composer install --no-dev --no-scripts\nUSER 1000\nENTRYPOINT [\"php\"]\n",
        files: &[("composer.json", "{}"), ("composer.lock", "{}"), ("src/a.php", "x\n")],
        kind: "manifests_first",
    },
    Case {
        name: "dotnet solution",
        dockerfile: "WORKDIR /src\nCOPY . .\nRUN dotnet restore\nRUN dotnet publish -c Release\n",
        files: &[
            ("x.sln", "Project(\"{A}\") = \"Web\", \"src\\Web\\Web.csproj\", \"{B}\"\n"),
            ("src/Web/Web.csproj", "<ProjectReference Include=\"..\\Core\\Core.csproj\" />\n"),
            ("src/Core/Core.csproj", "<Project/>\n"),
            ("src/Web/P.cs", "x\n"),
        ],
        kind: "manifests_first",
    },
    Case {
        name: "packages of the system under the sources, and an ARG above them",
        dockerfile: "ARG COMMIT=none\nLABEL commit=$COMMIT\nWORKDIR /app\nCOPY src src\nRUN apk add --no-cache curl\nRUN cat src/* > all.txt\n",
        files: &[("src/a", "a\n"), ("src/b", "b\n")],
        kind: "stable_earlier",
    },
    Case {
        name: "an update apart from its install",
        dockerfile: "RUN apt-get update\nRUN apt-get install -y curl\nCOPY src /src\n",
        files: &[("src/a", "a\n")],
        kind: "merge_update",
    },
];

const TOOLS: &[&str] = &[
    "npm", "yarn", "pnpm", "pip", "poetry", "uv", "go", "mvn", "gradle", "bundle", "composer", "dotnet",
    "apk", "apt-get",
];

fn write(folder: &Path, path: &str, text: &str, mode: u32) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().expect("below the folder")).expect("ours");
    std::fs::write(&path, text).expect("ours");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("ours");
}

fn project(case: &Case) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for tool in TOOLS {
        write(folder.path(), &format!(".github/bin/{tool}"), TOOL, 0o755);
    }
    let start = "FROM alpine:3.17\nCOPY .github/bin /usr/local/bin\n";
    let text = format!("{start}{}", case.dockerfile.replace('@', start));
    write(folder.path(), "Dockerfile", &text, 0o644);
    write(folder.path(), ".dockerignore", "Dockerfile\n.dockerignore\n", 0o644);
    for (path, text) in case.files {
        write(folder.path(), path, text, 0o644);
    }
    folder
}

/// Runs `layerlab reorder` in a project; returns the exit status, standard output and standard error.
fn reorder(
    folder: &Path,
    arguments: &[&str],
    env: &[(std::ffi::OsString, std::ffi::OsString)],
) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_layerlab"))
        .arg("reorder")
        .args(arguments)
        .arg(folder)
        .envs(env.iter().cloned())
        .output()
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn every_case_gets_the_proposal_that_it_is_there_for() {
    for case in CASES {
        let folder = project(case);
        let (status, out, err) = reorder(folder.path(), &["--format", "json"], &[]);
        assert_eq!(status, 0, "{}: {err}", case.name);
        let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        let kinds: Vec<&str> = report["moves"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|made| made["kind"].as_str())
            .collect();
        assert!(
            kinds.contains(&case.kind),
            "{}: {kinds:?}\n{}",
            case.name,
            report["text"].as_str().unwrap_or_default()
        );
    }
}

#[test]
fn both_orders_leave_the_same_image_on_a_real_engine() {
    let Some((docker, env)) = engine_support::environment(Which::New) else { return };
    let docker = docker.display().to_string();
    for case in CASES {
        let folder = project(case);
        let (status, out, err) = reorder(folder.path(), &["--verify", "--docker", &docker], &env);
        assert_eq!(status, 0, "{}:\n{out}\n{err}", case.name);
        assert!(err.contains("verify: the same:"), "{}: {err}", case.name);
    }
}

#[test]
fn an_order_that_leaves_another_image_is_told() {
    let Some((docker, env)) = engine_support::environment(Which::New) else { return };
    // A stand-in that looks at what no npm looks at: the proposal cannot know, the comparison finds it.
    let folder = project(&CASES[0]);
    write(folder.path(), ".github/bin/npm", "#!/bin/sh\nls src >> /seen 2>&1 || true\n", 0o755);
    let docker = docker.display().to_string();
    let (status, _, err) = reorder(folder.path(), &["--verify", "--docker", &docker], &env);
    assert_eq!(status, 1, "{err}");
    assert!(err.contains("DIFFER") && err.contains("/seen"), "{err}");
}
