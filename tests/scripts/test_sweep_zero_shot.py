"""A planted zero-shot task through the sweep, Table 1 and Supplementary Figure 10."""

import numpy as np
import pandas as pd
import pytest

import figS10_zero_shot_shift
import table1_zero_shot
from modgap.errors import InputError
from modgap.statistics.geometry import direction, gap_vector, normalise
from modgap.statistics.inference import holm
from modgap.tables import read_embeddings, read_metadata, read_table, write_embeddings, write_table
from moved_pairs import move_rows
from planted_tasks import PROVENANCE, write_task
from sweep_zero_shot import main

DELTAS = [round(-2 + 0.5 * i, 2) for i in range(9)]
SETTINGS = {
    "name": "planted",
    "templates": "own",
    "prompts_file": "own.yaml",
    "columns": ["label"],
    "metric": "accuracy",
    "caption": None,
    "deltas": DELTAS,
    "sides": ["both", "first", "second"],
    "n_draws": 499,
    "n_folds": 4,
    "n_directions": 200,
    "n_permutations": 20,
    "seed": 0,
}
OUTPUTS = ("curve", "selection", "controls")


def run(folder, paths, gap=None, **settings):
    """Sweep a task; the three tables and where they are."""
    files = [folder / f"{name}.parquet" for name in OUTPUTS]
    main(
        paths["images"], paths["prompts"], paths["samples"], gap, *files, **{**SETTINGS, **settings}
    )
    return [read_table(path) for path in files]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    paths = write_task(folder)
    return folder, paths, run(folder, paths)


def test_curve_is_that_of_shifting_anew(planted):
    _, paths, (curve, _, _) = planted
    _, X, _ = read_embeddings(paths["images"])
    _, T, _ = read_embeddings([paths["prompts"]])
    X, T = normalise(X), normalise(T)
    labels = np.arange(600) % 8
    u = direction(gap_vector(X, T))
    for side in SETTINGS["sides"]:
        rows = curve[(curve["side"] == side) & (curve["statistic"] == "top1")]
        assert list(rows["delta"]) == DELTAS
        for row in rows.itertuples():
            moved_x, moved_t = move_rows(X, T, u, row.delta, side)
            cosines = moved_x @ moved_t.T
            assert row.value == pytest.approx((cosines.argmax(axis=1) == labels).mean())
            gap = np.linalg.norm(gap_vector(moved_x, moved_t))
            assert abs(row.distance) == pytest.approx(gap)
        assert (rows["low"] < rows["value"]).all()
        assert (rows["value"] < rows["high"]).all()


def test_every_measure_and_the_exact_curve(planted):
    _, _, (curve, _, _) = planted
    assert set(curve["statistic"]) == {"top1", "top5", "mean_per_class", "top1_exact"}
    assert set(curve.loc[curve["statistic"] == "top1_exact", "side"]) == {"first"}
    first = curve[curve["side"] == "first"].set_index("statistic")
    grid, exact = first.loc["top1"], first.loc["top1_exact"]
    at = np.searchsorted(exact["delta"], grid["delta"], side="right") - 1
    np.testing.assert_allclose(exact["value"].to_numpy()[at], grid["value"])
    # Classes of equal size: the mean over classes is the accuracy.
    np.testing.assert_allclose(first.loc["mean_per_class", "value"], grid["value"])
    assert (first.loc["top5", "value"].to_numpy() >= grid["value"].to_numpy()).all()


def test_selection_has_every_procedure(planted):
    _, _, (_, selection, _) = planted
    of_pictures = selection[selection["side"] == "first"].set_index("procedure")
    assert list(of_pictures.index) == [
        "published",
        "corrected",
        "cross-fitted, 4 folds",
        "exact optimum",
    ]
    assert of_pictures.loc["exact optimum", "after"] >= of_pictures.loc["published", "after"]
    assert of_pictures.loc["published", "gain"] > 0.02
    assert of_pictures.loc["corrected", "low"] > 0
    assert of_pictures.loc["corrected", "p"] < 0.05
    assert "exact optimum" not in set(selection.loc[selection["side"] == "both", "procedure"])


def test_controls_go_through_the_same_selection(planted):
    _, _, (_, selection, controls) = planted
    for side in SETTINGS["sides"]:
        rows = controls[controls["side"] == side]
        counts = rows["control"].value_counts()
        assert counts["random direction"] == 200
        assert counts["permuted offsets"] == counts["swapped labels"] == 20
        assert counts["gap"] == counts["second principal direction"] == 1
        assert ("offset only" in counts) == (side == "both")
        chosen = selection[selection["side"] == side].set_index("procedure")
        gap = rows[rows["control"] == "gap"].iloc[0]
        assert gap["gain"] == chosen.loc["published", "gain"]
        assert gap["gain"] == pytest.approx(chosen.loc["corrected", "gain"])


def test_two_runs_give_the_same_numbers(planted, tmp_path):
    _, paths, tables = planted
    for table, again in zip(tables, run(tmp_path, paths), strict=True):
        pd.testing.assert_frame_equal(table, again)


def test_gap_of_another_set_gives_the_direction(planted, tmp_path):
    _, paths, (curve, _, _) = planted
    rng = np.random.default_rng(0)
    first = normalise(rng.normal(size=(50, 64)) + 2 * np.eye(64)[0])
    second = normalise(rng.normal(size=(50, 64)) - 2 * np.eye(64)[0])
    ids = pd.DataFrame({"sample_id": [f"s{i}" for i in range(50)], "caption_index": 0})
    write_embeddings(tmp_path / "x.parquet", ids[["sample_id"]], first, PROVENANCE)
    write_embeddings(tmp_path / "y.parquet", ids, second, PROVENANCE)
    write_table(ids, tmp_path / "s.parquet")
    gap = ([tmp_path / "x.parquet"], [tmp_path / "y.parquet"], tmp_path / "s.parquet")
    other, _, controls = run(tmp_path, paths, gap, caption="first", sides=["both"])
    ours = curve[(curve["side"] == "both") & (curve["statistic"] == "top1")]
    theirs = other[other["statistic"] == "top1"]
    assert not np.allclose(ours["value"], theirs["value"])
    zero = [frame.set_index("delta").loc[0.0, "value"] for frame in (ours, theirs)]
    assert zero[0] == zero[1]
    assert set(controls["control"]) >= {"gap", "swapped labels", "offset only"}


@pytest.mark.parametrize("sides", [["both"], ["first"]])
def test_auc_of_two_classes(tmp_path, sides):
    paths = write_task(tmp_path, n=160, n_classes=2, noise=0.6)
    curve, selection, controls = run(tmp_path, paths, metric="auc", sides=sides)
    assert set(curve["statistic"]) == {"top1", "mean_per_class", "auc"} | (
        {"top1_exact"} if sides == ["first"] else set()
    )
    chosen = selection.set_index("procedure")
    assert np.isnan(chosen.loc["published", "p"])
    assert "DeLong" in chosen.loc["corrected", "test"]
    if sides == ["both"]:
        offset = controls[controls["control"] == "offset only"].iloc[0]
        assert offset["gain"] == 0


def test_table_1(planted, tmp_path):
    folder, _, (_, selection, _) = planted
    hard = tmp_path / "hard"
    hard.mkdir()
    run(hard, write_task(hard, n=200, noise=6.0))
    tasks = [
        {"name": name, "label": name, "dataset": "planted", "model": "m", "state": state}
        | {"prompts": "own", "templates": "own", "gap": "task", "counts_as": name}
        for name, state in [("easy", "trained"), ("hard", "trained"), ("untrained", "random")]
    ]
    folders = [folder, hard, folder]
    inputs = [[f / f"{name}.parquet" for f in folders] for name in ("selection", "controls")]
    curves = [f / "curve.parquet" for f in folders]
    outputs = [tmp_path / f"table1.{suffix}" for suffix in ("csv", "md", "tex")]
    table1_zero_shot.main(*inputs, curves, *outputs, tasks=tasks)
    table = pd.read_csv(outputs[0], keep_default_na=False, na_values=[""])
    assert len(table) == 9
    rows = table[table["side"] == "first"].set_index("task")
    chosen = selection[selection["side"] == "first"].set_index("procedure")
    easy = rows.loc["easy"]
    assert easy["corrected_gain"] == pytest.approx(chosen.loc["corrected", "gain"])
    cross_fitted = chosen.loc["cross-fitted, 4 folds", "gain"]
    assert easy["optimism"] == pytest.approx(easy["published_gain"] - cross_fitted)
    assert easy["verdict"] in ("gain", "gain, no more than controls")
    assert easy["percentile_of_random"] > 90
    # Two trained tasks a side, one of them at chance level: Holm doubles the smaller p.
    for side in SETTINGS["sides"]:
        pair = table[(table["side"] == side) & (table["task"] != "untrained")]
        np.testing.assert_allclose(pair["corrected_p_holm"], holm(pair["corrected_p"]))
    assert easy["corrected_p_holm"] == pytest.approx(2 * easy["corrected_p"])
    assert rows.loc["hard", "verdict"] == "not judged: chance level"
    assert rows.loc["untrained", "verdict"] == "not judged: random weights"
    assert np.isnan(rows.loc["untrained", "corrected_p_holm"])
    assert "not judged: random weights" in outputs[1].read_text()
    assert r"published\_p" in outputs[2].read_text()


def test_near_duplicates_of_one_task_count_once():
    frame = pd.DataFrame(
        {
            "counts_as": ["cifar", "svhn", "cifar", "noise", "cifar"],
            "corrected_p": [0.02, 0.01, 0.0004, 0.9, 0.5],
            "weights": ["trained"] * 3 + ["random", "trained"],
            "side": "both",
        }
    )
    adjusted = table1_zero_shot.adjust_by_side(frame).sort_index()
    # Two tasks, whatever stands for the first: not four.
    np.testing.assert_allclose(adjusted, [0.02, 0.02, 0.0008, np.nan, 0.5])
    apart = frame.assign(counts_as=["a", "b", "c", "d", "e"])
    trained = frame["weights"] == "trained"
    np.testing.assert_allclose(
        table1_zero_shot.adjust_by_side(apart)[trained], holm(frame.loc[trained, "corrected_p"])
    )
    sides = pd.concat([frame, frame.assign(side="first")], ignore_index=True)
    again = table1_zero_shot.adjust_by_side(sides).sort_index()
    np.testing.assert_allclose(again, [*adjusted, *adjusted])


def test_figure_draws_every_task_and_side(planted, tmp_path, monkeypatch):
    folder, _, (curve, selection, _) = planted
    kept = []
    monkeypatch.setattr(
        figS10_zero_shot_shift, "save_pages", lambda figures, *rest, dpi: kept.extend(figures)
    )
    task = {"name": "t", "label": "Task", "model": "m", "state": "random"}
    files = [[folder / f"{name}.parquet"] for name in OUTPUTS]
    figS10_zero_shot_shift.main(
        *files,
        tmp_path / "f.pdf",
        [tmp_path / "f.png"],
        tasks=[task],
        page_rows=5,
        first="#D55E00",
        second="#0072B2",
        dpi=50,
    )
    axes = kept[0].axes
    assert len(axes) == 4
    assert "not judged: random weights" in [text.get_text() for text in axes[0].texts]
    both = curve[(curve["side"] == "both") & (curve["statistic"] == "top1")]
    drawn = axes[0].lines[0]
    np.testing.assert_allclose(drawn.get_xdata(), both["distance"])
    np.testing.assert_allclose(drawn.get_ydata(), both["value"])
    gain = selection.query("side == 'both' and procedure == 'corrected'")["gain"].item()
    assert any(np.allclose(line.get_xdata(), 100 * gain) for line in axes[1].lines)
    figS10_zero_shot_shift.plt.close(kept[0])


def edited(paths, folder, **columns):
    """The same task with other columns in its samples."""
    samples = read_table(paths["samples"]).assign(**columns)
    write_table(samples, folder / "edited.parquet")
    return {**paths, "samples": folder / "edited.parquet"}


@pytest.mark.parametrize(
    ("columns", "settings", "message"),
    [
        ({"label": "zebra"}, {}, "planted: label 'zebra' has no prompt; add it to the classes of"),
        ({"label": "c1"}, {}, "planted: only one class, 'c1'"),
        ({}, {"columns": ["shape"]}, "the samples have no column 'shape'; there are sample_id"),
        ({}, {"metric": "auc"}, "metric auc is for two classes, and there are 8"),
    ],
)
def test_bad_input_is_one_clear_line(planted, tmp_path, columns, settings, message):
    _, paths, _ = planted
    with pytest.raises(InputError, match=message) as caught:
        run(tmp_path, edited(paths, tmp_path, **columns), **settings)
    assert "\n" not in str(caught.value)


def test_class_missing_from_the_data(planted, tmp_path):
    _, paths, _ = planted
    labels = read_table(paths["samples"])["label"].replace("c3", "c4")
    with pytest.raises(InputError, match=r"no picture of class 'c3' of own\.yaml"):
        run(tmp_path, edited(paths, tmp_path, label=labels))


def test_too_few_of_a_class_for_an_auc(tmp_path):
    paths = write_task(tmp_path, n=12, n_classes=2)
    with pytest.raises(InputError, match="a class has 6 pictures; an AUC needs at least 8"):
        run(tmp_path, paths, metric="auc")


def test_crops_of_one_file_count_as_one_picture(planted, tmp_path):
    """Rows with the same ``image`` flip together: as many crops as pictures widen the interval."""
    _, paths, (_, selection, _) = planted
    names = [f"file-{i // 6}" for i in range(600)]
    settings = {"sides": ["first"]}
    _, of_files, _ = run(tmp_path, edited(paths, tmp_path, image=names), **settings)
    ours, theirs = (
        frame[(frame["side"] == "first") & (frame["procedure"] == "corrected")].iloc[0]
        for frame in (selection, of_files)
    )
    assert theirs["gain"] == ours["gain"]
    assert (theirs["low"], theirs["high"]) != (ours["low"], ours["high"])


def test_prompts_of_another_model(planted, tmp_path):
    _, paths, _ = planted
    rows, vectors, _ = read_embeddings([paths["prompts"]])
    write_embeddings(tmp_path / "p.parquet", rows, vectors, {**PROVENANCE, "model": "other"})
    with pytest.raises(InputError, match="they were not made together"):
        run(tmp_path, {**paths, "prompts": tmp_path / "p.parquet"})


def test_metadata_says_what_chance_is(planted):
    about = read_metadata(planted[0] / "curve.parquet")
    assert about["n"] == 600
    assert about["n_classes"] == 8
    assert about["largest_class"] == pytest.approx(0.125)
