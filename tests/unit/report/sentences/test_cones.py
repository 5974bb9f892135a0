"""What one sees in figures of cones, told from their tables."""

import numpy as np
import pandas as pd

from modgap.report.sentences.cones import (
    tell_cones,
    tell_independent,
    tell_initial_gaps,
    tell_initialisations,
    tell_layers,
    tell_normalisation,
)
from modgap.tables import write_table


def test_cones_are_called_by_their_names(tmp_path):
    paths = []
    for name, value in (("m/d/images", 0.5), ("m/d/texts", 0.25)):
        path = tmp_path / f"{len(paths)}.parquet"
        rows = {"embeddings": name, "statistic": ["mean_cosine", "other"], "value": [value, 9.0]}
        write_table(pd.DataFrame(rows), path)
        paths.append(path)
    write_table(pd.DataFrame({"low": [0.0]}), tmp_path / "histogram.parquet")
    told = tell_cones([*paths, tmp_path / "histogram.parquet"], {"m/d/texts": "M, texts"})
    assert "0.50 for m/d/images; 0.25 for M, texts" in told
    assert tell_cones([tmp_path / "histogram.parquet"], {}) == ""


def seeds(path, name, within=0.8, between=0.1, layers="kept", side="images", **more):
    """What ``measure_seeds`` writes of one tower, and of both towers together."""
    rows = {
        (side, "cosine_within_initialisations"): within,
        (side, "cosine_between_initialisations"): between,
        ("both", "gap"): 1.2,
        ("both", "predicted_gap"): 1.0,
        ("both", "gap_ratio"): 1.25,
        **more,
    }
    frame = pd.DataFrame([(*key, value) for key, value in rows.items()])
    frame.columns = ["side", "statistic", "value"]
    frame = frame.assign(low=frame["value"] - 0.01, high=frame["value"] + 0.01)
    frame = frame.assign(embeddings=name, normalisation_layers=layers, n=30, n_initialisations=4)
    write_table(frame, path)
    return path


def test_cones_of_random_starts_are_told_within_and_between(tmp_path):
    path = seeds(tmp_path / "a.parquet", "m/d")
    told = tell_initialisations([path], {"m/d/images": "M, images"})
    assert "0.80 (95 %: 0.79 to 0.81) and 0.10 (95 %: 0.09 to 0.11) for M, images" in told
    assert "(4 initialisations, n = 30)" in told
    removed = seeds(tmp_path / "b.parquet", "m/d", layers="removed")
    assert tell_initialisations([removed], {}) == ""
    paths = [seeds(tmp_path / f"{i}.parquet", f"m{i}/d", i / 10, -i / 100) for i in range(5)]
    many = tell_initialisations(paths, {})
    assert "over 5 encoders: 0.00 (m0/d, images) to 0.40 (m4/d, images)" in many
    assert "and -0.04 (m4/d, images) to 0.00 (m0/d, images)" in many


def test_two_networks_have_no_interval(tmp_path):
    path = seeds(tmp_path / "a.parquet", "m/d")
    frame = pd.read_parquet(path).assign(low=np.nan, high=np.nan)
    write_table(frame, path)
    assert "0.80 and 0.10 for m/d, images" in tell_initialisations([path], {})


def test_models_trained_apart_are_told_from_the_starts_of_the_same_name(tmp_path):
    trained = seeds(tmp_path / "trained.parquet", "m/d", within=0.5)
    start = seeds(tmp_path / "start.parquet", "m/d", within=0.9)
    names = {str(trained): "M, trained", "m/d": "M, random"}
    told = tell_independent([str(trained), str(start)], names)
    assert "0.50 (95 %: 0.49 to 0.51) and 0.10 (95 %: 0.09 to 0.11) for M, trained, images" in told
    assert "0.90 (95 %: 0.89 to 0.91) and 0.10 (95 %: 0.09 to 0.11) for M, random, images" in told
    assert tell_independent([], names) == ""


def test_the_gap_at_the_start_is_told_beside_the_one_of_independent_cones(tmp_path):
    paths = [
        seeds(tmp_path / "a.parquet", "m/d"),
        seeds(tmp_path / "b.parquet", "m/d", layers="removed"),
    ]
    told = tell_initial_gaps(paths, {"m/d": "M on D"})
    assert "M on D: gap 1.200 (95 %: 1.190 to 1.210), 1.250 (95 %: 1.240 to 1.260) times" in told
    assert "times the 1.000 that independent cones would have (4 initialisations, n = 30)" in told
    assert "M on D, normalisation layers removed: gap" in told
    many = [seeds(tmp_path / f"{i}.parquet", f"m{i}/d", **{}) for i in range(4)]
    assert "Untrained, 4 models have gaps of 1.200 to 1.200" in tell_initial_gaps(many, {})
    assert tell_initial_gaps([], {}) == ""


def layers(model, ends, readout="token mean"):
    """A tower from its first to its last layer, as a token and as the mean over tokens."""
    rows = [(0, "pooled token", 1.0), (0, readout, ends[0]), (9, "vector", ends[1])]
    frame = pd.DataFrame(rows, columns=["layer", "readout", "value"])
    return frame.assign(
        model=model, label=model, dataset="d", dataset_label="D", state="random", side="images",
        normalisation_layers="kept", low=frame["value"] - 0.01, high=frame["value"] + 0.01, n=40,
    )  # fmt: skip


def test_towers_are_told_at_their_first_and_their_last_layer(tmp_path):
    path = tmp_path / "a.parquet"
    write_table(layers("m", (0.1, 0.8)), path)
    assert tell_layers([path]).endswith(
        "0.10 (token mean) and 0.80 (95 %: 0.79 to 0.81) for m, images, random weights, D (n = 40)."
    )
    write_table(pd.concat([layers(f"m{i}", (0.1 * i, 0.15)) for i in range(4)]), path)
    many = tell_layers([path])
    assert "0.00 (m0, images, random weights, D) to 0.30 (m3, images, random weights, D)" in many
    assert many.endswith("it is higher at the last in 2.")
    write_table(layers("m", (0.1, 0.8)).assign(normalisation_layers="removed"), path)
    assert tell_layers([path]) == ""


def unnormalised(experiment, name, variant, value, stage="end", n_seeds=1):
    return {
        "experiment": experiment, "name": name, "normalisation": variant, "stage": stage,
        "statistic": "gap", "value": value, "low": value - 0.1, "high": value + 0.1, "n": 50,
        "n_seeds": n_seeds,
    }  # fmt: skip


def test_gaps_without_normalisation_are_told_by_experiment(tmp_path):
    path, scratch = tmp_path / "a.parquet", "trained from scratch"
    rows = [
        unnormalised("disabled in a trained model", "m/d", "as it is", 0.8),
        unnormalised("disabled in a trained model", "m/d", "no normalisation layers", 0.6),
        unnormalised(scratch, "m", "as it is", 1.1, "start", 3),
        unnormalised(scratch, "m", "as it is", 0.9, "end", 3),
        unnormalised(scratch, "n", "no normalisation layers", 0.7, "end", 3),
    ]
    write_table(pd.DataFrame(rows), path)
    told = tell_normalisation([path], {"m/d": "M on D"})
    assert (
        "Disabled in a trained model, M on D: gap 0.800 (95 %: 0.700 to 0.900) as it is; 0.600 "
        "(95 %: 0.500 to 0.700) with no normalisation layers (n = 50)."
    ) in told
    assert "Trained from scratch: gap 0.900 (95 %: 0.800 to 1.000) as it is, 1.100 before" in told
    assert "(n = 50, 3 seeds)" in told
    many = [unnormalised("disabled", f"m{i}", "as it is", i / 10) for i in range(5)]
    write_table(pd.DataFrame(many), path)
    assert tell_normalisation([path], {}) == "Disabled, 5 models: gap 0.000 to 0.400 as it is."
    assert tell_normalisation([], {}) == ""
