"""Rates of harmful classes by group while the pictures move along the gap.

Reads the picture embeddings with their groups and the class prompts of one model, one set of
templates after the other; writes the rates at every shift and paired tests of some shifts.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.job import progress, start_log
from modgap.statistics.clouds import (
    label_indices,
    picture_labels,
    read_class_vectors,
)
from modgap.statistics.geometry import direction
from modgap.tables import write_table
from modgap.tasks.fairness import (
    changes_by_group,
    count_by_group,
    display_name,
    group_masks,
    outcomes_by_measure,
    rates_by_group,
)
from modgap.tasks.rows import open_clouds, open_pictures, rows_of
from modgap.tasks.selection import zero_index
from modgap.tasks.zero_shot import gap_by_shift, predictions_by_shift, sweep_products


def main(
    images,
    prompts,
    samples,
    gap,
    rates_table,
    changes_table,
    *,
    name,
    templates,
    prompts_file,
    columns,
    groups,
    caption,
    deltas,
    tested,
):
    """gap : (first, second, samples) of the embedding set that gives the direction, or None.

    templates : sets of templates, the first is the main one. columns : those that make the class.
    groups : columns to group by. deltas : shifts of the curve. tested : shifts compared with none.
    """
    X, pictures = open_pictures(images, samples, prompts)
    labels = picture_labels(pictures, columns, name)
    by_column = {
        column: picture_labels(pictures, [column], name).map(display_name).to_numpy()
        for column in groups
    }
    clouds = None if gap is None else open_clouds(*gap, caption)
    masks = list(group_masks(by_column))
    everything = np.union1d(deltas, tested)
    chosen = np.isin(everything, tested)
    all_rates, all_changes = [], []
    for kind in progress(templates, total=len(templates), what="prompt sets"):
        classes, T = read_class_vectors(prompts, kind)
        of_pictures = list(classes["class"][classes["category"] == ""])
        truth = label_indices(labels, of_pictures, name, prompts_file, complete=False)
        first, second = (X, rows_of(T)) if clouds is None else clouds
        u = direction(first.centre() - second.centre())
        measures, counts = count_outcomes(X, T, u, truth, classes["category"], masks, everything)
        distance = dict(
            zip(everything, gap_by_shift(first, second, u, everything, "first"), strict=True)
        )
        here = rates_by_group(counts, measures, masks, everything)
        all_rates.append(here.assign(templates=kind, distance=here["delta"].map(distance)))
        some = counts[:, :, chosen]
        all_changes.append(
            changes_by_group(some, measures, masks, everything[chosen]).assign(templates=kind)
        )
    largest = float(labels.value_counts().iloc[0] / len(labels))
    about = {"n": len(X), "templates": list(templates), "largest_class": largest}
    write_table(pd.concat(all_rates, ignore_index=True).assign(task=name), rates_table, about)
    write_table(pd.concat(all_changes, ignore_index=True).assign(task=name), changes_table, about)


def count_outcomes(X, T, u, truth, category, masks, deltas):
    """Names of what is counted, and ``count_by_group`` of all pictures, block by block.

    X : ``UnitRows``. T, u : prompts and direction. truth, category : see ``outcomes_by_measure``.
    """
    measures, counts = [], 0
    for rows, block in X.blocks():
        predictions = predictions_by_shift(sweep_products(block, T, u), deltas, "first")
        outcomes = outcomes_by_measure(predictions, truth[rows], category)
        here = [(grouping, group, mask[rows]) for grouping, group, mask in masks]
        measures = list(outcomes)
        counts = counts + count_by_group(outcomes, here, zero_index(deltas))
    return measures, counts


if __name__ == "__main__":
    start_log(snakemake.log[0])
    source = snakemake.input
    main(
        source.images,
        source.prompts,
        source.samples,
        (source.gap_first, source.gap_second, next(iter(source.gap_samples), None))
        if source.gap_first
        else None,
        snakemake.output.rates,
        snakemake.output.changes,
        **snakemake.params.settings,
    )
