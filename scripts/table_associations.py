"""How gap, cone and logit scale go with accuracy and recall across models.

One row per measure and outcome: Kendall's τ over models, its test within families, and the range
that leaving one family out gives. Of several sets of one model on one dataset the first counts.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.job import start_log
from modgap.report.formats import read_for_jobs, write_for_people
from modgap.statistics.association import (
    judge_association,
    kendall,
    kendall_within,
    within_families,
    without_each_family,
)
from modgap.statistics.inference import holm

MODEL = ["model", "architecture", "weights", "family"]
MEASURES = ["gap", "rmg", "cone_images", "cone_texts", "logit_scale"]
RECALLS = ["recall1_images", "recall1_texts"]

COLUMNS = [
    "dataset", "measure", "outcome", "outcome_dataset", "n_models", "n_families", "tau",
    "tau_lowest", "lowest_without", "tau_highest", "highest_without", "tau_within", "p", "p_holm",
    "p_smallest", "permutations", "method", "seed", "interval_method", "verdict",
]  # fmt: skip

NO_INTERVAL = "none: the models of a run are no sample; see the range without one family"


def main(table, csv, *, seed):
    rows = read_for_jobs(table)
    measured = [
        {"dataset": dataset, "measure": measure, **described, **associate(joined, seed)}
        for dataset, measure, left in list_measures(rows)
        for described, right in list_outcomes(rows)
        if len(joined := left.merge(right, on=MODEL)) > 1
    ]
    frame = pd.DataFrame(measured, columns=COLUMNS)
    frame["p_holm"] = holm(frame["p"])
    frame["verdict"] = [
        judge_association(
            row.n_models, row.tau_within, row.p_holm, row.p_smallest,
            (row.tau_lowest, row.tau_highest),
        )
        for row in frame.itertuples()
    ]  # fmt: skip
    write_for_people(frame, csv)


def list_measures(rows):
    """(dataset, measure, one row a model with ``x``) of every dataset that has sets."""
    sets = rows[rows["gap"].notna()]
    for dataset, here in sets.groupby("dataset", sort=False):
        for measure in MEASURES:
            yield dataset, measure, take_values(here, measure, "x")


def list_outcomes(rows):
    """What is known of an outcome, and one row a model with ``y``: tasks, then recall@1."""
    tasks = rows[rows["task"].notna()]
    for (task, dataset), here in tasks.groupby(["task", "dataset"], sort=False):
        yield {"outcome": task, "outcome_dataset": dataset}, take_values(here, "zero_shot", "y")
    for dataset, here in rows[rows["gap"].notna()].groupby("dataset", sort=False):
        for recall in RECALLS:
            described = {"outcome": recall, "outcome_dataset": dataset}
            yield described, take_values(here, recall, "y")


def take_values(rows, column, name):
    """The values of a column that are there, one row a model."""
    rows = rows[rows[column].notna()].drop_duplicates(MODEL)
    return rows[MODEL].assign(**{name: rows[column].astype(float)})


def associate(joined, seed):
    """Association of ``x`` and ``y`` over the rows, one a model."""
    x, y = joined["x"].to_numpy(), joined["y"].to_numpy()
    family = joined["family"].to_numpy(dtype=str)
    tested = within_families(x, y, family, seed=seed)
    left_out = pd.Series(without_each_family(x, y, family)).dropna()
    ends = {
        key: value
        for end, chosen in (("lowest", "idxmin"), ("highest", "idxmax"))
        for name in [getattr(left_out, chosen)() if len(left_out) else None]
        for key, value in (
            (f"tau_{end}", np.nan if name is None else left_out[name]),
            (f"{end}_without", name),
        )
    }
    return {
        "n_models": len(joined),
        "n_families": len(set(family)),
        "tau": kendall(x, y),
        **ends,
        "tau_within": kendall_within(x, y, family),
        "p": tested["p"],
        "p_smallest": tested["smallest"],
        "permutations": tested["permutations"],
        "method": tested["method"],
        "seed": seed,
        "interval_method": NO_INTERVAL,
    }


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.input.table, snakemake.output.csv, **snakemake.params.settings)
