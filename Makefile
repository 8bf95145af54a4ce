# Everything that must pass, and what people run by hand.

PYTHON ?= python3
NODE ?= node
NPM ?= npm
VENV := .venv
NODE_MODULES := tests/peers/node_modules
FORMS_MODULES := wallet/extension/tests/node_modules
PEERS := TESSERA_PYTHON=$(abspath $(VENV))/bin/python TESSERA_NODE=$(NODE) TESSERA_TSHARK=required TESSERA_JAVA=required

# What everything is built with, so that lints, tests and documents see the demo's cluster too, and nothing is built twice.
FEATURES := --features demo-cluster

# One step after the other: Cargo keeps all cores busy by itself.
.NOTPARALLEL:
.PHONY: test setup packages format lint docs licenses units attack cluster extension forms bench bench-instructions fuzz golden package tarball fresh deploy monitoring dashboards demo demo-cluster clean

# An area is a crate with its own tests; a test program of tests/, which drives the real processes, or both; or one file of such a
# program.
CRATES := $(filter-out fuzz,$(notdir $(patsubst %/Cargo.toml,%,$(wildcard */Cargo.toml switch/*/Cargo.toml))))
PROGRAMS := $(notdir $(patsubst %/main.rs,%,$(wildcard tests/*/main.rs)))
PARTS := $(filter-out tests/rig/% tests/browser/% %/main.rs,$(wildcard tests/*/*.rs))
PART := $(filter %/$(AREA).rs,$(PARTS))

# Everything that must pass. `make test AREA=ledger` runs the tests of one area.
ifndef AREA
test: format lint docs licenses deploy monitoring units fresh forms
else ifneq ($(and $(filter $(AREA),$(CRATES)),$(filter $(AREA),$(PROGRAMS))),)
test: ready-$(AREA)
	cargo test --package tessera-$(AREA)
	$(PEERS) cargo test --workspace $(FEATURES) --test $(AREA) -- --include-ignored
else ifneq ($(filter $(AREA),$(CRATES)),)
test:
	cargo test --package tessera-$(AREA)
else ifneq ($(filter $(AREA),$(PROGRAMS)),)
test: ready-$(AREA)
	$(PEERS) cargo test --workspace $(FEATURES) --test $(AREA) -- --include-ignored
else ifneq ($(PART),)
PROGRAM := $(word 2,$(subst /, ,$(PART)))
test: ready-$(PROGRAM)
	$(PEERS) cargo test --workspace $(FEATURES) --test $(PROGRAM) -- --include-ignored $(AREA)::
else ifneq ($(filter $(AREA),deploy forms fresh monitoring),)
test: $(AREA)
else
test:
	@echo "No area is called '$(AREA)'. There are:" >&2
	@echo "  crates:                $(sort $(CRATES))" >&2
	@echo "  the real processes:    $(sort $(PROGRAMS))" >&2
	@echo "  parts of these:        $(sort $(basename $(notdir $(PARTS))))" >&2
	@echo "  the browser extension: forms" >&2
	@echo "  the files of deploy/:  deploy" >&2
	@echo "  the packages:          fresh" >&2
	@echo "  alerts and dashboards: monitoring" >&2
	@exit 2
endif

# Installs what all tests need beside Cargo: packages of Debian, which takes root, and packages of Python and Node.js below this folder.
setup: packages
	$(MAKE) $(VENV)/ready $(NODE_MODULES)/ready $(FORMS_MODULES)/ready

packages:
	tests/needs.sh all --install

# What an area needs is there. Where a package of Debian is missing, root has everything set up at once; others are shown what to install.
needs-%:
	@tests/needs.sh $* || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && $(MAKE) setup; }

ready-browser ready-peers ready-all: ready-%: needs-% $(VENV)/ready $(NODE_MODULES)/ready
ready-cluster ready-operations: ready-%: needs-%
ready-payers ready-purchases ready-tools:

format:
	cargo fmt --all --check

lint:
	cargo clippy --workspace $(FEATURES) --all-targets -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace $(FEATURES) --no-deps

# What deny.toml says of licences, sources and versions of the dependencies; without network. Cargo-deny takes long to build, so a
# machine without it only says so.
licenses:
	@if command -v cargo-deny >/dev/null; then \
		cargo-deny --offline check bans licenses sources; \
	else \
		echo "licences and versions are not checked: cargo install --locked cargo-deny" >&2; \
	fi

# After a failure the other test programs run too, so that one run shows every failure.
units: ready-all
	$(PEERS) cargo test --workspace $(FEATURES) --no-fail-fast -- --include-ignored

# The real switch under an attack by a model that was written from the wire protocol alone: kills, clock steps, full disks, a faulty
# financial system. The seed is printed; root is needed for the full disks.
ATTACK_SECONDS ?= 300
attack: needs-operations $(VENV)/ready
	cargo build $(FEATURES)
	$(VENV)/bin/python tests/attack/attack.py --tessera target/debug/tessera --seconds $(ATTACK_SECONDS) $(if $(ATTACK_SEED),--seed $(ATTACK_SEED))

# The failures of clusters with more of each: 20 kills, pauses of a minute. The seed is printed; root is needed for cut lines and full
# disks.
cluster: needs-cluster
	TESSERA_CLUSTER_LONG=1 $(if $(CLUSTER_SEED),TESSERA_CLUSTER_SEED=$(CLUSTER_SEED)) cargo test --workspace $(FEATURES) --test cluster -- --nocapture

# The browser extension for Chromium and Firefox, in target/extension: folders to load unpacked, archives for the stores, the sources.
WALLET ?= http://localhost:8080
extension:
	cargo run --quiet $(FEATURES) -- extension target/extension --wallet $(WALLET)

# Its reading of card forms, and how it fills them.
forms: needs-forms $(FORMS_MODULES)/ready
	cd wallet/extension/tests && $(NPM) test --silent

$(FORMS_MODULES)/ready: wallet/extension/tests/package-lock.json
	cd wallet/extension/tests && $(NPM) ci --silent
	touch $@

$(VENV)/ready: tests/peers/requirements.txt tests/deploy/requirements.txt tests/monitoring/requirements.txt wallet/extension/tests/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet $(addprefix --requirement ,$^)
	touch $@

$(NODE_MODULES)/ready: tests/peers/package-lock.json
	cd tests/peers && $(NPM) ci --no-audit --no-fund
	touch $@

bench:
	cargo bench --workspace
	cargo build --profile dist
	benches/purchases.sh

# Counts the instructions of loops that are worth it, and compares them with the figures of benches/instructions.toml: other programs on
# the machine do not matter. `benches/instructions.py --write` writes the figures anew.
bench-instructions: needs-instructions
	$(PYTHON) benches/instructions.py

# Coverage-guided, with the stable toolchain; FUZZ_SECONDS for each target.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(notdir $(basename $(wildcard fuzz/fuzz_targets/*.rs)))
fuzz: $(addprefix fuzz-,$(FUZZ_TARGETS))

fuzz-%:
	mkdir -p fuzz/corpus/$*
	RUSTFLAGS="--cfg fuzzing -Cdebug-assertions=on -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares" \
	cargo run --release --target x86_64-unknown-linux-gnu --manifest-path fuzz/Cargo.toml --bin $* -- fuzz/corpus/$* $(wildcard fuzz/seeds/$*) -max_total_time=$(FUZZ_SECONDS)

# The folder tests/golden/VERSION of a release, written by this build: only before the release, once its version is in Cargo.toml.
golden:
	TESSERA_WRITE_GOLDEN=1 cargo test --package tessera-ledger --lib golden -- --test-threads=1
	TESSERA_WRITE_GOLDEN=1 cargo test --package tessera-cluster --lib entries_of_every_release
	TESSERA_WRITE_GOLDEN=1 cargo test --workspace $(FEATURES) --test operations golden::this_release_has_left_its_data

# Units, manifests, Dockerfile, load balancer and scripts of deploy/, with the tools that read them; nothing is started.
deploy: needs-deploy $(VENV)/ready
	PATH="$$PATH:/usr/sbin" $(VENV)/bin/python tests/deploy/check.py

# Rules for Prometheus, alerts with their runbook and dashboards, against the list of metrics; promtool runs each alert. Nothing is
# started.
monitoring: needs-monitoring $(VENV)/ready
	$(VENV)/bin/python tests/monitoring/check.py

# The dashboards of config/grafana, after a change of the script that writes them.
dashboards:
	$(PYTHON) config/grafana/make.py

# The Debian package and the tarball, in target/package, of the program optimized as a whole: it takes a while.
package tarball:
	TESSERA_COMMIT=$$(git rev-parse HEAD) cargo build --profile dist --locked
	$(PYTHON) deploy/package.py target/dist/tessera target/package

# Both of the tests' program, installed and used in a fresh Debian 12. A program that is there is packed as it is.
fresh: needs-fresh target/debug/tessera
	PATH="$$PATH:/usr/sbin" $(PYTHON) tests/deploy/package.py target/debug/tessera

target/debug/tessera:
	cargo build --workspace $(FEATURES) --bin tessera

demo:
	cargo run --release -- demo

demo-cluster:
	cargo run --release $(FEATURES) -- demo --cluster

clean:
	cargo clean
	rm -rf $(VENV) $(NODE_MODULES) $(FORMS_MODULES)
