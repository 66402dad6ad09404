# Two commands are enough: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

.PHONY: install
install: $(VENV)/.installed ## Install into .venv

.PHONY: run
run: install ## Start everything (PORT=3000 HOST=127.0.0.1); Ctrl-C stops it
	@exec env $(RUN) -m sender_app.local

.PHONY: demo
demo: install ## The same with virtual phones: no telephone, no internet
	@exec env $(RUN) demo.py

.PHONY: link
link: ## Print a new sign-in link of the running Sender
	@$(RUN) -m sender_app.local link

.PHONY: backup
backup: install ## Save database, uploads and secret (FILE=sender.backup), also while it runs
	@$(RUN) -m sender_app.local backup $${FILE:-sender.backup}

.PHONY: restore
restore: install ## Put a stopped Sender back to a backup (FILE=sender.backup)
	@$(RUN) -m sender_app.local restore $${FILE:-sender.backup}

.PHONY: chromium
chromium:
	@command -v chromium >/dev/null || { \
	  test "$$(id -u)" = 0 || { echo "The browser tests need Chromium: apt-get install chromium" >&2; exit 1; }; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; }

.PHONY: nginx
nginx:
	@test -x /usr/sbin/nginx || command -v nginx >/dev/null || { \
	  test "$$(id -u)" = 0 || { echo "A test needs nginx: apt-get install nginx-light" >&2; exit 1; }; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light; }

.PHONY: test
test: $(VENV)/.installed-dev chromium nginx ## Run every test
	$(RUN) -m sender_app.local.frontend
	$(RUN) -m pytest --numprocesses $${TEST_PROCESSES:-2} --dist loadfile --no-loadscope-reorder

.PHONY: image-test
image-test: $(VENV)/.installed-dev chromium ## Build the image and do the main job on it (root; minutes)
	@command -v buildah runc debootstrap >/dev/null || { \
	  test "$$(id -u)" = 0 || { echo "apt-get install buildah runc debootstrap debian-archive-keyring" >&2; exit 1; }; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends buildah runc debootstrap debian-archive-keyring; }
	$(RUN) -m pytest tests/image

.PHONY: chaos
chaos: $(VENV)/.installed-dev ## A hundred blows over two thousand people (CHAOS_SEED replays a run)
	CHAOS_KILLS=$${CHAOS_KILLS:-100} CHAOS_PEOPLE=$${CHAOS_PEOPLE:-2000} $(RUN) -m pytest tests/chaos -s

.PHONY: bench
bench: $(VENV)/.installed-dev ## Measure importing and sending (PEER=folder alternates with another system's)
	$(RUN) -m benchmarks.send $(if $(PEER),--peer $(PEER))
	$(RUN) -m benchmarks.ingest $(if $(PEER),--peer $(PEER))
	$(RUN) -m benchmarks.whatsapp
	$(RUN) -m benchmarks.book

.PHONY: load
load: $(VENV)/.installed-dev nginx ## Fifty accounts, three workers, two web replicas behind nginx
	$(RUN) -m sender_app.local.frontend
	$(RUN) -m benchmarks.load

.PHONY: check
check: $(VENV)/.installed-dev ## Lint, types, import contracts, and the audit where the internet is
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python .ci/audit.py --if-reachable requirements.txt requirements-dev.txt

.PHONY: audit
audit: $(VENV)/.installed-dev ## Look the pinned packages up in the advisory database, or fail
	$(BIN)/python .ci/audit.py requirements.txt requirements-dev.txt

.PHONY: lock
lock: ## Compile the pinned requirements
	uv pip compile --quiet --universal --python-version 3.11 requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 requirements-dev.in -c requirements.txt -o requirements-dev.txt

.PHONY: clean
clean: ## Remove what was built (not the data)
	rm -rf .web $(VENV)
