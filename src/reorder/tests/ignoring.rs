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
    ] {
        assert_eq!(ignored(files, run), expected, "{run} with {files:?}");
    }
}
