# Needs Python 3.11 or newer and make; everything else is installed into .venv from the lock files.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# For two cores: one worker mostly waits for the processes that it has started.
WORKERS := 3
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: demo install test check tests bench fix lock clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.runtime  ## play the example orientation: no token, no network
	@$(BIN)/rekan demo

install: $(VENV)/.runtime  ## what running Rekan needs, and nothing else

test: $(VENV)/.dev  ## every check and every test
	@$(MAKE) --no-print-directory --jobs 2 check tests

tests: $(VENV)/.dev  ## every test: the long ones first, and each group of them in one place (tests/order.py)
	@$(BIN)/python -m compileall -q bot  # dozens of processes are started
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

check: $(VENV)/.dev  ## style, types, layers
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.dev  ## the promised figures, each beside its reference: make bench BENCH="--only start --rounds 3"
	@$(BIN)/python -m tests.benchmarks $(BENCH)

fix: $(VENV)/.dev  ## format, and mend what can be mended by itself
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix .

lock: $(VENV)/.dev  ## resolve the dependencies of pyproject.toml anew
	@$(BIN)/uv pip compile $(LOCK) --extra build --extra dev --output-file requirements-dev.lock
	@$(BIN)/uv pip compile $(LOCK) --extra build --constraint requirements-dev.lock --output-file requirements.lock

LOCK := pyproject.toml --quiet --upgrade --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header

clean:
	rm -rf $(VENV) *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "Rekan needs Python 3.11: install it, or say where it is: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# The stamps hang on the lock files: a changed lock is installed by the next command that needs it.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what Rekan needs into $(VENV) (once, about a minute) ..."
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q bot  # the first start is then as quick as the second
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing what the tests need into $(VENV) (once, about a minute) ..."
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@
