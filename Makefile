# Moulin's two commands are `make run` and `make test`; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install --quiet --require-hashes --no-deps --only-binary :all:
PYTEST_ARGS ?=
# Two tests at a time, shared out by tests/sharing.py; -n 3 adds a process that gives way to both.
BESIDE ?= -n 2 --dist loadfile --no-loadscope-reorder
# The packet path in C, made where there is a compiler and silently done without elsewhere.
COMPILED := rooms/compiled/packets.so

# What the tests drive, each with the Debian package that brings it.
TEST_PROGRAMS := redis-server=redis-server \
	'chromium|chromium-browser=chromium' \
	'firefox-esr|firefox=firefox-esr' \
	'initdb|/usr/lib/postgresql/*/bin/initdb=postgresql'

# A .venv whose python went away (upgraded, or the folder moved) is made anew.
USABLE := $(shell $(PY) -c 'import pip, sys; print("yes" if sys.version_info >= (3, 11) else "")' 2>/dev/null)

.PHONY: help run setup setup-demo demo setup-dev test pytest lint format types bench soak sanitize readme lock clean anew

help: ## List what make can do
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' Makefile | expand -t 14

run: setup ## Install what is missing, then serve http://localhost:8080
	@exec $(PY) -m server serve

setup: $(VENV)/run.stamp $(COMPILED) ## Only install what running needs
	@:

setup-demo: $(VENV)/dev.stamp $(COMPILED) ## Install what synthetic coworkers need
	@:

demo: setup-demo ## Seat six synthetic coworkers in a running server's office
	@exec $(PY) -m server demo --people 6

setup-dev: $(VENV)/dev.stamp node_modules/.stamp $(COMPILED) ## Install what developing and testing need
	@.ci/need $(TEST_PROGRAMS)

test: setup-dev ## Format, lint, types, and every test
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory --jobs=2 types pytest

pytest: $(VENV)/dev.stamp node_modules/.stamp $(COMPILED)
	$(PY) -m pytest $(BESIDE) $(PYTEST_ARGS)

lint: $(VENV)/dev.stamp ## Check format and lint
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check --quiet .

format: $(VENV)/dev.stamp ## Put the code into shape
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

types: $(VENV)/dev.stamp node_modules/.stamp ## Check the types of Python and JavaScript
	nice $(VENV)/bin/mypy
	.ci/node node_modules/typescript/bin/tsc --project tsconfig.json

bench: $(VENV)/dev.stamp $(COMPILED) ## Measure forwarding, idling and walking in, beside PEERS=janus,livekit; writes bench.json
	@.ci/need 'chromium|chromium-browser=chromium'
	$(PY) -m tests.bench --peers $(or $(PEERS),janus)
	$(PY) -m tests.bench.idle
	$(PY) -m tests.bench.first_frame

soak: $(VENV)/dev.stamp $(COMPILED) ## Watch the server's memory and a full page for an hour (MINUTES=60)
	@.ci/need 'chromium|chromium-browser=chromium'
	$(PY) -m tests.bench.soak --minutes $(or $(MINUTES),60)

sanitize: $(VENV)/dev.stamp ## Run the packet path's tests with its C checked for memory errors
	$(PY) -m tests.sanitized

readme: $(VENV)/dev.stamp ## Write the README's settings table anew
	$(PY) -m tests.settings_table

lock: ## Write both lock files anew (needs uv)
	uv pip compile $(LOCKING) pyproject.toml -o requirements.lock
	uv pip compile $(LOCKING) --all-extras -c requirements.lock pyproject.toml -o requirements-dev.lock

LOCKING := --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --override requirements-overrides.txt

clean: ## Remove what was installed and built, never the data
	rm -rf $(VENV) node_modules build screenshots bench.json *.egg-info $(COMPILED)
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/made: $(if $(USABLE),,anew)
	@.ci/need $(notdir $(PYTHON))=python3 python:ensurepip=python3-venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Moulin needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...'; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/run.stamp: $(VENV)/made requirements.lock
	@echo 'Installing the pinned dependencies'
	@$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/dev.stamp: $(VENV)/made requirements-dev.lock
	@echo 'Installing the pinned dependencies of development'
	@$(INSTALL) -r requirements-dev.lock
	@touch $@ $(VENV)/run.stamp

$(COMPILED): $(wildcard rooms/compiled/*.[ch]) | $(VENV)/made
	@$(PY) -m rooms.compiled.build

node_modules/.stamp: package.json package-lock.json $(VENV)/dev.stamp
	@.ci/node npm ci --silent --no-fund --no-audit
	@touch $@
