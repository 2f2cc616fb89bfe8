# The two commands of the README, and what they are made of.
# `make run` needs Rust, gcc and make, and installs cmake; `make test` installs what else it needs (Debian, Ubuntu).

TOOLS := target/tools
export PATH := $(CURDIR)/$(TOOLS)/bin:$(PATH)

.PHONY: run build test ready tools lint unit doc supply load

run: ready
	cargo build --release --locked --package confab
	./target/release/confab

build: ready
	cargo build --locked --workspace --all-targets

# the tests come last, so that their summary is what is seen
test: ready tools lint doc supply unit

ready:
	sh deploy/build-tools.sh

tools:
	sh deploy/test-tools.sh $(TOOLS)

lint:
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

# CONFAB_REQUIRE_*: a missing tool fails a test instead of skipping it
unit:
	CONFAB_REQUIRE_POSTGRES=1 CONFAB_REQUIRE_SIPP=1 CONFAB_REQUIRE_BROWSER=1 \
	CONFAB_REQUIRE_BARESIP=1 \
	cargo nextest run --locked --workspace --all-targets --config-file deploy/nextest.toml

doc:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --quiet

supply:
	cargo deny check licenses bans sources

# The callers of docs/benchmarks.md, beside the bare packets.
load: ready
	cargo build --release --locked --package confab --package confab-benches
	./target/release/load --confab ./target/release/confab $(LOAD)
