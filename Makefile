# Négatoscope: `make run` starts it, `make test` checks it; both do their own set-up.

.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STATIC := src/negatoscope/doors/web/static
FRONTEND_SOURCES := $(shell find frontend $(STATIC) -type f -not -path '*/node_modules/*' -not -path '*/build/*' 2>/dev/null)

.PHONY: help run test quick docs bench bench-million kills fuzz large-object format clean set-up

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: set-up ## Set up and start the product with a demonstration department
	@exec $(BIN)/negatoscope run --demo

test: $(VENV)/.test ## Set up and run every check
	@BIN="$(CURDIR)/$(BIN)" scripts/test.sh

quick: $(VENV)/.test ## Run the checks that take a minute: style, types, architecture, unit tests
	@BIN="$(CURDIR)/$(BIN)" scripts/test.sh quick

bench: $(VENV)/.test ## Measure the product beside Debian's Orthanc on this machine
	@BIN="$(CURDIR)/$(BIN)" scripts/bench.sh

kills: $(VENV)/.test ## Kill the product 2,000 times under load and look for what is lost; goes on where it was stopped
	@$(BIN)/python -m tests.campaigns kills /var/tmp/negatoscope-kills

fuzz: $(VENV)/.test ## Damage 200,000 objects at random and show them to the gate
	@$(BIN)/python -m tests.campaigns fuzz

large-object: $(VENV)/.test ## Send an object of 1.3 GB through each door and back; print the memory it took, beside Orthanc
	@$(BIN)/python -m tests.campaigns large-object

docs: $(VENV)/.run ## Write the conformance statements anew from the code
	@$(BIN)/negatoscope conformance dicom > docs/reference/conformance-dimse.md
	@$(BIN)/negatoscope conformance dicomweb > docs/reference/conformance-dicomweb.md

bench-million: $(VENV)/.test ## Measure searching and storing at 10 thousand, 100 thousand and a million studies
	@$(BIN)/python -m benchmarks.million

format: $(VENV)/.test ## Format the sources
	@$(BIN)/ruff check --fix src tests benchmarks; $(BIN)/ruff format src tests benchmarks

clean: ## Remove what the set-up made; the data of the installation stays
	@rm -rf $(VENV) frontend/node_modules $(STATIC)/build

set-up: $(VENV)/.run $(STATIC)/build/.vite/manifest.json

$(VENV)/bin/python:
	@PYTHON="$(PYTHON)" scripts/make_environment.sh $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the Python packages (pinned by hash)…"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements/dev.txt $(VENV)/.run $(STATIC)/build/.vite/manifest.json
	@echo "Installing the packages of the tests…"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

frontend/node_modules/.installed: frontend/package-lock.json frontend/package.json
	@scripts/need.sh node npm
	@echo "Installing the packages of the front end…"
	@cd frontend && npm ci --silent --no-audit --no-fund
	@touch $@

$(STATIC)/build/.vite/manifest.json: frontend/node_modules/.installed $(FRONTEND_SOURCES)
	@echo "Building the front end…"
	@cd frontend && npm run --silent build -- --logLevel warn
	@touch $@
