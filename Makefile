# Everything that one does with the project. Each target first sets up what it needs, once.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.SECONDARY:
.DELETE_ON_ERROR:

URL ?= sqlite:///.demo/airports.db
WORKERS ?= 2
WORKLOAD ?= W1
STORE ?= postgresql
LIBRARY ?= ommi
PIP := -m pip --disable-pip-version-check -qq
PYTEST := PYTHONDEVMODE=1 .venv/bin/python -m pytest
PINS := pyproject.toml $(wildcard requirements/*.txt)
# It asks the first `python` for the installed packages.
PYRIGHT := PATH="$(CURDIR)/.venv/bin:$$PATH" pyright
# Coverage doubles what a test costs, and random questions reach no line that others do not.
RANDOM := tests/properties
# The development mode costs up to ten times as much: it is for what gives tasks and threads up.
CANCELS := tests/unit/execution tests/drivers/test_sqlite_worker.py \
	$(addprefix tests/concurrency/test_,cancelled_awaits.py cancelled_transactions.py pool_cancellation.py)
# What must hold on every Python.
EVERYWHERE := tests/unit tests/compliance/test_sqlite_memory.py

.PHONY: help venv demo services mysql test test-others check bench bench-growth profile count soak \
	docs clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 16

venv: .venv/.dev ## .venv with everything that development needs

demo: .venv/.demo ## explore the world's airports; URL=... for another database
	@mkdir -p .demo
	@.venv/bin/python examples/airports.py "$(URL)"

test: .venv/.tests services ## all tests, with coverage; then once more on the other Pythons
	.venv/bin/coverage erase
	.venv/bin/coverage run -m pytest -n $(WORKERS) --ignore=$(RANDOM)
	.venv/bin/coverage combine -q
	.venv/bin/coverage report
	.venv/bin/python -m pytest -n $(WORKERS) $(RANDOM)
	OMMI_TEST_PROFILE=quick $(PYTEST) -n $(WORKERS) $(CANCELS)
	@$(MAKE) --no-print-directory test-others

# The Pythons from 3.11 on that this machine has, without the one in .venv.
test-others: .venv/.tests services
	@main=$$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	for version in $$(tools/pythons | cut -d' ' -f1); do \
		test $$version = $$main || $(MAKE) --no-print-directory test-$$version; \
	done

test-3.%: .venv-3.%/.tests
	@echo "Python 3.$*"
	OMMI_TEST_PROFILE=quick .venv-3.$*/bin/python -m pytest -n $(WORKERS) $(EVERYWHERE)

services: ## the servers that tests share; installs what is missing where it may
	@tools/services

mysql: ## a MySQL server of Debian's, in .cache; tests run on it, too, where it is
	@tools/mysql

check: .venv/.tests .venv/.lint .venv/.typing ## format, lint, types, layers
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/lint-imports --no-cache --no-logo
	.venv/bin/mypy
	$(PYRIGHT)
	$(PYRIGHT) --verifytypes ommi --ignoreexternal
	.venv/bin/python tests/typing/check.py

bench: .venv/.bench ## Ommi beside the bare client libraries
	.venv/bin/python -m benchmarks

bench-growth: .venv/.bench ## the same from 100 to 1,000,000 rows
	.venv/bin/python -m benchmarks --growth

profile: .venv/.bench ## where time goes; WORKLOAD=W1 STORE=postgresql, LIBRARY=asyncpg
	.venv/bin/python -m benchmarks --profile $(LIBRARY) --only $(WORKLOAD) --store $(STORE)

count: .venv/.tests ## calls and instructions of an operation, against benchmarks/counts.json
	.venv/bin/python -m benchmarks.counting $(WRITE)

soak: .venv/.tests services ## the tests with many more examples; takes an hour or so
	-@tools/mysql
	OMMI_TEST_PROFILE=soak $(PYTEST) -n $(WORKERS) --timeout=0

docs: .venv/.docs ## the documentation, in site/
	.venv/bin/zensical build --clean --strict

clean: ## remove all that the other targets made, the demo's database included
	rm -rf .venv .venv-3.* .cache .demo site .coverage* .hypothesis .*_cache

# A file per group of requirements tells make what an environment holds already.

.venv/.%: requirements/%.txt $(PINS) | .venv/bin/python
	@echo "Installing what $* needs into .venv"
	@.venv/bin/python $(PIP) install -r requirements/build.txt
	@.venv/bin/python $(PIP) install --no-build-isolation -r $< -e .
	@touch $@

.venv-%/.tests: requirements/tests.txt $(PINS) | .venv-%/bin/python
	@echo "Installing what tests need into .venv-$*"
	@.venv-$*/bin/python $(PIP) install -r requirements/build.txt
	@.venv-$*/bin/python $(PIP) install --no-build-isolation -r $< -e .
	@touch $@

.venv/bin/python:
	@python=$$(tools/pythons | sed -n '1s/^[^ ]* //p'); \
	test "$$python" || { echo "Ommi needs Python 3.11 or newer, with venv and pip." >&2; exit 1; }; \
	"$$python" -m venv .venv

.venv-%/bin/python:
	@"$$(tools/pythons | sed -n 's/^$* //p')" -m venv .venv-$*
