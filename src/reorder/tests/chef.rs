//! cargo-chef: where it is not written, and with which words.

use super::offers::{Own, PINNED};
use super::*;

#[test]
fn cargo_chef_is_not_written_where_the_recipe_could_be_another() {
    let text = |head: &str, run: &str| {
        format!(
            "FROM rust:1.90 AS b\nWORKDIR /src\n{head}COPY . .\n{run}\nFROM debian:12\nCOPY --from=b /src/target/release/x /x\n"
        )
    };
    let build = "RUN cargo build --release";
    let with = |name: &'static str, text: &'static str| {
        let others = PINNED.iter().filter(|(known, _)| *known != name).copied();
        others.chain([(name, text)].into_iter().filter(|(_, text)| !text.is_empty())).collect::<Vec<_>>()
    };
    let stale = "Cargo.lock cannot be told to be what Cargo.toml asks for";
    let table: Vec<(String, Own<'_>, &str)> = vec![
        (text("", build), PINNED.to_vec(), ""),
        (text("ARG FLAGS\n", "RUN cargo build --release $FLAGS"), PINNED.to_vec(), ""),
        (text("ARG FLAGS=--locked\n", "RUN cargo build --release $FLAGS"), PINNED.to_vec(), ""),
        (
            text("ARG FLAGS=--config=x\n", "RUN cargo build --release $FLAGS"),
            PINNED.to_vec(),
            "does not know all flags",
        ),
        (text("", build).replace("rust:1.90", "rust:1.85-slim"), PINNED.to_vec(), "Rust 1.88 or later"),
        (text("", build).replace("rust:1.90", "rust:alpine"), PINNED.to_vec(), ""),
        (text("", "RUN cargo build --release $FLAGS"), PINNED.to_vec(), "not known before it runs"),
        (
            text("ARG TARGETARCH\n", "RUN cargo build --release $TARGETARCH"),
            PINNED.to_vec(),
            "not known before it runs",
        ),
        (
            text("ARG PROFILE\n", "RUN cargo build --profile $PROFILE"),
            PINNED.to_vec(),
            "does not know all flags",
        ),
        (
            text("ENV RUSTFLAGS=-g\n", "RUN RUSTFLAGS=-O; cargo build --release"),
            PINNED.to_vec(),
            "sets variables",
        ),
        (text("", build), with("Cargo.lock", ""), "no Cargo.lock pins"),
        (
            text("", build),
            with("Cargo.toml", "[patch.crates-io]\nhex = { path = \"hex\" }\n"),
            "is replaced by a directory",
        ),
        (text("", build), with("Cargo.toml", "[patch.crates-io]\nhex = { git = \"https://x\" }\n"), ""),
        (
            text("", build),
            with("Cargo.toml", "[dependencies]\nhex = { path = \"../hex\" }\n"),
            "no part of the workspace",
        ),
        (text("", "RUN cargo install --path ."), PINNED.to_vec(), ""),
        (text("", "RUN cargo install --path . --locked"), with("Cargo.lock", "x"), ""),
        (
            text("", "RUN cargo install --path .").replace("/src/target/release/x", "/usr/local/cargo"),
            PINNED.to_vec(),
            "",
        ),
        (
            text("", "RUN cargo install --path .").replace("/src/target/release/x /x", "/usr/local/cargo /"),
            PINNED.to_vec(),
            "taken over with all else",
        ),
        (
            text("", "RUN cargo install --path . && cargo install y"),
            PINNED.to_vec(),
            "other versions than the recipe pins",
        ),
        (
            text("", "RUN cargo install --path ."),
            with("Cargo.toml", "[package]\nname = \"x\"\nversion = \"0.2.0\"\n"),
            stale,
        ),
        (
            text("", "RUN cargo install --path ."),
            with(
                "Cargo.toml",
                "[package]\nname = \"x\"\nversion = \"0.1.0\"\n[dependencies]\nhex = \"0.5\"\n",
            ),
            stale,
        ),
        (
            text("", "RUN cargo install --path ."),
            with(
                "Cargo.toml",
                "[package]\nname = \"x\"\nversion = \"0.1.0\"\n[dev-dependencies]\nserde = \"1\"\n",
            ),
            stale,
        ),
    ];
    let apart =
        "COPY Cargo.toml ./\nRUN mkdir src && echo 'fn main() {}' > src/main.rs\nRUN cargo build --release\n";
    let proposal = propose_for(&text(apart, build), PINNED);
    assert!(
        proposal.offered.iter().all(|offer| offer.kind != MoveKind::CompileDependencies),
        "compiled apart already"
    );
    for (text, files, reason) in &table {
        let proposal = propose_for(text, files);
        let offers = proposal.offered.iter().filter(|offer| offer.kind == MoveKind::CompileDependencies);
        let told: Vec<&str> =
            offers.map(|offer| if offer.is_whole() { "" } else { offer.changes.as_str() }).collect();
        assert_eq!(told.len(), 1, "{text}");
        assert!(told[0].contains(reason), "{text}{files:?}: {}", told[0]);
        assert_eq!(told[0].is_empty(), reason.is_empty(), "{text}{files:?}: {}", told[0]);
    }
}
