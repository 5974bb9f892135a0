"""Methods that move or close the gap, and their controls, side by side on one embedding set.

Each is fitted on calibration pictures, its parameters are chosen on validation pictures, and what
it changes is told on test pictures. A set of fewer than 200 pairs is left out: its tables are empty
and say why.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.job import LOG, start_log
from modgap.methods.comparing import (
    measure_baseline,
    prepare_setting,
    tabulate_changes,
    tabulate_methods,
    tabulate_queries,
)
from modgap.methods.curves import CURVED, measure_curve, measure_paths
from modgap.methods.fits.registry import METHODS, list_methods
from modgap.methods.reading import (
    read_classes,
    read_other,
    read_relevance,
    read_set,
    read_set_labels,
    warn_of_unseen,
    why_left_out,
)
from modgap.methods.side_by_side import measure_methods
from modgap.tables import write_table

IN_DOMAIN, OUT_OF_DOMAIN = "in domain", "out of domain"


def main(
    given,
    tasks,
    other,
    outputs,
    *,
    name,
    columns,
    max_test,
    max_calibration,
    n_calibration,
    n_calibration_draws,
    n_draws,
    seed,
    processes=1,
):
    """Compare methods.

    Parameters
    ----------
    given : dict with ``first``, ``second`` (shards), ``samples`` and ``labels`` (paths or None).
    tasks : zero-shot tasks, see ``reading.read_classes``.
    other : (first, second, samples) of the set for calibration out of domain, or None.
    outputs : dict of the tables' paths: methods, changes, queries, calibration, paths.
    columns : those that make the label of a picture; [] for none.
    processes : methods measured at a time.
    """
    pair, X, Y = read_set(given["first"], given["second"], given["samples"])
    left_out = why_left_out(len(X), name)
    if left_out:
        LOG.warning(left_out)
        for path in outputs.values():
            write_table(pd.DataFrame(), path, {"embeddings": name, "left_out": left_out})
        return
    labels, of_set = read_set_labels(pair, given["labels"], columns, name)
    setting = prepare_setting(
        X,
        Y,
        pair.owner,
        *read_relevance(pair, given["samples"]),
        labels=labels,
        classes={f"zero-shot: {task['name']}": read_classes(task) for task in tasks},
        name=name,
        seed=seed,
        most_tested=max_test,
        most_fitted=max_calibration,
    )
    notes = list(pair.notes)
    notes += warn_of_unseen(labels, of_set, setting.fitted, f"{name} ({given['labels']})")
    names = list_methods(paired=True)
    measured = measure_methods(names, setting, processes)
    baseline = measure_baseline(setting)
    sources = {IN_DOMAIN: setting.calibration}
    if other is not None:
        sources[OUT_OF_DOMAIN] = read_other(*other, X.shape[1], name, max_calibration, seed)
    curves = [
        measure_curve(
            method,
            measured[method].choice.parameters,
            setting,
            sources if method in CURVED else {OUT_OF_DOMAIN: sources[OUT_OF_DOMAIN]},
            n_calibration if method in CURVED else [],
            n_draws=n_calibration_draws,
            seed=seed,
        )
        for method in names
        if METHODS[method].kind != "raw" and (method in CURVED or other is not None)
    ]
    frames = {
        "methods": tabulate_methods(measured, setting),
        "changes": tabulate_changes(measured, n_draws=n_draws, seed=seed, baseline=baseline),
        "queries": tabulate_queries(measured, baseline),
        "calibration": pd.concat(curves, ignore_index=True),
        "paths": measure_paths(setting),
    }
    about = {"embeddings": name, "n": len(setting.test.first), "seed": seed, "notes": notes}
    about["n_calibration"] = int(setting.calibration.n_pictures)
    about["n_validation"] = len(setting.validation.first)
    about["labelled"] = [] if labels is None else list(columns)
    for what, frame in frames.items():
        write_table(frame.assign(embeddings=name), outputs[what], about)


def take_class_tasks(source, tasks):
    """The planned tasks with their files, which are flat lists of inputs."""
    images = iter(source.images)
    return [
        {
            **task,
            "images": [next(images) for _ in range(task["shards"])],
            "prompts": source.prompts[i],
            "samples": source.task_samples[i],
        }
        for i, task in enumerate(tasks)
    ]


if __name__ == "__main__":
    start_log(snakemake.log[0])
    planned, source = dict(snakemake.params.settings), snakemake.input
    planned.pop("other")
    main(
        {
            "first": source.first,
            "second": source.second,
            "samples": next(iter(source.samples), None),
            "labels": next(iter(source.labels), None),
        },
        take_class_tasks(source, planned.pop("tasks")),
        (source.other_first, source.other_second, next(iter(source.other_samples), None))
        if source.other_first
        else None,
        dict(snakemake.output.items()),
        processes=snakemake.threads,
        **planned,
    )
