# What is done often. `just` lists it.

default:
    @just --list

# The demo: an example project to edit, with a guide
demo:
    cargo run --release -- demo

# What CI does, but for the real engine
check:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo test

# Everything that CI does
ci:
    .ci/run

# Golden files that differ: look at each, then take it over
review:
    INSTA_UPDATE=always cargo test
    git diff --stat -- '*.snap'

# The bench table of ARCHITECTURE.md
bench:
    cargo bench --bench context
    cargo bench --bench prediction
