# LLM=none leaves out torch and the language model (several GB): `make demo LLM=none`.
PYTHON ?= python3
LLM ?= small
VENV := .venv
# Processes that run the tests: `make test PROCESSES=1` runs one test at a time.
PROCESSES ?= auto
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-unit coverage check bench site clean

ifeq ($(LLM),none)
STAMP := $(VENV)/.installed-core
LOCK := requirements/dev.lock
else
STAMP := $(VENV)/.installed-all
LOCK := requirements/all.lock
endif

help: ## show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## install everything into .venv; does nothing when all is there

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(STAMP): $(LOCK) pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	$(BIN)/cherryrec prepare
	$(BIN)/cherryrec kafka fetch
ifneq ($(LLM),none)
	$(BIN)/cherryrec model fetch
endif
	@touch $@

demo: setup ## the whole system on a generated log: real Kafka, all workers, a report
	$(BIN)/cherryrec demo

test: setup ## every test: doctests, unit, streams, gpu worker, real Kafka, faults
	$(BIN)/python -m pytest -n $(PROCESSES) --maxprocesses 4

test-unit: setup ## what to run after each edit: neither Kafka nor torch, nothing slow
	$(BIN)/python -m pytest -q -n $(PROCESSES) --maxprocesses 4 -m "not slow" cherryrec streams tests/unit tests/streams

coverage: setup ## every test, and the share of the code's lines that they run; fails below its floor
	PYTEST_ADDOPTS="--cov --cov-report term" $(MAKE) test

check: setup ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup ## every benchmark, each against its reference in the same run
	$(BIN)/cherryrec bench

site: setup ## README and docs as a site, links and anchors checked: var/site/site/index.html
	$(BIN)/python deploy/site/build.py

clean: ## remove what was built here; the caches of Kafka and models stay
	rm -rf $(VENV) build dist var *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
