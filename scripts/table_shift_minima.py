"""Where along the gap the contrastive loss is lowest: one row per set, temperature and protocol.

The shift is given as a share of the gap: 0 leaves the modalities as they are, 1 closes the gap,
negative shares open it further.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.job import start_log
from modgap.report.formats import write_formats
from modgap.tables import read_metadata, read_table

PRINTED = [
    "embeddings", "weights", "tau", "shift", "shift_low", "shift_high", "batch_size", "n", "of",
    "n_seeds",
]  # fmt: skip
KEYS = ["embeddings", "moved", "protocol", "side", "batch_size", "tau"]
FIXED_GAP = "; the gap itself as measured"


def main(extrema, formats, *, states):
    """Write the lowest points between grid points.

    extrema : tables of ``sweep_loss``. formats : (csv, markdown, latex) paths.
    states : dict from embedding set to ``trained``, ``random`` or nothing.
    """
    rows = [lowest_points(read_table(path), read_metadata(path)["gap"]) for path in extrema]
    frame = pd.concat(rows, ignore_index=True)
    frame.insert(1, "weights", frame["embeddings"].map(states))
    # Every set is embedded by one network.
    frame["n_seeds"] = 1
    printed = (frame["protocol"] == "corrected") & (frame["moved"] == "both")
    printed &= frame["batch_size"] == frame.groupby("embeddings")["batch_size"].transform("max")
    write_formats(frame, *formats, columns=PRINTED, printed=printed)


def lowest_points(extrema, gap):
    """Lowest loss of each landscape, with the shift and its size as shares of the gap."""
    lowest = extrema[extrema["extremum"] == "minimum"]
    shifts = lowest[lowest["statistic"] == "delta"]
    losses = lowest[lowest["statistic"] == "loss"].set_index(KEYS)["value"]
    low, high = shifts["low"] / gap, shifts["high"] / gap
    size = (shifts["value"] / gap).abs()
    ends = np.stack([low.abs(), high.abs()])
    return pd.DataFrame(
        {
            **{key: shifts[key] for key in KEYS},
            "shift": shifts["value"] / gap,
            "shift_low": low,
            "shift_high": high,
            "shift_size": size,
            # An interval that holds 0 on both sides holds shifts of size 0.
            "shift_size_low": np.where(low * high < 0, 0.0, ends.min(axis=0)),
            "shift_size_high": ends.max(axis=0),
            "interval_method": [
                method if method.startswith("none") else method + FIXED_GAP
                for method in shifts["interval_method"]
            ],
            "at_end_of_grid": shifts["boundary"],
            "gap": gap,
            "loss": losses.loc[list(map(tuple, shifts[KEYS].to_numpy()))].to_numpy(),
            **{key: shifts[key] for key in ("n", "of", "dim", "seed", "n_resamples")},
        }
    ).reset_index(drop=True)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.extrema,
        (snakemake.output.csv, snakemake.output.md, snakemake.output.tex),
        **snakemake.params.settings,
    )
