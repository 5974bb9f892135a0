"""Mismatched pairs on a sphere: landscapes of the six pairs and where larger sets close the gap.

Needs nothing but the configuration; writes the loss over the angle between the modalities, its
minima, and the angle of lowest loss and gap-closing temperature of randomly drawn pairs.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.job import start_log
from modgap.shift.sphere import (
    arc_points,
    best_angle,
    best_kappa,
    centre_distance,
    equator_cosines,
    kappa_loss,
    loss_curve,
    mismatched_pairs,
    orthogonal_gap_closing_temperature,
    random_equator_points,
)
from modgap.shift.temperatures import parse_temperature
from modgap.tables import write_table

DRAWS = "range over draws of the points"
EXACT = "none: no sampling"
CLOSED_FORM = "none: closed form"


def simulate_arc(n, spacing, share, taus, step):
    """Landscape and minima of pairs on an arc, as tidy rows."""
    points = arc_points(n, spacing)
    cosines = equator_cosines(points, mismatched_pairs(n, share))
    kappa = best_kappa(cosines)
    angles = np.arange(-90, 90 + step / 2, step)
    setting = {"spacing": spacing, "share": share, "n": n}
    curves, minima = [], []
    for tau in taus:
        losses = loss_curve(cosines, angles, tau)
        distances = [centre_distance(points, angle) for angle in angles]
        curves.append(
            pd.DataFrame(
                {**setting, "tau": tau, "angle": angles, "distance": distances, "loss": losses}
            )
        )
        angle = best_angle(kappa, tau)
        # Both halves are alike; the grid minimum is given as a positive angle.
        statistics = {
            "grid_angle": abs(angles[losses.argmin()]),
            "grid_loss": losses.min(),
            "angle": angle,
            "distance": centre_distance(points, angle),
            "loss": kappa_loss(cosines, np.cos(np.deg2rad(angle)) / tau),
        }
        minima += [
            {**setting, "tau": tau, "statistic": s, "value": v} for s, v in statistics.items()
        ]
    closing = {"statistic": "gap_closing_temperature", "value": 1 / kappa if kappa else np.inf}
    minima.append({**setting, "tau": np.nan, **closing})
    return pd.concat(curves), pd.DataFrame(minima).assign(interval_method=EXACT)


def simulate_random(n, dim, shares, taus, n_draws, seed):
    """Angle of lowest loss and gap-closing temperature of points drawn on the equator.

    Median over draws, with the lowest and the highest.
    """
    rows = []
    for share in shares:
        match = mismatched_pairs(n, share)
        kappas = np.array(
            [
                best_kappa(equator_cosines(random_equator_points(n, dim, seed + draw), match))
                for draw in range(n_draws)
            ]
        )
        with np.errstate(divide="ignore"):
            measured = [("gap_closing_temperature", np.nan, 1 / kappas)]
        measured += [
            ("angle", tau, np.array([best_angle(kappa, tau) for kappa in kappas])) for tau in taus
        ]
        for statistic, tau, values in measured:
            rows.append(
                {
                    "n": n,
                    "dim": dim,
                    "share": share,
                    "tau": tau,
                    "statistic": statistic,
                    "value": np.median(values),
                    "low": values.min(),
                    "high": values.max(),
                    "interval_method": DRAWS,
                    "seed": seed,
                    "n_resamples": n_draws,
                }
            )
    return pd.DataFrame(rows)


def orthogonal_limit(n, shares):
    """Gap-closing temperatures for images that are all at right angles."""
    return pd.DataFrame(
        {
            "n": n,
            "dim": np.nan,
            "share": shares,
            "tau": np.nan,
            "statistic": "gap_closing_temperature_orthogonal",
            "value": [orthogonal_gap_closing_temperature(n, share) for share in shares],
            "interval_method": CLOSED_FORM,
        }
    )


def main(landscape, minima, bifurcation, *, arcs, random):
    """Write the three tables.

    arcs : n_pairs, spacings (degrees), share, temperatures, step (degrees): matched and mismatched.
    random : n_pairs, dims, shares, temperature_range, n_temperatures, n_draws, seed.
    """
    taus = [parse_temperature(given) for given in arcs["temperatures"]]
    curves, optima = [], []
    for spacing in arcs["spacings"]:
        for share in (arcs["share"], 0.0):
            curve, found = simulate_arc(arcs["n_pairs"], spacing, share, taus, arcs["step"])
            curves.append(curve)
            optima.append(found)
    taus = np.geomspace(*random["temperature_range"], random["n_temperatures"])
    drawn = []
    for n in random["n_pairs"]:
        drawn.append(orthogonal_limit(n, random["shares"]))
        for dim in random["dims"]:
            drawn.append(
                simulate_random(n, dim, random["shares"], taus, random["n_draws"], random["seed"])
            )
    for frames, path in ((curves, landscape), (optima, minima), (drawn, bifurcation)):
        write_table(pd.concat(frames, ignore_index=True), path)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.output.landscape,
        snakemake.output.minima,
        snakemake.output.bifurcation,
        **snakemake.params.settings,
    )
