# Each target works alone on a fresh machine: Linux or macOS with Python 3.11+, pip and make.
# The environment is created on first use, from versions locked in requirements/.

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Tests start hundreds of processes; with this variable each would compile everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test coverage test-long test-vectors test-interop check docs dist sbom fix lock environment bench bench-packages bench-checks bench-reports bench-cli bench-downloads bench-rollouts bench-scale fuzz clean
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

environment: .venv/ready ## Create the environment (the other targets do so automatically)

.venv/ready: requirements/dev.txt pyproject.toml tools/environment.sh
	tools/environment.sh $(PYTHON)

demo: environment ## Release an update to simulated devices from a Python script
	python examples/demo.py

test: environment ## Run every test
	tools/services.sh postgres nginx
	pytest -n auto --dist worksteal --cov --cov-report= tests/unit tests/contract
	coverage report --format=total # fails below the floor in pyproject.toml
	pytest -n auto --dist worksteal tests/scenarios tests/e2e

coverage: environment ## Show the branch coverage of the unit and contract tests, by module
	tools/services.sh postgres
	pytest -q -n auto --dist worksteal --cov --cov-report=term tests/unit tests/contract

test-long: environment ## Run the tests that take many minutes
	tools/services.sh postgres
	pytest -n auto --dist worksteal -rP tests/long --ignore tests/long/test_attack.py
	pytest -rP tests/long/test_attack.py # alone: it measures how long devices wait

test-vectors: environment ## Run the contract tests; CODEPUSH_VECTORS=DIR uses other recordings
	pytest -n auto tests/contract

test-interop: environment ## Test the SDK and the simulated device against third-party servers
	pytest tests/interop

check: environment ## Format, lint, spelling, types, import contracts, generated files, deploy artefacts, CI recipes, docs
	ruff format --check
	ruff check
	codespell src docs tools integrations README.md CONTRIBUTING.md SECURITY.md CHANGELOG.md Makefile
	mypy
	lint-imports
	python tools/unasync.py --check
	python tools/openapi.py --check
	python tools/cli_docs.py --check
	python tools/settings_docs.py --check
	tools/lock.sh --check
	tools/lint_deploy.sh
	python tools/lint_integrations.py
	$(MAKE) --no-print-directory docs

docs: environment ## Build the documentation site in build/site, and check its links
	python tools/site_pages.py
	zensical build --clean --strict
	python tools/links.py build/site

dist: environment ## Build the wheel, the source distribution and the SBOM into dist/
	tools/dist.sh
	tools/sbom.sh dist

sbom: environment ## List the locked dependencies of the server as CycloneDX JSON, in dist/
	tools/sbom.sh dist

fix: environment ## Fix what can be fixed automatically
	ruff check --fix
	python tools/unasync.py
	python tools/openapi.py
	python tools/cli_docs.py
	python tools/settings_docs.py
	ruff format

bench: bench-packages bench-checks bench-cli bench-reports bench-downloads bench-rollouts bench-scale ## Run all benchmarks of benchmarks/results.md

bench-packages: environment ## Measure packing and diffing against yazl and zipfile; writes benchmarks/results.md
	PYTHONPATH=tests python benchmarks/packages.py

bench-checks: environment ## Measure update checks against nginx and a static file; Linux, two cores
	tools/services.sh nginx wrk
	python benchmarks/checks.py

bench-cli: environment ## Measure the start time of the command line against the original tools; writes benchmarks/results.md
	python benchmarks/cli.py

bench-scale: environment ## Measure the cost of deployments, releases and apps; writes benchmarks/results.md
	python benchmarks/scale.py
	python benchmarks/accounts.py

bench-reports: environment ## Measure acknowledged reports per second against one transaction each; writes benchmarks/results.md
	PYTHONPATH=tests python benchmarks/reports.py

bench-downloads: environment ## Measure downloads from a folder against nginx; Linux, two cores; writes benchmarks/results.md
	tools/services.sh nginx wrk
	python benchmarks/downloads.py

bench-rollouts: environment ## Measure how rollout plans advance and halt, and looks at them; writes benchmarks/results.md
	PYTHONPATH=tests python benchmarks/rollouts.py
	PYTHONPATH=tests python benchmarks/looks.py

fuzz: environment ## Feed a million damaged and hostile archives to the reader
	python tools/fuzz_archives.py

lock: environment ## Lock the newest versions that pyproject.toml allows
	tools/lock.sh --upgrade

clean: ## Remove the environment and every cache
	rm -rf build dist .venv .uv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
