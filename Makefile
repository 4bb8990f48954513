# make run: everything from a fresh clone to a board in the browser. The other targets are for those who change Crux.

PYTHON ?= python3
PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test lint fix check docs lock

help:  ## what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

setup:  ## .venv with what Crux runs on
	@.ci/venv $(PYTHON) requirements.lock

setup-dev: setup  ## the same, with what tests and checks need
	@.ci/venv $(PYTHON) requirements-dev.lock

run: setup  ## start Crux: PORT, WORKERS, CONCURRENCY (slots a worker) where you want others
	@$(PY) manage.py crux up --first-run $(if $(PORT),--port $(PORT)) \
		$(if $(WORKERS),--workers $(WORKERS)) $(if $(CONCURRENCY),--concurrency $(CONCURRENCY))

test: setup-dev  ## the whole suite: SQLite, PostgreSQL, a real browser
	@$(PY) -m tests.run

lint: setup-dev  ## style
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet .
	@find templates -name '*.html' 2>/dev/null | xargs -r .venv/bin/djade --target-version 5.2 --check

fix: setup-dev  ## style, mended where a tool can
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .
	@find templates -name '*.html' 2>/dev/null | xargs -r .venv/bin/djade --target-version 5.2

check: export CRUX_HOME := $(CURDIR)/.venv/check
check: lint  ## style, types, layers, migrations, deployment
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo
	@$(PY) manage.py makemigrations --check --dry-run
	@CRUX_HTTPS=1 $(PY) -W error manage.py check --deploy --fail-level WARNING

docs: setup-dev  ## the pages that are made from the code
	@$(PY) -m tests.reference

# pip-tools is no part of the locks (`pipx install pip-tools`); run it on the oldest Python that is served.
COMPILER ?= pip-compile
COMPILE := PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= $(COMPILER) $(UPGRADE) --quiet --generate-hashes \
	--strip-extras --allow-unsafe --no-header --annotation-style line --newline lf \
	--no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

lock:  ## the locks anew, within the ranges of pyproject.toml; UPGRADE=--upgrade for newer releases
	@$(COMPILE) -o requirements.lock pyproject.toml
	@$(COMPILE) -o requirements-dev.lock --extra dev -c requirements.lock pyproject.toml
