# `make run` and `make test` are all a fresh machine with Python 3.11+ and make needs.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable
SOURCES := pyproject.toml constraints.txt hatch_build.py

.PHONY: run test check train vectors bench clean

run: .venv/run  ## install, and classify the example descriptions
	$(BIN)/task-classifier classify < data/examples.txt

test: .venv/test  ## install with the test extras, and run the whole suite
	$(BIN)/pytest

check: .venv/test  ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

train: .venv/run  ## train the shipped model again from data/
	$(BIN)/task-classifier train --data data --output models

vectors: .venv/run  ## make data/word_vectors.npz again from MiniLM (downloads PyTorch)
	$(INSTALL) '.[vectors]'
	$(BIN)/python -m task_classifier.distillation data/word_vectors.npz

bench: .venv/run  ## compare the scorer's speed with scikit-learn's in one run
	$(BIN)/python benchmarks/scorer.py

clean:  ## remove what the other targets made
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .coverage

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/run: .venv/bin/python $(SOURCES)
	$(INSTALL) .
	touch $@

.venv/test: .venv/bin/python $(SOURCES)
	$(INSTALL) '.[all,test]'
	touch $@ .venv/run
