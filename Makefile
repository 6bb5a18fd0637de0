# Every target makes .venv itself; PYTHON says of which Python (3.11 to 3.13).
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: run demo test clients javascript bench attack guess crash empty-machine format wheel-check clean

run: $(VENV)/ready          ## the gateway in development mode, in the foreground
	$(BIN)/twistd -n --pidfile= mailgate --dev

demo: $(VENV)/ready         ## five messages on their way, explained
	$(BIN)/mailgate demo

test: $(VENV)/ready-dev     ## lint, types, layers, tests, coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/coverage run -m pytest -n 2
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

clients: $(VENV)/ready-dev  ## other people's mail programs against a real gateway (installs them: root, Debian)
	$(BIN)/python -m tests.clients

javascript: $(VENV)/ready-dev  ## a suite in JavaScript against the HTTP API (installs node, npm: root, Debian)
	$(BIN)/python -m tests.javascript

bench: $(VENV)/ready-dev    ## SMTP and POP3 beside other servers (installs them: root, Debian); figures go to dist/bench
	$(BIN)/python -m bench

attack: $(VENV)/ready-dev   ## what bad clients cost, on a gateway of its own
	$(BIN)/python bench/hostile.py

guess: $(VENV)/ready-dev    ## 10,000 guessed passwords beside a user who polls; about a minute
	$(BIN)/python -m bench.guessing

crash: $(VENV)/ready-dev    ## the gateway killed again and again under load, and its power cut; every message accounted for
	$(BIN)/python -m tests.crash

empty-machine: $(VENV)/ready-dev  ## from nothing to a mail that came by STARTTLS and was read by POP3S, timed
	$(BIN)/python -m tests.empty_machine

format: $(VENV)/ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

wheel-check: $(VENV)/ready-dev  ## builds a wheel, installs it and its needs from the index, and asks it for help
	$(BIN)/python -m build --wheel --outdir dist .
	$(PYTHON) -m venv --clear dist/venv
	dist/venv/bin/pip install --quiet dist/mailgate-*.whl
	cd / && $(CURDIR)/dist/venv/bin/twistd mailgate --help > /dev/null && $(CURDIR)/dist/venv/bin/mailgate --version

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .hypothesis .coverage*

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[http]'
	$(BIN)/twistd --help > /dev/null   # writes the plugin cache once, so that no start has to
	$(BIN)/python -m compileall -q mailgate
	touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@
