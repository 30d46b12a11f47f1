# Two images: `joingate` (the default) and `sandbox` (--target sandbox). Each is one static binary.

FROM docker.io/library/rust:1.95-bookworm AS source
WORKDIR /src
# rust-toolchain.toml stays out: the image's own compiler is the one that counts here.
COPY . .
# A static binary needs no C library in the final image. With an explicit target the flag leaves build scripts and macros
# alone; the host's own target keeps the file good for every architecture.
ENV RUSTFLAGS="-C target-feature=+crt-static"

FROM source AS build-sandbox
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    host="$(rustc --print host-tuple)" \
    && cargo build --locked --profile production --target "$host" --package joingate-sandbox --bin joingate-sandbox \
    && cp "target/$host/production/joingate-sandbox" /joingate-sandbox

FROM source AS build-joingate
# Shown by the metric joingate_build_info.
ARG COMMIT=unknown
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    host="$(rustc --print host-tuple)" \
    && JOINGATE_COMMIT="$COMMIT" cargo build --locked --profile production --target "$host" --bin joingate \
    && cp "target/$host/production/joingate" /joingate

FROM scratch AS sandbox
LABEL org.opencontainers.image.title="joingate-sandbox" \
      org.opencontainers.image.description="A simulator of the WhatsApp Groups join request edge of Meta's Graph API" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build-sandbox /joingate-sandbox /joingate-sandbox
USER 65532:65532
EXPOSE 8090
# Whoever runs a container chooses who reaches its port: inside, it listens on every address.
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
