# Everything that must pass, and what people run by hand.

PYTHON ?= python3
VENV := .venv

.PHONY: test format lint docs units peers extension forms browser bench fuzz demo clean

test: format lint docs units forms

format:
	cargo fmt --all --check

lint:
	cargo clippy --workspace --all-targets -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# The ignored ones need the Python peers, which stand ready here, and Chromium with its driver.
units: $(VENV)/ready
	TESSERA_PYTHON=$(abspath $(VENV))/bin/python cargo test --workspace -- --include-ignored

# The browser extension: target/extension to load unpacked, target/tessera-extension.zip to hand out.
WALLET ?= http://localhost:8080
extension:
	$(PYTHON) wallet/extension/make.py target --wallet $(WALLET)

# Its reading of card forms, and how it fills them.
forms: wallet/extension/tests/node_modules
	cd wallet/extension/tests && npm test --silent

wallet/extension/tests/node_modules: wallet/extension/tests/package-lock.json
	cd wallet/extension/tests && npm ci --silent
	touch $@

# The same in a headless Chromium, before a real shop and switch.
browser: $(VENV)/ready
	TESSERA_PYTHON=$(abspath $(VENV))/bin/python cargo test --test extension -- --include-ignored

# Clients that no one here wrote, from the package registry.
peers: $(VENV)/ready
	TESSERA_PYTHON=$(abspath $(VENV))/bin/python cargo test --test peers -- --include-ignored

$(VENV)/ready: tests/peers/requirements.txt wallet/extension/tests/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet $(addprefix --requirement ,$^)
	touch $@

bench:
	cargo bench --workspace
	cargo build --release
	benches/road.sh

# Coverage-guided, with the stable toolchain; a minute unless told otherwise.
FUZZ_SECONDS ?= 60
fuzz:
	mkdir -p fuzz/corpus/message
	RUSTFLAGS="--cfg fuzzing -Cdebug-assertions=on -Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares" \
	cargo run --release --target x86_64-unknown-linux-gnu --manifest-path fuzz/Cargo.toml --bin message -- fuzz/corpus/message fuzz/seeds -max_total_time=$(FUZZ_SECONDS)

demo:
	cargo run --release -- demo

clean:
	cargo clean
	rm -rf $(VENV)
