# What is done often, by name. Every target sets up what it needs first.
.DEFAULT_GOAL := help
.PHONY: help demo site test test-long check format samples docs readme real-scans predictions bench bench-registration bench-fusion bench-batch bench-cluster bench-compare bench-exhibition bench-large chaos hostile setup clean

ifeq ($(OS),Windows_NT)
bin := .venv/Scripts
else
bin := .venv/bin
endif
environment := .venv/.ready
viewer := build/viewer/.bundled
ready := $(environment) $(viewer)
bench_ready := .venv/.ready-bench

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(ready) ## Convert every sample into out/demo
	$(bin)/relicscan run samples -o out/demo

site: demo ## Publish the samples as an exhibition into out/site
	$(bin)/relicscan publish out/demo -o out/site --exhibition samples/exhibition.toml

test: $(ready) ## Run the tests, two files at a time (ARGS="-k ply" narrows them)
	$(bin)/python -m pytest -m "not slow" -n 2 --dist loadfile $(ARGS)

test-long: $(ready) ## Run the tests and their long forms
	$(bin)/python -m pytest $(ARGS)

check: $(ready) ## Lint, formatting and types, as CI does
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/mypy

format: $(ready) ## Mend what check can mend by itself
	$(bin)/ruff check --fix
	$(bin)/ruff format

samples: $(ready) ## Scan the sample relics again with the virtual scanner
	$(bin)/python -m samples.make_samples

docs: $(ready) ## Write the generated pages of docs/ again
	$(bin)/python -m docs.generate

readme: demo ## Run the README's commands, show what they print, take its picture
	$(bin)/python -m docs.pictures
	$(bin)/python -m docs.console README.md

real-scans: $(ready) ## Run the real scans beside this checkout, write docs/real-scans.md
	$(bin)/python tools/real_scans.py

predictions: $(ready) ## Run samples and real scans, hold what inspect foretells against it, write docs/predictions.md
	$(bin)/python -m bench.predictions $(ARGS)

bench: $(bench_ready) ## Measure the chain against its peers (ARGS="--points 100000" is a quick look)
	$(bin)/python -m bench $(ARGS)

bench-registration: $(ready) ## Register the bunny's ten scans from ten random starts, beside Open3D's multiway
	$(bin)/python -m bench.registration --seeds 10 $(ARGS)
	$(bin)/python -m bench.virtual_views

bench-fusion: $(ready) ## Fuse the bunny's ten scans, compare with the published surface; exposures of six
	$(bin)/python -m bench.fusion --registered $(ARGS)

bench-compare: $(ready) ## Put losses of known size on two bodies and find them again
	$(bin)/python -m bench.compare $(ARGS)

bench-exhibition: site ## Build a site of 2,000 relics; what a phone waits for; nginx under load
	$(bin)/python -m bench.exhibition $(ARGS)
	$(bin)/python -m bench.first_view out/site en/index.html en/relics/amphora-painted.html
	$(bin)/python -m bench.site_load out/site

bench-batch: $(ready) ## Measure a batch: two jobs, overhead, running it again
	$(bin)/python -m bench.batch $(ARGS)

bench-large: $(ready) ## Measure scans that do not fit into memory (100 million points; long)
	$(bin)/python -m bench.large $(ARGS)

bench-cluster: $(ready) ## Measure a cluster, compute machines for 100,000 relics
	$(bin)/python -m bench.cluster $(ARGS)

chaos: $(ready) ## A night of 60 relics that is killed 50 times
	$(bin)/python -m bench.chaos $(ARGS)

hostile: $(ready) ## Run every hostile file beside this checkout
	$(bin)/python -m bench.hostile $(ARGS)

setup: ## Set up again, whatever is there
	@sh tools/setup.sh

clean: ## Remove the environment and everything generated
	rm -rf .venv relicscan/vendor out build dist .pytest_cache .mypy_cache .ruff_cache

$(environment): pyproject.toml tools/setup.sh tests/engines/package.json
	@sh tools/setup.sh

# Setting up bundles them too, so this is only for what has changed since.
$(viewer): $(wildcard relicscan/site/viewer/*.* relicscan/site/scripts/*.js) | $(environment)
	@sh tools/setup.sh viewer

# What is measured against and never run with; without it the table says "not installed".
# gltf-transform, which needs npm, is fetched by the benchmark itself, into build/bench-node.
$(bench_ready): $(ready)
	@$(bin)/python -m pip install --disable-pip-version-check --no-input --quiet --editable ".[bench]" \
		&& touch $@ || echo "  bench        PyMeshLab could not be installed and is left out"
