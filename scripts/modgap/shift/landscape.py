"""Loss landscapes of one embedding set as tidy tables: losses, extrema, gradients, clouds."""

import numpy as np
import pandas as pd

from modgap.job import progress
from modgap.shift.extrema import (
    INTERVAL_METHOD,
    SIDES,
    find_extrema,
    percentile_interval,
    refine_extrema,
    resampled_means,
    spline_extremum,
)
from modgap.shift.loss import gradient_terms, loss_terms
from modgap.shift.moves import (
    principal_axes,
    remaining_gap,
    shifted_projection,
    side_offsets,
    signed_distances,
)

# The authors' batch size, and the one direction of the loss that their code computes.
PUBLISHED_BATCH, PUBLISHED_SIDE = 50, "first_to_second"

NO_INTERVAL_GRID = "none: a grid point"
NO_INTERVAL_BOUNDARY = "none: lowest at an end of the grid"


def protocol_name(side, batch_size):
    """Which protocol a loss belongs to: the authors' code, the whole symmetric loss, or neither."""
    if side == "both":
        return "corrected"
    if side == PUBLISHED_SIDE and batch_size == PUBLISHED_BATCH:
        return "published"
    return "neither"


def distance_table(first, second, u, gap, deltas, moved):
    """Shift, the paper's lambda, and the distance left with the sign of each convention."""
    distances = signed_distances(first, second, u, deltas, moved)
    h_x, h_y = side_offsets(deltas, moved)
    return pd.DataFrame(
        {
            "delta": deltas,
            "paper_lambda": np.where(h_x == 0, h_y, h_x) / gap,
            "distance": distances["gap"],
            "distance_pca": distances["pca"],
            "distance_smallest": distances["smallest"],
        }
    )


def resampled_side_means(terms, n_resamples, seed):
    """Mean loss of each side over resampled pairs; side -> (n_resamples, k, t)."""
    by_row = resampled_means(terms.first_to_second, n_resamples, seed)
    by_column = resampled_means(terms.second_to_first, n_resamples, seed)
    return {
        "first_to_second": by_row,
        "second_to_first": by_column,
        "both": (by_row + by_column) / 2,
    }


def measure_landscape(
    first,
    second,
    u,
    distances,
    *,
    temperatures,
    batch_size,
    moved,
    device,
    n_resamples,
    seed,
):
    """Losses on the grid and extrema between grid points for one batch size and kind of shift.

    distances : the ``distance_table`` of the grid.

    Returns
    -------
    losses : DataFrame, one row per side, temperature and shift.
    extrema : DataFrame, one row per side, temperature, extremum and statistic.
    """
    deltas = distances["delta"].to_numpy()
    options = {"batch_size": batch_size, "sides": moved, "device": device}
    terms = loss_terms(first, second, u, deltas, temperatures, **options)
    losses = {side: terms.side(side).mean(axis=-1) for side in SIDES}
    draws = resampled_side_means(terms, n_resamples, seed)
    del terms

    loss_rows, extremum_rows = [], []
    what = f"temperatures, batches of {batch_size}"
    for t, tau in enumerate(progress(temperatures, total=len(temperatures), what=what)):

        def terms_at(shifts, tau=tau):
            return loss_terms(first, second, u, shifts, [tau], **options)

        curves = {side: losses[side][:, t] for side in SIDES}
        curve_draws = {side: draws[side][:, :, t] for side in SIDES}
        for side in SIDES:
            low, high = percentile_interval(curve_draws[side])
            loss_rows.append(
                distances.assign(
                    side=side,
                    tau=tau,
                    statistic="loss",
                    value=curves[side],
                    low=low,
                    high=high,
                    interval_method=INTERVAL_METHOD,
                )
            )
        found = locate_extrema(terms_at, deltas, curves, curve_draws, n_resamples, seed)
        shifts = np.unique([shift for row in found for shift in row["shifts"]])
        left = remaining_gap(first, second, u, shifts, moved)
        for row in found:
            extremum_rows += extremum_statistics(row, tau, dict(zip(shifts, left, strict=True)))
    shared = {
        "moved": moved,
        "batch_size": batch_size,
        "n": len(first) // batch_size * batch_size,
        "dim": first.shape[1],
        "seed": seed,
        "n_resamples": n_resamples,
    }
    tables = []
    for rows in (pd.concat(loss_rows, ignore_index=True), pd.DataFrame(extremum_rows)):
        rows = rows.assign(**shared)
        rows["protocol"] = [protocol_name(side, batch_size) for side in rows["side"]]
        tables.append(rows)
    return tuple(tables)


def locate_extrema(terms_at, deltas, curves, draws, n_resamples, seed):
    """Extrema of every side at one temperature, on the grid and between its points.

    Parameters
    ----------
    terms_at : function of shifts giving ``Terms`` of one temperature.
    curves : side -> (k,) losses; draws : side -> (n_resamples, k).

    Returns
    -------
    list of dicts: side, extremum, number, boundary, shifts (position, low, high: equal where
    there is no interval), loss and height above the lowest loss, each (value, low, high).
    """
    extrema = [
        (s, extremum)
        for s, side in enumerate(SIDES)
        for extremum in find_extrema(deltas, curves[side])
    ]

    def loss_at(shifts):
        terms = terms_at(shifts)
        return np.stack([terms.side(side).mean(axis=-1)[:, 0] for side in SIDES], axis=1)

    positions = refine_extrema(loss_at, deltas, extrema)
    shifts = np.unique(positions)
    terms = terms_at(shifts)
    at = np.searchsorted(shifts, positions)
    mean = {side: terms.side(side).mean(axis=-1)[:, 0] for side in SIDES}
    means = resampled_side_means(terms, n_resamples, seed)
    resampled = {side: value[:, :, 0] for side, value in means.items()}

    rows, numbers = [], {}
    for (s, extremum), position, i in zip(extrema, positions, at, strict=True):
        side = SIDES[s]
        if extremum.kind == "minimum":
            lowest, numbers = i, {}
            rows.append(grid_minimum(side, deltas, curves[side], draws[side]))
        numbers[extremum.kind] = numbers.get(extremum.kind, 0) + 1
        shift_low = shift_high = position
        if not extremum.boundary:
            moved = spline_extremum(deltas, draws[side], extremum)
            moved -= spline_extremum(deltas, curves[side][None], extremum)
            shift_low, shift_high = position + percentile_interval(moved)
        above = resampled[side][:, i] - resampled[side][:, lowest]
        rows.append(
            {
                "side": side,
                "extremum": extremum.kind,
                "number": numbers[extremum.kind],
                "boundary": extremum.boundary,
                "shifts": (position, shift_low, shift_high),
                "loss": (mean[side][i], *percentile_interval(resampled[side][:, i])),
                "height": (mean[side][i] - mean[side][lowest], *percentile_interval(above)),
            }
        )
    return rows


def grid_minimum(side, deltas, curve, draws):
    """The lowest grid point, as the authors report it."""
    best = int(np.argmin(curve))
    return {
        "side": side,
        "extremum": "grid_minimum",
        "number": 1,
        "boundary": best in (0, len(deltas) - 1),
        "shifts": (deltas[best],) * 3,
        "loss": (curve[best], *percentile_interval(draws[:, best])),
    }


def extremum_statistics(row, tau, distance_of):
    """One row per statistic of an extremum: delta, distance, loss, height."""
    on_grid = row["extremum"] == "grid_minimum"
    without = NO_INTERVAL_GRID if on_grid else NO_INTERVAL_BOUNDARY
    fixed = on_grid or row["boundary"]
    at, *ends = row["shifts"]
    reach = sorted(distance_of[shift] for shift in ends)
    statistics = [("delta", (at, *ends), fixed), ("distance", (distance_of[at], *reach), fixed)]
    statistics.append(("loss", row["loss"], False))
    if "height" in row:
        statistics.append(("height", row["height"], False))
    common = {key: row[key] for key in ("side", "extremum", "number", "boundary")}
    return [
        {
            **common,
            "tau": tau,
            "statistic": name,
            "value": value,
            "low": np.nan if without_interval else low,
            "high": np.nan if without_interval else high,
            "interval_method": without if without_interval else INTERVAL_METHOD,
        }
        for name, (value, low, high), without_interval in statistics
    ]


def measure_gradient(first, second, u, *, temperatures, batch_size, moved, n_resamples, seed):
    """Derivative of the loss by the shift at 0 and its two parts, with intervals.

    A positive ``gradient`` means that descending the loss opens the gap. One row per side,
    temperature and statistic.
    """
    repulsion, attraction = gradient_terms(
        first, second, u, temperatures, batch_size=batch_size, sides=moved
    )
    rows = []
    for side in SIDES:
        parts = {"repulsion": repulsion.side(side), "attraction": attraction.side(side)}
        parts["gradient"] = parts["repulsion"] + parts["attraction"]
        for name, terms in parts.items():
            low, high = percentile_interval(resampled_means(terms, n_resamples, seed))
            rows.append(
                pd.DataFrame(
                    {
                        "side": side,
                        "tau": temperatures,
                        "statistic": name,
                        "value": terms.mean(axis=-1),
                        "low": low,
                        "high": high,
                    }
                )
            )
    frame = pd.concat(rows, ignore_index=True).assign(
        interval_method=INTERVAL_METHOD,
        moved=moved,
        batch_size=batch_size,
        n=len(first) // batch_size * batch_size,
        dim=first.shape[1],
        seed=seed,
        n_resamples=n_resamples,
    )
    frame["protocol"] = [protocol_name(side, batch_size) for side in frame["side"]]
    return frame


def shifted_clouds(first, second, u, *, deltas, moved, n_drawn, seed):
    """Coordinates of a random subset of pairs on the first two axes of the unshifted union.

    Returns
    -------
    points : DataFrame, one row per shift, modality and pair: pc1, pc2.
    """
    mean, axes = principal_axes(first, second, 2)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(first))[:n_drawn])
    frames = []
    for delta in deltas:
        h_x, h_y = (float(h) for h in side_offsets(delta, moved))
        for modality, rows, h in (("first", first, -h_x), ("second", second, h_y)):
            points = shifted_projection(rows[chosen], rows[chosen] @ u, axes, u, mean, h)
            frames.append(
                pd.DataFrame(
                    {
                        "moved": moved,
                        "delta": delta,
                        "modality": modality,
                        "pair": chosen,
                        "pc1": points[:, 0],
                        "pc2": points[:, 1],
                    }
                )
            )
    return pd.concat(frames, ignore_index=True)
