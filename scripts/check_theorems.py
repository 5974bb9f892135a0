"""Theorem 1, Lemma 3 and Theorem 2, each measured against the bound it states."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.cones.theorems import check_lemma_3, check_theorem_1, check_theorem_2
from modgap.files import atomic_path
from modgap.job import start_log
from modgap.tables import write_table

COLUMNS = [
    "theorem",
    "layer",
    "width",
    "quantity",
    "cosine",
    "norm_ratio",
    "norm",
    "bias",
    "bound",
    "estimate",
    "estimate_low",
    "estimate_high",
    "interval_method",
    "n",
    "infinite_width",
    "holds",
]


def main(table, csv, *, theorem_1, lemma_3, theorem_2, seed):
    """Write the rows of all three; each dict holds the settings of its check."""
    rows = pd.DataFrame(
        [
            *check_theorem_1(**theorem_1, seed=seed),
            *check_lemma_3(**lemma_3),
            *check_theorem_2(**theorem_2, seed=seed),
        ]
    )[COLUMNS]
    rows = rows.astype({"width": "Int64", "n": "Int64"})
    write_table(rows, table, {"seed": seed})
    with atomic_path(csv) as temporary:
        rows.to_csv(temporary, index=False)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.output.table, snakemake.output.csv, **snakemake.params.settings)
