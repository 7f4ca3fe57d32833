//! Offers: what is written, what is refused, and that what is taken is what was offered.

use super::*;

type Files<'a> = &'a [(&'a str, &'a str)];
pub(super) type Own<'a> = Vec<(&'a str, &'a str)>;

const GO: Files<'_> = &[("go.mod", "module x\n"), ("go.sum", ""), ("cmd/main.go", "x"), ("a.go", "x")];
pub(super) const PINNED: Files<'_> = &[
    ("Cargo.toml", "[package]\nname = \"x\"\nversion = \"0.1.0\"\n[dependencies]\nhex = \"0.4.3\"\n"),
    (
        "Cargo.lock",
        "version = 4\n[[package]]\nname = \"x\"\nversion = \"0.1.0\"\n[[package]]\nname = \"hex\"\nversion = \"0.4.5\"\n",
    ),
    ("src/main.rs", "x"),
    ("src/a.rs", "x"),
];
const CARGO: Files<'_> = &[
    ("Cargo.toml", "[package]\nname = \"x\"\n"),
    ("Cargo.lock", ""),
    ("src/main.rs", "x"),
    ("src/a.rs", "x"),
];

fn taking(names: &[&str]) -> ReorderOptions {
    ReorderOptions {
        take: names.iter().map(|name| (*name).to_owned()).collect(),
        ..ReorderOptions::default()
    }
}

fn applied(text: &str, edits: &[TextEdit]) -> String {
    edits.iter().rev().fold(text.to_owned(), |mut text, edit| {
        text.replace_range(edit.span.clone(), &edit.text);
        text
    })
}

/// All that is offered, and the Dockerfile with all of it taken.
fn shown_offers(text: &str, files: Files<'_>) -> String {
    let proposal = propose_for(text, files);
    let mut out = String::new();
    for offer in &proposal.offered {
        let saves = offer.saves.map_or_else(|| "?".to_owned(), |saves| format!("{saves:.1} s"));
        out += &format!("* {} [{}] saves {saves}\n  {}\n", offer.name, offer.id, offer.changes);
        if !offer.differs.is_empty() {
            out += &format!("  differs: {}\n", offer.differs.join(" "));
        }
        for line in offer.text.lines() {
            out += &format!("      {line}\n");
        }
    }
    let kinds: Vec<&str> = MoveKind::TAKEABLE.iter().map(|kind| kind.name()).collect();
    let with = propose_with(text, files, &taking(&kinds));
    let seconds = (proposal.expected_after, with.expected_after);
    let ids: Vec<&str> = with.taken.iter().map(|taken| taken.id.as_str()).collect();
    out + &format!("-- {:.1} s -> {:.1} s with {}\n{}", seconds.0, seconds.1, ids.join(", "), with.text)
}

/// Holds every offer against the proposal in which it is taken.
fn check(text: &str, files: Files<'_>) {
    let proposal = propose_for(text, files);
    let mut ids: Vec<&String> = proposal.offered.iter().map(|offer| &offer.id).collect();
    ids.extend(proposal.moves.iter().map(|made| &made.id));
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    for offer in &proposal.offered {
        assert!(!offer.text.contains('…') && !offer.text.contains("<built>"), "{}", offer.text);
        let with = propose_with(text, files, &taking(&[&offer.id]));
        if !offer.is_whole() {
            assert!(offer.text.is_empty() && with.taken.is_empty(), "{}: an advice is words", offer.id);
            continue;
        }
        assert_eq!(applied(&proposal.text, &offer.edits), with.text, "{}", offer.id);
        let taken: Vec<&String> = with.taken.iter().map(|taken| &taken.id).collect();
        assert_eq!(taken, [&offer.id]);
        assert!(!with.offered.iter().any(|other| other.id == offer.id), "{} is not offered again", offer.id);
        for other in &with.offered {
            assert!(other.lines.start > 0, "{} names a line", other.id);
        }
        let saved = proposal.expected_after - with.expected_after;
        assert!((saved - offer.saves.unwrap_or(0.0)).abs() < 1e-6, "{}: {saved} {:?}", offer.id, offer.saves);
        let dockerfile = parse(&with.text).expect("what is taken parses");
        let built = crate::graph::build(&dockerfile, &crate::graph::GraphOptions::default());
        assert!(built.is_ok(), "{}", with.text);
        // Comments stay, and so does every line that the offer does not write anew.
        for comment in text.lines().filter(|line| line.starts_with('#')) {
            assert!(with.text.contains(comment), "{comment}\n{}", with.text);
        }
        let skipped = propose_with(text, files, &skipping(&[&offer.id]));
        assert!(!skipped.offered.iter().any(|other| other.id == offer.id), "{} is left out", offer.id);
    }
}

macro_rules! cases {
    ($($name:ident: $text:expr, $files:expr;)*) => {
        $(#[test]
        fn $name() {
            check($text, $files);
            insta::assert_snapshot!(shown_offers($text, $files));
        })*
    };
}

cases! {
    npm_split: "FROM node:20 AS build\nWORKDIR /app\nCOPY . .\n# all of it\nRUN npm ci && npm run build\nFROM nginx\n# pages\nCOPY --from=build /app/dist /usr/share/nginx/html\n", NPM;
    npm_mounts_of_both_kinds: "FROM node:20 AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\nFROM nginx\nCOPY --from=build /app/dist /usr/share/nginx/html\n", NPM;
    pip_without_its_cache: "FROM python:3.12\nWORKDIR /srv\nCOPY requirements.txt .\nRUN pip install --upgrade pip && \\\n    pip install \\\n    --no-cache-dir \\\n    -r requirements.txt\nCOPY . .\n", &[("requirements.txt", "flask\n"), ("app.py", "x")];
    uv_beside_a_flag_of_apk: "FROM python:3-alpine\nWORKDIR /srv\nCOPY . .\nRUN apk add --no-cache gcc && uv sync --frozen\n", &[("pyproject.toml", "[build-system]\n"), ("uv.lock", ""), ("app.py", "x")];
    poetry_beside_its_environments: "FROM python:3.12\nWORKDIR /srv\nENV POETRY_CACHE_DIR=/tmp/poetry_cache\nCOPY pyproject.toml poetry.lock ./\nRUN poetry install --no-root\nCOPY . .\n", &[("pyproject.toml", "[tool.poetry]\n"), ("poetry.lock", ""), ("app.py", "x")];
    pnpm_home: "FROM node:20\nENV PNPM_HOME=/pnpm\nWORKDIR /app\nCOPY . .\nRUN pnpm install --frozen-lockfile\nRUN pnpm run build\n", &[("package.json", "{}"), ("pnpm-lock.yaml", ""), ("src/a.js", "x")];
    go_both_on_every_step: "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN make generate\nRUN go build -o /out/app ./cmd\nFROM alpine\nARG COMMIT\nRUN echo $COMMIT > /commit\nCOPY --from=b /out/app /app\n", GO;
    go_one_stage: "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /out/app ./cmd\nCMD [\"/out/app\"]\n", GO;
    cargo_whole: "FROM rust:1.80-slim AS build\nARG PROFILE=release\nWORKDIR /app\nRUN apt-get update && apt-get install -y cmake\n# the crate\nCOPY . .\nRUN SQLX_OFFLINE=true cargo build --release --locked --features a,b\nFROM debian:12-slim\nCOPY --from=build /app/target/release/x /usr/local/bin/x\n", CARGO;
    go_with_cross_compiling: "FROM --platform=$BUILDPLATFORM tonistiigi/xx:1.9.0 AS xx\nFROM --platform=$BUILDPLATFORM golang:1.22-alpine AS b\nCOPY --from=xx / /\nRUN xx-apk add musl-dev\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN make\nRUN xx-verify /out/app\nFROM alpine\nCOPY --from=b /out/app /app\n", GO;
    cargo_install: "FROM rust:1.80 AS b\nWORKDIR /src\nCOPY . .\nRUN cargo install --path .\nFROM debian:12\nCOPY --from=b /usr/local/cargo/bin/x /x\n", CARGO;
    cargo_install_of_a_fresh_lock: "FROM rust:alpine AS b\nWORKDIR /src\nRUN apk --no-cache add musl-dev\nCOPY . .\nRUN cargo install --path .\nFROM scratch\nCOPY --from=b /usr/local/cargo/bin/x .\nENTRYPOINT [\"./x\"]\n", PINNED;
    cargo_below_the_commit: "FROM    rust:1.89-alpine AS compiler\nRUN     apk add -q --no-cache build-base\nWORKDIR /\n\nARG     COMMIT_SHA\n# of the commit\nARG     COMMIT_DATE\nARG     EXTRA_ARGS\nENV     VERGEN_GIT_SHA=${COMMIT_SHA} VERGEN_DATE=${COMMIT_DATE}\nENV     RUSTFLAGS=\"-C target-feature=-crt-static\"\n\nCOPY    . .\nRUN     set -eux; \\\n        apkArch=\"$(apk --print-arch)\"; \\\n        cargo build --release -p x -p y ${EXTRA_ARGS}\n\n# Run\nFROM alpine:3.22\nCOPY    --from=compiler /target/release/x /bin/x\n", PINNED;
    cargo_twice_in_a_stage: "FROM ekidd/rust-musl-builder AS build\nWORKDIR /app\nCOPY . .\nRUN cargo test --release\nRUN cargo build --release\nFROM alpine\nCOPY --from=build /app/target/release/x /x\n", CARGO;
    hex_archives: "FROM hexpm/elixir:1.19.5-erlang-28.5-debian-trixie-slim AS builder\nWORKDIR /app\nRUN mix local.hex --force\nCOPY mix.exs mix.lock ./\nRUN mix deps.get --only prod\nCOPY lib lib\nRUN mix release\nFROM debian\nCOPY --from=builder /app/_build/prod/rel/x ./\n", &[("mix.exs", "x"), ("mix.lock", "%{}"), ("lib/a.ex", "x")];
    composer_whose_cache_is_cleared: "FROM php:8 AS b\nWORKDIR /app\nCOPY . .\nRUN apt-get install git \\\n    && php composer.phar install \\\n    && php composer.phar clear-cache \\\n    && rm composer.phar\nFROM debian\nCOPY --from=b /app /app\n", &[("composer.json", "{}"), ("composer.lock", "{}"), ("src/a.php", "x")];
    composer_told_where: "FROM dunglas/frankenphp:1-php8.5 AS b\nWORKDIR /app\nCOPY composer.* ./\nRUN composer install --no-cache --no-autoloader \\\n    --no-scripts\nCOPY . .\nRUN composer dump-autoload\nFROM debian\nCOPY --from=b /app /app\n", &[("composer.json", "{}"), ("composer.lock", "{}"), ("src/a.php", "x")];
    make_beside_go: "FROM golang:1.24 AS b\nWORKDIR /app\nADD Makefile .\nRUN make docs\nADD go.mod go.sum ./\nADD cmd cmd\nRUN make server\nFROM alpine\nCOPY --from=b /app/dist/x /x\n", &[("Makefile", "x"), ("go.mod", "module x\n"), ("go.sum", ""), ("cmd/a.go", "x"), ("cmd/b.go", "x")];
    next_keeps_its_cache: "FROM node:22-alpine AS b\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\nCOPY . ./\nRUN npm run build\nRUN rm -rf src .next/cache\nFROM node:22-alpine\nWORKDIR /app\nCOPY --from=b /app ./\n", &[("package.json", r#"{"scripts":{"build":"next build"}}"#), ("src/a.js", "x"), ("src/b.js", "x")];
    what_empties_a_cache_is_left_out: "FROM node:18-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci && \\\n npm cache clean --force && \\\n mv /app/node_modules /node_modules\nCOPY . .\nRUN yarn add x --network-timeout 600000 \\\n  && yarn cache clean\nRUN apt-get update \\\n  && apt-get install -y gcc make cmake \\\n  && apt-get clean \\\n  && rm -rf /var/cache/apt/* \\\n  && rm -rf /var/lib/apt/lists/*\n", NPM;
    maven_fetch: "FROM maven:3 AS build\nWORKDIR /s\nCOPY . .\nRUN mvn -B package\nFROM eclipse-temurin:21\nCOPY --from=build /s/target/x.jar /x.jar\n", &[("pom.xml", "<project/>"), ("src/A.java", "x"), ("src/B.java", "x")];
    dotnet_with_tests: "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build\nWORKDIR /src\nCOPY . .\nRUN dotnet publish -c Release -o /out\nFROM build AS test\nRUN dotnet test --no-restore\nFROM mcr.microsoft.com/dotnet/aspnet:8.0\nCOPY --from=build /out /app\n", &[("x.csproj", "<Project/>"), ("P.cs", "x"), ("Q.cs", "x")];
    dotnet_restore_and_publish: "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build\nWORKDIR /src\nCOPY x.csproj ./\nRUN dotnet restore\nCOPY . .\nRUN dotnet publish -c Release -o /out\nFROM mcr.microsoft.com/dotnet/aspnet:8.0\nCOPY --from=build /out /app\n", &[("x.csproj", "<Project/>"), ("P.cs", "x"), ("Q.cs", "x")];
    a_directory_of_many: "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY . .\nWORKDIR /src/api\nRUN go build -o /out/app\nFROM alpine\nCOPY --from=b /out/app /app\n", &[("api/go.mod", "module x\n"), ("api/main.go", "x"), ("web/a.js", "x"), ("web/b.js", "x"), ("web/c.js", "x")];
    two_kinds_in_one_stage: "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY . .\nRUN npm ci --prefix web && npm run build --prefix web\nRUN go build -o /out/app\nFROM alpine\nCOPY --from=b /out/app /app\n", &[("go.mod", "module x\n"), ("main.go", "x"), ("web/package.json", "{}"), ("web/a.js", "x")];
    another_user_and_base: "FROM example.com/base:1@sha256:0000000000000000000000000000000000000000000000000000000000000000 AS b\nWORKDIR /app\nUSER app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nFROM nginx\nCOPY --from=b /app/dist /usr/share/nginx/html\n", NPM;
    go_where_another_user_builds: "FROM example.com/go\nUSER 1000:1000\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN set -eux; \\\n    go build -o /out/app ./cmd\nFROM alpine\nCOPY --from=0 /out/app /app\n", GO;
    bundler_leaves_what_is_compiled: "FROM ruby:3.3-alpine AS b\nWORKDIR /app\nCOPY Gemfile* ./\nRUN bundle install --jobs 4 \\\n  && rm -rf /usr/local/bundle/cache/*.gem\nCOPY . .\nFROM ruby:3.3-alpine\nCOPY --from=b /usr/local/bundle /gems\n", &[("Gemfile", ""), ("Gemfile.lock", ""), ("app.rb", "x")];
    bundler_as_rails_writes_it: "FROM ruby:3.3.6-slim AS base\nENV BUNDLE_DEPLOYMENT=\"1\" \\\n    BUNDLE_PATH=\"/usr/local/bundle\"\nWORKDIR /rails\nFROM base AS build\nCOPY Gemfile Gemfile.lock ./\nRUN bundle install && \\\n    rm -rf ~/.bundle/ \"${BUNDLE_PATH}\"/ruby/*/cache \"${BUNDLE_PATH}\"/ruby/*/bundler/gems/*/.git && \\\n    bundle exec bootsnap precompile --gemfile\nCOPY . .\nFROM base\nCOPY --from=build \"${BUNDLE_PATH}\" \"${BUNDLE_PATH}\"\n", &[("Gemfile", ""), ("Gemfile.lock", ""), ("app.rb", "x")];
    yarn_of_later: "FROM node:18 AS b\nWORKDIR /app\nCOPY . .\nRUN yarn install \\\n  && yarn cache clean\n", &[("package.json", r#"{"scripts":{"postinstall":"x"}}"#), ("yarn.lock", ""), (".yarnrc.yml", "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-3.8.3.cjs\n"), ("a.js", "x")];
    apk_keeps_packages: "FROM alpine:3.20\nWORKDIR /a\nCOPY . .\nRUN ./setup.sh && apk add --update \\\n            --no-cache \\\n            git gcc musl-dev make \\\n    && rm -rf /var/cache/apk/*\n", GO;
    crlf_and_flags: "FROM node:20\r\nWORKDIR /app\r\nCOPY package.json package-lock.json ./\r\nRUN --network=default npm ci\r\nCOPY . .\r\n", NPM;
}

#[test]
fn a_cache_mount_is_refused_where_it_could_change_more() {
    let node = |before: &str, run: &str, after: &str| {
        format!("FROM node:20 AS b\n{before}WORKDIR /app\nCOPY . .\n{run}\n{after}")
    };
    let go = |before: &str, run: &str, after: &str| {
        format!(
            "FROM golang:1.22 AS b\n{before}WORKDIR /src\nCOPY . .\nRUN go mod download\n{run}\nFROM alpine\nCOPY --from=b /out /out\n{after}"
        )
    };
    let maven = |before: &str, after: &str| {
        format!(
            "FROM maven:3 AS b\nWORKDIR /s\n{before}COPY . .\nRUN mvn package\nFROM debian\nCOPY --from=b /s/target /app\n{after}"
        )
    };
    let apt = |install: &str| {
        format!("FROM debian:12\nWORKDIR /a\nCOPY . .\nRUN ./setup.sh && apt-get update && {install}\n")
    };
    let apk =
        |install: &str| format!("FROM alpine:3.20\nWORKDIR /a\nCOPY . .\nRUN ./setup.sh && {install}\n");
    let nuget = |end: &str| {
        format!(
            "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS b\nWORKDIR /s\nCOPY . .\nRUN dotnet restore\nRUN dotnet publish -o /out\n{end}"
        )
    };
    let unknown =
        |text: &str| text.replace("node:20", "example.com/x:20").replace("maven:3", "example.com/x:3");
    let npmrc: &[(&str, &str)] = &[("package.json", "{}"), ("a.js", "x"), (".npmrc", "cache=/x\n")];
    let berry: &[(&str, &str)] =
        &[("package.json", "{}"), ("yarn.lock", ""), ("a.js", "x"), (".yarnrc.yml", "")];
    let yarn = |settings| [berry[0], berry[1], berry[2], (".yarnrc.yml", settings)];
    let linked = yarn("nodeLinker: node-modules\n");
    let stored = yarn("nodeLinker: node-modules\nnmMode: hardlinks-global\n");
    let third = yarn("nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-3.8.3.cjs\n");
    let fourth = yarn("nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.1.0.cjs\n");
    let ruby = |before: &str, run: &str| {
        format!("FROM ruby:3.3.6-slim AS b\n{before}WORKDIR /a\nCOPY . .\nRUN make gemfile && {run}\n")
    };
    let gems: &[(&str, &str)] = &[("Gemfile", ""), ("Gemfile.lock", ""), ("a.rb", "x")];
    let gems_elsewhere = [gems[0], gems[1], gems[2], (".bundle/config", "---\nBUNDLE_PATH: \"vendor\"\n")];
    let jvm: &[(&str, &str)] = &[("pom.xml", "<project/>"), ("settings.xml", ""), ("A.java", "x")];
    let end = "FROM debian\nCOPY --from=b /out /out\n";
    let net: &[(&str, &str)] = &[("x.csproj", "<Project/>"), ("P.cs", "x")];
    let next: &[(&str, &str)] = &[
        (
            "package.json",
            r#"{"scripts":{"build":"tsc && pnpm next","next":"next build","test":"vitest","ng":"ng build"}}"#,
        ),
        ("a.js", "x"),
    ];
    let next_elsewhere: &[(&str, &str)] =
        &[next[0], ("a.js", "x"), ("next.config.mjs", "export default { distDir: 'out' }")];
    let php: &[(&str, &str)] = &[("composer.json", "{}"), ("a.php", "x")];
    let table: Vec<(&str, String, Files<'_>, &[&str])> = vec![
        ("plain", node("", "RUN npm ci", ""), NPM, &["/root/.npm"]),
        ("as root by name", node("USER root\n", "RUN npm ci", ""), NPM, &["/root/.npm"]),
        ("another user", node("USER node\n", "RUN npm ci", ""), NPM, &["/var/cache/npm"]),
        ("a user that may be any", node("ARG U\nUSER $U\n", "RUN npm ci", ""), NPM, &[]),
        ("two users", node("USER node\n", "RUN npm ci\nUSER 1234\nRUN npm ci", ""), NPM, &[]),
        ("root again", node("USER node\nUSER 0:0\n", "RUN npm ci", ""), NPM, &["/root/.npm"]),
        ("becomes another user", node("", "RUN su node -c 'npm ci' && npm ci", ""), NPM, &[]),
        ("an unknown base", unknown(&node("", "RUN npm ci", "")), NPM, &["/var/cache/npm"]),
        ("an unknown base, as root", unknown(&node("USER root\n", "RUN npm ci", "")), NPM, &["/var/cache/npm"]),
        (
            "an unknown base that is told where",
            unknown(&node("ENV NPM_CONFIG_CACHE=/c/npm\n", "RUN npm ci", "")),
            NPM,
            &[],
        ),
        (
            "an unknown base that is told where, as a user of whom the number is known",
            unknown(&node("ENV NPM_CONFIG_CACHE=/c/npm\nUSER 1000:0\n", "RUN npm ci", "")),
            NPM,
            &["/c/npm"],
        ),
        ("an unknown base without a shell", unknown(&node("", "RUN [\"npm\", \"ci\"]", "")), NPM, &[]),
        (
            "an unknown base with another shell",
            unknown(&node("SHELL [\"pwsh\", \"-c\"]\n", "RUN npm ci", "")),
            NPM,
            &[],
        ),
        (
            "an unknown base that may be any",
            format!("ARG B=x\n{}", node("", "RUN npm ci", "").replace("node:20", "$B")),
            NPM,
            &[],
        ),
        (
            "an unknown base of Windows",
            node("", "RUN npm ci", "").replace("node:20", "example.com/windows/node:20"),
            NPM,
            &[],
        ),
        ("an unknown base whose caches have no variable", unknown(&maven("", "")), jvm, &[]),
        ("moved by ENV", node("ENV npm_config_cache=/c/npm\n", "RUN npm ci", ""), NPM, &["/c/npm"]),
        ("another home", node("ENV HOME=/home/x\n", "RUN npm ci", ""), NPM, &["/home/x/.npm"]),
        ("moved by an ARG without a value", node("ARG npm_config_cache\n", "RUN npm ci", ""), NPM, &[]),
        ("moved in the step", node("", "RUN npm_config_cache=/c npm ci", ""), NPM, &[]),
        ("moved in the step for all of it", node("", "RUN export npm_config_cache=/c && npm ci", ""), NPM, &[]),
        ("told in the step", node("", "RUN echo $npm_config_cache && npm ci", ""), NPM, &["/root/.npm"]),
        ("moved by a flag", node("", "RUN npm ci --cache /c", ""), NPM, &[]),
        ("moved by a file", node("", "RUN npm ci", ""), npmrc, &[]),
        ("removed in the step", node("", "RUN npm ci && rm -rf /root/.npm", ""), NPM, &["/root/.npm"]),
        ("removed with others", node("", "RUN npm ci && rm -rf /root/.npm /tmp/x", ""), NPM, &["/root/.npm"]),
        ("removed with what lies around it", node("", "RUN npm ci && rm -rf /root/.npm /root", ""), NPM, &[]),
        ("removed with others in a list", node("", "RUN npm ci; rm -rf /root/.npm /tmp/x", ""), NPM, &[]),
        (
            "removed in a step of its own",
            node("", "RUN npm ci\nRUN rm -rf /root/.npm", ""),
            NPM,
            &["/root/.npm"],
        ),
        ("cleaned", node("", "RUN npm ci && npm cache clean --force", ""), NPM, &["/root/.npm"]),
        (
            "cleaned elsewhere",
            node("ENV npm_config_cache=/c/npm\n", "RUN npm ci && npm cache clean --force", ""),
            NPM,
            &["/c/npm"],
        ),
        (
            "cleaned elsewhere in a list",
            node("ENV npm_config_cache=/c/npm\n", "RUN npm ci; npm cache clean --force", ""),
            NPM,
            &[],
        ),
        (
            "cleaned where a step is told where",
            unknown(&node("", "RUN npm ci && npm cache clean --force", "")),
            NPM,
            &["/var/cache/npm"],
        ),
        (
            "cleaned where a step is told where, in a list",
            unknown(&node("", "RUN npm ci; npm cache clean --force", "")),
            NPM,
            &[],
        ),
        ("cleaned in a list", node("", "RUN npm ci; npm cache clean --force", ""), NPM, &[]),
        ("cleaned, or what follows", node("", "RUN npm ci && (npm cache clean --force)", ""), NPM, &[]),
        ("removed around it", node("", "RUN npm ci && rm -rf /root", ""), NPM, &[]),
        ("mounted already", node("", "RUN --mount=type=cache,target=/root/.npm npm ci", ""), NPM, &[]),
        (
            "taken over",
            node("", "RUN npm ci", "FROM node:20\nCOPY --from=b /root/.npm /root/.npm\n"),
            NPM,
            &[],
        ),
        (
            "an old language",
            format!("# syntax=docker/dockerfile:1.1\n{}", node("", "RUN npm ci", "")),
            NPM,
            &[],
        ),
        ("yarn's first", node("", "RUN yarn install", ""), &berry[..3], &["/usr/local/share/.cache/yarn"]),
        ("yarn's later ones", node("", "RUN yarn install", ""), berry, &[]),
        (
            "yarn's later ones with node_modules",
            node("", "RUN yarn install", ""),
            &linked,
            &["/root/.yarn/berry/cache"],
        ),
        (
            "yarn's later ones with links to a store",
            node("", "RUN yarn install", ""),
            &stored,
            &[],
        ),
        (
            "yarn's third, which cleans the project's own cache",
            node("", "RUN yarn install && yarn cache clean && rm -rf .yarn/berry", ""),
            &third,
            &["/root/.yarn/berry/cache"],
        ),
        ("yarn's third, which cleans all", node("", "RUN yarn install && yarn cache clean --all", ""), &third, &[]),
        (
            "yarn's fourth, which cleans its cache",
            node("", "RUN yarn install && yarn cache clean", ""),
            &fourth,
            &[],
        ),
        (
            "yarn's third, whose cache is removed",
            node("", "RUN yarn install && rm -rf ~/.yarn", ""),
            &third,
            &[],
        ),
        ("bundler", ruby("", "bundle install"), gems, &["/root/.bundle/cache", "/usr/local/bundle/cache"]),
        (
            "bundler as Rails writes it",
            ruby("ENV BUNDLE_PATH=/usr/local/bundle BUNDLE_DEPLOYMENT=1\n", "bundle install"),
            gems,
            &["/root/.bundle/cache", "/usr/local/bundle/ruby/3.3.0/cache"],
        ),
        (
            "bundler with a path and no version",
            ruby("ENV BUNDLE_PATH=/usr/local/bundle\n", "bundle install").replace("ruby:3.3.6", "ruby:3"),
            gems,
            &[],
        ),
        ("bundler for a deployment", ruby("ENV BUNDLE_DEPLOYMENT=1\n", "bundle install"), gems, &[]),
        ("bundler with its path in a step", ruby("", "bundle config set path x && bundle install"), gems, &[]),
        (
            "bundler with its path in a step before",
            ruby("RUN bundle config set --local deployment true\n", "bundle install"),
            gems,
            &[],
        ),
        (
            "bundler without groups",
            ruby("RUN bundle config set without 'development test'\n", "bundle install"),
            gems,
            &["/root/.bundle/cache", "/usr/local/bundle/cache"],
        ),
        (
            "bundler whose gems are cleaned",
            ruby("", "bundle install && rm -rf /usr/local/bundle/cache/*.gem"),
            gems,
            &["/root/.bundle/cache", "/usr/local/bundle/cache"],
        ),
        (
            "bundler whose directories are cleaned",
            ruby("", "bundle install && rm -rf ~/.bundle /usr/local/bundle/cache"),
            gems,
            &["/usr/local/bundle/cache"],
        ),
        (
            "bundler whose gems are taken over",
            ruby("", "bundle install") + "FROM ruby:3.3.6\nCOPY --from=b /usr/local/bundle/cache /c\n",
            gems,
            &[],
        ),
        ("bundler elsewhere", ruby("", "bundle install").replace("ruby:3.3.6", "debian:12"), gems, &[]),
        (
            "bundler with a file that moves it",
            ruby("", "bundle install"),
            &gems_elsewhere,
            &[],
        ),
        ("go", go("", "RUN go build -o /out ./cmd", ""), GO, &["/root/.cache/go-build", "/go/pkg/mod"]),
        ("make beside go.mod", go("", "RUN make", ""), GO, &["/root/.cache/go-build", "/go/pkg/mod"]),
        (
            "make alone beside go.mod",
            go("", "RUN make", "").replace("RUN go mod download\n", ""),
            GO,
            &["/root/.cache/go-build", "/go/pkg/mod"],
        ),
        (
            "make without go.mod",
            go("", "RUN make", "").replace("RUN go mod download\n", ""),
            &[("Makefile", "x"), ("a.c", "x")],
            &[],
        ),
        (
            "make alone on another base",
            go("", "RUN make", "").replace("RUN go mod download\n", "").replace("golang:1.22", "debian:12"),
            GO,
            &["/var/cache/go-build", "/var/cache/go/pkg/mod"],
        ),
        (
            "go's cache cleaned elsewhere",
            go("ENV GOMODCACHE=/c/mod GOCACHE=/c/go-build\n", "RUN go build -o /out ./cmd && go clean -cache", ""),
            GO,
            &[],
        ),
        ("go's cache cleaned", go("", "RUN go build -o /out ./cmd && go clean -modcache", ""), GO, &[]),
        (
            "go's modules taken over",
            go("", "RUN go build -o /out ./cmd", "COPY --from=b /go/pkg /go/pkg\n"),
            GO,
            &[],
        ),
        ("go as another user", go("", "USER 1000\nRUN go build -o /out ./cmd", ""), GO, &[]),
        (
            "go as another user all the way",
            go("USER 1000\n", "RUN go build -o /out ./cmd", ""),
            GO,
            &["/var/cache/go-build", "/var/cache/go/pkg/mod"],
        ),
        (
            "make that compiles all anew",
            go("", "RUN make", ""),
            &[("go.mod", "module x\n"), ("Makefile", "all:\n\t$(GO) build -mod=readonly -a -o x\n"), ("a.go", "x")],
            &[],
        ),
        (
            "go elsewhere",
            go("ENV GOMODCACHE=/c/pkg/mod GOCACHE=/c/go-build\n", "RUN go build -o /out ./cmd", ""),
            GO,
            &["/c/go-build", "/c/pkg/mod"],
        ),
        (
            "go on another base",
            go("", "RUN go build -o /out ./cmd", "").replace("golang:1.22", "debian:12"),
            GO,
            &["/var/cache/go-build", "/var/cache/go/pkg/mod"],
        ),
        (
            "go in the image",
            "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /out ./cmd\n".to_owned(),
            GO,
            &[],
        ),
        ("maven", maven("", ""), jvm, &["/root/.m2"]),
        ("maven with settings", maven("COPY settings.xml /root/.m2/settings.xml\n", ""), jvm, &[]),
        (
            "maven with settings written",
            maven("RUN mkdir -p /root/.m2 && cp /etc/hosts /root/.m2/settings.xml\n", ""),
            jvm,
            &[],
        ),
        ("maven where a file goes where the image says", maven("COPY settings.xml $MAVEN_CONFIG/\n", ""), jvm, &[]),
        ("maven's repository taken over", maven("", "COPY --from=b /root /root\n"), jvm, &[]),
        (
            "nuget left behind",
            nuget("FROM debian\nCOPY --from=b /out /out\n"),
            net,
            &["/root/.nuget/packages"],
        ),
        ("nuget in the image", nuget(""), net, &[]),
        (
            "nuget in a stage for tests",
            nuget(&format!("FROM b AS test\nRUN dotnet test\n{end}")),
            net,
            &["/root/.nuget/packages"],
        ),
        (
            "nuget in a stage for another target",
            nuget(&format!("FROM b AS dev\nCMD [\"dotnet\", \"run\"]\n{end}")),
            net,
            &[],
        ),
        ("nuget in a stage on it", nuget("FROM b\nRUN dotnet test\n"), net, &[]),
        (
            "apt",
            apt("apt-get install -y gcc make"),
            GO,
            &["/var/cache/apt", "/etc/apt/apt.conf.d/docker-clean"],
        ),
        (
            "apt that is cleaned",
            apt("apt-get install -y gcc make && apt-get clean"),
            GO,
            &["/var/cache/apt", "/etc/apt/apt.conf.d/docker-clean"],
        ),
        ("apt by another name", apt("apt install -y gcc make"), GO, &[]),
        ("apk", apk("apk add --no-cache gcc make"), GO, &["/var/cache/apk"]),
        ("apk, the flag first", apk("apk --no-cache add gcc && apk add --no-cache make"), GO, &["/var/cache/apk"]),
        (
            "apk that is cleaned",
            apk("apk add --no-cache gcc make && rm -rf /var/cache/apk/*"),
            GO,
            &["/var/cache/apk"],
        ),
        ("apk that keeps its index", apk("apk add --no-cache gcc && apk add make"), GO, &[]),
        ("apk with an update", apk("apk update && apk add gcc make"), GO, &[]),
        ("apk with a directory", apk("apk add --no-cache --cache-dir /c gcc make"), GO, &[]),
        ("apk as another user", apk("apk add --no-cache gcc make").replace("WORKDIR", "USER 1\nWORKDIR"), GO, &[]),
        ("apk on an unknown base", apk("apk add --no-cache gcc make").replace("alpine:3.20", "x/y"), GO, &[]),
        (
            "composer",
            "FROM composer:2\nWORKDIR /a\nCOPY . .\nRUN composer install\n".to_owned(),
            php,
            &["/tmp/cache"],
        ),
        (
            "composer elsewhere",
            "FROM php:8\nWORKDIR /a\nCOPY . .\nRUN composer install\n".to_owned(),
            php,
            &["/var/cache/composer"],
        ),
        (
            "composer elsewhere, without a shell",
            "FROM php:8\nWORKDIR /a\nCOPY . .\nRUN [\"composer\", \"install\"]\n".to_owned(),
            php,
            &[],
        ),
        (
            "composer whose cache is cleared",
            "FROM php:8\nWORKDIR /a\nCOPY . .\nRUN composer install && composer clear-cache\n".to_owned(),
            php,
            &["/var/cache/composer"],
        ),
        (
            "composer beside files that go where the image says",
            "FROM php:8\nWORKDIR /a\nCOPY a.php $PHP_INI_DIR/conf.d/\nRUN mv $PHP_INI_DIR/a $PHP_INI_DIR/b\nCOPY . .\nRUN composer install\n".to_owned(),
            php,
            &["/var/cache/composer"],
        ),
        (
            "composer by php",
            "FROM php:8\nWORKDIR /a\nCOPY . .\nRUN true && php composer.phar install && php composer.phar clear-cache && rm composer.phar\n".to_owned(),
            php,
            &["/var/cache/composer"],
        ),
        ("next", node("", "RUN npm run build", ""), next, &["/app/.next/cache"]),
        ("next by npx", node("", "RUN npx next build", ""), next, &["/app/.next/cache"]),
        ("next elsewhere", node("", "RUN npm run build", ""), next_elsewhere, &[]),
        ("next for tests", node("", "RUN npm test", ""), next, &[]),
        (
            "next whose cache is removed",
            node("", "RUN npm run build && rm -rf .next/cache", ""),
            next,
            &["/app/.next/cache"],
        ),
        (
            "next whose cache is removed later",
            node("", "RUN npm run build\nRUN rm -rf .next/cache", ""),
            next,
            &["/app/.next/cache"],
        ),
        (
            "next in the image",
            node("", "RUN npm run build", "FROM node:20\nCOPY --from=b /app /srv\n"),
            next,
            &["/app/.next/cache", "/srv/.next/cache"],
        ),
        ("angular", node("", "RUN npx ng build", ""), next, &["/app/.angular/cache"]),
        ("angular where CI is set", node("ENV CI=1\n", "RUN npx ng build", ""), next, &[]),
        (
            "composer told where",
            "FROM php:8\nENV COMPOSER_HOME=/c\nWORKDIR /a\nCOPY . .\nRUN composer install\n".to_owned(),
            php,
            &["/c/cache"],
        ),
    ];
    for (name, text, files, expected) in &table {
        let proposal = propose_for(text, files);
        let mounts: Vec<&str> = proposal
            .offered
            .iter()
            .filter(|offer| offer.kind == MoveKind::CacheMount)
            .flat_map(|offer| offer.differs.iter().map(String::as_str))
            .collect();
        assert_eq!(mounts, *expected, "{name}: {text}");
    }
}

#[test]
fn a_linked_copy_is_refused_where_a_symbolic_link_may_lie_on_its_way() {
    let text = |run: &str, dest: &str| {
        format!(
            "FROM golang:1.22 AS b\nWORKDIR /s\nCOPY . .\nRUN go build -o /out/x\nFROM debian:12\nWORKDIR /w\nARG COMMIT\nRUN make $COMMIT && {run}\nCOPY --from=b /out {dest}\nCOPY data {dest}\n"
        )
    };
    let mut files = GO.to_vec();
    let big = "x".repeat(1 << 20);
    let names: Vec<String> = (0..600).map(|n| format!("data/{n}")).collect();
    files.extend(names.iter().map(|name| (name.as_str(), big.as_str())));
    for (run, dest, expected) in [
        ("true", "/opt/x", true),
        ("true", "/lib/x", false),
        ("true", "opt/x", false),
        ("ln -s /srv /opt/x", "/opt/x", false),
        ("ln -s /a /etc/b", "/opt/x", true),
    ] {
        let dockerfile = parse(&text(run, dest)).expect("valid");
        let tree = Tree::from_pairs(files.iter().copied());
        let edits = Expected::new(likely_edits(&dockerfile, &tree));
        let seconds = |stage: usize, own: &Instruction| {
            if own.kind.keyword() == "COPY" { 30.0 } else { rough_seconds(stage, own) }
        };
        let options = ReorderOptions::default();
        let input = ReorderInput {
            tree: &tree,
            files: &|_: &str| None,
            edits: &edits,
            seconds: &seconds,
            options: &options,
        };
        let proposal = propose(&dockerfile, &input);
        let offered = proposal.offered.iter().any(|offer| offer.kind == MoveKind::LinkCopy);
        assert_eq!(offered, expected, "{run} {dest}: {:#?}", proposal.offered);
    }
}
