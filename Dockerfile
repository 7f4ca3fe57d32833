# layerlab's own image, in the order that it preaches: `layerlab plan --edit src/lib.rs` shows what an edit costs.
FROM rust:1-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /src
# The dependencies first: they change seldom, and take most of the time. Cargo wants a target for each that the
# manifest names, so empty ones stand in until the real ones come.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src benches examples && echo 'fn main() {}' | tee src/main.rs benches/context.rs benches/prediction.rs \
    && : > src/lib.rs && cargo build --release --locked && rm -rf src benches examples
COPY assets assets
COPY lessons lessons
COPY benches benches
COPY src src
# The stand-ins are newer than the sources; Cargo goes by time.
RUN touch src/lib.rs src/main.rs && cargo build --release --locked

FROM scratch
COPY --from=build /src/target/release/layerlab /layerlab
WORKDIR /w
ENTRYPOINT ["/layerlab"]
