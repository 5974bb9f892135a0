"""compare_sets: ten rows, sets of other runs, pictures that only one set has, zero-shot tasks."""

import numpy as np
import pandas as pd
import pytest

import compare_sets
import figX_comparison
import measure_gap
import measure_pairs
import table_comparisons
from modgap.errors import InputError
from modgap.report.drawing import plt
from modgap.statistics.comparison import COLUMNS
from modgap.tables import (
    SAMPLE_COLUMNS,
    read_metadata,
    read_table,
    read_tables,
    write_embeddings,
    write_table,
)

N = 10
SETTINGS = {
    "name": "toy",
    "sets": ["before", "after"],
    "modalities": ["picture", "sound"],
    "exact_rows": 100,
    "n_resamples": 50,
    "seed": 0,
    "block": 50,
}


def write_set(folder, dim=6, gap=0.5, ids=None, seed=0):
    """Ready embeddings as their import writes them."""
    rng = np.random.default_rng(seed)
    ids = [f"item-{i:06d}" for i in range(N)] if ids is None else ids
    items = rng.standard_normal((len(ids), dim))
    paths = {"samples": None, "caption": "first"}
    for side, away in (("first", gap), ("second", -gap)):
        path = folder / side / "part-0.parquet"
        path.parent.mkdir(parents=True)
        rows = items + 0.3 * rng.standard_normal(items.shape) + away
        frame = pd.DataFrame({"sample_id": ids})
        write_embeddings(path, frame, rows.astype(np.float32), {"model": "imported"})
        paths[side] = [str(path)]
    return paths


def run(before, after, tmp_path, tasks=(), **settings):
    table = tmp_path / "comparison.parquet"
    compare_sets.main(before, after, tasks, table, **{**SETTINGS, **settings})
    return read_table(table), read_metadata(table)


@pytest.fixture
def two(tmp_path):
    return write_set(tmp_path / "b"), write_set(tmp_path / "a", dim=9, gap=1.5, seed=1)


def test_ten_rows_of_two_widths(two, tmp_path):
    table, about = run(*two, tmp_path)
    assert list(table.columns) == COLUMNS
    assert len(table) == 12
    names = {"sets": ["before", "after"], "modalities": ["picture", "sound"]}
    assert about == {**names, "shared": N, "notes": []}
    gap = table.set_index("statistic").loc["gap_unbiased"]
    assert gap["n"] == N
    assert 0 < gap["low"] < gap["difference"] < gap["high"]
    np.testing.assert_allclose(table["difference"], table["after"] - table["before"])


def test_the_sides_are_what_the_sets_own_tables_say(two, tmp_path):
    table, _ = run(*two, tmp_path)
    compared = table.set_index(["statistic", "side"])
    for side, source in zip(("before", "after"), two, strict=True):
        files = (source["first"], source["second"], None)
        gap, pairs = (tmp_path / f"{side}-{what}.parquet" for what in ("gap", "pairs"))
        settings = {"name": side, "caption": "first", "seed": 0}
        measure_gap.main(*files, gap, n_resamples=50, **settings)
        measure_pairs.main(*files, pairs, exact_rows=50, block=50, **settings)
        own = read_tables([gap, pairs]).set_index(["statistic", "side"])["value"]
        for place in compared.index:
            assert compared.loc[place, side] == pytest.approx(own.loc[place]), place


def test_only_shared_pictures_count_and_the_rest_is_told(tmp_path):
    before = write_set(tmp_path / "b", ids=list("abcdefghij"))
    after = write_set(tmp_path / "a", ids=list("xjihgfedcb"), seed=1)
    table, about = run(before, after, tmp_path)
    assert table["n"].max() == about["shared"] == 9
    assert about["notes"] == [
        "1 of 10 pictures of before are left out: the other set does not have them",
        "1 of 10 pictures of after are left out: the other set does not have them",
    ]


def test_the_same_set_in_another_order_is_the_same_set(tmp_path):
    ids = np.array(list("abcdefghij"))
    before, after = write_set(tmp_path / "b", ids=ids), write_set(tmp_path / "a", ids=ids)
    order = np.random.default_rng(0).permutation(N)
    for side in ("first", "second"):
        stored = read_table(after[side][0])
        rows = np.stack(stored["embedding"])[order]
        write_embeddings(after[side][0], pd.DataFrame({"sample_id": ids[order]}), rows, {})
        write_embeddings(
            before[side][0], pd.DataFrame({"sample_id": ids}), np.stack(stored["embedding"]), {}
        )
    table, _ = run(before, after, tmp_path)
    np.testing.assert_allclose(table["difference"], 0, atol=1e-12)


def test_a_set_of_another_run_is_found_where_its_table_says(two, tmp_path):
    before, after = two
    expected, _ = run(before, after, tmp_path)
    folder = tmp_path / "other" / "statistics" / "gap"
    folder.mkdir(parents=True)
    table = folder / "before.parquet"
    files = (before["first"], before["second"], None)
    settings = {"name": "before", "caption": "first", "n_resamples": 50, "seed": 0}
    measure_gap.main(*files, table, **settings)
    found, _ = run({"table": str(table)}, after, tmp_path)
    pd.testing.assert_frame_equal(found, expected)
    (tmp_path / "b" / "first" / "part-0.parquet").unlink()
    with pytest.raises(InputError, match=r"part-0\.parquet: no such file, but .*before\.parquet"):
        run({"table": str(table)}, after, tmp_path)
    write_table(pd.DataFrame({"statistic": ["gap"]}), table)
    with pytest.raises(InputError, match="does not say which embeddings"):
        run({"table": str(table)}, after, tmp_path)


def test_sets_without_a_common_picture_are_an_error(tmp_path):
    before = write_set(tmp_path / "b", ids=list("abcdefghij"))
    after = write_set(tmp_path / "a", ids=list("klmnopqrst"))
    with pytest.raises(InputError, match="share no picture") as error:
        run(before, after, tmp_path)
    assert len(str(error.value)) <= 300
    assert not (tmp_path / "comparison.parquet").exists()


def test_three_shared_pictures_are_too_few(tmp_path):
    before = write_set(tmp_path / "b", ids=list("abcdefghij"))
    after = write_set(tmp_path / "a", ids=list("abcklmnopq"))
    with pytest.raises(InputError, match="share 3 pictures; a comparison needs 4"):
        run(before, after, tmp_path)


def test_zero_shot_hits_of_both_models_are_paired(two, tmp_path):
    ids = [f"item-{i:06d}" for i in range(N)]
    labels = pd.DataFrame({"sample_id": ids, "image": "x", "label": ["dog", "cat"] * 5})
    labels = labels.assign(caption=None, caption_index=0, mentioned=None, split="all")
    write_table(labels[SAMPLE_COLUMNS], tmp_path / "samples.parquet")
    classes = pd.DataFrame({"class": ["dog", "cat"], "category": None, "templates": "given"})
    write_embeddings(tmp_path / "prompts.parquet", classes, np.eye(2, dtype=np.float32), {})
    sides = {}
    for side, right in (("before", 4), ("after", 9)):
        # The picture is nearest to its class, or to the other one.
        classified = [(i + (i >= right)) % 2 for i in range(N)]
        path = tmp_path / f"{side}-images.parquet"
        write_embeddings(path, labels[["sample_id"]], np.eye(2, dtype=np.float32)[classified], {})
        sides[side] = {
            "images": [path],
            "prompts": tmp_path / "prompts.parquet",
            "prompts_file": "prompts.yaml",
            "samples": tmp_path / "samples.parquet",
            "templates": "given",
        }
    table, _ = run(*two, tmp_path, tasks=[{"label": "pets", "columns": ["label"], **sides}])
    row = table.set_index("statistic").loc["zero_shot"]
    assert (row["side"], row["before"], row["after"], row["n"]) == ("pets", 0.4, 0.9, N)
    assert row["p"] == pytest.approx(2 * 0.5**5)
    assert len(table) == 13


def test_the_table_and_the_figure_have_every_comparison(two, tmp_path, monkeypatch):
    paths = []
    for name in ("one", "two"):
        run(*two, tmp_path, name=name)
        paths.append((tmp_path / "comparison.parquet").rename(tmp_path / f"{name}.parquet"))
    outputs = [tmp_path / f"comparisons.{ending}" for ending in ("csv", "md", "tex")]
    table_comparisons.main(paths, *outputs)
    written = pd.read_csv(outputs[0])
    assert list(written.columns) == COLUMNS
    assert list(written["comparison"].unique()) == ["one", "two"]
    drawn = {}
    monkeypatch.setattr(figX_comparison, "save", lambda figure, *_, **__: drawn.update(f=figure))
    figX_comparison.main(paths, "a.pdf", "a.png", dpi=60)
    slopes, gaps, cosines, shares = drawn["f"].axes
    assert len(slopes.lines) == 2
    # Two rows, two comparisons: an interval and a mark each.
    assert [len(axes.collections) for axes in (gaps, cosines, shares)] == [8, 12, 28]
    plt.close(drawn["f"])


def test_many_shared_pictures_are_compared_on_a_sample_that_says_so(two, tmp_path):
    table, about = run(*two, tmp_path, exact_rows=7)
    assert table["n"].max() == 7
    assert "7 of the 10 shared pictures, drawn at random" in about["notes"]
