"""What was measured in words: pairs that are what they seem, and pairs that are not."""

import math

import numpy as np
import pandas as pd
import pytest

from modgap.plan.outputs.references import read_references
from modgap.report.answers.table import (
    ANSWER_COLUMNS,
    describe_answer,
    describe_retrieval,
    describe_separability,
    judge_retrieval,
    place_gap,
    warn_of_pairs,
)
from modgap.statistics.all_pairs import measure_pair

DIM = 32
NAMES = ["photos", "sounds"]


@pytest.fixture(scope="module")
def references(root):
    return read_references(root)


def trained_pairs(n, seed=0):
    """Two clouds apart, in which the rows of a pair share most of what they have."""
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n, DIM))
    X, Y = (shared + 0.4 * rng.standard_normal((n, DIM)) for _ in range(2))
    X[:, 0] += 4
    Y[:, 0] -= 4
    return X, Y


def hub_pairs(n=300, n_hubs=15, dim=512):
    """Pairs more alike than others that never find each other: the hubs are nearer to everyone."""
    rng = np.random.default_rng(0)
    shared = np.sqrt(0.4 / dim) * rng.standard_normal((n, dim))
    X, Y = (shared + np.sqrt(4 / dim) * rng.standard_normal((n, dim)) for _ in range(2))
    for hubs in (X[:n_hubs], Y[-n_hubs:]):
        hubs[:] = 0.001 * rng.standard_normal((n_hubs, dim))
    X[:, 0] += 1
    Y[:, 0] += 1
    return X, Y


def measure(X, Y):
    return measure_pair(
        "set", X, Y, np.arange(len(X)), n_resamples=50, relevance=None, seed=0, block=500
    )


def answer(frame, references, state="", **more):
    row = {"name": "set", "label": "Mine", "state": state, "modalities": NAMES}
    return describe_answer(row, frame, references, **more)


@pytest.fixture(scope="module")
def aligned():
    return measure(*trained_pairs(80))


@pytest.fixture(scope="module")
def shuffled():
    X, Y = trained_pairs(80)
    return measure(X, np.random.default_rng(1).permutation(Y))


def test_trained_pairs_are_told_apart_and_find_each_other(aligned, references):
    told = answer(aligned, references)
    assert list(told) == ANSWER_COLUMNS
    assert (told["label"], told["first"], told["second"], told["n"], told["dim"]) == (
        "Mine",
        *NAMES,
        80,
        DIM,
    )
    assert told["low"] <= told["gap"] <= told["high"]
    assert told["line"].startswith(f"Mine: gap {told['gap']:.3f} [{told['low']:.3f}, ")
    assert f", n = 80: {told['like']}." in told["line"]
    assert "A linear classifier tells photos and sounds apart perfectly" in told["separable"]
    assert "Recall@1 photos to sounds 0.9" in told["retrieval"]
    assert "chance 0.013: above chance (by recall@10)." in told["retrieval"]
    assert told["warning"] == ""


def test_rows_in_different_order_keep_the_gap_and_are_warned_of(aligned, shuffled, references):
    told = answer(shuffled, references)
    assert told["gap"] == pytest.approx(answer(aligned, references)["gap"])
    assert "no better than chance" in told["retrieval"]
    assert "Matched pairs are no more alike than unmatched ones" in told["warning"]
    assert told["warning"].endswith("Row i of both sides has to be one pair.")


def test_random_weights_are_expected_to_retrieve_at_chance(shuffled):
    assert warn_of_pairs(shuffled, "random") == ""


def test_rows_of_a_trained_model_cannot_be_in_different_order(shuffled):
    warning = warn_of_pairs(shuffled, "trained")
    assert "captions that belong to other pictures?" in warning
    assert "order" not in warning


def test_pairs_that_look_trained_and_find_each_other_by_chance_are_warned_of():
    frame = measure(*hub_pairs())
    warning = warn_of_pairs(frame, "")
    assert "Matched pairs are more alike than unmatched ones" in warning
    assert "as after training, but find each other no better than by chance" in warning
    assert "some rows" in warning


@pytest.mark.parametrize("n", [5, 10, 20])
def test_few_trained_pairs_are_never_warned_of(n):
    for seed in range(4):
        frame = measure(*trained_pairs(n, seed))
        assert judge_retrieval(frame)["verdict"] == "above"
        assert warn_of_pairs(frame, "") == ""


def tidy(values):
    """Measurements by hand: (statistic, side) -> (value, low, high) or (value, reason)."""
    rows = []
    for (statistic, side), (value, *interval) in values.items():
        low, high = interval if len(interval) == 2 else (math.nan, math.nan)
        method = "by hand" if len(interval) == 2 else f"none: {interval[0]}"
        rows.append((statistic, side, value, low, high, method, 5, 3))
    columns = ["statistic", "side", "value", "low", "high", "interval_method", "n", "dim"]
    return pd.DataFrame(rows, columns=columns)


def recalls(n, shares, k):
    """Recall@k both ways over n pairs with the Wilson intervals of these shares, and chance."""
    from modgap.statistics.inference import wilson_interval

    sides = ("first_to_second", "second_to_first")
    values = {}
    for each in {1, 5, 10}:
        for side, share in zip(sides, shares, strict=True):
            share = share if each == k else min(each / n, 1)
            values[f"recall{each}", side] = (share, *wilson_interval(share, n))
            values[f"recall{each}_chance", side] = (min(each / n, 1), "exact")
    return tidy(values)


@pytest.mark.parametrize(
    ("n", "shares", "k", "verdict"),
    [
        (500, (0.02, 0.02), 10, "chance"),
        (500, (0.05, 0.05), 10, "above"),
        # What the published VideoCLIP with random weights has: one way just outside by chance.
        (100, (0.16, 0.11), 10, "chance"),
        # Found one way only.
        (500, (0.4, 0.0), 10, "above"),
        # Three hits of 500 at the first rank are no evidence.
        (500, (3 / 500, 1 / 500), 1, "chance"),
        (20, (0.25, 0.25), 5, "chance"),
        (5, (0.4, 0.2), 1, "unclear"),
        (4, (1.0, 1.0), 1, "above"),
    ],
)
def test_retrieval_is_judged_both_ways_together(n, shares, k, verdict):
    assert judge_retrieval(recalls(n, shares, k))["verdict"] == verdict


def test_chance_passes_for_more_in_few_sets():
    rng = np.random.default_rng(0)
    hits = rng.binomial(200, 10 / 200, size=(2000, 1)) / 200
    # Both directions the same is the worst dependence.
    above = [judge_retrieval(recalls(200, (h, h), 10))["verdict"] == "above" for (h,) in hits[:300]]
    assert np.mean(above) < 0.05


def test_what_was_not_measured_is_not_said():
    nothing = tidy({})
    assert judge_retrieval(nothing) is None
    assert describe_retrieval(nothing, NAMES) == ""
    assert describe_separability(nothing, NAMES) == ""
    assert warn_of_pairs(nothing, "") == ""
    # Unpaired sets have no cosines of pairs.
    assert warn_of_pairs(recalls(500, (0.02, 0.02), 10), "").startswith("Pairs find each other no")


@pytest.mark.parametrize(
    ("accuracy", "said"),
    [
        ((1.0, 0.9, 1.0), "apart perfectly: held-out accuracy 1.000 [0.900, 1.000], n = 5."),
        ((0.8, 0.7, 0.9), "apart in part"),
        ((0.55, 0.45, 0.65), "does not tell the two modalities apart better than by chance"),
        ((0.35, 0.3, 0.41), "does not tell the two modalities apart better than by chance"),
        # All of two held-out pairs.
        ((1.0, 0.34, 1.0), "may tell the two modalities apart, n is too small to say"),
        ((1.0, "few pairs"), "n is too small to say: held-out accuracy 1.000 (no interval: few"),
    ],
)
def test_separability_in_words(accuracy, said):
    frame = tidy({("separability_accuracy", "both"): accuracy})
    assert said in describe_separability(frame, ["first", "second"])


NAN = math.nan


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        ((0.851, 0.843, 0.857), "close to the published CLIP pairs (0.851)"),
        ((0.826, 0.824, 0.828), "close to CLIP ViT-B/16 on COCO (0.826)"),
        ((1.130, 1.12, 1.14), "close to the random twin of the published CLIP pairs (1.136)"),
        # As near, but the interval is too wide to be like anything.
        (
            (0.851, 0.6, 1.0),
            "between closed (0) and the random twin of the published CLIP pairs (1.136)",
        ),
        ((0.4, 0.39, 0.41), "between closed (0) and CLIP ViT-B/32 on COCO (0.822)"),
        ((1.7, 1.6, 1.8), "above the random twin of the published CLIP pairs (1.136)"),
        ((0.01, 0.0, 0.02), "closed"),
        ((0.1, 0.0, 0.2), "not told from closed, at most 0.200"),
        (
            (0.9, NAN, NAN),
            "by its value alone between the published CLIP pairs (0.851) and the random twin of "
            "the published CLIP pairs (1.136)",
        ),
    ],
)
def test_a_gap_is_placed_among_known_ones(gap, said, references):
    assert place_gap(*gap, references) == said


def test_a_gap_without_an_interval_says_why(references):
    reason = "n too small for an interval"
    frame = tidy({("gap", "both"): (0.95, reason), ("gap_unbiased", "both"): (0.9, reason)})
    told = answer(frame, references)
    assert "gap 0.900 (sampling bias removed, n too small for an interval), n = 5" in told["line"]
    assert math.isnan(told["low"])


def test_notes_follow_the_warning(shuffled, references):
    told = answer(shuffled, references, notes=["3 rows of sounds have no partner"])
    assert told["warning"].endswith("one pair. 3 rows of sounds have no partner.")
