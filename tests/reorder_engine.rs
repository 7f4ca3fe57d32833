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
  "useradd -u "*) echo "$3:x:$2:$2::/:/bin/sh" >> /etc/passwd; exit ;;
  "npm "*) cache=${npm_config_cache:-/root/.npm}
    # Another user than root has no such place unless told of one.
    if [ "$(id -u)" = 0 ] || [ -n "$npm_config_cache" ]; then mkdir -p "$cache" && echo "$*" >> "$cache/log"; fi ;;
  "yarn install"*) mkdir -p /root/.yarn/berry/cache && echo "$*" >> /root/.yarn/berry/cache/log
    echo "{}" > /root/.yarn/berry/telemetry.json ;;
  "go mod download") if [ -n "$GOMODCACHE" ]; then mkdir -p "$GOMODCACHE" && echo module > "$GOMODCACHE/module"; fi ;;
  "go build"*) if [ -n "$GOMODCACHE" ]; then cat "$GOMODCACHE/module"; fi ;;
esac
case "$name $*" in
  # What installs packages of the system looks at nothing of the project.
  "apk "*|"apt-get "*) mkdir -p "/opt/deps/$name" && echo "$*" >> "/opt/deps/$name/seen" ;;
  "mix deps."*|"mix local."*) mkdir -p /opt/deps/mix && cat mix.exs mix.lock config/*.exs >> /opt/deps/mix/seen; echo "$2" > deps ;;
  "composer install"*) mkdir -p vendor && cat composer.json composer.lock > vendor/installed
    case "$*" in *--no-autoloader*) ;; *-o*) find . -name '*.php' -not -path './vendor/*' | sort > vendor/autoload ;; esac ;;
  *" run "*|*build*|*package*|*publish*|*compile*)
    mkdir -p out && find . -type f -not -path './out/*' | sort | xargs cat > "out/$name.built" ;;
  *)
    mkdir -p "/opt/deps/$name"
    for file in package.json package-lock.json yarn.lock pnpm-lock.yaml pyproject.toml poetry.lock uv.lock requirements.txt \
      go.mod go.sum pom.xml build.gradle settings.gradle Gemfile Gemfile.lock composer.json composer.lock; do
      if [ -f "$file" ]; then cat "$file" >> "/opt/deps/$name/seen"; fi
    done
    find . -mindepth 2 \( -name package.json -o -name build.gradle -o -name pom.xml -o -name '*.csproj' -o -name go.mod \) | sort | xargs -r cat >> "/opt/deps/$name/seen" ;;
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

const fn case(
    kind: &'static str,
    name: &'static str,
    dockerfile: &'static str,
    files: &'static [(&'static str, &'static str)],
) -> Case {
    Case { name, dockerfile, files, kind }
}

const CASES: &[Case] = &[
    case(
        "manifests_first",
        "npm",
        "WORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\nCMD [\"node\", \"src/app.js\"]\n",
        NPM,
    ),
    case(
        "split_run",
        "npm in one RUN that ends at a failure",
        "WORKDIR /app\nCOPY . .\nRUN set -eux; \\\n    npm ci; \\\n    npm run build; \\\n    echo done > /done\n",
        NPM,
    ),
    case(
        "split_run",
        "npm in one RUN",
        "WORKDIR /app\nCOPY . .\n# install and build\nRUN npm ci \\\n    && npm run build \\\n    && echo done > /done\n",
        NPM,
    ),
    case(
        "manifests_first",
        "yarn workspaces",
        "WORKDIR /app\nCOPY . .\nRUN yarn install --frozen-lockfile\nRUN yarn build\n",
        &[
            ("package.json", r#"{"workspaces":["packages/*"]}"#),
            ("packages/a/package.json", "{}"),
            ("packages/a/index.js", "a\n"),
            ("yarn.lock", "lock\n"),
        ],
    ),
    case(
        "manifests_first",
        "pnpm",
        "WORKDIR /app\nCOPY package.json .\nCOPY --chown=1000:1000 . .\nRUN pnpm install --frozen-lockfile\nRUN pnpm build\n",
        &[("package.json", "{}"), ("pnpm-lock.yaml", "lock\n"), ("index.js", "x\n")],
    ),
    case(
        "manifests_first",
        "pip",
        "WORKDIR /srv\nCOPY . /srv\nRUN apk add --no-cache gcc\nRUN pip install -r requirements.txt\nARG VERSION=dev\nENV VERSION=$VERSION\n",
        &[("requirements.txt", "flask\n-r base.txt\n"), ("base.txt", "six\n"), ("app.py", "x\n")],
    ),
    case(
        "manifests_first",
        "poetry",
        "COPY . /app\nWORKDIR /app\nRUN poetry config virtualenvs.create false && poetry install --no-root\nRUN poetry build\n",
        &[("pyproject.toml", "[tool.poetry]\n"), ("poetry.lock", "lock\n"), ("pkg/a.py", "x\n")],
    ),
    case(
        "manifests_first",
        "uv",
        "WORKDIR /app\nCOPY . .\nRUN uv sync --frozen --no-install-project\nRUN uv build\n",
        &[("pyproject.toml", "[project]\nname = \"x\"\n"), ("uv.lock", "lock\n"), ("x/a.py", "x\n")],
    ),
    case(
        "manifests_first",
        "go modules, two stages",
        "WORKDIR /src\nCOPY . .\nRUN go mod download\nRUN go build -o /out/app ./cmd\n@ARG COMMIT=none\nENV COMMIT=$COMMIT\nRUN apk add --no-cache ca-certificates\nCOPY --from=0 /src/out /app\n",
        &[("go.mod", "module x\n"), ("go.sum", "sum\n"), ("cmd/main.go", "main\n")],
    ),
    case(
        "fetch_first",
        "go build that fetches",
        "WORKDIR /src\nCOPY . .\nRUN go build -o /out/app ./cmd\n@COPY --from=0 /src/out /app\n",
        &[("go.mod", "module x\n"), ("go.sum", "sum\n"), ("cmd/main.go", "main\n")],
    ),
    case(
        "manifests_first",
        "maven",
        "WORKDIR /s\nADD . /s\nRUN mvn -B dependency:go-offline\nRUN mvn package\n",
        &[("pom.xml", "<project/>\n"), ("src/A.java", "a\n")],
    ),
    case(
        "manifests_first",
        "maven with modules",
        "WORKDIR /s\nCOPY . .\nRUN mvn -B -pl web -am dependency:go-offline\nRUN mvn package\n",
        &[
            ("pom.xml", "<project><modules><module>api</module><module>web</module></modules></project>\n"),
            ("api/pom.xml", "<project><artifactId>api</artifactId></project>\n"),
            ("api/src/A.java", "a\n"),
            (
                "web/pom.xml",
                "<project><dependencies><dependency><artifactId>api</artifactId></dependency></dependencies></project>\n",
            ),
            ("web/src/B.java", "b\n"),
        ],
    ),
    case(
        "manifests_first",
        "npm workspace with a command that is built",
        "WORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n",
        &[
            ("package.json", r#"{"name":"x","workspaces":["packages/*"]}"#),
            ("package-lock.json", r#"{"name":"x","lockfileVersion":3,"packages":{"":{"name":"x"}}}"#),
            ("packages/a/package.json", r#"{"name":"a","bin":"dist/cli.js"}"#),
            ("packages/a/cli.ts", "cli\n"),
        ],
    ),
    case(
        "manifests_first",
        "gradle with two projects",
        "WORKDIR /app\nCOPY . .\nRUN gradle dependencies --no-daemon\nRUN gradle build --no-daemon\n",
        &[
            ("build.gradle", "plugins {}\n"),
            ("settings.gradle", "include ':a'\n"),
            ("a/build.gradle", "a\n"),
            ("a/src/A.java", "a\n"),
        ],
    ),
    case(
        "manifests_first",
        "bundler",
        "WORKDIR /app\nCOPY --chown=1000:1000 . ./\nRUN bundle install --jobs 4\nRUN chmod 0700 app.rb\n",
        &[
            ("Gemfile", "source 'x'\ngem 'rails'\n"),
            ("Gemfile.lock", "PLATFORMS\n  x86_64-linux\n\n"),
            ("app.rb", "x\n"),
        ],
    ),
    case(
        "manifests_first",
        "composer",
        "WORKDIR /app\nCOPY . .\nRUN composer install --no-dev --no-scripts\nUSER 1000\nENTRYPOINT [\"php\"]\n",
        &[("composer.json", "{}"), ("composer.lock", "{}"), ("src/a.php", "x\n")],
    ),
    case(
        "fetch_first",
        "composer, whose autoloader lists the sources",
        "WORKDIR /app\nCOPY . .\nRUN composer install --no-dev -o\nENTRYPOINT [\"php\"]\n",
        &[("composer.json", "{}"), ("composer.lock", "{}"), ("src/a.php", "x\n"), ("src/b.php", "x\n")],
    ),
    case(
        "manifests_first",
        "dotnet solution",
        "WORKDIR /src\nCOPY . .\nRUN dotnet restore\nRUN dotnet publish -c Release\n",
        &[
            ("x.sln", "Project(\"{A}\") = \"Web\", \"src\\Web\\Web.csproj\", \"{B}\"\n"),
            ("src/Web/Web.csproj", "<ProjectReference Include=\"..\\Core\\Core.csproj\" />\n"),
            ("src/Core/Core.csproj", "<Project/>\n"),
            ("src/Web/P.cs", "x\n"),
        ],
    ),
    case(
        "manifests_first",
        "mix, with its configuration",
        "WORKDIR /app\nCOPY . .\nRUN mix deps.get --only prod\nRUN mix deps.compile\nRUN mix compile\n",
        &[
            ("mix.exs", "    [app: :x, deps: deps()]\n  defp deps do\n    [{:jason, \"~> 1.2\"}]\n  end\n"),
            ("mix.lock", "  \"jason\": {:hex, :jason, \"1.4.4\", \"c5\"},\n"),
            ("config/config.exs", "import Config\n"),
            ("lib/x.ex", "x\n"),
        ],
    ),
    case(
        "manifests_first",
        "npm in a directory of its own, below other sources",
        "WORKDIR /app\nCOPY lib lib\nCOPY web/package.json web/package-lock.json web/\nRUN cd web && npm ci\nCOPY web web\nRUN npm run build\n",
        &[
            ("web/package.json", r#"{"name":"x"}"#),
            ("web/package-lock.json", r#"{"name":"x","lockfileVersion":3,"packages":{"":{"name":"x"}}}"#),
            ("web/app.js", "app\n"),
            ("lib/a", "a\n"),
        ],
    ),
    case(
        "stable_earlier",
        "packages of the system under the sources, and an ARG above them",
        "ARG COMMIT=none\nLABEL commit=$COMMIT\nWORKDIR /app\nCOPY src src\nRUN apk add --no-cache curl\nRUN cat src/* > all.txt\n",
        &[("src/a", "a\n"), ("src/b", "b\n")],
    ),
    case(
        "merge_update",
        "an update apart from its install",
        "RUN apt-get update\nRUN apt-get install -y curl\nCOPY src /src\n",
        &[("src/a", "a\n")],
    ),
];

/// Projects whose caches go into mounts: with them the same image, but for what the offers name.
const TAKEN: &[Case] = &[
    case(
        "cache_mount",
        "npm, a manifest mount besides",
        "WORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n@COPY --from=0 /app /app\nCOPY --from=0 /root /root\n",
        NPM,
    ),
    case(
        "cache_mount",
        "npm in the image itself",
        "WORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n",
        NPM,
    ),
    case(
        "cache_mount",
        "go, whose build needs what was downloaded",
        "ENV GOMODCACHE=/c/pkg/mod GOCACHE=/c/go-build\nWORKDIR /src\nCOPY . .\nRUN go mod download\nRUN go build -o /out/app ./cmd\n@COPY --from=0 /src/out /app\n",
        &[("go.mod", "module x\n"), ("go.sum", "sum\n"), ("cmd/main.go", "main\n")],
    ),
    case(
        "cache_mount",
        "npm as another user, twice",
        "RUN mkdir -p -m 777 /app /opt/deps\nUSER 1000\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm ci && npm run build\n",
        NPM,
    ),
    case(
        "cache_mount",
        "npm as a user that a step makes",
        "RUN useradd -u 1234 someone && mkdir -p -m 777 /app /opt/deps\nUSER someone\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n",
        NPM,
    ),
    case(
        "cache_mount",
        "go where the base does not say where its caches are",
        "WORKDIR /src\nCOPY . .\nRUN go mod download\nRUN go build -o /out/app ./cmd\n@COPY --from=0 /src/out /app\n",
        &[("go.mod", "module x\n"), ("go.sum", "sum\n"), ("cmd/main.go", "main\n")],
    ),
    case(
        "cache_mount",
        "go that compiles all anew, in the image itself",
        "ENV GOMODCACHE=/c/pkg/mod GOCACHE=/c/go-build\nWORKDIR /src\nCOPY . .\nRUN go mod download\nRUN go build -a -o /out/app ./cmd\nCMD [\"/src/out/go.built\"]\n",
        &[("go.mod", "module x\n"), ("go.sum", "sum\n"), ("cmd/main.go", "main\n")],
    ),
    case(
        "cache_mount",
        "pip where a variable turns its cache off",
        "ENV PIP_NO_CACHE_DIR=1\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt && pip compile\n",
        &[("requirements.txt", "flask\n"), ("app.py", "x\n")],
    ),
    case(
        "cache_mount",
        "a later yarn",
        "WORKDIR /app\nCOPY . .\nRUN yarn install --immutable && yarn cache clean\nRUN yarn run build\n",
        &[
            ("package.json", r#"{"name":"x","scripts":{"postinstall":"x"}}"#),
            ("yarn.lock", "lock\n"),
            (".yarnrc.yml", "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-3.8.3.cjs\n"),
            ("a.js", "a\n"),
        ],
    ),
];

const TOOLS: &[&str] = &[
    "npm", "yarn", "pnpm", "pip", "poetry", "uv", "go", "mvn", "gradle", "bundle", "composer", "dotnet",
    "apk", "apt-get", "mix", "useradd",
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
fn caches_in_mounts_leave_the_same_image_but_for_what_is_said() {
    for case in TAKEN {
        let folder = project(case);
        let take = ["--take", "cache-mount", "--take", "bind-mount"];
        let (status, out, err) = reorder(folder.path(), &[&["--format", "json"], &take[..]].concat(), &[]);
        assert_eq!(status, 0, "{}: {err}", case.name);
        let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
        let kinds: Vec<&str> = report["taken"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|one| one["kind"].as_str())
            .collect();
        assert!(kinds.contains(&case.kind), "{}: {kinds:?}\n{}", case.name, report["text"]);
        let Some((docker, env)) = engine_support::environment(Which::New) else { continue };
        let docker = docker.display().to_string();
        let arguments = [&["--verify", "--docker", &docker], &take[..]].concat();
        let (status, out, err) = reorder(folder.path(), &arguments, &env);
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
