"""Which number people see of a gap, and the words around it; coverage of small samples."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from modgap.statistics import geometry, measurements
from modgap.statistics.headline import headline_gap, spell_gap
from modgap.statistics.moments.sums import collect_pairs


def tidy(gap, unbiased, limits):
    """A table with a gap whose interval may be missing; the sides of other rows are not both."""
    given = limits is not None and limits[0] <= gap <= limits[1]
    nothing = (np.nan, np.nan)
    rows = [
        ("gap", "both", gap, *(limits if given else nothing)),
        ("gap_unbiased", "both", unbiased, *(limits or nothing)),
        ("gap", "first", 9.0, *nothing),
    ]
    return pd.DataFrame(rows, columns=["statistic", "side", "value", "low", "high"])


@pytest.mark.parametrize(
    ("gap", "unbiased", "limits", "chosen", "words"),
    [
        (0.851, 0.850, (0.84, 0.86), "gap", "0.851 [0.840, 0.860]"),
        (0.8549, 0.850, (0.84, 0.86), "gap", "0.855 [0.840, 0.860]"),
        (0.856, 0.850, (0.84, 0.86), "gap_unbiased",
         "0.850 [0.840, 0.860] (sampling bias removed)"),
        (0.870, 0.850, (0.84, 0.86), "gap_unbiased",
         "0.850 [0.840, 0.860] (sampling bias removed)"),
        (0.851, 0.850, None, "gap_unbiased",
         "0.850 (sampling bias removed, n too small for an interval)"),
        (0.5, 0.5 - 1e-16, (0.5, 0.5), "gap", "0.500 [0.500, 0.500]"),
    ],
)  # fmt: skip
def test_gap_without_bias_heads_where_the_bias_shows(gap, unbiased, limits, chosen, words):
    row = headline_gap(tidy(gap, unbiased, limits))
    assert row["statistic"] == chosen
    assert row["side"] == "both"
    assert spell_gap(row) == words


@pytest.fixture(scope="module")
def population():
    """Pairs in a cone, a gap of about 0.3; the population is all of them, so its gap is known."""
    rng = np.random.default_rng(0)
    content = rng.standard_normal((4000, 24)) * np.arange(1, 25) ** -0.5
    own = rng.standard_normal((2, 4000, 24)) * np.arange(1, 25) ** -0.5
    cone, apart = 2 * np.eye(24)[3], 0.35 * np.eye(24)[9]
    X, Y = geometry.normalise(content + 0.5 * own + cone + np.array([apart, -apart])[:, None])
    return X, Y, np.linalg.norm(geometry.gap_vector(X, Y))


# Pictures, draws.
SAMPLES = [(5, 40), (10, 100), (20, 100), (50, 60)]


@pytest.mark.parametrize(("n", "draws"), SAMPLES)
def test_small_samples_hold_the_true_gap_and_their_estimate(population, n, draws):
    """Never an estimate outside; where there is an interval it holds the true gap."""
    X, Y, truth = population
    rng = np.random.default_rng(n)
    heads = []
    for seed in range(draws):
        drawn = rng.integers(len(X), size=n)
        rows = measurements.gap_rows(
            collect_pairs(X[drawn], Y[drawn], np.arange(n), seed), 200, seed
        )
        frame = pd.DataFrame(rows)
        given = frame[frame["low"].notna()]
        assert given["value"].between(given["low"], given["high"]).all()
        heads.append(headline_gap(frame))
    heads = pd.DataFrame(heads)
    if n < measurements.FEWEST_FOR_INTERVAL:
        assert heads["low"].isna().all()
        assert (heads["interval_method"] == measurements.TOO_FEW).all()
    else:
        assert heads["low"].notna().all()
        covered = ((heads["low"] <= truth) & (truth <= heads["high"])).sum()
        # A true coverage of 93 % fails once in a thousand draws of this test.
        assert covered >= binom.ppf(1e-3, draws, 0.93)
    # Of the estimates that people see, the middle is true, whether bounded or not.
    error = heads["value"].std() / np.sqrt(draws)
    assert abs(heads["value"].mean() - truth) < 4 * error + 0.05 * truth
