# make dev     everything running on http://127.0.0.1:8787   (PORT=, ROUTES=table.yaml, STATE=folder, ENV=name)
# make test    all tests and coverage                        (ARGS="-k words" picks some)
# make check   ruff, formatting, types                       make fix   what ruff can mend by itself
# make bench   measure against the floor and a Hono peer     make audit known weaknesses of packages
# make soak    full load for minutes, 20 kills, large bodies, 10,000 entries purged, memory filled ten times
#              (SOAK_SECONDS=, KILLS=, SEED=, MIB=, PURGE_ENTRIES=, MEMORY_TIMES=)
# make schema-suite  the official tests of JSON Schema, file by file
# make browser  CORS and sessions in a real browser; installs Debian's Chromium where it may
# make fuzz    chance requests, many                        (FUZZ_REQUESTS=, FUZZ_SEED=)
# make lock    write the lock files anew                     make clean what was installed or built
# BUNDLE=official takes Pyodide from Cloudflare instead of building it from the npm package.

PYTHON ?= python3
PORT ?= 8787
ROUTES ?= routes.yaml
STATE ?= .gateway/state
PYODIDE_BUNDLE := $(BUNDLE)
export PYODIDE_BUNDLE

.PHONY: setup dev test browser fuzz check fix bench soak schema-suite audit lock clean

setup:
	@$(PYTHON) runtime/install.py

dev: setup
	@exec .venv/bin/gateway dev --port $(PORT) --routes $(ROUTES) --state $(STATE) $(if $(ENV),--env $(ENV))

test: setup
	@.venv/bin/python -m pytest $(if $(ARGS),,--cov --cov-report=term) $(ARGS)

browser: setup
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } \
	  || { echo "make browser needs chromium: apt-get install chromium" >&2; exit 1; }
	@.venv/bin/python -m pytest tests/browser $(ARGS)

fuzz: setup
	@FUZZ_REQUESTS=$${FUZZ_REQUESTS:-20000} FUZZ_SEED=$${FUZZ_SEED:-$$(date +%s)} \
	  .venv/bin/python -m pytest --timeout=3600 tests/security/test_fuzz.py $(ARGS)

check: setup
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy .

fix: setup
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

bench: setup
	@.venv/bin/python -m bench $(ARGS)

soak: setup
	@SOAK_MIB=$(or $(MIB),200) .venv/bin/python -m pytest -s -k memory_does_not_grow tests/worker/test_streaming.py
	@KILLS=$${KILLS:-20} .venv/bin/python -m pytest -s tests/faults/test_kill.py
	@PURGE_ENTRIES=$${PURGE_ENTRIES:-10000} .venv/bin/python -m pytest -s -k thousands tests/worker/test_purging.py
	@MEMORY_TIMES=$${MEMORY_TIMES:-10} .venv/bin/python -m pytest -s tests/faults/test_memory_bound.py
	@SOAK_SECONDS=$${SOAK_SECONDS:-300} .venv/bin/python -m pytest -s tests/faults/test_soak.py

schema-suite: setup
	@.venv/bin/python -m tests.schema_suite $(ARGS)

audit: setup
	@.venv/bin/python -m runtime.audit

lock: setup
	@.venv/bin/python -m runtime.lock

clean:
	@rm -rf .venv node_modules python_modules */python_modules services/*/python_modules
	@find .gateway -mindepth 1 -maxdepth 1 ! -name state -exec rm -rf {} +
