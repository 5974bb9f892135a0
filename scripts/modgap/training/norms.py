"""Norms on the way of a run: of its weights, and of its embeddings before they are normalised.

Weight decay without a loss drives weights to zero. Normalised embeddings of such a network are
directions of rounding errors, so a *collapsed* run has no gap.
"""

import math

import torch

from modgap.statistics.inference import mean_interval
from modgap.statistics.measurements import measurement_row
from modgap.training.networks.seen_tokens import find_seen_tokens

# A run has collapsed when the norm of its weights is below this share of what it was.
COLLAPSED_BELOW = 0.01
COLLAPSED = "none: collapsed, the weights' norm is below 1 % of its start"

# Statistics that a collapsed model still has: what does not look at its embeddings.
LASTING = ("_chance", "_ceiling")


def weight_norm(towers):
    """Euclidean norm of all parameters of both towers together, without the logit scale."""
    squares = [
        parameter.detach().double().square().sum()
        for name, parameter in towers.named_parameters()
        if "logit_scale" not in name
    ]
    squares += [
        tokens.square_of_unseen().to(squares[0].device) for tokens in find_seen_tokens(towers)
    ]
    return math.sqrt(torch.stack(squares).sum().item())


def weight_norm_row(norm, n):
    """The row of a norm of weights; n : items of the rows beside it."""
    return measurement_row("weight_norm", "both", norm, None, "none: one model", n)


def embedding_norm_rows(*norms):
    """Mean norm of the unnormalised embeddings of each side; norms : (n,) of each."""
    return [
        measurement_row(
            "embedding_norm",
            side,
            values.mean(),
            mean_interval(values),
            "t over pictures",
            len(values),
        )
        for side, values in zip(("first", "second"), norms, strict=True)
    ]


def start_rows(trajectory):
    """Rows of the first measured step."""
    return [row for row in trajectory if row["step"] == trajectory[0]["step"]]


def has_collapsed(norm, trajectory):
    """Whether the norm of the weights is below 1 % of that at the start of a trajectory."""
    start = [row["value"] for row in start_rows(trajectory) if row["statistic"] == "weight_norm"]
    return bool(start) and norm < COLLAPSED_BELOW * start[0]


def collapsed_rows(norm, tau, trajectory):
    """The rows of a collapsed model: those of the start, with NaN for all of its embeddings."""
    known = {"weight_norm": norm, "tau": tau}
    empty = {"low": math.nan, "high": math.nan, "interval_method": COLLAPSED, "n_resamples": 0}
    rows = []
    for row in start_rows(trajectory):
        row = {key: value for key, value in row.items() if key != "step"}
        if row["statistic"] in known:
            row["value"] = known[row["statistic"]]
        elif not row["statistic"].endswith(LASTING):
            row |= {"value": math.nan, **empty}
        rows.append(row)
    return rows
