# Each target makes .venv and installs the locked requirements first, if that is not done yet.
PYTHON ?= python3
ARGS ?=
DEPLOY = $(PYTHON) -m deploy

# Overridable on the command line: make demo PORT=8080 ORDERS=1000 SEED=7 LIVE=0
export PORT ORDERS SEED LIVE

.DEFAULT_GOAL := help
.PHONY: help demo test faults check bench format messages lock clean

help: ## list the targets
	@$(DEPLOY) help

demo: ## start everything with sample data
	@exec $(DEPLOY) demo

test: ## run the tests: make test ARGS="tests/orders -k ship"
	@exec $(DEPLOY) test $(ARGS)

faults: ## kill processes, empty Redis and race in full, and print the figures
	@exec $(DEPLOY) faults $(ARGS)

check: ## linters, types, import rules, migrations, catalogue
	@exec $(DEPLOY) check

bench: ## benchmarks
	@exec $(DEPLOY) bench $(ARGS)

format: ## format the code
	@exec $(DEPLOY) format

messages: ## collect and compile translations
	@exec $(DEPLOY) messages

lock: ## resolve dependencies: make lock ARGS=--upgrade
	@exec $(DEPLOY) lock $(ARGS)

clean: ## delete the demo's data and all caches
	@exec $(DEPLOY) clean
