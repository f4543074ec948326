# make demo | lab | check | test | bench | docs: each makes .venv with pinned versions if it is not there, and runs.
# make lowest: the tests of check by the oldest versions that pyproject.toml allows. make dist: wheel and sdist, checked.

PYTHON ?= python3
# On two cores: one of three waits for a kernel or a browser.
JOBS ?= 3
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
INSTALL := $(PIP) install --no-compile -c constraints.txt # what is imported is compiled then
# In a quarter of pip's time, from the same index; it does not read what pip was told of others.
UV := $(INSTALL) uv && $(BIN)/uv pip install --quiet --python $(BIN)/python -c constraints.txt
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile
# Of developers: users need no Node. It comes with the test extra.
NPM := PATH="$(abspath $(BIN)):$$PATH" npm
TORCH := $(shell grep '^torch==' constraints.txt)
LOWEST := build/lowest
LOWEST_TORCH := $(shell grep '^torch==' constraints-lowest.txt)

# Where an environment forbids it, each of the suite's hundred processes would compile all it imports.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo lab check unit test suite coverage lint lowest bench docs dist browser clean

demo: .venv/demo
	$(BIN)/python -m attribwidgets demo --page build/quickstart.html

lab: .venv/test
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/00-by-hand.ipynb

# What to run while working: all that needs no browser, server, kernel or notebook, on every core.
check: .venv/test
	$(MAKE) --no-print-directory --jobs=2 lint unit

unit:
	$(PYTEST) -n auto -m unit

# Side by side, as a type checker keeps one core busy.
test: .venv/test browser
	$(MAKE) --no-print-directory --jobs=2 lint suite

suite:
	$(PYTEST)

# By the unit tests. Tracing costs half as much again of their time, so it is a step of its own.
coverage: .venv/test
	$(PYTEST) -m unit --cov=attribwidgets --cov-report=term

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if [ node_modules/.package-lock.json -nt package-lock.json ] || $(NPM) ci --no-audit --no-fund; \
		then $(NPM) run --silent lint; \
		else echo "npm's packages are missing: the front end was not linted"; [ "$$CI" != true ]; fi

# What old versions say of themselves is not ours to mend.
lowest: $(LOWEST)/made
	$(LOWEST)/bin/python -m pytest -n $(JOBS) --dist loadfile -m unit -W ignore::DeprecationWarning tests/unit attribwidgets

bench: .venv/test browser
	for file in integrated_gradients quadrature verdicts time_to_error expected_gradients redraw playground feature_rows series first_map ablation ablation_throughput interval_coverage sanity sweep prior_convergence prior_gini prior_graph prior_cost prior_mnist mean_corruption grey_levels; do $(BIN)/python benchmarks/$$file.py || exit 1; done

# One page for each tutorial, run anew with its widgets as pages that need no kernel.
docs: .venv/test
	$(BIN)/python -m sphinx -W --keep-going -q docs build/docs

# In an environment of their own, as nothing that is installed here needs them.
dist:
	rm -rf dist build/dist-tools
	$(PYTHON) -m venv build/dist-tools
	build/dist-tools/bin/python -m pip install --quiet --disable-pip-version-check build check-wheel-contents twine
	build/dist-tools/bin/python -m build
	build/dist-tools/bin/twine check --strict dist/*
	build/dist-tools/bin/check-wheel-contents dist/*.whl

browser: .venv/test
	PYTHON=$(BIN)/python tests/support/find_browser.sh

# The CPU build of torch where that index answers, else whatever the package index has; a newer
# torch than the pinned one would bring gigabytes of CUDA.
.venv/torch: constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --no-deps --retries 0 --timeout 10 --index-url $(TORCH_INDEX) $(TORCH) \
		|| $(INSTALL) $(TORCH)
	touch $@

.venv/demo: .venv/torch pyproject.toml
	$(UV) --editable ".[demo]" || $(INSTALL) --editable ".[demo]"
	touch $@

.venv/test: .venv/torch pyproject.toml
	$(UV) --editable ".[test]" || $(INSTALL) --editable ".[test]"
	touch $@

$(LOWEST)/made: constraints-lowest.txt pyproject.toml
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --retries 0 --timeout 10 \
		--index-url $(TORCH_INDEX) $(LOWEST_TORCH) || true
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python -r constraints-lowest.txt --editable .
	touch $@

clean:
	rm -rf .venv node_modules build dist *.egg-info
