# Two images: `joingate` (the default) and `sandbox` (--target sandbox). Each is one static binary.

# Pin it by digest for a build that can be repeated: --build-arg RUST_IMAGE=docker.io/library/rust:1.95-bookworm@sha256:…
ARG RUST_IMAGE=docker.io/library/rust:1.95-bookworm

FROM ${RUST_IMAGE} AS toolchain
WORKDIR /src
# A static binary needs no C library in the final image. With an explicit target the flag leaves build scripts and macros
# alone; the host's own target keeps the file good for every architecture.
ENV RUSTFLAGS="-C target-feature=+crt-static"

# The only stage that needs a network. It holds what names the crates and nothing else, so that it is done again only when that changes.
FROM toolchain AS crates
COPY Cargo.toml Cargo.lock ./
COPY sandbox/Cargo.toml sandbox/
# What the manifests name must be there.
RUN for file in src/lib.rs sandbox/src/lib.rs tests/it/main.rs bench/limits/main.rs bench/graph_calls/main.rs \
        examples/clients/rust/main.rs examples/meta-contract/main.rs bench/load/main.rs; do \
        mkdir -p "$(dirname "$file")" && touch "$file"; \
    done \
    && for file in src/main.rs sandbox/src/main.rs; do echo 'fn main() {}' > "$file"; done \
    && cargo fetch --locked --target "$(rustc --print host-tuple)"
ENV CARGO_NET_OFFLINE=true

# The crates, built with empty programs: a change of the sources does not build them again.
FROM crates AS crates-of-joingate
RUN cargo build --locked --profile production --target "$(rustc --print host-tuple)" --bin joingate

FROM crates AS crates-of-sandbox
RUN cargo build --locked --profile production --target "$(rustc --print host-tuple)" --package joingate-sandbox --bin joingate-sandbox

FROM crates-of-sandbox AS build-sandbox
COPY src src/
COPY sandbox sandbox/
# Newer than the empty ones, whatever the time of the checkout.
RUN touch src/lib.rs src/main.rs sandbox/src/lib.rs sandbox/src/main.rs \
    && host="$(rustc --print host-tuple)" \
    && cargo build --locked --profile production --target "$host" --package joingate-sandbox --bin joingate-sandbox \
    && cp "target/$host/production/joingate-sandbox" /joingate-sandbox

FROM crates-of-joingate AS build-joingate
COPY src src/
# Shown by `joingate --version` and the metric joingate_build_info.
ARG COMMIT=unknown
RUN touch src/lib.rs src/main.rs \
    && host="$(rustc --print host-tuple)" \
    && JOINGATE_COMMIT="$COMMIT" cargo build --locked --profile production --target "$host" --bin joingate \
    && cp "target/$host/production/joingate" /joingate

FROM scratch AS sandbox
LABEL org.opencontainers.image.title="joingate-sandbox" \
      org.opencontainers.image.description="A simulator of the WhatsApp Groups join request edge of Meta's Graph API" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build-sandbox /joingate-sandbox /joingate-sandbox
USER 65532:65532
EXPOSE 8090
# Whoever runs a container chooses who reaches its port: inside, it listens on every address. Of two `--listen` the last one counts.
ENTRYPOINT ["/joingate-sandbox", "--listen", "0.0.0.0:8090"]

FROM scratch AS joingate
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="joingate" \
      org.opencontainers.image.description="HTTP gateway over the WhatsApp Groups join request endpoints of Meta's Graph API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="${COMMIT}"
# Calls to Graph are checked against these.
COPY --from=build-joingate /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build-joingate /joingate /joingate
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["/joingate"]
