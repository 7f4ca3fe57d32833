//! Lines for the ignore file.

use super::offers::Files;
use super::*;

/// The lines for a step that runs beside all files, each of some of which is edited by itself. The first of these is
/// there in any case, with two files of a program.
fn lines<const N: usize>(edited: [&str; N], files: Files<'_>, run: &str) -> Vec<IgnoreLine> {
    let mut all = vec![(edited[0], "x"), ("a.x", "x"), ("b.x", "x")];
    all.extend(files);
    let text = format!("FROM debian\nWORKDIR /app\nCOPY . .\nRUN {run}\n");
    let dockerfile = parse(&text).expect("the test's Dockerfile is valid");
    let tree = Tree::from_pairs(all.iter().copied());
    let read = |path: &str| all.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
    let edit = |path: &str| Edit { weight: 1.0, paths: vec![path.to_owned()], build_args: vec![] };
    let edits = Expected::new(edited.map(edit).to_vec());
    let options = ReorderOptions::default();
    let input =
        ReorderInput { tree: &tree, files: &read, edits: &edits, seconds: &rough_seconds, options: &options };
    propose(&dockerfile, &input).ignore.map(|ignore| ignore.add).unwrap_or_default()
}

#[test]
fn git_is_left_in_the_context_where_something_asks_it() {
    let asks = |files: Files<'_>, run: &str| {
        let found = lines([".git/HEAD", "a.x"], files, run);
        found.into_iter().find(|line| line.pattern == ".git").map(|line| line.why)
    };
    let go = ". `go build` then leaves the commit out of `go version -m`";
    let composer = ". Composer then leaves the commit of the project out of vendor/composer/installed.php";
    let net = ". The .NET SDK then leaves the commit out of the assemblies' informational version";
    for (files, run, expected) in [
        (&[][..], "npm run build", Some("")),
        (&[("go.mod", "module x")][..], "go build ./...", Some(go)),
        (&[("x.csproj", "<Project/>")][..], "dotnet build", Some(net)),
        (&[("x.csproj", "<PackageReference Include=\"MinVer\"/>")][..], "dotnet build", None),
        (&[("Directory.Build.props", "<P Include=\"Nerdbank.GitVersioning\"/>")][..], "dotnet build", None),
        (&[("pom.xml", "<artifactId>git-commit-id-maven-plugin</artifactId>")][..], "mvn package", None),
        (&[("build.gradle", "id 'com.gorylenko.gradle-git-properties'")][..], "gradle build", None),
        (&[("vite.config.ts", "execSync('git rev-parse HEAD')")][..], "npm run build", None),
        (&[("pyproject.toml", "requires = [\"setuptools-scm\"]")][..], "pip install .", None),
        (&[][..], "git describe > version", None),
        (&[][..], "apk add git make && make", Some("")),
        (&[][..], "apk add \\\n    git \\\n    make && make", Some("")),
        (&[][..], "VERSION=$(/usr/bin/git -C . rev-parse HEAD) make", None),
        (&[][..], "sh -c 'git tag'", None),
        (&[("scripts/version.sh", "git rev-parse --short HEAD")][..], "./scripts/version.sh > version", None),
        (
            &[("scripts/release.sh", "git rev-parse --short HEAD")][..],
            "./scripts/version.sh > version",
            Some(""),
        ),
        (&[("x.gemspec", "s.files = `git ls-files`.split")][..], "gem build x.gemspec", None),
        (&[("CMakeLists.txt", "git_describe(V)")][..], "cmake .", None),
        (&[("app/About.php", "file_get_contents(base_path('.git/HEAD'))")][..], "composer install", None),
        (&[(".gitmodules", "x")][..], "make", None),
        (&[("build.rs", "Command::new(\"git\").args([\"rev-parse\", \"HEAD\"])")][..], "cargo build", None),
        (&[("crates/a/build.rs", "Command::new(\"git\").arg(x)")][..], "cargo build", None),
        (&[("vite.config.js", "spawnSync('git', ['log'])")][..], "npm run build", None),
        (&[("package.json", r#"{"repository":{"type": "git", "url": "x"}}"#)][..], "npm run build", Some("")),
        (&[("buildSrc/v.kts", "ProcessBuilder(\"git\", x)")][..], "gradle build", None),
        (&[("tools/gen.go", "exec.Command(\"git\", \"describe\")")][..], "go generate ./...", None),
        (&[("src/a.rs", "Command::new(\"git\").arg(\"clone\")")][..], "cargo build", Some("")),
        (&[("composer.json", "{}")][..], "php composer.phar install", Some(composer)),
    ] {
        let why = asks(files, run);
        let expected = expected.map(|more| format!("every commit changes it; no step calls git{more}"));
        assert_eq!(why, expected, "{run} with {files:?}");
    }
}

#[test]
fn words_that_ask_git() {
    for (text, expected) in [
        ("VERSION := $(shell git describe --tags)", Some("git describe")),
        ("requires = [\"setuptools-scm\"]", Some("setuptools-scm")),
        ("<artifactId>Git-Commit-Id-maven-plugin</artifactId>", Some("git-commit-id")),
        ("s.files = `git ls-files`.split", Some("ls-files")),
        ("COPY .gitignore x.github.com/a.git", None),
        ("RUN apk add git", None),
    ] {
        assert_eq!(super::super::asks_git(text), expected, "{text}");
    }
}

#[test]
fn a_word_in_an_address_names_no_file_and_git_misses_what_is_ignored() {
    let ignored = |files: Files<'_>, run: &str| {
        let found = lines([".github/a.yml", "a.x", "docs/a.md"], files, run);
        found.into_iter().map(|line| line.pattern).collect::<Vec<_>>().join(" ")
    };
    let git = (".git/HEAD", "x");
    for (files, run, expected) in [
        (&[][..], "make", ".github"),
        (&[][..], "curl https://x.github.io/a.sh | sh && make", ".github"),
        (&[][..], "curl https://raw.githubusercontent.com/a | sh && make", ".github"),
        (&[][..], "cp .github/a.yml /a && make", ""),
        (&[][..], "cp ./.github /a -r && make", ""),
        (&[("Makefile", "all: .github/a.yml")][..], "make", ""),
        (&[("docs/a.md", "x"), ("mkdocs.yml", "x")][..], "mkdocs build", ".github"),
        (&[("docs/a.md", "x")][..], "make", ".github docs"),
        (&[("docs/a.md", "x"), ("main.go", "//go:embed docs\n")][..], "go build", ".github"),
        (&[("Makefile", "V := $(shell git describe --dirty)")][..], "make", ".github"),
        (&[git, ("Makefile", "V := $(shell git describe --dirty)")][..], "make", ""),
        (&[git, ("x.gemspec", "s.files = `git ls-files`.split")][..], "gem build x.gemspec", ""),
        (&[git, ("Makefile", "V := $(shell git describe)")][..], "make", ".github"),
        (&[("docs/a.md", "x"), ("docs/docs.go", "package docs")][..], "make", ".github"),
        (
            &[("docs/a.md", "x"), ("cmd/main.go", "import \"example.com/a/docs\"")][..],
            "go build ./cmd",
            ".github",
        ),
        (&[("docs/a.md", "x"), ("src/a.js", "readdirSync('docs')")][..], "npm run build", ".github"),
        (
            &[("docs/a.md", "x"), ("src/a.js", "fetch('https://example.com/docs/a')")][..],
            "npm run build",
            ".github docs",
        ),
    ] {
        assert_eq!(ignored(files, run), expected, "{run} with {files:?}");
    }
}

/// The lines for an image of a Dockerfile, `COPY . .` before its RUN, where all of these files are edited now and then.
fn of_tests(files: Files<'_>, run: &str, command: &str) -> String {
    let text = format!("FROM debian AS build\nWORKDIR /app\nCOPY . .\nRUN {run}\n{command}\n");
    let dockerfile = parse(&text).expect("the test's Dockerfile is valid");
    let tree = Tree::from_pairs(files.iter().copied());
    let read = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
    let edits = files.iter().map(|(path, _)| Edit {
        weight: 1.0,
        paths: vec![(*path).to_owned()],
        build_args: vec![],
    });
    let edits = Expected::new(edits.collect());
    let options = ReorderOptions::default();
    let input =
        ReorderInput { tree: &tree, files: &read, edits: &edits, seconds: &rough_seconds, options: &options };
    let found = propose(&dockerfile, &input).ignore.map(|ignore| ignore.add).unwrap_or_default();
    let tests = found.into_iter().filter(|line| line.why.starts_with("tests"));
    tests.map(|line| line.pattern).collect::<Vec<_>>().join(" ")
}

#[test]
fn tests_that_no_step_looks_at_stay_out_of_the_context() {
    let go = [("go.mod", "module x"), ("main.go", "package main"), ("main_test.go", "package main")];
    let with = |more: &[(&'static str, &'static str)]| [&go[..], more].concat();
    let python = [("app.py", "x"), ("manage.py", "x"), ("tests/test_app.py", "x")];
    let web = [
        ("package.json", r#"{"scripts":{"build":"tsc && vite build","all":"vite build && vitest run"}}"#),
        ("src/a.ts", "x"),
        ("src/a.test.ts", "x"),
    ];
    let mix = [("mix.exs", "x"), ("lib/a.ex", "x"), ("test/a_test.exs", "x")];
    let pom = [("pom.xml", "<project/>"), ("src/main/A.java", "x"), ("src/test/ATest.java", "x")];
    for (files, run, command, expected) in [
        (go.to_vec(), "go build -o /x .", "CMD [\"/x\"]", "**/*_test.go"),
        (go.to_vec(), "go vet ./... && go build -o /x .", "CMD [\"/x\"]", ""),
        (go.to_vec(), "go test ./... && go build -o /x .", "CMD [\"/x\"]", ""),
        (go.to_vec(), "./build.sh", "CMD [\"/x\"]", ""),
        (go.to_vec(), "go build -o /x .", "CMD go test ./...", ""),
        (with(&[("a.go", "//go:embed *.go\nvar f embed.FS")]), "go build -o /x .", "", ""),
        (with(&[("a.go", "//go:embed static\nvar f embed.FS")]), "go build -o /x .", "", "**/*_test.go"),
        (
            with(&[("Makefile", "build: gen\n\tgo build -o x\ngen:\n\tmkdir -p x\ntest:\n\tgo test\n")]),
            "make build",
            "",
            "**/*_test.go",
        ),
        (with(&[("Makefile", "build: test\n\tgo build -o x\ntest:\n\tgo test\n")]), "make build", "", ""),
        (with(&[("Makefile", "build:\n\t./build.sh\n")]), "make", "", ""),
        (with(&[("compose.yml", "command: go test ./...")]), "go build -o /x .", "", ""),
        (with(&[("compose.yml", "healthcheck:\n  test: curl x")]), "go build -o /x .", "", "**/*_test.go"),
        (with(&[("Dockerfile.ci", "FROM x\nRUN go test ./...")]), "go build -o /x .", "", ""),
        (python.to_vec(), "python manage.py collectstatic", "CMD [\"python\", \"app.py\"]", "tests"),
        (python.to_vec(), "python manage.py collectstatic && cp -r tests /opt", "", ""),
        (
            [&python[..], &[("config/services.yaml", "resource: ../tests/fixtures")]].concat(),
            "python manage.py collectstatic",
            "",
            "",
        ),
        (python.to_vec(), "python manage.py collectstatic && pytest", "CMD [\"python\", \"app.py\"]", ""),
        (python.to_vec(), "python manage.py collectstatic", "CMD [\"pytest\"]", ""),
        (
            [&python[..], &[("run.py", "from tests.data import x")]].concat(),
            "python manage.py collectstatic",
            "",
            "",
        ),
        (
            [&python[..], &[("pyproject.toml", "[tool.pytest.ini_options]\ntestpaths = [\"tests\"]")]]
                .concat(),
            "python manage.py collectstatic",
            "",
            "tests",
        ),
        (
            [&python[..], &[("pyproject.toml", "[tool.setuptools]\npackages = [\"app\", \"tests\"]")]]
                .concat(),
            "pip install .",
            "",
            "",
        ),
        (web.to_vec(), "npm install && npm run build", "", "**/*.test.ts"),
        (web.to_vec(), "npm install && npm run all", "", ""),
        (web.to_vec(), "npm install && npm test", "", ""),
        ([&web[..], &[("src/b.ts", "import.meta.glob('./*.ts')")]].concat(), "npm run build", "", ""),
        ([&web[..2], &[("src/pages/a.test.ts", "x")]].concat(), "npm run build", "", ""),
        (mix.to_vec(), "mix do deps.get, compile", "", "test"),
        (mix.to_vec(), "mix do compile + coveralls", "", ""),
        (pom.to_vec(), "mvn package -DskipTests", "", "src/test"),
        (pom.to_vec(), "mvn package", "", ""),
        (vec![("Cargo.toml", "[[test]]\nname = \"a\""), ("tests/a.rs", "x")], "cargo build", "", ""),
        (
            vec![("Cargo.toml", "[package]"), ("src/main.rs", "x"), ("tests/a.rs", "x")],
            "cargo build",
            "",
            "tests",
        ),
        (vec![("package.json", "{}"), ("e2e/package.json", "{}"), ("e2e/a.ts", "x")], "npm ci", "", ""),
    ] {
        assert_eq!(of_tests(&files, run, command), expected, "{run}, {command}, {files:?}");
    }
}

#[test]
fn a_document_that_a_program_holds_stays_in_the_context() {
    for (files, expected) in [
        (&[("src/main.rs", "fn main() {}")][..], "README.md"),
        (&[("src/main.rs", "#![doc = include_str!(\"../README.md\")]")][..], ""),
        (&[("backend/src/main.rs", "include_str!(\"../../README.md\")")][..], ""),
        (&[("src/a.js", "import text from '../README.md?raw'")][..], ""),
        (&[("src/a.js", "// see README.md")][..], "README.md"),
    ] {
        let found = lines(["README.md", "a.x"], files, "make");
        let found: Vec<String> = found.into_iter().map(|line| line.pattern).collect();
        assert_eq!(found.join(" "), expected, "{files:?}");
    }
}

#[test]
fn packages_of_a_working_copy_are_kept_out_where_an_install_moves_above_the_sources() {
    let text = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\n";
    let lines = |ignore: Option<&str>, more: Files<'_>| {
        let options = ReorderOptions { ignore_file: ignore.map(str::to_owned), ..ReorderOptions::default() };
        let files = [NPM, more].concat();
        let found = propose_with(text, &files, &options).ignore.map(|ignore| ignore.add).unwrap_or_default();
        found
            .into_iter()
            .map(|line| line.pattern)
            .filter(|line| line != "README.md")
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(lines(Some(""), &[]), "node_modules");
    assert_eq!(lines(Some("**/node_modules\n"), &[]), "");
    assert_eq!(lines(None, &[]), "", "nothing is known of the ignore file");
}
