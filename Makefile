# `make help` lists the targets. Set-up happens by itself and is not repeated (scripts/setup.sh).
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Compiled modules are kept, whatever the environment says: every process that a test starts would compile them again.
export PYTHONDONTWRITEBYTECODE :=
PYTHON_FILES := $(wildcard webapp tests scripts bench)
PY := .venv/bin/python
# One worker more than there are cores: many tests wait for a process, a browser or a time-out. Whoever has none left takes
# over from the others: some files have long tests only.
PYTEST := $(PY) -m pytest -n $(shell echo $$(($$(nproc) + 1))) --dist worksteal -p tests.coverage_plugin -p tests.no_skips_plugin

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: runtime ## Start Postern with a development mailbox (everything it needs is set up first)
	@exec .venv/bin/postern dev

.PHONY: test
test: dev packages ## Run all tests, on both databases and in a browser; ARGS="-k word" narrows the run
	@$(PYTEST) $(ARGS)

.PHONY: coverage
coverage: dev packages ## Run all tests, and check how many lines and branches of webapp/ they reach (it takes longer)
	@$(PY) -m coverage erase
	@$(PYTEST) --coverage=check

.PHONY: e2e
e2e: dev packages ## Run the tests that use a browser
	@$(PYTEST) tests/e2e $(ARGS)

.PHONY: bench
bench: dev packages ## Measure, and write bench/RESULTS.md; fails if an aim is missed; ARGS="search" measures a part
	@scripts/setup.sh bench
	@$(PY) -m bench $(ARGS)

.PHONY: check
check: lint types coverage ## Everything that must hold before a change lands

.PHONY: lint
lint: dev ## Check style, import rules and templates
	@status=0; \
	.venv/bin/ruff format --check --output-format=concise $(PYTHON_FILES) || { echo "Not formatted: make fix"; status=1; }; \
	.venv/bin/ruff check $(PYTHON_FILES) || status=1; \
	.venv/bin/lint-imports --no-logo || status=1; \
	$(PY) -m scripts.check_templates || status=1; \
	exit $$status

.PHONY: types
types: dev ## Check types (mypy --strict)
	@.venv/bin/mypy $(PYTHON_FILES)

.PHONY: fix
fix: dev ## Format the code and repair what can be repaired
	@.venv/bin/ruff format --quiet $(PYTHON_FILES)
	@.venv/bin/ruff check --fix --quiet $(PYTHON_FILES)

.PHONY: docs
docs: dev packages ## Take the pictures of the guides anew
	@$(PY) -m scripts.pictures

.PHONY: messages
messages: dev ## Collect the texts, update the catalogues of translations and compile them
	@$(PY) scripts/messages.py collect
	@$(PY) scripts/messages.py compile

.PHONY: migrations
migrations: dev ## Write a migration for what changed in the models
	@$(PY) -m webapp.db.makemigrations

.PHONY: vendor
vendor: dev ## Verify the vendored files; FETCH=1 fetches them anew with npm first
	@$(PY) -m scripts.vendor $(if $(FETCH),--fetch)

.PHONY: sbom
sbom: runtime ## Write sbom.cdx.json, the bill of materials (CycloneDX)
	@$(PY) -m scripts.sbom sbom.cdx.json

.PHONY: audit
audit: runtime ## Ask the registry for known vulnerabilities; fails if there are any, or if it does not tell
	@scripts/setup.sh audit
	@$(PY) -m scripts.audit

# `make lock` keeps the versions it finds; `make lock UPGRADE=1` takes the newest.
COMPILE = UV_PYTHON_DOWNLOADS=never .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --no-annotate $(if $(UPGRADE),--upgrade)

.PHONY: lock
lock: ## Lock the dependencies of requirements/*.in with their hashes; UPGRADE=1 takes the newest
	@scripts/setup.sh lock
	@for name in runtime dev lock bench audit; do $(COMPILE) requirements/$$name.in --output-file requirements/$$name.txt || exit; done

.PHONY: clean
clean: ## Remove what make has made, except the data in var/
	@rm -rf .venv .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find webapp tests scripts bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
	@find locale -name '*.mo' -delete

.PHONY: runtime dev packages
runtime dev:
	@scripts/setup.sh $@
packages:
	@scripts/test_packages.sh
