"""The eight published feature files give the reference numbers."""

import json

import numpy as np
import pytest

from modgap.statistics.all_pairs import measure_pair
from modgap.statistics.measurements import summary_row

FILES = [
    "features_clip",
    "features_clip_random",
    "features_videoclip",
    "features_videoclip_random",
    "features_convirt",
    "features_convirt_random",
    "features_clasp",
    "features_clasp_random",
]

WITHIN = {
    "mean_cosine": "mean_offdiag",
    "sd_cosine": "std_offdiag_ddof1_over_ordered_pairs",
    "min_cosine": "min",
    "q25_cosine": "q25",
    "median_cosine": "median",
    "q75_cosine": "q75",
    "max_cosine": "max",
}

CROSS = {
    "mean_matched_cosine": "matched_mean",
    "min_matched_cosine": "matched_min",
    "max_matched_cosine": "matched_max",
    "mean_unmatched_cosine": "unmatched_mean",
    "min_unmatched_cosine": "unmatched_min",
    "max_unmatched_cosine": "unmatched_max",
    "alignment": "mean_matched_sq_euclidean",
}

SIDES = {"first_to_second": "first_to_text", "second_to_first": "text_to_first"}


@pytest.mark.parametrize("name", FILES)
def test_reference_numbers(shared, name):
    reference = json.loads(shared("reference/reference_published_features.json").read_text())
    expected = reference["files"][name]
    X, Y = np.load(shared(f"data/published/{name}.npy"), allow_pickle=False)
    frame = measure_pair(
        name, X, Y, np.arange(len(X)), n_resamples=100, relevance=None, seed=0, block=1000
    )
    row = summary_row(frame)

    numbers = {
        "gap": expected["gap"],
        "gap_unbiased": expected["gap_bias_corrected_paired"],
        "centre_norm_first": expected["mean_norm"]["first"],
        "centre_norm_second": expected["mean_norm"]["text"],
        "centre_cosine": expected["cos_between_means"],
        "margin": expected["separability"]["projection_on_unit_gap"][
            "margin_first_min_minus_text_max"
        ],
    }
    for ours, theirs in WITHIN.items():
        numbers[f"{ours}_first"] = expected["within_first"][theirs]
        numbers[f"{ours}_second"] = expected["within_text"][theirs]
    for ours, theirs in CROSS.items():
        numbers[ours] = expected["cross"][theirs]
    for column, value in numbers.items():
        assert row[column] == pytest.approx(value, abs=1e-6, rel=0), column

    recall = expected["recall"]
    for ours, theirs in SIDES.items():
        for k in (1, 5, 10):
            assert row[f"recall{k}_{ours}_published"] == recall[f"{theirs}_R@{k}"]
            # Random tie-breaking lies between counting every tie and counting none.
            worst = recall[f"{theirs}_R@{k}_pessimistic_ties"]
            assert worst - 1e-12 <= row[f"recall{k}_{ours}"] <= recall[f"{theirs}_R@{k}"] + 1e-12
        assert row[f"median_rank_{ours}_published"] == recall[f"{theirs}_median_rank"]
        assert row[f"recall1_{ours}_chance"] == pytest.approx(1 / len(X))

    # An independent standard error of the gap over pairs: the interval is about ±2 of them.
    error = expected["gap_standard_error_over_pairs"]
    assert 3 * error < row["gap_high"] - row["gap_low"] < 6 * error
    assert row["gap_low"] < expected["gap_bias_corrected_paired"] < row["gap_high"]
