# Every target makes the virtual environment it needs; the second run is quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup demo up test lint format bench e2e audit package clean

help: ## Show what can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

setup: $(STAMP) ## Make the virtual environment

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("ollama-lifecycle needs Python 3.11 or newer; set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (about a minute the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@

demo: $(STAMP) ## Run a week of a small GPU fleet on the embedded AWS
	@$(BIN)/lifecycle demo

up: $(STAMP) ## Keep that fleet running live, with the HTTP API (SPEED=60 by default)
	@$(BIN)/lifecycle up --speed $(or $(SPEED),60)

test: $(STAMP) ## Run the tests
	@$(BIN)/python -m pytest -m 'not e2e and not slow' -n 2 --dist loadfile

lint: $(STAMP) ## Lint, types and templates
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/cfn-lint 'cfn/**/*.yaml'

format: $(STAMP) ## Put the code into shape
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(STAMP) ## Measure, and compare with the goals
	@$(BIN)/python tests/bench/run.py

e2e: $(STAMP) ## Run the packaged app on ministack, and the slow proofs
	@$(BIN)/python -m pytest tests/e2e -m e2e
	@$(BIN)/python -m pytest -m slow -n 2 --dist load

audit: $(STAMP) ## Look for what is unsafe in the templates, with checkov (part of make e2e)
	@$(BIN)/python -m pytest tests/e2e/test_audit.py -m e2e

STAGE ?= dev
package: $(STAMP) ## Make the zip and the template to deploy (STAGE=dev)
	@rm -rf chalice_app/.chalice/deployments # Chalice caches its zip and does not see the constraints change
	@cd chalice_app && AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} ../$(BIN)/chalice package \
		--stage $(STAGE) --merge-template ../cfn/app-resources.yaml ../dist/$(STAGE)
	@$(BIN)/python cfn/packaging/bytecode.py dist/$(STAGE)
	@$(BIN)/cfn-lint dist/$(STAGE)/sam.yaml

clean: ## Remove what was made (not the virtual environment)
	@rm -rf out dist build chalice_app/.chalice/deployments .pytest_cache .mypy_cache .ruff_cache .hypothesis
