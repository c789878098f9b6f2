# make demo | test | faults | check | bench | web | train-bundled | clean; each does its own set-up.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
PORT ?= 7860
VENV := .venv
BIN := $(VENV)/bin
FAULTS := tests/faults tests/recording/test_kills.py tests/recording/test_full_disk.py \
	tests/data/test_catalog_kills.py tests/data/exporting/test_export_killed.py
# Programs of their own, which want the processors to themselves.
ALONE := $(filter-out tests/browser/test_driving.py,$(wildcard tests/browser/test_*.py)) tests/test_ray_recording.py
# What is never imported need not be compiled: that is done, and kept, at the first import.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test faults check bench web train-bundled clean

demo: $(VENV)/runtime.stamp
	@scripts/system_packages graphics
	$(BIN)/python app.py --port $(PORT)

test: $(VENV)/development.stamp
	@scripts/system_packages graphics browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(ALONE:%=--ignore %) -n 2 --dist loadfile $(PYTEST_ARGUMENTS)
	$(BIN)/python -m pytest $(ALONE) $(PYTEST_ARGUMENTS)

# Everything that can go wrong with recordings, many times over; `make test` does a few rounds of it.
faults: $(VENV)/development.stamp
	@scripts/system_packages graphics
	$(BIN)/python -m pytest $(FAULTS) --rounds 50

check: $(VENV)/development.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

bench: $(VENV)/development.stamp
	@scripts/system_packages graphics browser
	$(BIN)/python -m oft_demo.bench

# Fetches the page's three.js anew; its files are kept in git, so that nobody needs npm to run the app.
web:
	scripts/vendor_web

train-bundled: $(VENV)/runtime.stamp
	@scripts/system_packages graphics
	$(BIN)/python -m oft_demo.train.bundled

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache build

$(VENV)/bin/python:
	@PYTHON=$(PYTHON) scripts/system_packages python
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 13) else "Python 3.11 or 3.12 is needed; found " + sys.version.split()[0] + ". Name one with PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: requirements.txt constraints.txt | $(VENV)/bin/python
	$(INSTALL) torch==2.13.0
	$(INSTALL) -r requirements.txt -c constraints.txt
	@touch $@

$(VENV)/development.stamp: requirements-dev.txt requirements-extras.txt $(VENV)/runtime.stamp
	$(INSTALL) -r requirements-dev.txt -c constraints.txt
	@touch $@
