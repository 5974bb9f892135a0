"""Table of the mean pairwise cosine after every layer of every model, with intervals."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.job import start_log
from modgap.report.formats import write_for_people
from modgap.statistics.inference import jackknife_interval
from modgap.tables import read_table, write_table


def main(curves, table, csv, *, runs):
    """Gather ``curves``, one file for each of ``runs`` (model, state, dataset), in their order."""
    frames = []
    for path, run in zip(curves, runs, strict=True):
        frame = read_table(path)
        described = pd.DataFrame({**run}, index=frame.index)
        frames.append(pd.concat([described, replace_left_out(frame)], axis=1))
    rows = pd.concat(frames, ignore_index=True)
    write_table(rows, table)
    write_for_people(rows, csv)


def group_limits(value, left_out):
    """Jackknife limits around a mean over pairs, from its values without each group.

    Such a mean is unbiased, so the limits are centred on it: with groups of unequal size the
    jackknife's correction for bias would only add noise.
    """
    if len(left_out) < 2:
        return np.nan, np.nan
    low, high = jackknife_interval(value, np.asarray(left_out))
    return value - (high - low) / 2, value + (high - low) / 2


def replace_left_out(frame):
    """Limits in place of the values without each group of items."""
    found = [group_limits(*row) for row in zip(frame["value"], frame["left_out"], strict=True)]
    groups = frame["left_out"].map(len)
    method = np.where(
        groups > 1, "jackknife over " + groups.astype(str) + " groups", "none: all outputs are zero"
    )
    return frame.drop(columns="left_out").assign(
        low=[low for low, _ in found],
        high=[high for _, high in found],
        interval_method=method,
    )


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.curves,
        snakemake.output.table,
        snakemake.output.csv,
        **snakemake.params.settings,
    )
