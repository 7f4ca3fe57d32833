//! Dockerfiles with what is made of them.

mod chef;
mod cuts;
mod fetches;
mod ignoring;
mod interpret;
mod mounts;
mod mounts_of_tools;
mod mounts_shipped;
mod named_paths;
mod offers;
mod told;
mod unseen;
mod verbs;
mod web_root;
mod workspaces;

use super::*;
use crate::cost::rough_seconds;
use crate::dockerfile::parse;

fn propose_for(text: &str, files: &[(&str, &str)]) -> Proposal {
    propose_with(text, files, &ReorderOptions::default())
}

fn propose_with(text: &str, files: &[(&str, &str)], options: &ReorderOptions) -> Proposal {
    let dockerfile = parse(text).expect("the test's Dockerfile is valid");
    let tree = Tree::from_pairs(files.iter().copied());
    let read = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
    let edits = Expected::new(likely_edits(&dockerfile, &tree));
    let input = ReorderInput { tree: &tree, files: &read, edits: &edits, seconds: &rough_seconds, options };
    propose(&dockerfile, &input)
}

/// The first refusal that is not about an offer.
fn of_a_move(proposal: &Proposal) -> Option<&Refusal> {
    proposal.refused.iter().find(|refused| !refused.what.starts_with("offer"))
}

fn skipping(names: &[&str]) -> ReorderOptions {
    ReorderOptions {
        skip: names.iter().map(|name| (*name).to_owned()).collect(),
        ..ReorderOptions::default()
    }
}

const NPM: &[(&str, &str)] = &[
    ("package.json", r#"{"name":"x","dependencies":{"a":"^1.0.0"}}"#),
    (
        "package-lock.json",
        r#"{"name":"x","lockfileVersion":3,"packages":{"":{"name":"x","dependencies":{"a":"^1.0.0"}}}}"#,
    ),
    ("src/app.js", "x"),
    ("README.md", "x"),
];

#[test]
fn the_demo() {
    let text = "FROM node:20-alpine\nWORKDIR /app\nCOPY . .\nRUN npm install\nCOPY package.json .\nCMD [\"node\", \"src/app.js\"]\n";
    let proposal = propose_for(text, NPM);
    assert_eq!(
        proposal.text,
        "FROM node:20-alpine\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm install\nCOPY . .\nCMD [\"node\", \"src/app.js\"]\n",
        "{proposal:#?}"
    );
}

/// A proposal as people read it. Whether anybody asks for offers changes nothing of it.
fn shown(text: &str, files: &[(&str, &str)]) -> String {
    let proposal = propose_for(text, files);
    let alone = propose_with(text, files, &ReorderOptions { moves_only: true, ..ReorderOptions::default() });
    assert_eq!((&alone.text, &alone.moves), (&proposal.text, &proposal.moves));
    let sum: f64 = proposal.moves.iter().map(|made| made.saves).sum();
    let total = proposal.expected_before - proposal.expected_after;
    assert!(sum <= total + 1e-6, "moves save {sum} s, and {total} s are saved in all");
    let mut out = format!(
        "{}\n-- {:.1} s -> {:.1} s\n",
        proposal.text.trim_end(),
        proposal.expected_before,
        proposal.expected_after
    );
    for made in proposal.moves {
        out += &format!(
            "* {} [{}]\n  {}\n  saves {:.1} s; lines {:?} -> {:?}\n",
            made.name, made.id, made.why_safe, made.saves, made.before, made.after
        );
    }
    for refused in proposal.refused {
        out += &format!("! line {}: {}: {}\n", refused.line, refused.what, refused.why);
    }
    out
}

#[test]
fn npm_with_version() {
    let text = "FROM node:20\nWORKDIR /app\nARG VERSION\nLABEL version=$VERSION\n\n# all the code\nCOPY . .\n\n# deps\nRUN npm ci\nRUN npm run build\n";
    insta::assert_snapshot!(shown(text, NPM));
}

#[test]
fn pip_and_apt() {
    let text = "FROM python:3.12\nWORKDIR /srv\nCOPY . /srv\nRUN apt-get update && apt-get install -y gcc && rm -rf /var/lib/apt/lists/*\nRUN pip install -r requirements.txt\nCMD [\"python\",\"app.py\"]";
    insta::assert_snapshot!(shown(
        text,
        &[("requirements.txt", "flask\n-r base.txt\n"), ("base.txt", "x\n"), ("app.py", "x")]
    ));
}

#[test]
fn go_two_stages() {
    let text = "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY . .\nRUN go mod download\nRUN CGO_ENABLED=0 go build -o /out/app ./cmd\nFROM alpine\nARG COMMIT\nENV COMMIT=$COMMIT\nRUN apk add --no-cache ca-certificates\nCOPY --from=b /out/app /app\nENTRYPOINT [\"/app\"]\n";
    insta::assert_snapshot!(shown(text, &[("go.mod", "module x\n"), ("go.sum", ""), ("cmd/main.go", "x")]));
}

#[test]
fn maven_add() {
    let text = "FROM maven:3 AS b\nWORKDIR /s\nADD . /s\nRUN mvn -B dependency:go-offline\nRUN mvn package\n";
    insta::assert_snapshot!(shown(text, &[("pom.xml", "<project/>"), ("src/A.java", "x")]));
}

#[test]
fn bundler_chown() {
    let text = "FROM ruby:3\nWORKDIR /app\nCOPY --chown=1000:1000 . ./\nRUN bundle install --jobs 4\n";
    insta::assert_snapshot!(shown(
        text,
        &[
            ("Gemfile", "source 'x'\ngem 'rails'\n"),
            ("Gemfile.lock", "PLATFORMS\n  x86_64-linux\n\n"),
            ("app.rb", "x")
        ]
    ));
}

#[test]
fn composer() {
    let text = "FROM composer:2\nWORKDIR /app\nCOPY . .\nRUN composer install --no-dev --no-scripts\n";
    insta::assert_snapshot!(shown(
        text,
        &[("composer.json", "{}"), ("composer.lock", "{}"), ("src/a.php", "x")]
    ));
}

#[test]
fn dotnet() {
    let text = "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build\nWORKDIR /src\nCOPY . .\nRUN dotnet restore\nRUN dotnet publish -c Release -o /out\n";
    insta::assert_snapshot!(shown(
        text,
        &[
            ("x.sln", "Project(\"{A}\") = \"Web\", \"src\\Web\\Web.csproj\", \"{B}\"\n",),
            ("src/Web/Web.csproj", "<ProjectReference Include=\"..\\Core\\Core.csproj\" />"),
            ("src/Core/Core.csproj", "<Project/>"),
            ("src/Web/P.cs", "x")
        ]
    ));
}

#[test]
fn npm_install_and_build() {
    let text = "FROM node\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\n";
    insta::assert_snapshot!(shown(text, NPM));
}

#[test]
fn yarn_install_and_build() {
    let text = "FROM node\nWORKDIR /app\nCOPY . ./\nRUN yarn install --frozen-lockfile \\\n    && yarn run build:production\n";
    insta::assert_snapshot!(shown(text, &[("package.json", "{}"), ("yarn.lock", ""), ("src/a.js", "x")]));
}

#[test]
fn yarn_workspaces() {
    let text = "FROM node\nWORKDIR /app\nCOPY . .\nRUN yarn install --frozen-lockfile\n";
    insta::assert_snapshot!(shown(
        text,
        &[
            ("package.json", r#"{"workspaces":["packages/*"],"scripts":{"postinstall":"husky install"}}"#),
            ("packages/a/package.json", "{}"),
            ("packages/a/i.js", "x"),
            ("yarn.lock", "")
        ]
    ));
}

#[test]
fn npm_postinstall() {
    let text = "FROM node\nWORKDIR /app\nCOPY . .\nRUN npm ci\n";
    insta::assert_snapshot!(shown(
        text,
        &[("package.json", r#"{"scripts":{"postinstall":"node build.js"}}"#), ("build.js", "x")]
    ));
}

#[test]
fn poetry_bootstrap() {
    let text = "FROM python:3\nCOPY . /app\nWORKDIR /app\nRUN pip install poetry && poetry config virtualenvs.create false && poetry install --no-root\n";
    insta::assert_snapshot!(shown(
        text,
        &[("pyproject.toml", "[tool.poetry]\n"), ("poetry.lock", ""), ("a.py", "")]
    ));
}

#[test]
fn gradle() {
    let text = "FROM gradle:8\nWORKDIR /app\nCOPY . .\nRUN gradle dependencies --no-daemon\nRUN gradle build --no-daemon\n";
    insta::assert_snapshot!(shown(
        text,
        &[
            ("build.gradle", "plugins {}\n"),
            ("settings.gradle", "include ':a'\n"),
            ("a/build.gradle", ""),
            ("src/A.java", "")
        ]
    ));
}

#[test]
fn pnpm_half_split() {
    let text = "FROM node\nWORKDIR /app\nCOPY package.json .\nCOPY . .\nRUN pnpm install --frozen-lockfile\nEXPOSE 3000\n";
    insta::assert_snapshot!(shown(text, &[("package.json", "{}"), ("pnpm-lock.yaml", ""), ("i.js", "")]));
}

#[test]
fn cargo_apt() {
    let text = "FROM rust\nWORKDIR /app\nCOPY . .\nRUN apt-get update && apt-get install -y cmake\nRUN cargo build --release\n";
    insta::assert_snapshot!(shown(text, &[("Cargo.toml", ""), ("src/main.rs", "")]));
}

/// The proposal's text, where the manifests are these.
fn text_of(text: &str, files: &[(&str, &str)]) -> String {
    propose_for(text, files).text
}

#[test]
fn a_pip_named_by_its_path_installs_what_its_lists_name() {
    let text = "FROM python:3.12\nCOPY ./requirements.txt /tmp/requirements.txt\nCOPY ./app /app\nWORKDIR /app\nRUN python -m venv /py && \\\n    /py/bin/pip install -r /tmp/requirements.txt\nCMD [\"python\"]\n";
    let files = &[("requirements.txt", "flask\n"), ("app/main.py", "x"), ("app/a.py", "x")];
    let proposal = propose_for(text, files);
    let (install, copy) = (proposal.text.find("RUN python"), proposal.text.find("COPY ./app"));
    assert!(install < copy, "{}", shown(text, files));
    let own = "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN /py/bin/pip install .\n";
    assert_eq!(text_of(own, &[("pyproject.toml", ""), ("a.py", "x")]), own);
}

#[test]
fn an_install_stays_below_the_manifest_that_stands_alone_already() {
    for dirs in ["COPY server.xml .\n", "COPY src src\n", "COPY server.xml .\nCOPY src src\n"] {
        for text in [
            format!(
                "FROM maven\nWORKDIR /x\nCOPY pom.xml .\n{dirs}RUN mvn -ntp dependency:go-offline\nRUN mvn package\n"
            ),
            format!(
                "FROM maven\nWORKDIR /x\n{dirs}COPY pom.xml .\nRUN mvn -ntp dependency:go-offline\nRUN mvn package\n"
            ),
        ] {
            let files =
                &[("pom.xml", "<project/>"), ("server.xml", "x"), ("src/a.java", "x"), ("src/b.java", "x")];
            let new = text_of(&text, files);
            let (manifest, install) = (new.find("COPY pom.xml"), new.find("RUN mvn -ntp"));
            assert!(manifest.is_some() && manifest < install, "{new}");
        }
    }
}

#[test]
fn prismas_client_is_let_through_only_where_it_stays_in_node_modules() {
    let text = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\n";
    let manifest = r#"{"name":"x","scripts":{"postinstall":"npx prisma generate"}}"#;
    let lock = r#"{"name":"x","lockfileVersion":3,"packages":{"":{"name":"x"}}}"#;
    let schema = |more: &str| {
        format!(
            "generator client {{\n  provider = \"prisma-client-js\"\n{more}}}\ndatasource db {{\n  provider = \"postgresql\"\n}}\n"
        )
    };
    let with = |manifest: &str, schema: &str| {
        let files = [
            ("package.json", manifest),
            ("package-lock.json", lock),
            ("prisma/schema.prisma", schema),
            ("src/a.ts", "x"),
        ];
        text_of(text, &files)
    };
    let made = with(manifest, &schema(""));
    assert!(made.contains("COPY prisma/ prisma/") || made.contains("COPY prisma prisma/"), "{made}");
    assert!(made.find("npm ci") < made.find("COPY . ."), "{made}");
    for refused in [
        with(manifest, &schema("  output = \"../src/generated\"\n")),
        with(
            manifest,
            &format!("{}generator erd {{\n  provider = \"prisma-erd-generator\"\n}}\n", schema("")),
        ),
        with(&manifest.replace("\"name\"", "\"prisma\":{\"schema\":\"db/x.prisma\"},\"name\""), &schema("")),
        with(&manifest.replace("prisma generate", "prisma generate --schema x"), &schema("")),
    ] {
        assert_eq!(refused, text);
    }
}

#[test]
fn what_is_bound_from_another_stage_counts_by_what_makes_it() {
    let text = |mount: &str| {
        format!(
            "FROM python:3.12 AS b\nCOPY requirements.txt /tmp/\nRUN pip wheel --wheel-dir /wheels -r /tmp/requirements.txt\nCOPY . /opt/app\nFROM python:3.12\nRUN --mount=type={mount} pip install --no-cache-dir /wheels/*\nCOPY --from=b /opt/app /app\n"
        )
    };
    let files = &[("requirements.txt", "flask\n"), ("app.py", "x"), ("b.py", "x")];
    let seconds = |mount: &str| propose_for(&text(mount), files).expected_before;
    let bound = seconds("bind,from=b,source=/wheels,target=/wheels");
    assert!((bound - seconds("bind,from=b,src=wheels,dst=/wheels")).abs() < 1e-9);
    for whole in ["bind,from=b,target=/wheels", "cache,from=b,source=/wheels,target=/wheels"] {
        assert!(bound + 3.0 < seconds(whole), "{whole}: {bound} {}", seconds(whole));
    }
}
