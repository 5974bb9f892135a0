"""What one sees in figures of embedding sets, told from their tables."""

import pandas as pd
import pytest

from modgap.report.sentences.gaps import (
    read_lowest,
    tell_gaps,
    tell_lowest,
    tell_matrices,
    tell_models,
)
from modgap.tables import write_table


def gap(title, value):
    return {"title": title, "gap": value, "low": value - 0.01, "high": value + 0.01}


def test_gaps_are_told_one_by_one_or_from_the_least_to_the_largest():
    assert tell_gaps([gap("A", 0.851), gap("B", 1.136)]) == (
        "The two clouds of A are 0.851 apart (95 %: 0.841 to 0.861); those of B 1.136."
    )
    many = tell_gaps([gap(name, i / 10) for i, name in enumerate("ABCDE", 1)])
    assert many == "The two clouds of 5 embedding sets lie apart by 0.100 (A) to 0.500 (E)."
    assert tell_gaps([{**gap("A", 0.5), "low": float("nan")}]).endswith("are 0.500 apart.")
    assert tell_gaps([]) == ""


def extrema(path, **changed):
    rows = {
        "extremum": "minimum",
        "statistic": "distance",
        "moved": "both",
        "protocol": "corrected",
        "batch_size": [50, 90, 90],
        "tau": [0.01, 1.0, 0.01],
        "value": [9.0, 0.2, 1.2],
        "boundary": False,
        "n": 90,
        **changed,
    }
    write_table(pd.DataFrame(rows), path, {"gap": 0.8})
    return path


def test_the_lowest_loss_is_that_of_the_largest_batch(tmp_path):
    lowest = read_lowest(extrema(tmp_path / "a.parquet"))
    assert [(row["tau"], row["distance"]) for row in lowest] == [(0.01, 1.2), (1.0, 0.2)]
    text = tell_lowest(lowest)
    assert "with a wider gap of 1.20 (150 % of today's) at τ = 1/100" in text
    assert "with a narrower gap of 0.20 (25 % of today's) at τ = 1" in text
    assert read_lowest(tmp_path / "none.parquet") == []
    assert tell_lowest([]) == ""


def test_a_lowest_loss_at_the_end_of_the_grid_is_no_minimum(tmp_path):
    path = extrema(tmp_path / "a.parquet", boundary=True)
    assert "beyond the shifts that were tried at τ = 1/100 and at τ = 1." in tell_lowest(
        read_lowest(path)
    )


def test_a_loss_is_lowest_where_the_clouds_are_closed_or_crossed(tmp_path):
    path = extrema(tmp_path / "a.parquet", value=[0, 0.001, 0.8])
    text = tell_lowest(read_lowest(path))
    assert "where the clouds already are at τ = 1/100 and with the gap closed" in text
    crossed = tell_lowest(read_lowest(extrema(tmp_path / "b.parquet", value=[0, -0.4, 0.8])))
    assert "moved past each other (gap −0.40)" in crossed


def measured(path, name, gap, recalls=()):
    """The rows of one pair of modalities that the matrices show."""
    rows = [("gap", "both", gap)]
    sides = ("first_to_second", "second_to_first")
    rows += [("recall1", side, value) for side, value in zip(sides, recalls, strict=False)]
    frame = pd.DataFrame(rows, columns=["statistic", "side", "value"])
    frame = frame.assign(low=frame["value"] - 0.01, high=frame["value"] + 0.01)
    write_table(frame.assign(embeddings=name, n=60, dim=8), path)
    return path


def test_of_many_modalities_the_closest_and_the_farthest_pair_are_told(tmp_path):
    sets = [
        {"name": name, "dataset": "d", "data": "Mine", "modalities": pair}
        for name, pair in [("a", ["image", "text"]), ("b", ["image", "audio"])]
    ]
    paths = [
        measured(tmp_path / "a.parquet", "a", 0.9, (0.5, 0.75)),
        measured(tmp_path / "b.parquet", "b", 0.2, (0.125, 0.25)),
    ]
    write_table(pd.DataFrame({"x": [0.0], "modality": "image"}), tmp_path / "points.parquet")
    told = tell_matrices([tmp_path / "points.parquet", *paths], sets)
    assert "image and audio lie closest, with a gap of 0.200 (95 %: 0.190 to 0.210)" in told
    assert "image and text farthest apart, with 0.900" in told
    assert "recall@1 is lowest from image to audio, 12.5 %" in told
    # From the second modality to the first: the other way round.
    assert "highest from text to image, 75.0 %" in told
    assert told.endswith("(n = 60).")
    assert tell_matrices(paths[:1], sets) == ""
    assert tell_matrices(paths, []) == ""


def models(path, gaps, **more):
    """A table across models with these gaps, and a task on each."""
    frame = pd.DataFrame({"gap": gaps, "model": [f"m{i}" for i in range(len(gaps))]})
    frame = frame.assign(
        weights="random",
        dataset="scenes",
        n=60,
        gap_low=frame["gap"] - 0.1,
        gap_high=frame["gap"] + 0.1,
        task="size",
        zero_shot=[0.2 + i / 10 for i in range(len(gaps))],
        zero_shot_low=None,
        zero_shot_high=None,
        zero_shot_metric="accuracy",
        chance=0.5,
    )
    frame.assign(**more).to_csv(path, index=False)
    return path


def test_models_are_told_with_their_gap_and_their_accuracy(tmp_path):
    told = tell_models([models(tmp_path / "few.csv", [0.5])])
    assert "The gap is 0.500 (95 %: 0.400 to 0.600) for m0 with random weights on scenes" in told
    assert "accuracy is 20.0 % (m0 with random weights on scenes, size; chance 50.0 %)" in told
    many = tell_models([models(tmp_path / "many.csv", [0.5, 0.1, 0.9, 0.7])])
    assert "of 4 models and datasets goes from 0.100" in many
    assert "(m1 with random weights on scenes) to 0.900" in many
    assert "20.0 % (m0" in many
    assert "to 50.0 % (m3" in many


def test_an_auc_is_no_accuracy_and_no_table_no_sentence(tmp_path):
    told = tell_models([models(tmp_path / "a.csv", [0.5], zero_shot_metric="auc")])
    assert "accuracy" not in told
    assert tell_models([tmp_path / "none.csv"]) == ""
    assert tell_models([]) == ""


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"verdict": "too few models (3 of at least 10)", "n_models": 3}, "too few models (3 of"),
        ({"verdict": "no test possible"}, "cannot be tested"),
        ({"verdict": "none shown"}, "no association of gap, cone or logit scale"),
        ({}, "gap with recall@1 from images (τ = 0.80, 0.60 to 0.90 without one family; p = 0.01"),
    ],
)
def test_associations_across_models_are_told_with_their_p_or_not_at_all(tmp_path, changes, told):
    row = {
        "measure": "gap", "outcome": "recall1_images", "n_models": 12, "tau": 0.8,
        "tau_lowest": 0.6, "tau_highest": 0.9, "p": 0.01, "p_holm": 0.01, "verdict": "positive",
    }  # fmt: skip
    pd.DataFrame([row | changes]).to_csv(tmp_path / "associations.csv", index=False)
    models_path = models(tmp_path / "models.csv", [0.5])
    text = tell_models([models_path, tmp_path / "associations.csv"])
    assert told in text
    assert text.startswith(tell_models([models_path]))
