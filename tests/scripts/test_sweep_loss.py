"""sweep_loss: four tidy tables of one embedding set; published numbers; bad input."""

import json

import numpy as np
import pandas as pd
import pytest

import sweep_loss
import table_shift_minima
from modgap.errors import InputError
from modgap.statistics.moments.files import write_moments
from modgap.statistics.moments.sums import collect_pairs
from modgap.tables import read_metadata, read_table, write_embeddings, write_table

KINDS = ("landscape", "extrema", "gradient", "clouds")
SETTINGS = {
    "name": "mine",
    "caption": "first",
    "grid": {"first": -2, "last": 2, "step": 0.5},
    "moved": ["both", "first"],
    "temperatures": ["1/50", 1],
    "batch_sizes": [50, "1/4", "all"],
    "n_resamples": 100,
    "seed": 3,
    "device": "cpu",
    "cloud_shifts": [0, 1],
    "cloud_pairs": 7,
    "threads": 1,
    "largest_batch": 1000,
    "sample_seed": 0,
}


def store(folder, features):
    """Two embedding files as import_embeddings writes them."""
    ids = pd.DataFrame({"sample_id": [f"s{i}" for i in range(features.shape[1])]})
    paths = [folder / "first.parquet", folder / "second.parquet"]
    for path, block in zip(paths, features, strict=True):
        write_embeddings(path, ids, block.astype(np.float32), {"dataset": "mine"})
    return [[str(path)] for path in paths]


def sweep(folder, features, samples=None, **changes):
    outputs = {kind: folder / "out" / f"{kind}.parquet" for kind in KINDS}
    inputs = store(folder, features)
    sweep_loss.main(*inputs, samples, *outputs.values(), **{**SETTINGS, **changes})
    return outputs


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(60, 12))
    return np.stack([base + 0.8, base + 0.5 * rng.normal(size=(60, 12)) - 0.8])


@pytest.fixture(scope="module")
def tables(drawn, tmp_path_factory):
    return sweep(tmp_path_factory.mktemp("sweep"), drawn)


def test_landscape_has_every_combination_once(tables):
    table = read_table(tables["landscape"])
    keys = ["moved", "batch_size", "side", "tau", "delta"]
    assert not table.duplicated(keys).any()
    assert [table[key].nunique() for key in keys] == [2, 3, 3, 2, 9]
    assert set(table["batch_size"]) == {15, 50, 60}
    assert table.groupby("batch_size")["n"].unique().map(list).to_dict() == {
        15: [60], 50: [50], 60: [60],
    }  # fmt: skip
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()
    assert (table["embeddings"] == "mine").all()
    assert table["interval_method"].notna().all()
    both = table[table["side"] == "both"].reset_index(drop=True)
    one, other = (
        table.loc[table["side"] == side, "value"].to_numpy()
        for side in ("first_to_second", "second_to_first")
    )
    np.testing.assert_allclose(both["value"], (one + other) / 2)
    assert read_metadata(tables["landscape"])["n"] == 60


def test_protocols_are_named(tables):
    for kind in ("landscape", "extrema", "gradient"):
        table = read_table(tables[kind])
        published = (table["side"] == "first_to_second") & (table["batch_size"] == 50)
        assert (table.loc[published, "protocol"] == "published").all()
        assert (table.loc[table["side"] == "both", "protocol"] == "corrected").all()
        rest = ~published & (table["side"] != "both")
        assert (table.loc[rest, "protocol"] == "neither").all()


def test_lambda_and_distance_of_both_kinds_of_shift(tables):
    table = read_table(tables["landscape"])
    gap = read_metadata(tables["landscape"])["gap"]
    for moved, share in (("both", 0.5), ("first", 1.0)):
        rows = table[table["moved"] == moved]
        np.testing.assert_allclose(rows["paper_lambda"], share * rows["delta"] / gap)
        unmoved = rows[rows["delta"] == 0]
        for column in ("distance", "distance_smallest"):
            np.testing.assert_allclose(unmoved[column].abs(), gap)


def test_every_minimum_has_position_distance_and_loss(tables):
    table = read_table(tables["extrema"])
    lowest = table[table["extremum"] == "minimum"]
    keys = ["moved", "batch_size", "side", "tau"]
    assert lowest.groupby(keys)["statistic"].unique().map(sorted).map(tuple).unique().tolist() == [
        ("delta", "distance", "height", "loss")
    ]
    inside = lowest[~lowest["boundary"] & (lowest["statistic"] != "height")]
    assert (inside["low"] <= inside["value"]).all()
    assert (inside["value"] <= inside["high"]).all()
    without = table[table["low"].isna()]
    assert without["interval_method"].str.startswith("none: ").all()
    # Refined between grid points: never above the lowest grid point.
    loss = table[table["statistic"] == "loss"].set_index([*keys, "extremum"])["value"]
    refined = loss.xs("minimum", level="extremum")
    on_grid = loss.xs("grid_minimum", level="extremum")
    assert (refined <= on_grid + 1e-12).all()


def test_clouds_are_drawn_for_the_same_pairs_at_every_shift(tables):
    table = read_table(tables["clouds"])
    assert len(table) == 2 * 2 * 7
    assert table.groupby(["delta", "modality"])["pair"].apply(tuple).nunique() == 1


def test_the_same_numbers_again(drawn, tables, tmp_path):
    again = sweep(tmp_path, drawn)
    for kind in KINDS:
        pd.testing.assert_frame_equal(read_table(again[kind]), read_table(tables[kind]))


def test_all_captions_count_as_the_first(drawn, tables, tmp_path):
    ids = [f"s{i}" for i in range(60)]
    inputs = tmp_path / "first.parquet", tmp_path / "second.parquet"
    write_embeddings(inputs[0], pd.DataFrame({"sample_id": ids}), drawn[0].astype("float32"), {})
    texts = pd.DataFrame({"sample_id": np.repeat(ids, 2), "caption_index": [0, 1] * 60})
    block = np.repeat(drawn[1], 2, axis=0)
    block[1::2] = 1.0  # second captions, which must not count
    write_embeddings(inputs[1], texts, block.astype("float32"), {})
    samples = tmp_path / "samples.parquet"
    write_table(texts.assign(caption="words"), samples)
    outputs = {kind: tmp_path / f"{kind}.parquet" for kind in KINDS}
    sweep_loss.main(
        [str(inputs[0])], [str(inputs[1])], samples, *outputs.values(),
        **{**SETTINGS, "caption": "all"},
    )  # fmt: skip
    pd.testing.assert_frame_equal(read_table(outputs["landscape"]), read_table(tables["landscape"]))


def test_published_clip_features(shared, tmp_path):
    features = np.load(shared("data/published/features_clip.npy"), allow_pickle=False)
    reference = json.loads(shared("reference/reference_published_features.json").read_text())
    expected = reference["files"]["features_clip"]["landscape"]["by_temperature"]
    outputs = sweep(
        tmp_path, features, grid={"first": -5, "last": 4.75, "step": 0.25}, moved=["both"],
        temperatures=["1/100", "1/50", "1/30", "1/20", "1/10", 1], batch_sizes=[50, "all"],
    )  # fmt: skip
    losses = read_table(outputs["landscape"]).set_index(["tau", "protocol", "batch_size"])
    extrema = read_table(outputs["extrema"])
    for name in ("1/100", "1/50", "1/30", "1/20", "1/10", "1/1"):
        entry = expected[name]
        tau = 1 / int(name.split("/")[1])
        symmetric = losses.loc[(tau, "corrected", 500)].sort_values("delta")
        np.testing.assert_allclose(symmetric["value"], entry["symmetric"], atol=1e-6)
        published = losses.loc[(tau, "published", 50)].sort_values("delta")
        key = "batch50_i2t_as_authors_code"
        np.testing.assert_allclose(published["value"], entry[key], atol=1e-6)
        rows = extrema.query("protocol == 'corrected' and batch_size == 500 and tau == @tau")
        found = rows.set_index(["extremum", "statistic"])["value"]
        grid = entry["grid_min"]["symmetric"]
        assert found["grid_minimum", "delta"] == grid["delta"]
        assert found["grid_minimum", "distance"] == pytest.approx(grid["signed_distance"], abs=1e-6)
        minima = entry["continuous_local_minima_symmetric_delta_in_-6_6"]
        minima = sorted((m for m in minima if not m["boundary"]), key=lambda m: m["loss"])
        for kind, minimum in zip(("minimum", "other_minimum"), minima, strict=False):
            assert found[kind, "loss"] == pytest.approx(minimum["loss"], abs=1e-6)
            assert found[kind, "distance"] == pytest.approx(minimum["signed_distance"], abs=5e-6)
        assert ("barrier", "height") in found.index or len(minima) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch_sizes": [61]}, "batch of 61 is larger than the 60 pairs"),
        ({"temperatures": [0]}, "temperature 0: must be above 0"),
        ({"grid": {"first": 2, "last": -2, "step": 0.5}}, "is not increasing"),
    ],
)
def test_bad_settings_leave_nothing(drawn, tmp_path, changes, words):
    with pytest.raises(InputError, match=words):
        sweep(tmp_path, drawn, **changes)
    assert not (tmp_path / "out").exists()


def test_a_single_pair_and_a_closed_gap(drawn, tmp_path):
    with pytest.raises(InputError, match="at least 2"):
        sweep(tmp_path, drawn[:, :1])
    with pytest.raises(InputError, match="the gap vector is zero"):
        sweep(tmp_path, drawn[[0, 0]])


def test_minima_are_shares_of_the_gap(tables, tmp_path):
    paths = [tmp_path / f"minima.{ending}" for ending in ("csv", "md", "tex")]
    table_shift_minima.main([tables["extrema"]], paths, states={"mine": "trained"})
    rows = pd.read_csv(paths[0])
    keys = ["embeddings", "moved", "side", "batch_size", "tau"]
    assert not rows.duplicated(keys).any()
    assert len(rows) == 2 * 3 * 3 * 2
    gap = read_metadata(tables["extrema"])["gap"]
    found = read_table(tables["extrema"]).query("extremum == 'minimum' and statistic == 'delta'")
    joined = rows.merge(found, on=keys)
    np.testing.assert_allclose(joined["shift"] * gap, joined["value"])
    known = rows[rows["shift_low"].notna()]
    assert len(known)
    assert (known["shift_size_low"] <= known["shift_size"]).all()
    assert (known["shift_size"] <= known["shift_size_high"]).all()
    across = known[known["shift_low"] * known["shift_high"] < 0]
    assert (across["shift_size_low"] == 0).all()
    assert (rows["n_seeds"] == 1).all()
    # Printed: the whole symmetric loss over all pairs, both modalities moved.
    assert len(paths[1].read_text().splitlines()) == 2 + 2


def test_an_interval_around_zero_holds_shifts_of_size_zero():
    rows = pd.DataFrame(
        {
            **{key: ["mine"] * 2 for key in ["embeddings", "moved", "protocol", "side"]},
            **{key: [1, 1] for key in ["batch_size", "tau", "n", "of", "dim", "seed"]},
            "n_resamples": 1,
            "extremum": "minimum",
            "statistic": ["delta", "loss"],
            "value": [-0.1, 2.0],
            "low": [-0.3, 1.0],
            "high": [0.2, 3.0],
            "interval_method": "resampled",
            "boundary": False,
        }
    )
    (row,) = table_shift_minima.lowest_points(rows, gap=0.5).to_dict("records")
    measured = [row[f"shift_size{end}"] for end in ("", "_low", "_high")]
    np.testing.assert_allclose(measured, [0.2, 0.0, 0.6])
    assert row["loss"] == 2.0


def test_of_many_pairs_batches_are_drawn_and_all_of_them_give_the_gap(drawn, tables, tmp_path):
    sizes = {"batch_sizes": [10, "1/4", "all"]}
    few = sweep(tmp_path, drawn, largest_batch=40, sample_seed=5, **sizes)
    about = read_metadata(few["landscape"])
    assert about["sampled"] == {"pictures": 40, "of": 60}
    assert about["n"] == 40
    assert about["gap"] == read_metadata(tables["landscape"])["gap"]
    assert "sampled" not in read_metadata(tables["landscape"])
    for kind in ("landscape", "extrema", "gradient"):
        table = read_table(few[kind])
        # Every batch, a share of the pairs too, is cut from the forty.
        assert set(table["batch_size"]) == {10, 40}
        assert set(table["n"]) == {40}
        assert set(table["of"]) == {60}
        assert set(read_table(tables[kind])["of"]) == {60}
    # In the order of the draw: batches of neighbours would show how the pairs were sorted.
    chosen = np.random.default_rng(5).permutation(60)[:40]
    assert set(read_table(few["clouds"])["pair"]) <= set(chosen)
    landscape = read_table(few["landscape"])
    (tmp_path / "alone").mkdir()
    alone = read_table(sweep(tmp_path / "alone", drawn[:, chosen], **sizes)["landscape"])
    # The direction is that of all pairs, which matters as soon as anything moves.
    at_rest = landscape["delta"] == 0
    np.testing.assert_allclose(landscape["value"][at_rest], alone["value"][at_rest])
    np.testing.assert_allclose(landscape["distance"][at_rest], alone["distance"][at_rest])
    assert not np.allclose(landscape["value"][~at_rest], alone["value"][~at_rest])


def test_moments_of_all_pairs_give_the_direction_of_a_sample(drawn, tables, tmp_path):
    pairs = collect_pairs(*drawn, np.arange(60), 0)
    moments = tmp_path / "moments.npz"
    write_moments(moments, pairs, {})
    whole = read_metadata(tables["landscape"])["gap"]
    some = sweep(tmp_path, drawn[:, :30], moments=moments, batch_sizes=["all"])
    assert read_metadata(some["landscape"])["gap"] == pytest.approx(whole, abs=1e-6)
    alone = sweep(tmp_path, drawn[:, :30], batch_sizes=["all"])
    assert read_metadata(alone["landscape"])["gap"] != pytest.approx(whole, abs=1e-6)
