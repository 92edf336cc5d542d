# LLM=none leaves out torch and the language model (several GB): `make demo LLM=none`.
PYTHON ?= python3
LLM ?= small
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench clean

ifeq ($(LLM),none)
STAMP := $(VENV)/.installed-core
LOCK := requirements/dev.lock
else
STAMP := $(VENV)/.installed-all
LOCK := requirements/all.lock
endif

help: ## show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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
	$(BIN)/python -m pytest

check: setup ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup ## every benchmark, each against its reference in the same run
	$(BIN)/cherryrec bench

clean: ## remove what was built here; the caches of Kafka and models stay
	rm -rf $(VENV) build dist var *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
