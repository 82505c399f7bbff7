# `make quickstart` and `make test` set themselves up: a virtual environment in .venv, from PyPI.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UNFINISHED := $(VENV)/.unfinished

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install quickstart lint test test-all clean

help:
	@echo "make quickstart   install, then FreeCP on the embedded benchmark: tables and a gallery"
	@echo "make test         install, then lint, types and the tests"
	@echo "make test-all     the same with the tests that take minutes, such as each config's run"
	@echo "make lint         lint and types alone"
	@echo "make install      the virtual environment in $(VENV) alone"
	@echo "make clean        remove $(VENV), output/quickstart and caches; other results stay"
	@echo "PYTHON=python3.12 make ...   choose the interpreter (now $(PYTHON); 3.10 or newer)"

install: $(INSTALLED)

quickstart: $(INSTALLED)
	@trap : INT; $(BIN)/python tools/quickstart.py || [ $$? = 130 ]  # Ctrl-C also ends make

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# In the order of the files: whole programs come first, many short tests last.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

test: lint
	$(PYTEST) --durations=10

test-all: lint
	$(PYTEST) --durations=30 -m "slow or not slow"

clean:
	rm -rf $(VENV) output/quickstart build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find freecp_d2 tests tools -name __pycache__ -prune -exec rm -rf {} +

define CHECK_PYTHON
import sys
if sys.version_info < (3, 10):
    sys.exit("freecp_d2 needs Python 3.10 or newer, $(PYTHON) is %d.%d; "
             "name another one: make PYTHON=python3.12 ..." % sys.version_info[:2])
endef

define CHECK_TORCH
import sys
try:
    import torch, torchvision
except Exception as error:
    sys.exit(f"""
{type(error).__name__}: {error}

torch and torchvision do not work together. As a rule pip took the two from different places, for
instance a torch "+cpu" from a folder that PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL names, and a
torchvision from PyPI. Take both from PyPI:

    make clean
    PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= make install

or both from the index of CPU builds, which is smaller:

    $(BIN)/pip install --force-reinstall torch torchvision --index-url https://download.pytorch.org/whl/cpu
    make install
""")
print(f"Installed: torch {torch.__version__}, torchvision {torchvision.__version__}.")
endef
export CHECK_PYTHON CHECK_TORCH

# An environment that an earlier call left unfinished is made anew; one without that mark is kept,
# so that an edit of pyproject.toml costs seconds.
$(INSTALLED): pyproject.toml
	@$(PYTHON) -c "$$CHECK_PYTHON"
	@echo "Installing into $(VENV): some 3 GB from PyPI the first time, which takes minutes."
	@if [ -e $(UNFINISHED) ]; then rm -rf $(VENV); fi
	@rm -f $@ && mkdir -p $(VENV) && touch $(UNFINISHED)
	@[ -x $(BIN)/pip ] || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -e ".[dev]"
	@rm $(UNFINISHED)
	@$(BIN)/python -W ignore -c "$$CHECK_TORCH"
	@touch $@
