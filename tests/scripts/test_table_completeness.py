"""The table of what completeness of captions does, from measurements of twelve drawn scenes."""

import numpy as np
import pandas as pd
import pytest

import table_completeness
from modgap.data.kinds.drawn import ATTRIBUTES, draw_samples
from modgap.statistics.all_pairs import measure_pair
from modgap.tables import write_table

N = 12
GAP = 0.5


def lowest(batch_size, tau, value, **changes):
    row = {"extremum": "minimum", "statistic": "delta", "protocol": "corrected", "moved": "both"}
    row |= {"side": "both", "batch_size": batch_size, "tau": tau, "interval_method": "bootstrap"}
    return {**row, "value": value, "low": value - 0.1, "high": value + 0.1, **changes}


@pytest.fixture
def table(tmp_path):
    sets, files = [], {key: [] for key in ("samples", "gaps", "pairs", "extrema")}
    for name in ("partial", "full"):
        entry = {"kind": "scenes", "n": N, "seed": 0, "completeness": name}
        samples, _ = draw_samples(entry, "s.npy")
        if name == "full":
            # The caption of the first is true of the second as well, and the other way round.
            samples.loc[1, ["caption", *ATTRIBUTES]] = samples.loc[0, ["caption", *ATTRIBUTES]]
        else:
            samples = samples.assign(caption="a circle", shape="circle", mentioned="shape")
        X, Y = np.random.default_rng(0).normal(size=(2, N, 5))
        measured = measure_pair(
            name, X, Y, np.arange(N), n_resamples=50, relevance=None, seed=0, block=50
        )
        extrema = [
            lowest(4, 0.01, 0.9),
            lowest(12, 0.1, 0.9),
            lowest(12, 0.01, -0.25),
            lowest(12, 0.01, 0.9, protocol="published"),
            lowest(12, 0.01, 0.9, moved="first"),
            lowest(12, 0.01, 0.9, side="first_to_second"),
            lowest(12, 0.01, 0.9, extremum="maximum"),
            lowest(12, 0.01, 0.9, statistic="loss"),
        ]
        for key, frame, about in (
            ("samples", samples, {}),
            ("gaps", measured, {}),
            ("pairs", measured, {}),
            ("extrema", pd.DataFrame(extrema), {"gap": GAP}),
        ):
            files[key].append(tmp_path / f"{name}-{key}.parquet")
            write_table(frame, files[key][-1], about)
        sets.append({"embeddings": name, "captions": name, "weights": "trained", "tasks": []})
    sets[1]["tasks"] = ["shape"]
    curve = pd.DataFrame({"delta": [-1.0, 0.0], "value": [0.9, 0.6], "low": 0.5, "high": 0.95})
    curves = [tmp_path / "curve.parquet"]
    write_table(curve.assign(statistic="top1", interval_method="Wilson"), curves[0], {
        "largest_class": 0.2
    })  # fmt: skip
    paths = [tmp_path / f"completeness.{end}" for end in ("csv", "md", "tex")]
    table_completeness.main(*files.values(), curves, *paths, sets=sets, batch_size=4)
    return pd.read_csv(paths[0]).set_index("embeddings"), measured


def test_what_stands_in_a_row(table):
    frame, measured = table
    measured = measured.set_index(["statistic", "side"])["value"]
    full = frame.loc["full"]
    assert full["gap"] == pytest.approx(measured["gap", "both"])
    assert full["recall1_first_to_second"] == measured["recall1", "first_to_second"]
    assert full["recall1_second_to_first_chance"] == pytest.approx(1 / N)
    # Of all pairs, at the lowest temperature, corrected, both moved; as a share of the gap.
    assert (full["tau"], full["shift"]) == (0.01, -0.25 / GAP)
    assert full["shift_low"] == pytest.approx(-0.35 / GAP)
    assert (full["zero_shot_shape"], full["zero_shot_shape_chance"]) == (0.6, 0.2)
    assert np.isnan(frame.loc["partial", "zero_shot_shape"])


def test_another_true_caption_is_counted_over_all_batches(table):
    frame, _ = table
    # Two of twelve pictures have one other true caption, in 3 of 11 places of a batch of 4.
    assert frame.loc["full", "another_true_caption"] == pytest.approx(2 / N * 3 / (N - 1))
    assert frame.loc["full", "distinct_captions"] == N - 1
    assert frame.loc["partial", "another_true_caption"] == 1
