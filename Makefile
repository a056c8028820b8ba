# Shortcuts for the commands of README.md. `make` lists them.
.DEFAULT_GOAL := help
.PHONY: help fix check types test-fast test sample demo screenshots sbom second-line

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

fix: ## format the code and mend what ruff can
	uv run ruff format .
	uv run ruff check --fix .

check: ## check format, style, types and import layers
	uv run ruff format --check . && uv run ruff check .
	uv run mypy
	uv run lint-imports

types: ## check types only
	uv run mypy

test-fast: ## run the tests that are not marked as slow
	uv run pytest -m "not slow"

test: ## run all tests
	uv run pytest

sample: ## run the pipeline on the drawn sample, into build/sample
	uv run python local_runner.py

demo: ## open the web demo with the sample's model (after `make sample`)
	uv run --extra demo python demo.py --weight_path build/sample/serving/pet_mood

screenshots: ## re-create docs/images (after `make sample`; needs Chromium)
	uv run --extra demo python tools/take_screenshots.py

sbom: ## list all packages with their versions and SHA-256, in build/sbom.json (SECURITY.md)
	uv export --quiet --preview-features sbom-export --format cyclonedx1.5 --no-dev --all-extras --output-file build/sbom.json

second-line: ## run all tests with TFX 1.21 in a Debian 13 (needs root and debootstrap)
	sudo -E tools/second_line.sh
