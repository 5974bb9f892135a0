"""Ready embeddings of three modalities in three formats, from a file of a user to the answer."""

import csv

import numpy as np
import pandas as pd
import pytest
import torch

from workflow.runs import copy_project, planned, snakemake

N = 24


@pytest.fixture(scope="module")
def answered(root, tmp_path_factory):
    """A finished run of a file that names no results, and what the terminal said."""
    project = copy_project(root, tmp_path_factory.mktemp("embeddings") / "project")
    rng = np.random.default_rng(0)
    common = rng.standard_normal((N, 8))
    clouds = {
        name: (common + 0.1 * rng.standard_normal((N, 8)) + 3 * np.eye(8)[i]).astype(np.float32)
        for i, name in enumerate(("image", "text", "audio"))
    }
    np.save(project / "image.npy", clouds["image"])
    torch.save({"text": torch.tensor(clouds["text"]), "step": torch.tensor(7)}, project / "text.pt")
    pd.DataFrame(clouds["audio"]).to_csv(project / "audio.csv", index=False)
    (project / "mine.yaml").write_text(
        "datasets:\n  mine:\n    kind: embeddings\n    label: Mine\n"
        "    files: {image: image.npy, text: text.pt, audio: audio.csv}\n"
        "    columns: {text: text}\n"
    )
    done = snakemake(project, "table_answers", "--cores", 2, "--configfile", "mine.yaml")
    return project, done.stdout


def test_every_pair_of_modalities_has_its_answer(answered):
    project, said = answered
    with open(
        project / "results" / "mine" / "tables" / "answers.csv", encoding="utf-8", newline=""
    ) as file:
        rows = list(csv.DictReader(file))
    assert [(row["first"], row["second"]) for row in rows] == [
        ("image", "text"),
        ("image", "audio"),
        ("text", "audio"),
    ]
    for row in rows:
        assert float(row["low"]) <= float(row["gap"]) <= float(row["high"])
        assert int(row["n"]) == N
        assert "above chance" in row["retrieval"]
        assert row["warning"] == ""
        assert f"Mine: {row['first']} and {row['second']}: gap {float(row['gap']):.3f}" in said


def test_a_file_that_changes_measures_its_own_pairs_again(answered):
    project, _ = answered
    given = ("table_answers", "--configfile", "mine.yaml")
    assert planned(project, *given) == {}
    cloud = np.load(project / "image.npy")
    np.save(project / "image.npy", cloud[::-1])
    assert planned(project, *given) == {
        "import_embeddings": 1,
        "measure_gap": 2,
        "measure_pairs": 2,
        "table_answers": 1,
    }
    # Rows in another order are no pairs any more.
    said = snakemake(project, *given, "--cores", 2).stdout
    assert said.count("are the rows in") >= 2


def test_sides_of_different_length_are_one_line(answered):
    project, _ = answered
    np.save(project / "image.npy", np.load(project / "image.npy")[:-1])
    given = ("table_answers", "--configfile", "mine.yaml", "--cores", 2)
    done = snakemake(project, *given, check=False)
    assert done.returncode != 0
    assert f"{N} rows, but" in done.stdout
    assert "row i of both must be one item" in done.stdout
    assert "Traceback" not in done.stdout
