"""Missing files are named, and every run has a folder that is no other's."""

import re

import pytest

from modgap.plan.checks.folders import TAKEN_FOLDERS, name_results
from modgap.plan.config import load_config
from plans import problems_of


def test_files_that_are_not_there(root):
    given = {"datasets": {"x": {"kind": "embeddings", "file": "missing.npy"}}}
    assert problems_of(given, root) == ["datasets.x.file: no such file or folder: missing.npy"]


def test_many_files_that_are_not_there_are_counted(root):
    shards = {"kind": "webdataset", "shards": "mine/{00000..00331}.tar"}
    given = {"datasets": {"x": shards}, "models": {"vit": {"source": "random"}}}
    given["models"]["vit"]["architecture"] = "scenes-vit"
    first, _, third, rest = problems_of(given, root)
    assert first == "datasets.x.shards: no such file or folder: mine/00000.tar"
    assert third.endswith("mine/00002.tar")
    assert rest == "datasets.x.shards: and 329 more, the last mine/00331.tar"


@pytest.mark.parametrize(
    ("files", "folder"),
    [
        ([], "results"),
        (["mine.yaml"], "results/mine"),
        (["first.yaml", "elsewhere/second.yml"], "results/second"),
        (["my data; $(rm x).yaml"], "results/my_data_rm_x"),
        (["run.v2.yaml"], "results/run.v2"),
        (["....yaml"], "results/run"),
        (["训练.yaml"], "results/训练"),
        # Where the default run keeps its own trained models.
        (["training.yaml"], "results/training_run"),
    ],
)
def test_a_file_without_results_has_a_folder_of_its_name(root, files, folder):
    assert name_results(files) == folder
    assert load_config({}, root, files)["results"] == folder
    assert load_config({"results": "elsewhere"}, root, files)["results"] == "elsewhere"


def test_no_files_folder_is_one_of_the_default_run(root):
    texts = [path.read_text() for path in (root / "rules").glob("*.smk")]
    made = re.findall(r"<results>/(\w+)", "".join([*texts, (root / "Snakefile").read_text()]))
    assert set(TAKEN_FOLDERS) == set(made)
