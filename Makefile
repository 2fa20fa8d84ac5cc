# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

NEWEST := $(CURDIR)/.cache/newest/bin
OLDEST := $(CURDIR)/.cache/oldest/bin
CHECKS := $(CURDIR)/.cache/checks/bin

MYPY := $(CHECKS)/mypy
PYTEST := python -m pytest -p no:cacheprovider

# A Python that starts the tools; they find the one that Ansible needs by themselves.
PYTHON := python3
# The built and installed artefact, which is what everything runs against.
COLLECTIONS = $$($(PYTHON) tests/tools/artefact.py collections)
WITH_COLLECTIONS = ANSIBLE_COLLECTIONS_PATH="$(COLLECTIONS)"; export ANSIBLE_COLLECTIONS_PATH PYTHONPATH="$$ANSIBLE_COLLECTIONS_PATH";

SCENARIOS := $(notdir $(patsubst %/molecule.yml,%,$(wildcard molecule/*/molecule.yml)))
# The scenarios that run on the oldest supported ansible-core.
OLDEST_SCENARIOS := debian12
# Unit tests of what never imports ansible, to which its release is all the same.
WITHOUT_ANSIBLE := agent attack base bench engine engine_live false_warm gateway tools
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.cache/hypothesis
# Names the hosts of this checkout, so that two clones do not share any.
# How they are reached (tests/hosts/ssh.py).
export KEEPWARM_SSH_CONFIG := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/keepwarm-ollama/ssh/hosts
export KEEPWARM_HOSTS := keepwarm-$(shell printf %s '$(CURDIR)' | sha256sum | cut -c1-8)

# The hosts are root's. Another user's podman, testinfra's and Ansible's too, goes through sudo.
ifneq ($(shell id -u),0)
export PATH := $(CURDIR)/tests/hosts/bin:$(PATH)
endif

HOST_GATES := $(addprefix molecule-,$(SCENARIOS))
# The long ones first, so that no core is idle at the end.
LONGEST_GATES := molecule-server molecule-install molecule-upgrade molecule-lifecycle molecule-quadlet molecule-gateway molecule-life \
  molecule-firstcontact molecule-fleet molecule-instances molecule-operator unit sanity rulebook
ALONE_GATES := molecule-machine
GATES := $(LONGEST_GATES) $(filter-out $(LONGEST_GATES) $(ALONE_GATES),$(HOST_GATES) sanity contract unit-oldest prometheus fuzz importer lint docs docs-site browser rulebook)

.PHONY: help
help: ## List the targets
	@echo 'make TARGET, where TARGET is one of'
	@sed -n 's/^\([a-z%-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | sed 's/core-%/core-2.X/; s/%/SCENARIO/' | expand -t 20
	@echo "molecule scenarios: $(SCENARIOS)"

.PHONY: setup
setup: ## Install what everything below needs (Debian packages, Python environments, host images); quick the second time
	@$(PYTHON) tests/tools/setup.py hosts machine newest checks rulebook oldest browser docsite clients promtool $(if $(FULL),npm-clients)

# What `make test` has installed, its gates need not look for again: that costs each of them two seconds of a core.
setup-%:
	@[ -n "$${KEEPWARM_IS_SET_UP:-}" ] || $(PYTHON) tests/tools/setup.py newest $(if $(filter newest,$*),,$*)

.PHONY: test
test: setup ## Run everything: all the gates below on the newest ansible-core, a smaller set on the oldest
	@$(PYTHON) tests/tools/gates.py $(ALONE_GATES:%=--alone %) $(GATES)

.PHONY: lint
lint: setup-checks ## ruff, mypy, pylint (equal stretches of code), vermin, yamllint, ansible-lint (production), shellcheck, reuse
	$(CHECKS)/ruff check .
	$(WITH_COLLECTIONS) MYPYPATH="$$ANSIBLE_COLLECTIONS_PATH" $(MYPY) --exclude /roles/ --package ansible_collections.keepwarm.ollama
	mkdir -p .cache/agent && ln -sfn ../../plugins/module_utils .cache/agent/keepwarm
	MYPYPATH=roles/ollama_warmup/files/agent:.cache/agent $(MYPY) --package ollama_warmup
	MYPYPATH=tests/tools:tests/hosts $(MYPY) tests/tools tests/hosts tests/demo tests/recording
	MYPYPATH=tests/bench:tests/hosts $(MYPY) --exclude 'tests/bench/(exposure|fleet)' tests/bench
	MYPYPATH=tests/bench/fleet:tests/bench:tests/hosts $(MYPY) tests/bench/fleet/measure.py tests/bench/fleet/many.py tests/bench/fleet/by_hand.py
	MYPYPATH=tests/bench/exposure:tests/hosts $(MYPY) tests/bench/exposure
	$(WITH_COLLECTIONS) MYPYPATH="tests/browser:$$ANSIBLE_COLLECTIONS_PATH" $(MYPY) tests/browser
	MYPYPATH=tests/ollama_stub:tests/contract $(MYPY) tests/ollama_stub
	MYPYPATH=tests/contract $(MYPY) tests/contract
	$(MYPY) docs/examples
	$(CHECKS)/pylint --recursive=y plugins roles/ollama_warmup/files/agent tests/tools
	$(CHECKS)/vermin --quiet --target=3.9- --violations --backport typing --no-parse-comments plugins roles
	$(CHECKS)/yamllint --strict .
	$(WITH_COLLECTIONS) PATH="$(CHECKS):$$PATH" ansible-lint
	$(CHECKS)/reuse lint --lines
	shellcheck .ci/run tests/hosts/bin/podman tests/bench/on_host/curl_keep_alive.sh roles/ollama_warmup/files/ready.sh

.PHONY: tables
tables: setup-newest ## Write the tables of inputs, metrics, drifts and findings, the alert rules and the surveys anew from the code
	@$(NEWEST)/python tests/tools/tables.py
	@$(NEWEST)/python tests/tools/survey.py

.PHONY: docs
docs: setup-checks ## Lint the documentation of plugins and roles, and the changelog; run its examples; the community's checklist
	$(WITH_COLLECTIONS) PATH="$(CHECKS):$$PATH" antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .
	$(CHECKS)/antsibull-changelog lint
	$(WITH_COLLECTIONS) PATH="$(CHECKS):$$PATH" $(CHECKS)/$(PYTEST) tests/examples tests/inclusion $(ARGS)

.PHONY: docs-site
docs-site: setup-docsite ## Build the documentation site, without a warning; check its links, and what it says of other programs (.cache/docs-site/html)
	$(WITH_COLLECTIONS) $(CURDIR)/.cache/docsite/bin/python tests/tools/docs_site.py
	$(WITH_COLLECTIONS) $(CURDIR)/.cache/docsite/bin/$(PYTEST) tests/docs_site $(ARGS)

.PHONY: changelog
changelog: setup-checks ## Write CHANGELOG.md anew from changelogs/fragments and the plugins there are
	$(WITH_COLLECTIONS) PATH="$(CHECKS):$$PATH" antsibull-changelog release --update-existing --refresh --reload-plugins

.PHONY: importer
importer: setup-checks ## What Galaxy's importer says of the built artefact; a warning fails
	$(PYTHON) tests/tools/importer.py

.PHONY: unit
unit: setup-newest ## Unit tests on the newest ansible-core (ARGS=... for pytest)
	$(WITH_COLLECTIONS) $(NEWEST)/$(PYTEST) --numprocesses=auto tests/unit $(ARGS)

.PHONY: quick
quick: setup-newest ## The unit tests of what this branch changes, in under a minute (ARGS=--list only names them)
	$(WITH_COLLECTIONS) $(NEWEST)/python tests/tools/quick.py $(ARGS)

.PHONY: unit-oldest
unit-oldest: setup-oldest ## Unit tests of what stands on ansible-core, on the oldest
	$(WITH_COLLECTIONS) $(OLDEST)/$(PYTEST) --numprocesses=auto tests/unit $(WITHOUT_ANSIBLE:%=--ignore=tests/unit/%) $(ARGS)

unit-core-%: setup-newest setup-core-% ## The same on another supported ansible-core, such as unit-core-2.19
	$(WITH_COLLECTIONS) .cache/core-$*/bin/$(PYTEST) --numprocesses=auto tests/unit $(WITHOUT_ANSIBLE:%=--ignore=tests/unit/%) $(ARGS)

.PHONY: fuzz
fuzz: setup-newest ## 10000 malformed answers, the same at every run (KEEPWARM_FUZZ_CASES=1000000 for more, and new ones)
	$(WITH_COLLECTIONS) $(NEWEST)/$(PYTEST) --numprocesses=auto --show-capture=no tests/fuzz $(ARGS)

.PHONY: prometheus
prometheus: setup-newest setup-promtool ## Metrics, alert rules and dashboard before Prometheus' own promtool
	$(WITH_COLLECTIONS) $(NEWEST)/$(PYTEST) tests/prometheus $(ARGS)

.PHONY: browser
browser: setup-newest setup-browser ## The fleet page in a real headless Chromium: sorted, filtered, attacked, printed
	$(WITH_COLLECTIONS) $(CURDIR)/.cache/browser/bin/$(PYTEST) tests/browser $(ARGS)

.PHONY: images
images: setup-newest setup-browser ## Take the pictures of the fleet page in docs/images anew
	$(WITH_COLLECTIONS) $(CURDIR)/.cache/browser/bin/python tests/browser/images.py docs/images

.PHONY: rulebook
rulebook: setup-newest setup-rulebook ## The event-driven rulebook in the real ansible-rulebook: an alert that is posted starts the plays
	$(WITH_COLLECTIONS) PATH="$(CURDIR)/.cache/rulebook/bin:$$PATH" $(CURDIR)/.cache/rulebook/bin/$(PYTEST) tests/rulebook $(ARGS)

.PHONY: contract
contract: setup-newest ## The stand-in server against the recorded answers of a real one (ARGS='--ollama-url URL' for any server)
	$(WITH_COLLECTIONS) $(NEWEST)/$(PYTEST) --numprocesses=auto tests/contract tests/ollama_stub $(ARGS)

.PHONY: sanity
sanity: setup-checks ## ansible-test sanity, with no ignore file (ARGS='--test pylint' for one of them)
	$(PYTHON) tests/tools/sanity.py $(ARGS)

.PHONY: molecule
molecule: $(HOST_GATES) ## All scenarios on hosts that boot a real systemd

molecule-%: setup-newest setup-oldest setup-hosts ## One scenario (ARGS=converge to stop there, ARGS=destroy to clean up)
	$(WITH_COLLECTIONS) PATH="$(if $(filter $*,$(OLDEST_SCENARIOS)),$(OLDEST),$(NEWEST)):$$PATH" \
	  molecule $(or $(ARGS),test) --scenario-name $*

# FULL=1 for all its tests, RELEASE=forky for another Debian.
molecule-machine: setup-machine

# The official clients of Ollama and OpenAI; those of npm, and many more generated requests, with FULL=1. RELEASE=bookworm for the oldest njs.
molecule-gateway: setup-clients $(if $(FULL),setup-npm-clients)

.PHONY: demo
demo: setup-hosts ## Show it: a disposable host, site.yml twice, a restart, a killed runner, the doctor (OLLAMA_PREFIX=DIR for a real Ollama)
	$(WITH_COLLECTIONS) PATH="$(NEWEST):$$PATH" PYTHONPATH=tests/hosts $(PYTHON) tests/demo/demo.py

.PHONY: recording
recording: setup-hosts setup-recording ## Record the demo anew: docs/images/demo.cast, and pictures of it
	$(WITH_COLLECTIONS) PATH="$(NEWEST):$$PATH" PYTHONPATH=tests/hosts $(PYTHON) tests/recording/record.py docs/images/demo.cast $(PYTHON) tests/demo/demo.py
	$(CURDIR)/.cache/recording/bin/python tests/recording/draw.py docs/images

.PHONY: bench
bench: setup-hosts ## Measure what a pass and the module cost beside the usual scripts
	$(WITH_COLLECTIONS) PATH="$(NEWEST):$$PATH" $(PYTHON) tests/bench/bench.py

.PHONY: bench-exposure
bench-exposure: setup-hosts setup-bench ## Measure how long models are cold after each thing that happens, beside other measures; writes docs/ (ROUNDS=3)
	$(WITH_COLLECTIONS) PATH="$(NEWEST):$$PATH" $(PYTHON) tests/bench/exposure/measure.py docs/exposure.json $(ROUNDS)
	$(CURDIR)/.cache/bench/bin/python tests/bench/exposure/report.py docs/exposure.json docs/exposure.svg docs/cold-exposure.md

.PHONY: measure
measure: ## Count what makes the tree hard to find one's way in, beside a former commit (COMMIT=...)
	@$(PYTHON) tests/tools/measure.py $(COMMIT)

.PHONY: bench-status
bench-status: setup-newest ## Measure what status.yml over 500 hosts costs the controller (NAMES=500)
	$(WITH_COLLECTIONS) PATH="$(NEWEST):$$PATH" $(PYTHON) tests/bench/fleet/many.py $(NAMES)

.PHONY: bench-gateway
bench-gateway: setup-hosts ## Measure what the gateway adds to the first byte and to a whole answer (ROUNDS=30)
	$(MAKE) molecule-gateway ARGS=converge
	$(PYTHON) tests/bench/gateway_speed.py $(ROUNDS)
	$(MAKE) molecule-gateway ARGS=destroy

.PHONY: bench-fleet
bench-fleet: setup-hosts ## Measure what site.yml and status.yml cost the controller, over 1 and 8 hosts, beside a former commit (ROUNDS=3)
	$(WITH_COLLECTIONS) PATH="$(NEWEST):$$PATH" $(PYTHON) tests/bench/fleet/measure.py $(ROUNDS)

.PHONY: bench-by-hand
bench-by-hand: setup-hosts ## Measure a run of site.yml beside the play of a hand-made setup; writes docs/why.md (ROUNDS=5)
	$(WITH_COLLECTIONS) PATH="$(NEWEST):$$PATH" $(PYTHON) tests/bench/fleet/by_hand.py $(ROUNDS)

.PHONY: clean
clean: ## Remove this checkout's hosts and .cache, not what clones share under ~/.cache/keepwarm-ollama
	$(PYTHON) tests/hosts/host.py remove-all $(KEEPWARM_HOSTS)
	rm -rf .cache .ansible
