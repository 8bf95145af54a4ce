# Everything that must pass, and what people run by hand.

PYTHON ?= python3
VENV := .venv

.PHONY: test format lint docs units peers bench fuzz demo clean

test: format lint docs units

format:
	cargo fmt --all --check

lint:
	cargo clippy --workspace --all-targets -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# The ignored ones need the Python peers, which stand ready here.
units: $(VENV)/ready
	TESSERA_PYTHON=$(abspath $(VENV))/bin/python cargo test --workspace -- --include-ignored

# Clients that no one here wrote, from the package registry.
peers: $(VENV)/ready
	TESSERA_PYTHON=$(abspath $(VENV))/bin/python cargo test --test peers -- --include-ignored

$(VENV)/ready: tests/peers/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement $<
	touch $@

bench:
	cargo bench
	cargo build --release
	benches/road.sh

demo:
	cargo run --release -- demo

clean:
	cargo clean
	rm -rf $(VENV)
