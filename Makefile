# Set-up, main run, tests and lint in the project's own environment, .venv.
PYTHON ?= python3
CORES ?= 2
BIN := .venv/bin

.PHONY: install install-cpu transformers run smoke test bench lint format pins docs

# Everything pinned, nothing run.
install: .venv/.run

# The same versions without what only a GPU needs, torch from its index for processors.
install-cpu: .venv/bin/uv requirements.txt
	grep -Ev '^(cuda|nvidia|triton)' requirements.txt > .venv/requirements-cpu.txt
	$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode --torch-backend cpu \
		-r .venv/requirements-cpu.txt
	@touch .venv/.run
	@du -sh .venv

# Beside it the package transformers: models of `source: transformers`, tokenizers of SigLIP, CLIPA.
transformers: .venv/.run requirements-transformers.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r requirements-transformers.txt

# Everything pinned, then the embedded default: figures and tables under results/.
run: .venv/.run
	@echo "The default run on $(CORES) cores: reading the configuration, then the first job."
	$(BIN)/snakemake --cores $(CORES)

# The same on toy sizes: every rule within three minutes, results under results/smoke/.
smoke: .venv/.run
	$(BIN)/snakemake --cores $(CORES) --configfile config/smoke.yaml

# The test tools, then all tests: functions, scripts and faults first, then whole runs.
test: .venv/.dev
	$(BIN)/python -m pytest tests/unit tests/scripts tests/faults -n $(CORES) --dist loadfile
	$(BIN)/python -m pytest tests/workflow -n $(CORES) --dist loadfile

# Our ways beside the usual ones, ten minutes: benchmarks/results.md and .csv.
bench: .venv/.run
	$(BIN)/python benchmarks/run.py

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules workflow
	$(BIN)/snakemake --lint

format: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules workflow

# After an edit of pyproject.toml: exact versions of everything, for every platform.
pins: .venv/.dev
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-annotate --no-header \
		--extra workflow pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-annotate --no-header \
		--extra workflow --extra dev pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-annotate --no-header \
		--extra workflow --extra transformers pyproject.toml -o requirements-transformers.txt
	$(BIN)/python envs/update.py

# After an edit of config/schema.yaml or config/config.yaml: their description, config/README.md.
docs: .venv/.dev
	$(BIN)/python config/document.py

.venv/bin/uv:
	@echo "Setting up .venv: 6.4 GB on disk with what GPUs need, some minutes."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

.venv/.run: .venv/bin/uv requirements.txt
	@echo "Installing the pinned packages into .venv: some minutes."
	$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode -r requirements.txt
	@touch $@
	@du -sh .venv

.venv/.dev: .venv/bin/uv requirements-dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode -r requirements-dev.txt
	touch $@ .venv/.run
