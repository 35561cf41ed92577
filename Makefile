# livemon: `make demo` shows it, `make test` proves it. Both set up what they need and say so.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
export PYTHON ?= python3
# Tests start hundreds of Python processes: without compiled modules each takes a second of processor time more.
unexport PYTHONDONTWRITEBYTECODE

app := .venv/app/bin
controller := $(CURDIR)/.venv/controller/bin
old_controller := $(CURDIR)/.venv/controller-2.16/bin
# The oldest Ansible that this Python can run: that for Ubuntu 18.04 hosts needs Python 3.10 to 3.12.
oldest_lane := $(shell $(PYTHON) -c 'import sys; print("controller-2.16" if sys.version_info < (3, 13) else "controller")')
shell_files = $(shell git ls-files lab .ci files src 'roles/*/files/*' | xargs grep -lE '^\#!.*sh$$|^\# shellcheck shell=')
pytest := $(app)/python -m pytest
# Whole files, because tests of one file share what they start. Integration tests mostly wait: more of them than there are processors.
side_by_side := --dist loadfile --no-loadscope-reorder --numprocesses
UNIT_PROCESSES ?= 2
INTEGRATION_PROCESSES ?= 4

.PHONY: help
help:  ## this list
	@grep -hE '^[a-z0-9.-]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 20

# --- the demo --------------------------------------------------------------------------------------------------------

.PHONY: demo demo-down demo-clean images
demo:  ## the whole appliance with simulated instruments, on a lab machine in a container
	@lab/demo up
demo-down:  ## end the demo's machine and tunnel
	@lab/demo down
demo-clean:  ## the same, and remove the cached images
	@lab/demo clean
images:  ## build the container images that are missing
	@lab/engine start
	@lab/images

# --- tests -----------------------------------------------------------------------------------------------------------

.PHONY: check test test-fast test-all lint lint-2.16 syntax-2.16 style unit coverage integration e2e roles molecule molecule-existing \
	molecule-docker-sources grafana on-host-build reproducible
check: style venv-referee  ## the fast ones, in two minutes: ruff, mypy, codespell, eslint, shellcheck, unit tests that are not slow
	@lab/need go golang-go
	$(pytest) $(side_by_side) $(UNIT_PROCESSES) -m "not slow" tests/unit

# What runs side by side, as long as each other. Only the lab machine cannot be hurried by more processes: the others leave it the processors,
# those that only compute first of all.
test test-fast test-all: export COMPUTING := nice -n 10
test test-fast test-all: export WAITING := nice -n 5
lanes := integration | lint unit | roles e2e
test:  ## everything that must pass: lint, unit, integration, e2e, roles, molecule, grafana
	@lab/test "environments | images" "$(lanes) | molecule grafana"
test-fast:  ## the same without what needs Docker
	@lab/test "$(lanes)"
test-all:  ## make test with the long tests of the machine, a machine that had an engine before, bare ones, all builds
	@LIVEMON_MACHINE_TESTS= LIVEMON_TARGET_LIMIT=7200 lab/test "environments | images" "$(lanes) | molecule grafana" \
		lint-2.16 molecule-existing molecule-docker-sources on-host-build reproducible

style: venv-app
	@lab/need npm npm
	$(COMPUTING) lab/javascript
	$(app)/ruff check --quiet .
	$(app)/ruff format --quiet --check .
	$(app)/mypy
	$(app)/codespell src plugins roles playbooks docs lab README.md
	$(COMPUTING) $(app)/shellcheck -x -P . $(shell_files)
lint: style venv-controller syntax-2.16  ## ruff, mypy, codespell, eslint, shellcheck, yamllint, ansible-lint, syntax checks
	$(controller)/yamllint --strict .
	PATH=$(controller):$$PATH $(COMPUTING) ansible-playbook -i inventory/demo playbooks/site.yml --syntax-check
	PATH=$(controller):$$PATH $(COMPUTING) ansible-lint --offline
# The lane for Ubuntu 18.04 hosts: ansible-core 2.16, which needs Python 3.10 to 3.12.
ifeq ($(oldest_lane),controller-2.16)
syntax-2.16: venv-controller-2.16
	PATH=$(old_controller):$$PATH $(COMPUTING) ansible-playbook -i inventory/demo playbooks/site.yml --syntax-check
lint-2.16: syntax-2.16  ## ansible-lint by ansible-core 2.16, which Ubuntu 18.04 hosts need
	PATH=$(old_controller):$$PATH $(COMPUTING) ansible-lint --offline
else
syntax-2.16 lint-2.16:
	@echo "== The ansible-core 2.16 lane is left out: it needs Python 3.10 to 3.12, $$($(PYTHON) --version) is newer"
endif
unit: venv-app venv-referee  ## tests without network
	@lab/need go golang-go gpg gpg
	$(COMPUTING) $(pytest) $(side_by_side) $(UNIT_PROCESSES) tests/unit
coverage: venv-app venv-referee  ## which part of src/ and plugins/ the unit tests run, with their branches; a figure, not a threshold
	@lab/need go golang-go
	rm -f .cache/coverage/*
	$(app)/coverage run -m pytest $(side_by_side) $(UNIT_PROCESSES) tests/unit
	$(app)/coverage combine --quiet
	$(app)/coverage report
integration: venv-app venv-router venv-referee venv-graphite-web venv-controller  ## tests against a real router, real agents and simulated instruments
	@lab/need go golang-go libcairo.so.2 libcairo2
	@lab/grafana-data
	$(app)/python tests/support/build_referees.py
	$(WAITING) $(pytest) $(side_by_side) $(INTEGRATION_PROCESSES) tests/integration
e2e: venv-app venv-router  ## the quick-look page in a headless browser
	@lab/need chromium chromium
	$(WAITING) $(pytest) tests/e2e
roles: venv-app venv-controller  ## the tasks of roles on this computer, with stand-ins of what they start
	$(WAITING) $(pytest) tests/roles
molecule: export LIVEMON_MACHINE_TESTS ?= not long
# As wide as a line of a log: Molecule would break sentences and names of tests at 80 columns.
molecule molecule-existing molecule-docker-sources: export COLUMNS := 200
molecule: venv-app venv-controller venv-referee  ## the playbook on a lab machine: check, converge, idempotence, verify
	@lab/need ssh openssh-client ip iproute2
	@lab/engine start
	@lab/images
	PATH=$(controller):$$PATH molecule test
molecule-existing: venv-app venv-$(oldest_lane)  ## the same on a Debian 12 that had a Docker engine before, by ansible-core 2.16
	@lab/need ssh openssh-client ip iproute2
	@lab/engine start
	@lab/images
	LIVEMON_CONTROLLER=$(oldest_lane) PATH=$(CURDIR)/.venv/$(oldest_lane)/bin:$$PATH molecule test --scenario-name existing
molecule-docker-sources: venv-app venv-controller  ## where Docker and images come from: packages, keys, registries, mirrors, a proxy
	@lab/need ssh openssh-client ip iproute2
	@lab/engine start
	@lab/images
	PATH=$(controller):$$PATH molecule test --scenario-name docker_sources
grafana: venv-app venv-controller  ## a real Grafana on a lab machine, where its image (GRAFANA_IMAGE) can be had: data, alarms, backup
	@lab/need ssh openssh-client chromium chromium
	@lab/engine start
	@lab/grafana
reproducible:  ## two builds of each image from nothing have the same files
	@lab/engine start
	@lab/images
	lab/reproducible
on-host-build: venv-controller
	@lab/engine start
	lab/on-host-build

# --- environments ----------------------------------------------------------------------------------------------------

.PHONY: environments lock catalogue absent
venv-%:  ## (app, router, controller, controller-2.16, referee, graphite-web) a Python environment in .venv/
	@lab/venv $*
environments:  ## all Python environments, two at a time
	@$(MAKE) --no-print-directory -j2 venv-app venv-router venv-controller venv-referee venv-graphite-web \
		$(if $(filter controller-2.16,$(oldest_lane)),venv-controller-2.16)
lock:  ## pin requirements/*.txt again from requirements/*.in
	@lab/lock
catalogue: venv-app  ## describe the agent classes of the pinned ocs and socs again, after a new release
	$(app)/python lab/agents/catalogue.py
	$(app)/python docs/generate.py
absent: venv-app venv-router  ## start every agent class without its hardware, and write down what it does (10 minutes)
	PYTHONPATH=src:tests/support:. $(WAITING) $(app)/python lab/agents/absent.py
	$(app)/python docs/generate.py

# --- measurements ----------------------------------------------------------------------------------------------------

.PHONY: bench
bench:  ## measure the data plane against its targets, and write bench/RESULTS.md; bench/run --help has more
	@bench/run
