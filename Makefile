# Two commands do all their own set-up in .venv: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := runs/demo

.PHONY: help demo test check format pretrained results clean

help:
	@echo "make demo        install, fetch MNIST, train LeNet-5, evaluate, read the example pictures, draw the maps"
	@echo "make test        install everything and run every test"
	@echo "make check       formatting, lint, types"
	@echo "make format      format the code"
	@echo "make pretrained  train again the weights that ship with the package"
	@echo "make clean       remove what these commands made, the data cache excepted"

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "lenet needs Python 3.11 or newer; say which with: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/demo: pyproject.toml | $(VENV)/python
	$(BIN)/pip install -q -e '.[all]'
	@touch $@

$(VENV)/dev: pyproject.toml | $(VENV)/python
	$(BIN)/pip install -q -e '.[dev]'
	@touch $@ $(VENV)/demo

demo: $(VENV)/demo
	$(BIN)/lenet data fetch mnist
	$(BIN)/lenet train lenet-5-relu --data mnist --recipe fast --out $(DEMO) --resume
	$(BIN)/lenet evaluate $(DEMO)/best.safetensors --data mnist --examples 10 --mistakes $(DEMO)/mistakes.png
	$(BIN)/lenet read examples/digits/*.png
	$(BIN)/lenet maps $(DEMO)/best.safetensors examples/digits/seven.png -o $(DEMO)/maps

test: $(VENV)/dev
	$(BIN)/python -m pytest -q

check: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pretrained: $(VENV)/demo
	$(BIN)/python scripts/pretrained.py

clean:
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
