"""What one sees in figures of simulations, told from their tables."""

import numpy as np
import pandas as pd

from modgap.report.sentences.simulations import tell_depth, tell_sphere, tell_theorems
from modgap.tables import write_table


def test_random_networks_are_told_after_their_last_layer(tmp_path):
    rows = [
        (activation, bias, seed, depth, cosine * (depth > 0) + seed / 10)
        for activation, cosine in (("ReLU", 0.7), ("Tanh", 0.2))
        for bias in ("normal", "none")
        for seed in (0, 1)
        for depth in (0, 3)
    ]
    columns = ["activation", "bias", "seed", "depth", "mean_cosine"]
    frame = pd.DataFrame(rows, columns=columns).assign(architecture="plain")
    other = frame.assign(architecture="residual", mean_cosine=0.99)
    path = tmp_path / "a.parquet"
    write_table(pd.concat([frame, other]), path)
    told = tell_depth([path])
    assert "0.05 before the first, is after 3 layers" in told
    assert "0.25 (Tanh) to 0.75 (ReLU) with bias N(0, 1/width)" in told
    assert "without bias (means over 2 seeds)" in told
    write_table(other, path)
    assert tell_depth([path]) == ""


def arcs(path, closing):
    """Gap-closing temperatures of two spacings, of mismatched and of matched pairs."""
    frame = pd.DataFrame({"spacing": [20, 20, 15], "share": [1 / 3, 0.0, 1 / 3], "value": closing})
    frame = frame.assign(n=6, tau=np.nan, statistic="gap_closing_temperature")
    write_table(frame, path)
    return path


def drawn(path):
    """Gap-closing temperatures of random pairs in two numbers of dimensions, and their limit."""
    frame = pd.DataFrame(
        {"dim": [16, 3, 3, np.nan], "share": [0.2, 0.2, 0.1, 0.2], "value": [0.1, 0.4, 9.0, 9.0]}
    )
    frame = frame.assign(n=20, tau=np.nan, statistic="gap_closing_temperature")
    write_table(frame.assign(low=frame["value"] / 2, high=frame["value"] * 2), path)
    return path


def test_pairs_on_a_sphere_are_told_by_the_temperature_that_closes_the_gap(tmp_path):
    paths = [arcs(tmp_path / "a.parquet", [0.05, 0.0, 9.0]), drawn(tmp_path / "b.parquet")]
    told = tell_sphere(paths)
    assert "of 6 pairs 20° apart is lowest at a closed gap from τ = 1/20 on where 33 %" in told
    assert "at every temperature where all match" in told
    assert "With 20 % of 20 random pairs mismatched" in told
    assert "from τ = 0.400 (over the draws: 0.200 to 0.800) on in 3 dimensions" in told
    assert "from τ = 0.100 (over the draws: 0.050 to 0.200) on in 16 dimensions" in told
    open_gap = tell_sphere([arcs(tmp_path / "a.parquet", [np.inf, 0.0, 9.0])])
    assert "at no temperature where 33 %" in open_gap
    assert "random" not in open_gap
    assert tell_sphere([]) == ""


def test_theorems_are_told_as_counts_of_what_they_claim(tmp_path):
    rows = [("theorem 1", "normal", holds) for holds in ("yes", "yes", "undecided", "no claim")]
    rows += [("theorem 2", "normal", "yes"), ("theorem 2", "none", "no")]
    path = tmp_path / "a.parquet"
    write_table(pd.DataFrame(rows, columns=["theorem", "bias", "holds"]), path)
    told = tell_theorems([path])
    assert "2 of 3 for Theorem 1 (1 undecided); 1 of 1 for Theorem 2; 0 of 1 for Theorem 2" in told
    assert told.endswith("without the bias that it assumes.")
    assert tell_theorems([]) == ""
