"""Norms of weights and embeddings, and runs whose weights vanish."""

import math

import numpy as np
import pytest
import torch

from modgap.statistics.measurements import measurement_row
from modgap.training.norms import (
    COLLAPSED,
    collapsed_rows,
    embedding_norm_rows,
    has_collapsed,
    start_rows,
    weight_norm,
    weight_norm_row,
)


def test_the_norm_of_the_weights_leaves_the_temperature_out():
    module = torch.nn.Module()
    module.weight = torch.nn.Parameter(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    module.bias = torch.nn.Parameter(torch.tensor([12.0]))
    module.logit_scale = torch.nn.Parameter(torch.tensor(100.0))
    assert weight_norm(module) == pytest.approx(13)


def test_norms_of_embeddings_are_means_with_intervals():
    first, second = embedding_norm_rows(np.array([1.0, 2.0, 3.0]), np.array([5.0, 5.0, 5.0]))
    assert (first["side"], first["value"], first["n"]) == ("first", 2, 3)
    # t(0.975, 2) is 4.302653.
    assert first["high"] - 2 == pytest.approx(4.302653 / math.sqrt(3), abs=1e-5)
    assert (second["value"], second["low"], second["high"]) == (5, 5, 5)


def trajectory():
    rows = [
        measurement_row("gap", "both", 1.2, (1.1, 1.3), "bootstrap", 50),
        measurement_row("recall1_chance", "first_to_second", 0.02, None, "none: chance", 50),
        measurement_row("tau", "both", 0.01, None, "none: a setting", 50),
        weight_norm_row(200.0, 50),
    ]
    later = [{**row, "step": 10, "value": 9.0} for row in rows]
    return [{**row, "step": 0} for row in rows] + later


def test_a_run_has_collapsed_below_one_percent_of_its_start():
    assert not has_collapsed(2.0, trajectory())
    assert has_collapsed(1.99, trajectory())
    assert not has_collapsed(0.0, [])
    assert [row["value"] for row in start_rows(trajectory())] == [1.2, 0.02, 0.01, 200.0]


def test_a_collapsed_run_has_no_gap():
    rows = {row["statistic"]: row for row in collapsed_rows(0.5, 0.02, trajectory())}
    assert math.isnan(rows["gap"]["value"])
    assert math.isnan(rows["gap"]["low"])
    assert rows["gap"]["interval_method"] == COLLAPSED
    assert rows["recall1_chance"]["value"] == 0.02
    assert rows["tau"]["value"] == 0.02
    assert rows["weight_norm"]["value"] == 0.5
    assert all("step" not in row for row in rows.values())
