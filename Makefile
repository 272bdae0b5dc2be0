# Two commands are enough: `make run` and `make test`. Both set up what is missing first.
# YES=1 skips the question of the set-up; ARGS="…" is handed to pytest.
PYTHON := .venv/bin/python
EXAMPLE ?= examples/rmarkdown
.DEFAULT_GOAL := help
.PHONY: help contracts screenshot setup setup-s3 setup-registry setup-extra base run test soak bench check audit test-environments test-fresh engine-stop clean-all requirements pinning

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-17s %s\n", $$1, $$2}' Makefile

setup: ## Install everything that run and test need (says first what, asks once).
	@sh deploy/setup/start.sh

setup-s3: setup ## Install the S3 server that the tests of the blob store need.
	@sh deploy/setup/start.sh s3

setup-registry: setup ## Install the image registry that the tests of registry bases need.
	@sh deploy/setup/start.sh registry

setup-extra: setup ## Install the heavier test servers too.
	@sh deploy/setup/start.sh extra

base: setup
	@sh deploy/setup/base.sh

run: base ## Bring a real workspace from upload to verdict, live.
	@$(PYTHON) -m erc.deploy.demo $(EXAMPLE)

PROCESSES ?= 2
# A process that crashed is not replaced: xdist 3.8 may give its successor what is done already, and wait for ever.
test: base ## Run the tests, in PROCESSES processes.
	@$(PYTHON) -m pytest -n $(PROCESSES) --dist loadgroup --no-loadscope-reorder --max-worker-restart 0 $(ARGS)

KILLS ?= 1000
SEED ?= 1
soak: base ## Kill the running service KILLS times under load (SEED repeats a run), then 20 times with the shipped lease.
	@PYTHONPATH=tests $(PYTHON) -m system.chaos --kills $(KILLS) --seed $(SEED) --least $(if $(filter 1000,$(KILLS)),10,0) $(if $(filter 0,$(shell id -u)),--own-engine)
	@PYTHONPATH=tests $(PYTHON) -m system.chaos --kills 20 --seed $(SEED) --shipped-lease

bench: base ## Measure, print the table, write bench/latest.json.
	@PYTHONPATH=.:tests $(PYTHON) -m bench $(ARGS)

check: setup ## Hold every gate: format, lint, types, import contracts, shape.
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@$(PYTHON) -m pytest tests/architecture

audit: setup pinning ## Ask for known vulnerabilities of the pinned packages.
	@$(PYTHON) -m erc.deploy.audit

test-environments: base ## Build and run real environments of every kind (many minutes, needs the archives).
	@$(PYTHON) -m pytest tests/environments -m environments $(ARGS)

test-fresh: setup ## Run the README's lines on fresh Debian 12, 13 and Ubuntu 24.04.
	@$(PYTHON) -m erc.deploy.fresh

engine-stop: ## Stop the Docker engine that set-up started.
	@sh deploy/setup/start.sh engine-stop

clean-all: ## Take back what set-up did (REMOVE=1: its Debian packages too).
	@sh deploy/setup/start.sh clean-all

contracts: setup ## Generate the AsyncAPI and OpenAPI documents and the JSON Schemas again.
	@$(PYTHON) -m erc.events.asyncapi > events/asyncapi.yaml
	@$(PYTHON) -m erc.schemas.contracts schemas/json
	@$(PYTHON) -m erc.gateway.openapi > gateway/openapi.yaml

screenshot: base ## Take the pictures of the README and of docs/verdict.md.
	@sh deploy/screenshot.sh $(EXAMPLE) docs/job.png
	@sh deploy/screenshot.sh examples/paper-rmarkdown docs/verdict data/brooks.csv s/^Werse,22,14.1/Werse,22,20.1/

requirements: pinning ## Pin the packages again, with hashes.
	@sh requirements/pin.sh

pinning:
	@$(PYTHON) -m pip install --quiet --require-hashes -r requirements/pinning.txt
