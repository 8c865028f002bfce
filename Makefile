# What there is to do here; `make` alone lists it. Everything happens in .venv, which is made,
# and made anew when pyproject.toml changes, by whichever target needs it.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { command -v "$$name"; break; }; done)
WORKERS ?= 2
MINUTES ?= 60

BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check
DOCS_TESTS := $(wildcard tests/docs)

# What starts whole programs, or tears them down: it is not counted as covering, and waits a lot.
WHOLE := tests/acceptance tests/torture tests/nodes tests/bench

.PHONY: help run test torture check bench bench-peers bench-corpus fuzz screenshots fmt
.DEFAULT_GOAL := help

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: .venv/.for-use  ## Try it: a desk of your own in ./run, listening on the loopback interface
	@test -f run/config.toml || $(BIN)/mailgate init --yes --dir run --agent alice=alice@agents.example --admin boss@agents.example
	@$(BIN)/mailgate serve --config run/config.toml

test: .venv/.for-tests  ## Run the tests, with real servers; fails below the demanded coverage
	tests/install-peers
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --durations 12 $(WHOLE)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --durations 12 --cov --cov-report= $(addprefix --ignore=,$(WHOLE) tests/style $(DOCS_TESTS))
	$(BIN)/coverage report --precision 2 --fail-under 90.01
	$(BIN)/coverage report --fail-under 100 --include 'mailgate/domain/*,mailgate/mail/*'

torture: .venv/.for-tests  ## Run the long forms of the tests that have one
	tests/install-peers
	$(BIN)/python -m pytest --long -m torture

check: .venv/.for-tests  ## Format, lint, types, layers, docs: what needs no server
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/style $(DOCS_TESTS)

bench: .venv/.for-tests  ## Measure everything that has a goal; BENCH="--full" and so on
	$(BIN)/python -m bench.run --strict $(BENCH)

bench-peers: .venv-peers/helpdesk/.done .venv-peers/roundup/.done  ## Make what `make bench` compares with

bench-corpus: .venv/.for-use  ## Read every mail below CORPUS=DIR; tell times, verdicts, differences
	@test -n "$(CORPUS)" || { echo "say which mails: make bench-corpus CORPUS=DIR" >&2; exit 1; }
	$(BIN)/python -m bench.corpus "$(CORPUS)"

fuzz: .venv/.for-tests  ## Read bent mails for an hour, or MINUTES=n; stops at what breaks
	PYTHONPATH=. nice -n 19 $(BIN)/python bench/fuzz.py $(MINUTES)

screenshots: .venv/.for-tests  ## Take pictures of all notices and pages into DIR=folder; needs Chromium
	@test -n "$(DIR)" || { echo "say where to: make screenshots DIR=..." >&2; exit 1; }
	$(BIN)/python -m tests.web.screenshots "$(DIR)"

fmt: .venv/.for-tests  ## Format the code, and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.venv/.for-use: pyproject.toml
	@$(call install,postgres)

.venv/.for-tests: pyproject.toml
	@$(call install,postgres,test)
	@touch .venv/.for-use

.venv-peers/helpdesk/.done: PEER := django-helpdesk==2.6.1
.venv-peers/roundup/.done: PEER := roundup==2.6.0
.venv-peers/%/.done: Makefile
	"$(PYTHON)" -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check '$(PEER)' psycopg2-binary
	touch $@

# Also mends a .venv whose Python has gone, as after an upgrade of the system or a moved folder.
define install
	test -n "$(PYTHON)" || { echo "mailgate needs Python 3.11 or later" >&2; exit 1; }
	$(BIN)/python -c '' 2>/dev/null || { rm -rf .venv && "$(PYTHON)" -m venv .venv; }
	$(PIP) install --editable '.[$(1)$(if $(2),$(comma)$(2))]'
	touch $@
endef
comma := ,
