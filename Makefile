# The only things a fresh machine needs: Python 3.11 or newer, make, and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OCR := $(VENV)/.ocr

.PHONY: demo test ocr lint bench soak interop lock clean

demo: $(READY)
	@$(BIN)/scrapy demo

test: $(READY)
	@$(BIN)/python -m pytest -n auto --dist loadfile

# What reads tables in pictures.
ocr: $(OCR)

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(READY)
	@$(BIN)/python -m tests.bench

# Crawls killed at random moments, 50 times: some minutes.
soak: $(READY)
	@$(BIN)/python -m tests.soak

# Exports in the hands of other people's tools; these have an environment of their own.
interop: $(READY)
	@test -x build/interop/bin/wacz || ($(PYTHON) -m venv build/interop && \
	  build/interop/bin/python -m pip install --quiet pywb==2.10.0 wacz==0.6.0 "setuptools<82")
	@$(BIN)/python -m tests.interop build/interop/bin

# Pins for exactly what pyproject.toml asks for, and for the extra beside it.
COMPILE = $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-emit-index-url \
	  --no-emit-trusted-host --no-emit-options --no-header
lock: $(READY)
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

clean:
	@rm -rf $(VENV) demo build
