# Everything that must pass, and what people run by hand.

PYTHON ?= python3
NODE ?= node
NPM ?= npm
VENV := .venv
NODE_MODULES := tests/peers/node_modules
FORMS_MODULES := wallet/extension/tests/node_modules
PEERS := TESSERA_PYTHON=$(abspath $(VENV))/bin/python TESSERA_NODE=$(NODE) TESSERA_TSHARK=required

.PHONY: test format lint docs units attack peers extension forms browser chromium tshark faketime clock bench fuzz demo clean

test: format lint docs units forms

format:
	cargo fmt --all --check

lint:
	cargo clippy --workspace --all-targets -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# The ignored ones need the peers, Chromium with its driver, tshark for the capture, and libfaketime: all stand ready here. After a
# failure the other test programs run too, so that one run shows every failure.
units: $(VENV)/ready $(NODE_MODULES)/ready chromium tshark faketime
	$(PEERS) cargo test --workspace --no-fail-fast -- --include-ignored

# Clients and servers that no one here wrote, from the package registries.
peers: $(VENV)/ready $(NODE_MODULES)/ready tshark
	$(PEERS) cargo test --test peers -- --include-ignored
	$(PEERS) cargo test --package tessera-switch --test notify_peers -- --include-ignored

# The real switch under an attack by a model that was written from the wire protocol alone: kills, clock steps, full disks, a faulty
# financial system. The seed is printed; root is needed for the full disks.
ATTACK_SECONDS ?= 300
attack: $(VENV)/ready faketime
	cargo build
	$(VENV)/bin/python tests/attack/attack.py --tessera target/debug/tessera --seconds $(ATTACK_SECONDS) $(if $(ATTACK_SEED),--seed $(ATTACK_SEED))

# The browser extension: target/extension to load unpacked, target/tessera-extension.zip to hand out.
WALLET ?= http://localhost:8080
extension:
	$(PYTHON) wallet/extension/make.py target --wallet $(WALLET)

# Its reading of card forms, and how it fills them.
forms: $(FORMS_MODULES)/ready
	cd wallet/extension/tests && PYTHON=$(PYTHON) $(NPM) test --silent

# Everything that happens in a browser, before real servers.
browser: $(VENV)/ready $(NODE_MODULES)/ready chromium
	$(PEERS) cargo test --test browser -- --include-ignored

# Debian's Chromium and its driver, where they are not installed yet.
chromium:
	command -v chromedriver >/dev/null || (apt-get update && apt-get install --yes --no-install-recommends chromium chromium-driver)

# Debian's tshark, likewise.
tshark:
	command -v tshark >/dev/null || (apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends tshark)

# Debian's libfaketime, likewise.
faketime:
	ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || (apt-get update && apt-get install --yes --no-install-recommends faketime)

# The system's clock is set back and ahead under the real switch.
clock: faketime
	cargo test --test operations -- --include-ignored clock::

$(FORMS_MODULES)/ready: wallet/extension/tests/package-lock.json
	cd wallet/extension/tests && $(NPM) ci --silent
	touch $@

$(VENV)/ready: tests/peers/requirements.txt wallet/extension/tests/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet $(addprefix --requirement ,$^)
	touch $@

$(NODE_MODULES)/ready: tests/peers/package-lock.json
	cd tests/peers && $(NPM) ci --no-audit --no-fund
	touch $@

bench:
	cargo bench --workspace
	cargo build --profile dist
	benches/road.sh

# Coverage-guided, with the stable toolchain; a minute for each target unless told otherwise.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= message text mail_server message_centre http
fuzz: $(addprefix fuzz-,$(FUZZ_TARGETS))

fuzz-%:
	mkdir -p fuzz/corpus/$*
	RUSTFLAGS="--cfg fuzzing -Cdebug-assertions=on -Ccodegen-units=1 -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares" \
	cargo run --release --target x86_64-unknown-linux-gnu --manifest-path fuzz/Cargo.toml --bin $* -- fuzz/corpus/$* fuzz/seeds/$* -max_total_time=$(FUZZ_SECONDS)

demo:
	cargo run --release -- demo

clean:
	cargo clean
	rm -rf $(VENV) $(NODE_MODULES) $(FORMS_MODULES)
