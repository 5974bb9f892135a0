"""A folder of shards, from the files of a user to the answer: jobs, reruns, and equal numbers."""

import numpy as np
import pandas as pd
import pytest

from shard_files import toy_pictures, toy_sides, write_folder
from workflow.runs import copy_project, planned, snakemake

N, SHARDS = 2400, 5
GIVEN = ("table_answers", "--configfile", "mine.yaml")
MEASURED = {"measure_gap": 1, "measure_pairs": 1, "table_answers": 1}


def write_config(project, each=2, queries=50):
    """A configuration of the folder, and of the same rows as two files."""
    (project / "mine.yaml").write_text(
        "datasets:\n"
        f"  folder: {{kind: embeddings, folder: data, shards_per_job: {each}}}\n"
        "  whole: {kind: embeddings, first: first.npy, second: second.npy}\n"
        f"statistics: {{exact_rows: 1000, queries: {queries}}}\n"
    )


@pytest.fixture(scope="module")
def answered(root, tmp_path_factory):
    """The finished run, and what the terminal said."""
    project = copy_project(root, tmp_path_factory.mktemp("shards") / "project")
    sides = toy_sides(N)
    write_folder(project / "data", *sides, SHARDS)
    for name, side in zip(("first.npy", "second.npy"), sides, strict=True):
        np.save(project / name, side)
    write_config(project)
    return project, snakemake(project, *GIVEN, "--cores", 2).stdout


def gap_of(project, name):
    path = project / f"results/mine/statistics/gap/{name}.parquet"
    return pd.read_parquet(path).set_index(["statistic", "side"])


def test_the_folder_has_the_numbers_of_its_rows_in_two_files(answered):
    project, said = answered
    folder, whole = gap_of(project, "folder"), gap_of(project, "whole")
    for column in ("value", "low", "high"):
        pd.testing.assert_series_equal(folder[column], whole[column], rtol=1e-9, atol=1e-12)
    gap = folder.loc[("gap_unbiased", "both"), "value"]
    assert f"gap {gap:.3f}" in said


def test_jobs_of_shards_leave_one_sum_and_nothing_else(answered):
    project, said = answered
    left = sorted(path.name for path in (project / "results/mine/moments").rglob("*.np?"))
    assert [name for name in left if not name.startswith(".")] == ["folder.npz"]
    for rule in ("sum_shards", "rank_shards"):
        assert said.count(f"(Rule: {rule})") == 3
    assert planned(project, *GIVEN) == {}


def test_more_queries_rank_again_and_sum_nothing(answered):
    project, _ = answered
    write_config(project, queries=60)
    assert planned(project, *GIVEN) == {
        "rank_shards": 3, "measure_pairs": 1, "table_answers": 1
    }  # fmt: skip


def test_other_jobs_of_shards_measure_the_same(answered):
    project, _ = answered
    before = gap_of(project, "folder")
    write_config(project, each=5)
    jobs = planned(project, *GIVEN)
    assert (jobs["sum_shards"], jobs["rank_shards"]) == (1, 1)
    snakemake(project, *GIVEN, "--cores", 2)
    pd.testing.assert_frame_equal(gap_of(project, "folder"), before, rtol=1e-12, atol=1e-14)
    assert planned(project, *GIVEN) == {}


def test_a_shard_that_changes_is_measured_again_and_the_rest_is_refused_or_kept(answered):
    project, _ = answered
    write_config(project)
    snakemake(project, *GIVEN, "--cores", 2)
    path = project / "data/img_emb/img_emb_4.npy"
    good = np.load(path)
    np.save(path, good[::-1])
    jobs = planned(project, *GIVEN)
    assert jobs["index_shards"] == 1
    assert "import_embeddings" not in jobs
    # A shard of another width is one line, and no table is left that is older than it.
    np.save(path, good[:, :-1])
    done = snakemake(project, *GIVEN, "--cores", 2, check=False)
    assert done.returncode != 0
    assert "6 dimensions, but data/img_emb/img_emb_4.npy has 5" in done.stdout
    assert "Traceback" not in done.stdout
    np.save(path, good)


PICTURES = 1200


@pytest.fixture(scope="module")
def captioned(root, tmp_path_factory):
    """The finished run of a folder that repeats a picture for each of its texts."""
    project = copy_project(root, tmp_path_factory.mktemp("captioned") / "project")
    *sides, ids = toy_pictures(PICTURES)
    write_folder(project / "data", *sides, 3, ids=ids)
    np.savez(project / "whole.npz", first=sides[0], second=sides[1], key=ids)
    (project / "mine.yaml").write_text(
        "datasets:\n"
        "  folder: {kind: embeddings, folder: data, groups: key, shards_per_job: 2}\n"
        "  whole: {kind: embeddings, file: whole.npz, groups: key,\n"
        "          columns: {image: first, text: second}}\n"
        "statistics: {exact_rows: 1000, queries: 300}\n"
    )
    return project, snakemake(project, *GIVEN, "--cores", 2).stdout


def test_a_folder_of_several_texts_a_picture_has_the_numbers_of_its_rows_in_a_file(captioned):
    project, said = captioned
    folder, whole = gap_of(project, "folder"), gap_of(project, "whole")
    same = folder.index.get_level_values(0) != "frechet_extrapolated"  # of other halves
    pd.testing.assert_series_equal(
        folder["value"][same], whole["value"][same], rtol=1e-9, atol=1e-12
    )
    assert (folder["n"] == whole["n"]).all()
    gap = folder.loc[("gap_unbiased", "both"), "value"]
    assert f"gap {gap:.3f}" in said
    rows = pd.read_parquet(project / "results/mine/statistics/pairs/folder.parquet")
    rows = rows.set_index(["statistic", "side"])
    recall = rows.loc[("recall5", "second_to_first")]
    assert recall["interval_method"].endswith(f"queries, drawn at random, among all {PICTURES:,}")
    assert recall["low"] < recall["value"] < recall["high"]


def test_a_change_of_ids_is_measured_again(captioned):
    project, _ = captioned
    assert planned(project, *GIVEN) == {}
    path = project / "data/metadata/metadata_2.parquet"
    table = pd.read_parquet(path)
    table["key"] = "new " + table["key"]
    table.to_parquet(path)
    jobs = planned(project, *GIVEN)
    assert (jobs["index_shards"], jobs["sum_shards"], jobs["sample_shards"]) == (1, 2, 2)
    assert "import_embeddings" not in jobs
