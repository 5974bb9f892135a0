"""Our rules in the workflows of others: as a module, from anywhere, beside rules of their own."""

import re
import subprocess

import numpy as np
import pytest

from workflow.runs import copy_project, planned, snakemake

MINE = (
    '{"datasets": {"mine": {"kind": "embeddings", "first": "images.npy", "second": "texts.npy"}}}'
)

# An installed package of the name: it lacks everything, and says so where it is imported.
INSTALLED = 'VERSION = "the installed one"\n'

# What somebody's workflow does besides: rules, names and modules that ours have too.
THEIRS = """
import modgap as installed

rule gap_statistics:
    input:
        "own/anything.txt",

rule train:
    output:
        "own/{dataset}.txt",
    priority: 7
    script:
        "own.py"

assert installed.VERSION == "the installed one"
assert rules.train.rule.priority == 7
assert workflow.report_text is None
onsuccess:
    print("their handler ran")
"""
SCRIPT = """
import modgap, train
open(snakemake.output[0], "w").write(f"{train.WHOSE}, {modgap.VERSION}")
"""


def write_pairs(folder):
    """Sixty pairs of vectors with a gap between the modalities."""
    folder.mkdir(parents=True, exist_ok=True)
    vectors = np.random.default_rng(0).normal(size=(60, 8))
    np.save(folder / "images.npy", vectors + 1)
    np.save(folder / "texts.npy", vectors - 1)
    return folder


def write_module(folder, snakefile, *lines, use="use rule * from modgap as gap_*", config=MINE):
    """Write a Snakefile that has ours as a module; more lines of the module, and the rules used."""
    more = "".join(f"    {line}\n" for line in lines)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "Snakefile"
    path.write_text(
        f"module modgap:\n    snakefile: {snakefile}\n    config: {config}\n{more}\n{use}\n"
    )
    return path


@pytest.fixture
def ours(root):
    """Our Snakefile as the text of a Snakefile has it."""
    return f'"{root}/Snakefile"'


@pytest.fixture
def data(tmp_path):
    return write_pairs(tmp_path / "data")


@pytest.fixture
def installed(tmp_path):
    """A folder on Python's path with another modgap in it, as an environment has it."""
    package = tmp_path / "site" / "modgap"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(INSTALLED)
    return {"PYTHONPATH": str(package.parent)}


def refusal(folder, path, *arguments):
    """The line of a run that is refused."""
    done = snakemake(folder, "-n", "-s", path, *arguments, check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    return done.stdout


def test_the_lines_of_the_readme_run_beside_rules_of_their_own(root, tmp_path, data, installed):
    """From another directory, with another modgap installed and names that both have."""
    text = (root / "README.md").read_text(encoding="utf-8")
    section = text.split("## In your own workflow")[1].split("\n## ")[0]
    lines = re.search(r"```python\n(.+?)```", section, flags=re.DOTALL)[1]
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "modality-gap-pipeline").symlink_to(root)
    (theirs / "Snakefile").write_text(lines + THEIRS)
    (theirs / "own.py").write_text(SCRIPT)
    (theirs / "train.py").write_text('WHOSE = "their own"\n')

    arguments = ["--cores", 1, "-s", theirs / "Snakefile", "all", "gap_statistics"]
    out = snakemake(data, *arguments, environment=installed).stdout

    assert "their handler ran" in out
    assert "Made in this run" not in out
    assert (data / "own" / "anything.txt").read_text() == "their own, the installed one"
    head, row = (data / "gap.csv").read_text().splitlines()
    assert head == "embeddings,gap,low,high"
    assert row.startswith("mine,1.")
    assert (data / "results" / "modgap" / "tables" / "answers.csv").is_file()
    assert "Nothing to be done" in snakemake(data, *arguments, environment=installed).stdout


def test_without_a_prefix_and_rules_of_ones_own_the_default_is_everything(ours, tmp_path, data):
    path = write_module(tmp_path / "theirs", ours, use="use rule * from modgap")
    jobs = planned(data, "-s", path)
    assert {"all", "fig1_modality_gap", "table_statistics", "write_report"} <= set(jobs)


def test_their_rules_keep_their_place_and_names_that_we_once_had_are_free(ours, tmp_path, data):
    """Ours would be the default, or answer an old name of theirs with a line."""
    path = write_module(tmp_path / "theirs", ours, use="use rule * from modgap exclude all")
    mine = 'rule all:\n    output: "fig8_theorems.txt"\n    shell: "touch {output}"\n\n'
    old = '\nrule fig8_theorems:\n    input: "fig8_theorems.txt", rules.table_answers.output\n'
    path.write_text(mine + path.read_text() + old)
    assert planned(data, "-s", path) == {"all": 1}
    jobs = planned(data, "-s", path, "fig8_theorems")
    assert jobs["fig8_theorems"] == jobs["all"] == jobs["measure_gap"] == 1


def test_two_checkouts_have_a_library_each(root, tmp_path, data):
    other = copy_project(root, tmp_path / "other")
    with open(other / "scripts" / "modgap" / "errors.py", "a", encoding="utf-8") as stream:
        stream.write('\nOTHER = "yes"\n')
    path = write_module(tmp_path / "theirs", f'"{root}/Snakefile"')
    mine = path.read_text()
    path.write_text(
        mine
        + mine.replace(f"{root}/", f"{other}/").replace("modgap", "second").replace("gap_", "new_")
        + "\nfirst, newer = modgap.code_version, second.code_version\n"
        + 'assert first("measure_gap.py") != newer("measure_gap.py")\n'
        + 'assert "modgap" not in [name.partition(".")[0] for name in __import__("sys").modules]\n'
    )
    jobs = planned(data, "-s", path, "gap_table_answers", "new_table_answers")
    assert jobs["gap_measure_gap"] == jobs["new_measure_gap"] == 1
    assert jobs["gap_import_embeddings"] == jobs["new_import_embeddings"] == 2


def test_folders_are_named_by_the_config_or_by_pathvars(ours, tmp_path, data):
    named = MINE.replace("{", '{"results": "measured/mine", ', 1)
    path = write_module(tmp_path / "first", ours, config=named)
    assert "gap_table_answers" in planned(data, "-s", path, "measured/mine/tables/answers.csv")
    path = write_module(tmp_path / "second", ours, 'pathvars: results="elsewhere"')
    path.write_text(path.read_text() + '\nassert modgap.CONFIG["results"] == "elsewhere"\n')
    assert "gap_table_answers" in planned(data, "-s", path, "elsewhere/tables/answers.csv")


def test_what_cannot_work_is_refused_in_one_line(ours, tmp_path, data):
    path = write_module(tmp_path / "prefix", ours, 'prefix: "sub"')
    assert "module: a prefix does not reach" in refusal(data, path)
    path = write_module(tmp_path / "unknown", ours, config='{"dataset": {}}')
    assert "unknown key 'dataset', did you mean 'datasets'?" in refusal(data, path)
    path = tmp_path / "included.smk"
    path.write_text(f"include: {ours}\n")
    assert "write instead: module modgap: snakefile:" in refusal(data, path)


def test_what_snakedeploy_writes_runs_without_a_network(root, tmp_path, data, installed):
    """github(…) out of a local repository: git is told to look there."""
    project = copy_project(root, tmp_path / "github" / "owner" / "modgap")
    git = ["git", "-C", project, "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "All"], ["tag", "v1"]):
        subprocess.run([*git, *command], check=True)
    environment = {
        **installed,
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{tmp_path}/github/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
    }
    github = 'github("owner/modgap", path="workflow/Snakefile", tag="v1")'
    config = data / "config" / "config.yaml"
    config.parent.mkdir()
    config.write_text(f"{MINE}\n")
    path = write_module(
        data / "workflow", github, config="config", use="use rule * from modgap as modgap_*"
    )
    path.write_text('configfile: "config/config.yaml"\n\n' + path.read_text())

    target = "results/modgap/statistics/gap/mine.parquet"
    out = snakemake(data, "--cores", 1, target, environment=environment).stdout

    assert "3 of 3 steps" in out
    assert (data / target).is_file()
    (commit,) = (data / ".snakemake" / "modgap").iterdir()
    head = subprocess.run([*git, "rev-parse", "v1"], check=True, capture_output=True, text=True)
    assert commit.name == head.stdout.strip()
