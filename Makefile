# Every job of the project. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
PYTHON := $(VENV)/bin/python
LAKEHOUSE := $(PYTHON) -m lakehouse
PUBLISHING := $(PYTHON) -m publishing
PIP_INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes
BASE_PYTHON ?= python3
# Everything is started as a module: the programs in $(VENV)/bin keep the place where they were installed.
WITH_LAKEHOUSE := eval "$$($(LAKEHOUSE) env)" &&

# What somebody set for another Python, dbt or Spark has no say here.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS PYTHONOPTIMIZE PYTHONINSPECT
unexport SPARK_HOME SPARK_CONF_DIR HADOOP_CONF_DIR JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS
unexport DBT_PROFILES_DIR DBT_PROJECT_DIR DBT_TARGET DBT_PROFILE VIRTUAL_ENV

# A Python that was replaced or removed under the environment: install anew.
$(if $(wildcard $(VENV)/installed),$(shell $(PYTHON) -c 'import pip' 2>/dev/null || rm -f $(VENV)/installed))

# The one setting that is needed before there is anything to read settings with.
LAKEHOUSE_PACKAGE_INDEX ?= $(shell test ! -f .env || sed -n 's/^LAKEHOUSE_PACKAGE_INDEX=//p' .env | tail -n 1)
ifneq ($(LAKEHOUSE_PACKAGE_INDEX),)
export PIP_INDEX_URL := $(LAKEHOUSE_PACKAGE_INDEX)
export UV_DEFAULT_INDEX := $(LAKEHOUSE_PACKAGE_INDEX)
endif

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(VENV)/installed var/jars/ivy.sha256 ## Install the pinned packages and jars
	@test -L dbt_project/profiles.yml || echo "dbt_project/profiles.yml is no link here (git's core.symlinks is off): \
	before you run dbt by yourself, \`export DBT_PROFILES_DIR=$(CURDIR)/profiles\`"

$(VENV)/installed: requirements.lock
	@$(BASE_PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) or sys.version_info >= (3, 14))' 2>/dev/null || \
		{ echo "Python 3.11, 3.12 or 3.13 is missing (BASE_PYTHON=python3.13 names another one): sudo apt-get install -y python3 python3-venv"; exit 2; }
	@$(PYTHON) -c 'import pip' 2>/dev/null || $(BASE_PYTHON) -m venv --clear $(VENV) || \
		{ rm -rf $(VENV); echo "venv is missing: sudo apt-get install -y python3-venv"; exit 2; }
	@echo "Packages: installing $$(grep -c '^[a-z0-9]' requirements.lock) pinned packages (a minute or two)"
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > $(VENV)/uv.lock
	@$(PIP_INSTALL) -r $(VENV)/uv.lock
	@# uv downloads side by side; but only pip reads pip's settings, of an index for instance.
	@$(PYTHON) -m uv pip install --quiet --python $(PYTHON) --require-hashes -r requirements.lock || \
		$(PIP_INSTALL) -r requirements.lock
	@touch $@

var/jars/ivy.sha256: lakehouse/jars/ivy.xml | $(VENV)/installed
	@$(LAKEHOUSE) jars

.PHONY: data
data: setup ## Fetch the published data set from Kaggle (needs an account)
	@$(LAKEHOUSE) fetch

.PHONY: build
build: setup ## The main job: from the purchases file to tested marts (FULL=1, FULL_REFRESH=1, VARS='{folds: 5}')
	@$(LAKEHOUSE) build $(if $(FULL),--full) $(if $(FULL_REFRESH),--full-refresh) $(if $(VARS),--vars '$(VARS)')

.PHONY: refresh
refresh: setup ## The daily run: build what is needed, publish, score when due, send alerts (docs/how-to/refresh.md)
	@$(LAKEHOUSE) refresh

.PHONY: plan
plan: setup ## Say what `make build` would build of what has landed, why, and how long it takes (JSON=1)
	@$(LAKEHOUSE) plan $(if $(VARS),--vars '$(VARS)') $(if $(JSON),--json)

.PHONY: diff
diff: setup ## Say what a change does to data (TARGET=dev beside production; TABLE=marts.fct_purchases VERSIONS=3..5; STATES=3..4)
	@$(LAKEHOUSE) diff $(TABLE) $(if $(TARGET),--target $(TARGET)) $(if $(VERSIONS),--versions $(VERSIONS)) \
		$(if $(STATES),--states $(STATES)) $(if $(KEY),--key $(KEY)) $(if $(IGNORE),--ignore $(IGNORE))

.PHONY: impact
impact: setup ## Say what a column is made from and what rests on it (COLUMN=cleansed_purchases.purchase)
	@$(LAKEHOUSE) impact $(or $(COLUMN),cleansed_purchases.purchase) $(if $(JSON),--json)

.PHONY: ci-slim
ci-slim: setup ## Check what differs from the last good build, in schemas of its own
	@$(LAKEHOUSE) ci-slim

.PHONY: summary
summary: setup ## Print what stands in the lakehouse
	@$(LAKEHOUSE) summary

.PHONY: rollback
rollback: setup ## Restore the last good state (LIST=1, TABLE=marts.fct_purchases, TO=3)
	@$(LAKEHOUSE) rollback $(if $(LIST),--list) $(TABLE) $(if $(TO),--to $(TO))

.PHONY: publish
publish: setup ## Let readers see a good state, without restoring anything (STATE=3; else the newest)
	@$(LAKEHOUSE) publish $(if $(STATE),--state $(STATE))

.PHONY: env
env: setup ## Let the published state stand in schemas of your own, to build upon (NAME=prices, DROP=1; lists without)
	@$(LAKEHOUSE) environment $(NAME) $(if $(DROP),--drop)

.PHONY: history
history: setup ## Show who changed a table when and how (TABLE=marts.fct_purchases)
	@$(LAKEHOUSE) history $(or $(TABLE),marts.fct_purchases)

.PHONY: optimize
optimize: setup ## Compact the tables and order them for searches (TABLE=...)
	@$(LAKEHOUSE) optimize $(TABLE)

.PHONY: vacuum
vacuum: setup ## Delete files that nothing needs any longer (HOURS=168, DRY_RUN=1)
	@$(LAKEHOUSE) vacuum $(if $(HOURS),--retain-hours $(HOURS)) $(if $(DRY_RUN),--dry-run)

.PHONY: forget
forget: setup ## Say what is held of a customer, and erase it (USER=1000001, YES=1)
	@$(LAKEHOUSE) forget --user $(USER) $(if $(YES),--yes)

.PHONY: archive
archive: setup ## Copy the processed tables to plain Parquet (TO=folder)
	@$(LAKEHOUSE) archive $(if $(TO),--to $(TO))

.PHONY: up
up: setup ## Start the local services
	@$(LAKEHOUSE) up

RATE ?= 1000

.PHONY: stream
stream: setup ## Start Kafka and the streaming job, and replay the purchases (RATE=1000 messages per second)
	@$(LAKEHOUSE) up thrift kafka stream
	@$(PYTHON) -m simulator produce --rate $(RATE)
	@$(PYTHON) -m streaming.health --wait 120
	@echo "Next: \`make build\` takes it in; docs/how-to/stream.md reads the live tables; \`make down\` stops all"

.PHONY: train
train: setup ## Train, judge, register and score all models (TASK=purchase, QUICK=1)
	@$(PYTHON) -m ml train $(or $(TASK),all) $(if $(QUICK),--quick)

.PHONY: results
results: setup ## Write docs/results.md and the model cards from the newest runs
	@$(PYTHON) -m ml report

.PHONY: mlflow
mlflow: setup ## Serve the runs of all trainings on this machine only
	@$(PYTHON) -m ml ui

.PHONY: dashboard
dashboard: setup ## Serve the dashboard at http://127.0.0.1:8050
	@$(PYTHON) -m dashboard

.PHONY: stream-status
stream-status: setup ## Show how each query of the streaming job is; fails unless all run
	@$(PYTHON) -m streaming.health

.PHONY: screenshots
screenshots: setup ## Take pictures of the dashboard for the docs (synthetic data only)
	@$(LAKEHOUSE) up dashboard
	@$(PYTHON) -m dashboard.screenshots

.PHONY: cluster
cluster: setup ## Start a Spark cluster, an object store and a shared metastore on this machine
	@$(LAKEHOUSE) cluster

.PHONY: down
down: ## Stop the local services (SERVICE=worker1)
	@test ! -x $(PYTHON) || $(LAKEHOUSE) down $(SERVICE)

.PHONY: status
status: setup ## Show the local services
	@$(LAKEHOUSE) status

.PHONY: reset
reset: setup ## Delete all tables and start over (asks first)
	@$(LAKEHOUSE) reset

.PHONY: docs
docs: setup ## Write the dbt docs and serve them at http://127.0.0.1:8080
	@$(LAKEHOUSE) dbt docs generate --quiet --target prod && $(LAKEHOUSE) dbt docs serve --host 127.0.0.1

.PHONY: docs-static
docs-static: setup ## Write the dbt docs as one HTML file, var/publications/dbt-docs.html
	@$(PUBLISHING) dbt-docs

.PHONY: lineage
lineage: setup ## Write the lineage of all columns as one HTML file, var/publications/lineage.html
	@$(PUBLISHING) lineage

.PHONY: notebook
notebook: setup ## Run the exploration on what is built, var/publications/eda.html
	@$(PUBLISHING) notebook

.PHONY: presentation
presentation: setup ## Write the results as slides, var/publications/presentation.pptx
	@$(PUBLISHING) presentation

.PHONY: report
report: setup ## Write the conclusions for retailers, var/publications/report.html
	@$(PUBLISHING) report

.PHONY: dictionary
dictionary: setup ## Write docs/data-dictionary.md from the descriptions beside the models
	@$(PUBLISHING) dictionary

.PHONY: tutorial
tutorial: setup ## Walk docs/tutorial.md in a copy of the project, and take its pictures
	@$(PUBLISHING) tutorial

.PHONY: lint-dbt
lint-dbt: setup ## Check what the dbt project says of itself: descriptions, tests, owners (no server)
	@$(LAKEHOUSE) dbt parse --quiet --target-path ../var/dbt/lint
	@$(PYTHON) -c 'from dbt_bouncer.main import app; app()' run
	@$(PYTHON) -m dbt_score lint --manifest var/dbt/lint/manifest.json

.PHONY: lint-python
lint-python: setup ## Check the Python: style, form, and that imports go one way
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -c 'from importlinter.cli import lint_imports_command as lint; lint()' --no-logo --cache-dir var/import-linter

.PHONY: lint
lint: lint-python lint-dbt up ## Check all style, with sqlfluff for SQL (its templater asks the server)
	@$(WITH_LAKEHOUSE) $(PYTHON) -m sqlfluff lint --disable-progress-bar dbt_project/models dbt_project/tests

.PHONY: test
test: lint-python lint-dbt ## Lint, unit tests and integration tests
	@$(PYTHON) -m pytest --durations 40

.PHONY: test-faults
test-faults: setup ## Kill the broker and the streaming job at random; nothing may be lost or doubled
	@$(PYTHON) -m pytest -m faults tests/faults

.PHONY: test-long
test-long: setup ## Stories of many builds and starts: increments, limits, overlapping runs, a session, the stream in the rough world
	@$(PYTHON) -m pytest -m long

.PHONY: test-cluster
test-cluster: setup ## Build on a cluster with an object store, kill a worker meanwhile, and compare with a local build
	@$(PYTHON) -m pytest -m cluster tests/cluster

CONFORMANCE := var/results/conformance.json

.PHONY: test-conformance
test-conformance: setup ## Run dbt's own adapter tests against our Spark, and write docs/conformance.md
	@rm -f $(CONFORMANCE); failed=0; for target in thrift session; do \
		$(PYTHON) -m pytest -m conformance --dbt-target $$target --conformance-outcomes $(CONFORMANCE) \
			tests/conformance || failed=1; \
	done; PYTHONPATH=tests $(PYTHON) -m conformance.matrix && exit $$failed

.PHONY: lock
lock: ## Write requirements.lock anew from pyproject.toml
	@$(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --no-annotate --no-header --group dev pyproject.toml -o requirements.lock

.PHONY: bench
bench: setup ## Measure build, stream and models (nothing else may run; ONLY=build, publish, stream, ml or dashboard)
	@$(PYTHON) -m bench $(ONLY)
