"""Differences between two embedding sets on the same pictures, as one tidy table.

Each set is given by its clouds or, where it is of another run, by that run's table of statistics,
which says what it was measured from. Pictures are matched by ``sample_id``; those that only one set
has are left out and counted. Retrieval ranks the shared pictures and all their texts.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import LOG, start_log
from modgap.statistics.clouds import (
    find_sources,
    label_indices,
    load_pair,
    picture_labels,
    read_class_vectors,
    read_pictures,
)
from modgap.statistics.comparison import (
    compare_pairs,
    comparison_frame,
    match_pictures,
    share_difference_row,
    top_hits,
)
from modgap.tables import read_metadata, write_table


def main(
    before, after, tasks, table, *, name, sets, modalities, exact_rows, n_resamples, seed, block
):
    """Compare two sets.

    Parameters
    ----------
    before, after : dicts with ``first``, ``second`` (shards), ``samples`` (path or None) and
        ``caption``, or with ``table``, the statistics of a set of another run.
    tasks : zero-shot tasks that both models have: dicts with ``label``, ``columns``,
        and ``before`` and ``after``: dicts of ``images``, ``prompts``, ``prompts_file``,
        ``samples`` and ``templates``.
    sets : names of the two sets. modalities : of their two sides.
    exact_rows : most pictures that are compared.
    """
    sources = [complete_source(source) for source in (before, after)]
    rows, shared, notes = compare_pairs(
        [load_pair(*source["files"]) for source in sources],
        [source["caption"] for source in sources],
        [source["files"][2] for source in sources],
        sets,
        exact_rows=exact_rows,
        n_resamples=n_resamples,
        seed=seed,
        block=block,
    )
    rows += [task_row(task, sets) for task in tasks]
    notes += list_differences(sets, sources)
    for note in notes:
        LOG.warning(note)
    about = {"sets": list(sets), "modalities": list(modalities), "shared": shared, "notes": notes}
    write_table(comparison_frame(rows, name, seed), table, about)


def complete_source(source):
    """Files of a set as (first, second, samples) and its caption, found where not given."""
    if "table" in source:
        files, caption = find_sources(source["table"])
        return {"files": files, "caption": caption}
    files = (source["first"], source["second"], source["samples"])
    return {"files": files, "caption": source["caption"]}


def task_row(task, sets):
    """Difference of the zero-shot accuracy of both models on the pictures that both have."""
    ids, hits = zip(*(read_hits(task, task[side]) for side in ("before", "after")), strict=True)
    shared = [
        (hit[place].astype(float), True)
        for hit, place in zip(hits, match_pictures(*ids, sets), strict=True)
    ]
    return share_difference_row("zero_shot", task["label"], *shared)


def read_hits(task, side):
    """sample_id and hit (n,) of every picture of a task under one model."""
    classes, T = read_class_vectors(side["prompts"], side["templates"])
    X, pictures = read_pictures(side["images"], side["samples"], side["prompts"])
    labels = label_indices(
        picture_labels(pictures, task["columns"], task["label"]),
        list(classes["class"]),
        task["label"],
        side["prompts_file"],
    )
    return pictures["sample_id"], top_hits(X, T, labels)


def list_differences(sets, sources):
    """A line where the two sets are not of the same data."""
    data = [read_metadata(source["files"][0][0]).get("dataset_sha256") for source in sources]
    embedded = all(source["files"][2] is not None for source in sources)
    if embedded and data[0] != data[1]:
        return [
            f"{sets[0]} and {sets[1]} are of different data; their pictures were matched by "
            "sample_id alone"
        ]
    return []


def take_tasks(source, tasks):
    """The planned ``tasks`` with their files, which are flat lists of inputs.

    tasks : dicts with ``shards``, how many there are of the pictures of each side.
    """
    taken = {side: iter(getattr(source, f"{side}_images")) for side in ("before", "after")}
    result = []
    for i, task in enumerate(tasks):
        files = {
            side: {
                **task[side],
                "images": [next(taken[side]) for _ in range(task[side]["shards"])],
                "prompts": getattr(source, f"{side}_prompts")[i],
                "samples": getattr(source, f"{side}_labels")[i],
            }
            for side in ("before", "after")
        }
        result.append({**task, **files})
    return result


def take_set(source, side, caption):
    """The files of one set among the inputs, or the table of the set of another run."""
    tables = getattr(source, f"{side}_table")
    if tables:
        return {"table": tables[0]}
    return {
        "first": getattr(source, f"{side}_first"),
        "second": getattr(source, f"{side}_second"),
        "samples": next(iter(getattr(source, f"{side}_samples")), None),
        "caption": caption,
    }


if __name__ == "__main__":
    start_log(snakemake.log[0])
    planned = dict(snakemake.params.settings)
    captions = planned.pop("captions")
    main(
        take_set(snakemake.input, "before", captions[0]),
        take_set(snakemake.input, "after", captions[1]),
        take_tasks(snakemake.input, planned.pop("tasks")),
        snakemake.output.table,
        **planned,
    )
