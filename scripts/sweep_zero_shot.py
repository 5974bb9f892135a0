"""Zero-shot classification while pictures and prompts move along the gap.

Reads the picture embeddings with their labels and the class prompts of one model; writes the curve
over shifts, the published and the corrected choice of a shift, and the same for control directions.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.errors import InputError
from modgap.job import progress, start_log
from modgap.statistics.clouds import (
    label_indices,
    number_pictures,
    picture_labels,
    read_class_vectors,
)
from modgap.tables import write_table
from modgap.tasks.rows import open_clouds, open_pictures
from modgap.tasks.sweep import Task, control_rows, curve_rows, selection_rows

# Pictures of each class of two that an AUC needs for its variance.
FEWEST_OF_TWO = 8


def main(
    images,
    prompts,
    samples,
    gap,
    curve,
    selection,
    controls,
    *,
    name,
    templates,
    prompts_file,
    columns,
    metric,
    caption,
    deltas,
    sides,
    n_draws,
    n_folds,
    n_directions,
    n_permutations,
    seed,
):
    """gap : (first, second, samples) of the embedding set that gives the direction, or None.

    columns : those of the samples table that make the label.
    """
    classes, T = read_class_vectors(prompts, templates)
    X, pictures = open_pictures(images, samples, prompts)
    labels = label_indices(
        picture_labels(pictures, columns, name), list(classes["class"]), name, prompts_file
    )
    if metric == "auc":
        check_two_classes(labels, T, name)
    clouds = None if gap is None else open_clouds(*gap, caption)
    task = Task(X, T, labels, np.array(deltas), metric, clouds)
    owner = number_pictures(pictures)
    frames = {curve: [], selection: [], controls: []}
    for side in progress(sides, total=len(sides), what="sides"):
        frames[curve].append(curve_rows(task, side))
        frames[selection].append(
            selection_rows(task, side, owner=owner, n_draws=n_draws, n_folds=n_folds, seed=seed)
        )
        frames[controls].append(
            control_rows(
                task,
                side,
                n_directions=n_directions,
                n_permutations=n_permutations,
                seed=seed,
            )
        )
    about = {
        "n": len(labels),
        "n_classes": len(T),
        "largest_class": float(np.bincount(labels).max() / len(labels)),
        "metric": metric,
        "seed": seed,
    }
    for path, parts in frames.items():
        write_table(pd.concat(parts, ignore_index=True).assign(task=name), path, about)


def check_two_classes(labels, T, name):
    """Raise an InputError unless an AUC can be measured and compared."""
    if len(T) != 2:
        raise InputError(f"{name}: metric auc is for two classes, and there are {len(T)}")
    fewest = np.bincount(labels).min()
    if fewest < FEWEST_OF_TWO:
        raise InputError(
            f"{name}: a class has {fewest} pictures; an AUC needs at least {FEWEST_OF_TWO}"
        )


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
        snakemake.output.curve,
        snakemake.output.selection,
        snakemake.output.controls,
        **snakemake.params.settings,
    )
