# Everything that a person types here. A fresh machine needs Python 3.11 or newer (with venv), git and make.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
# What is installed, and how: another sum, another install. The code itself is used where it lies.
INPUTS := $(wildcard pyproject.toml hatch_build.py frontend/*.json frontend/*.mjs frontend/src/*)
SUM := $(shell cat $(INPUTS) | cksum | tr -d ' ')
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
CHROMIUM := /usr/bin/chromium
BENCH := pages writes memory engines calls imports exports searches logs servers
DEMO = $(if $(ONCE),--once,demo-desk) $(if $(PORT),--port $(PORT)) $(if $(NO_OPEN),--no-open)

.PHONY: demo test test-long lint bench pictures clean
.DEFAULT_GOAL := demo

demo: $(VENV)/installed-$(SUM)  ## the demo desk, served; ONCE=1 walks its tour and ends, PORT=N
	@$(BIN)/frontdesk demo $(DEMO)

test: $(VENV)/tested-$(SUM) lint  ## every check
	@test -x $(CHROMIUM) || echo "No Chromium: the browser journeys are skipped. To run them: sudo apt-get install chromium"
	$(BIN)/pytest -n 2

lint: $(VENV)/tested-$(SUM)  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --no-cache

test-long: $(VENV)/tested-$(SUM)  ## what takes minutes
	$(BIN)/pytest -m long

bench: $(VENV)/tested-$(SUM)  ## the figures of docs/performance.md and docs/servers.md, some 20 minutes; BENCH="pages calls" for some
	@for name in $(BENCH); do echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

pictures: $(VENV)/tested-$(SUM)  ## the README's picture, from a fresh demo desk
	$(BIN)/python docs/pictures/make.py

clean:  ## the environment and what was built; never a desk
	rm -rf $(VENV) build dist src/frontdesk/web/static/dist frontend/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making the environment in $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "venv is missing: sudo apt-get install python3-venv"; exit 1; }

$(VENV)/installed-$(SUM): | $(BIN)/python
	@echo "Installing Frontdesk (once)"
	@$(INSTALL) -e '.[models]'
	@test -e src/frontdesk/web/static/dist/manifest.json || \
		echo "The bundles of the front end could not be built: everything works but the query editor and charts."
	@rm -f $(VENV)/installed-* $(VENV)/tested-* && touch $@

$(VENV)/tested-$(SUM): | $(BIN)/python
	@echo "Installing Frontdesk and what its tests need (once)"
	@$(INSTALL) -e '.[test]'
	@rm -f $(VENV)/installed-* $(VENV)/tested-* && touch $@ $(VENV)/installed-$(SUM)
