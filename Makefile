# The only things a fresh machine needs: Python 3.11 or newer, make, and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OCR := $(VENV)/.ocr

.DEFAULT_GOAL := help
.PHONY: help demo test lint hooks ocr bench simulate soak interop lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(READY)  ## crawl replica portals, served on this machine, into demo/
	@$(BIN)/scrapy demo

test: $(READY)  ## run every test
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lint: $(READY)  ## run the linters: style, complexity, types, the floors and no circles
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/python tools/floors.py
	@$(BIN)/python tools/complexity.py

hooks: $(READY)  ## run what `make lint` runs before every commit
	@$(BIN)/pre-commit install

ocr: $(OCR)  ## install what reads tables in pictures (330 MB)

bench: $(READY)  ## measure speed and memory
	@$(BIN)/python -m tests.bench

simulate: $(READY)  ## reckon a crawl of the whole country: the tables of docs/scale.md
	@$(BIN)/python -m tools.simulate

soak: $(READY)  ## portals that fail by lot, random lives of an archive, everything killed at random moments (an hour)
	@$(BIN)/python -m tests.unreliable
	@$(BIN)/python -m tests.histories
	@$(BIN)/python -m tests.kills 300
	@$(BIN)/python -m tests.killed_commands 300
	@$(BIN)/python -m tests.full_disk
	@$(BIN)/python -m tests.nation
	@$(BIN)/python -m tests.cluster_nation
	@$(BIN)/python -m tests.killed_crawls
	@$(BIN)/python -m tests.soak
	@$(BIN)/python -m tests.hostile
	@KILLS=100 $(BIN)/python -m pytest -q tests/test_interrupted.py

interop: $(READY)  ## try exports in other people's tools, which get an environment of their own
	@build/interop/bin/python -c "import duckdb, pandas, wacz" 2>/dev/null || ($(PYTHON) -m venv build/interop && \
	  build/interop/bin/python -m pip install --quiet pywb==2.10.0 wacz==0.6.0 "setuptools<82" "duckdb>=2,<3" "pandas>=3,<4")
	@$(BIN)/python -m tests.interop build/interop/bin
	@$(BIN)/python -m pytest -q tests/test_examples.py

COMPILE = $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-options --no-header
lock: $(READY)  ## renew the pins for what pyproject.toml asks for, and for the extra ocr beside it
	@$(COMPILE) --extra dev --output-file requirements.lock pyproject.toml
	@$(COMPILE) --extra ocr --constraint requirements.lock --output-file requirements-ocr.lock pyproject.toml

$(READY): requirements.lock
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tongjian needs Python 3.11 or newer")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(OCR): requirements-ocr.lock $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-ocr.lock
	@touch $@

clean:  ## remove the environment, the demo and what was built
	@rm -rf $(VENV) demo build dist *.egg-info
