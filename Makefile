# Everything starts here: `make demo` and `make test` work on a bare machine with Python 3.11 and make.

PYTHON ?= python3
UV := .uv/bin/uv
BIN := .venv/bin
STAMP := .venv/.installed
NODE_STAMP := local/server/node_modules/.package-lock.json

# Processes start a tenth to a quarter faster where bytecode is kept, and the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install dashboard demo test lint lock clean

help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

install: $(STAMP) $(NODE_STAMP) dashboard ## Make the virtual environment, the local stack's Node part and the page

dashboard: $(STAMP) ## Build the page into dashboard/dist, where it has changed
	@$(BIN)/python -m local.dashboard

demo: install ## Run a whole battle on this machine (ARGS="--once --json out.json")
	@$(BIN)/arena demo $(ARGS)

# npm runs `node` by name, which must be this one.
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix dashboard --silent

# A stack and a Postgres for each worker. Tests wait a third of their time, so three keep two cores busy.
WORKERS ?= --numprocesses 3 --dist loadfile --no-loadscope-reorder

test: install lint ## Lint, types, import contracts and every test
	$(NPM) test
	$(BIN)/pytest $(WORKERS) $(ARGS)

lint: install ## Lint, types and import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile
	$(NPM) run check

PIN := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url
LOCK := $(PIN) --override requirements.overrides requirements.in pyproject.toml

lock: $(UV) ## Resolve the lock files anew
	$(UV) $(LOCK) --all-extras --group dev --output-file requirements.lock
	$(UV) $(LOCK) --extra yolo --extra timm --extra onnx --extra openvino --constraint requirements.lock --output-file requirements-agent.lock
	$(UV) $(PIN) requirements-build.in --output-file requirements-build.lock
	$(UV) $(PIN) requirements-cuda.in --constraint requirements-agent.lock --output-file requirements-cuda.lock
	$(UV) $(PIN) requirements-detectron2.in --constraint requirements-agent.lock --output-file requirements-detectron2.lock

clean: ## Remove what install made
	rm -rf .venv .uv local/server/node_modules dashboard/node_modules dashboard/dist

# uv lives in an environment of its own, so an externally managed Python is no obstacle.
$(UV):
	@echo "Getting uv…"
	@$(PYTHON) -m venv .uv
	@.uv/bin/pip install --quiet --disable-pip-version-check uv

$(STAMP): requirements.lock pyproject.toml | $(UV)
	@echo "Installing the locked packages (5 GB, most of it PyTorch)…"
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	@UV_COMPILE_BYTECODE=1 $(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements.lock
	@$(UV) pip install --quiet --no-deps --python $(BIN)/python --editable .
	@touch $@

$(NODE_STAMP): local/server/package.json local/server/package-lock.json $(STAMP)
	@echo "Installing the local stack's Node part…"
	@$(BIN)/python -m local
	@touch $@
