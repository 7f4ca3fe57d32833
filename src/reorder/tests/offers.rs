//! Offers: what is written, what is refused, and that what is taken is what was offered.

use super::*;

pub(super) type Files<'a> = &'a [(&'a str, &'a str)];
pub(super) type Own<'a> = Vec<(&'a str, &'a str)>;

pub(super) const GO: Files<'_> =
    &[("go.mod", "module x\n"), ("go.sum", ""), ("cmd/main.go", "x"), ("a.go", "x")];
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
    cargo_whole: "FROM rust:1.90-slim AS build\nARG PROFILE=release\nWORKDIR /app\nRUN apt-get update && apt-get install -y cmake\n# the crate\nCOPY . .\nRUN SQLX_OFFLINE=true cargo build --release --locked --features a,b\nFROM debian:12-slim\nCOPY --from=build /app/target/release/x /usr/local/bin/x\n", CARGO;
    go_with_cross_compiling: "FROM --platform=$BUILDPLATFORM tonistiigi/xx:1.9.0 AS xx\nFROM --platform=$BUILDPLATFORM golang:1.22-alpine AS b\nCOPY --from=xx / /\nRUN xx-apk add musl-dev\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN make\nRUN xx-verify /out/app\nFROM alpine\nCOPY --from=b /out/app /app\n", GO;
    cargo_install: "FROM rust:1.90 AS b\nWORKDIR /src\nCOPY . .\nRUN cargo install --path .\nFROM debian:12\nCOPY --from=b /usr/local/cargo/bin/x /x\n", CARGO;
    cargo_install_of_a_fresh_lock: "FROM rust:alpine AS b\nWORKDIR /src\nRUN apk --no-cache add musl-dev\nCOPY . .\nRUN cargo install --path .\nFROM scratch\nCOPY --from=b /usr/local/cargo/bin/x .\nENTRYPOINT [\"./x\"]\n", PINNED;
    cargo_below_the_commit: "FROM    rust:1.89-alpine AS compiler\nRUN     apk add -q --no-cache build-base\nWORKDIR /\n\nARG     COMMIT_SHA\n# of the commit\nARG     COMMIT_DATE\nARG     EXTRA_ARGS\nENV     VERGEN_GIT_SHA=${COMMIT_SHA} VERGEN_DATE=${COMMIT_DATE}\nENV     RUSTFLAGS=\"-C target-feature=-crt-static\"\n\nCOPY    . .\nRUN     set -eux; \\\n        apkArch=\"$(apk --print-arch)\"; \\\n        cargo build --release -p x -p y ${EXTRA_ARGS}\n\n# Run\nFROM alpine:3.22\nCOPY    --from=compiler /target/release/x /bin/x\n", PINNED;
    cargo_twice_in_a_stage: "FROM ekidd/rust-musl-builder AS build\nWORKDIR /app\nCOPY . .\nRUN cargo test --release\nRUN cargo build --release\nFROM alpine\nCOPY --from=build /app/target/release/x /x\n", CARGO;
    hex_archives: "FROM hexpm/elixir:1.19.5-erlang-28.5-debian-trixie-slim AS builder\nWORKDIR /app\nRUN mix local.hex --force\nCOPY mix.exs mix.lock ./\nRUN mix deps.get --only prod\nCOPY lib lib\nRUN mix release\nFROM debian\nCOPY --from=builder /app/_build/prod/rel/x ./\n", &[("mix.exs", "x"), ("mix.lock", "%{}"), ("lib/a.ex", "x")];
    composer_whose_cache_is_cleared: "FROM php:8 AS b\nWORKDIR /app\nCOPY . .\nRUN apt-get install git \\\n    && php composer.phar install \\\n    && php composer.phar clear-cache \\\n    && rm composer.phar\nFROM debian\nCOPY --from=b /app /app\n", &[("composer.json", "{}"), ("composer.lock", "{}"), ("src/a.php", "x")];
    composer_told_where: "FROM dunglas/frankenphp:1-php8.5 AS b\nWORKDIR /app\nCOPY composer.* ./\nRUN composer install --no-cache --no-autoloader \\\n    --no-scripts\nCOPY . .\nRUN composer dump-autoload\nFROM debian\nCOPY --from=b /app /app\n", &[("composer.json", "{}"), ("composer.lock", "{}"), ("src/a.php", "x")];
    make_beside_go: "FROM golang:1.24 AS b\nWORKDIR /app\nADD Makefile .\nRUN make docs\nADD go.mod go.sum ./\nADD cmd cmd\nRUN make server\nFROM alpine\nCOPY --from=b /app/dist/x /x\n", &[("Makefile", "x"), ("go.mod", "module x\n"), ("go.sum", ""), ("cmd/a.go", "x"), ("cmd/b.go", "x")];
    next_keeps_its_cache: "FROM node:22-alpine AS b\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\nCOPY . ./\nRUN npm run build\nRUN rm -rf src .next/cache\nFROM node:22-alpine\nWORKDIR /app\nCOPY --from=b /app ./\n", &[("package.json", r#"{"name":"web","scripts":{"build":"next build"}}"#), ("src/a.js", "x"), ("src/b.js", "x")];
    what_empties_a_cache_is_left_out: "FROM node:18-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci && \\\n npm cache clean --force && \\\n mv /app/node_modules /node_modules\nCOPY . .\nRUN yarn add x --network-timeout 600000 \\\n  && yarn cache clean\nRUN apt-get update \\\n  && apt-get install -y gcc make cmake \\\n  && apt-get clean \\\n  && rm -rf /var/cache/apt/* \\\n  && rm -rf /var/lib/apt/lists/*\n", NPM;
    maven_fetch: "FROM maven:3 AS build\nWORKDIR /s\nCOPY . .\nRUN mvn -B package\nFROM eclipse-temurin:21\nCOPY --from=build /s/target/x.jar /x.jar\n", &[("pom.xml", "<project/>"), ("src/A.java", "x"), ("src/B.java", "x")];
    dotnet_with_tests: "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build\nWORKDIR /src\nCOPY . .\nRUN dotnet publish -c Release -o /out\nFROM build AS test\nRUN dotnet test --no-restore\nFROM mcr.microsoft.com/dotnet/aspnet:8.0\nCOPY --from=build /out /app\n", &[("x.csproj", "<Project/>"), ("P.cs", "x"), ("Q.cs", "x")];
    dotnet_restore_and_publish: "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build\nWORKDIR /src\nCOPY x.csproj ./\nRUN dotnet restore\nCOPY . .\nRUN dotnet publish -c Release -o /out\nFROM mcr.microsoft.com/dotnet/aspnet:8.0\nCOPY --from=build /out /app\n", &[("x.csproj", "<Project/>"), ("P.cs", "x"), ("Q.cs", "x")];
    a_directory_of_many: "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY . .\nWORKDIR /src/api\nRUN go build -o /out/app\nFROM alpine\nCOPY --from=b /out/app /app\n", &[("api/go.mod", "module x\n"), ("api/main.go", "x"), ("web/a.js", "x"), ("web/b.js", "x"), ("web/c.js", "x")];
    two_kinds_in_one_stage: "FROM golang:1.22 AS b\nWORKDIR /src\nCOPY . .\nRUN npm ci --prefix web && npm run build --prefix web\nRUN go build -o /out/app\nFROM alpine\nCOPY --from=b /out/app /app\n", &[("go.mod", "module x\n"), ("main.go", "x"), ("web/package.json", "{}"), ("web/a.js", "x")];
    a_base_of_which_nothing_is_known: "FROM example.com/base:1@sha256:0000000000000000000000000000000000000000000000000000000000000000 AS b\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nFROM nginx\nCOPY --from=b /app/dist /usr/share/nginx/html\n", NPM;
    a_user_that_a_step_makes: "FROM node:22-alpine\nRUN addgroup --gid 1001 app && adduser -S -u 1001 -G app app\nWORKDIR /app\nUSER app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nFROM nginx\nCOPY --from=0 /app/dist /usr/share/nginx/html\n", NPM;
    go_where_another_user_builds: "FROM example.com/go\nUSER 1000:1000\nWORKDIR /src\nCOPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN set -eux; \\\n    go build -o /out/app ./cmd\nFROM alpine\nCOPY --from=0 /out/app /app\n", GO;
    bundler_leaves_what_is_compiled: "FROM ruby:3.3-alpine AS b\nWORKDIR /app\nCOPY Gemfile* ./\nRUN bundle install --jobs 4 \\\n  && rm -rf /usr/local/bundle/cache/*.gem\nCOPY . .\nFROM ruby:3.3-alpine\nCOPY --from=b /usr/local/bundle /gems\n", &[("Gemfile", ""), ("Gemfile.lock", ""), ("app.rb", "x")];
    bundler_in_steps_that_end_at_a_failure: "FROM registry.docker.com/library/ruby:3.3.6-slim AS build\nENV BUNDLE_DEPLOYMENT=\"1\" \\\n    BUNDLE_PATH=\"/usr/local/bundle\"\nWORKDIR /rails\nCOPY Gemfile Gemfile.lock ./\nRUN set -eux ; \\\n    bundle install ; \\\n    rm -rf ~/.bundle/ \"${BUNDLE_PATH}\"/ruby/*/cache ; \\\n    bundle exec bootsnap precompile --gemfile\nCOPY . .\nFROM debian\nCOPY --from=build /usr/local/bundle /gems\n", &[("Gemfile", ""), ("Gemfile.lock", ""), ("app.rb", "x")];
    bundler_as_rails_writes_it: "FROM ruby:3.3.6-slim AS base\nENV BUNDLE_DEPLOYMENT=\"1\" \\\n    BUNDLE_PATH=\"/usr/local/bundle\"\nWORKDIR /rails\nFROM base AS build\nCOPY Gemfile Gemfile.lock ./\nRUN bundle install && \\\n    rm -rf ~/.bundle/ \"${BUNDLE_PATH}\"/ruby/*/cache \"${BUNDLE_PATH}\"/ruby/*/bundler/gems/*/.git && \\\n    bundle exec bootsnap precompile --gemfile\nCOPY . .\nFROM base\nCOPY --from=build \"${BUNDLE_PATH}\" \"${BUNDLE_PATH}\"\n", &[("Gemfile", ""), ("Gemfile.lock", ""), ("app.rb", "x")];
    yarn_of_later: "FROM node:18 AS b\nWORKDIR /app\nCOPY . .\nRUN yarn install \\\n  && yarn cache clean\n", &[("package.json", r#"{"scripts":{"postinstall":"x"}}"#), ("yarn.lock", ""), (".yarnrc.yml", "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-3.8.3.cjs\n"), ("a.js", "x")];
    apk_keeps_packages: "FROM alpine:3.20\nWORKDIR /a\nCOPY . .\nRUN ./setup.sh && apk add --update \\\n            --no-cache \\\n            git gcc musl-dev make \\\n    && rm -rf /var/cache/apk/*\n", GO;
    crlf_and_flags: "FROM node:20\r\nWORKDIR /app\r\nCOPY package.json package-lock.json ./\r\nRUN --network=default npm ci\r\nCOPY . .\r\n", NPM;
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
