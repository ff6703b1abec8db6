# Two commands do all the set-up: `make demo` and `make test`. Each makes its own environment first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The tests wait for processes and clocks more than they compute, so there are more of them at once than cores.
PYTEST_FLAGS ?= --numprocesses=4 --dist=loadfile

.PHONY: help demo test check lint types imports lock clean

help:  ## Show the targets.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(STAMP)  ## Gate the example shop twice: the vulnerable build is blocked, the fixed one released.
	@$(BIN)/python examples/demo.py

test: $(STAMP)  ## Run every test.
	$(BIN)/pytest $(PYTEST_FLAGS)

check: lint types imports  ## Run the static checks.

lint: $(STAMP)  ## Check style and formatting.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)  ## Check types, tests included.
	$(BIN)/mypy

imports: $(STAMP)  ## Check that imports run one way.
	$(BIN)/lint-imports --no-cache

lock: $(STAMP)  ## Resolve the dependencies again.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --group dev --custom-compile-command "make lock" --output-file requirements/dev.txt pyproject.toml
	awk '/^uv==/ {on = 1} on {print} on && !/\\$$/ {exit}' requirements/dev.txt > requirements/uv.txt

clean:  ## Remove the environment and what the tools left.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(STAMP): pyproject.toml requirements/dev.txt requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; choose one with PYTHON=...")'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "the venv module is missing; on Debian: apt install python3-venv"; exit 1; }
	@git --version >/dev/null || { echo "git is missing; on Debian: apt install git"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/uv.txt
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
