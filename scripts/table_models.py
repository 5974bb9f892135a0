"""Gap, cone and zero-shot accuracy of every two-tower model, by architecture and training.

One row per model and dataset: the geometry of its embedding set and the accuracy of its zero-shot
tasks on the same dataset (a row for each), as far as the run has them. Nothing is measured anew.
"""

import pandas as pd

from modgap.job import start_log
from modgap.report.formats import write_formats
from modgap.tables import read_metadata, read_table

# Column of the table, and the statistic and side of a gap table.
GEOMETRY = {
    "gap": ("gap", "both"),
    "rmg": ("rmg", "both"),
    "cone_images": ("mean_cosine", "first"),
    "cone_texts": ("mean_cosine", "second"),
}

KEYS = ["model", "architecture", "weights", "dataset"]

PRINTED = [*KEYS, "n", "dim"]
PRINTED += [f"{name}{end}" for name in GEOMETRY for end in ("", "_low", "_high")]
PRINTED += ["task", "zero_shot", "zero_shot_low", "zero_shot_high", "chance"]


def main(gaps, curves, csv, md, tex, *, sets, tasks):
    """sets, tasks : dicts of ``KEYS`` (and ``task``, the label), in the order of the tables."""
    geometry = [set_row(path, about) for path, about in zip(gaps, sets, strict=True)]
    accuracy = [task_row(path, about) for path, about in zip(curves, tasks, strict=True)]
    left = pd.DataFrame(geometry, columns=geometry_columns())
    right = pd.DataFrame(accuracy, columns=[*KEYS, *accuracy_columns()])
    frame = left.merge(right, on=KEYS, how="outer", sort=False)
    frame = frame.iloc[order_of(frame, [*sets, *tasks])]
    write_formats(frame, csv, md, tex, columns=PRINTED)


def order_of(frame, described):
    """Positions of the rows: by architecture, then as described, in the order of appearance."""
    seen = list(dict.fromkeys(tuple(about[key] for key in KEYS) for about in described))
    architectures = list(dict.fromkeys(about["architecture"] for about in described))
    keys = list(frame[KEYS].itertuples(index=False, name=None))
    return sorted(
        range(len(frame)), key=lambda i: (architectures.index(keys[i][1]), seen.index(keys[i]))
    )


def geometry_columns():
    """Columns of a row of an embedding set."""
    measured = [f"{name}{end}" for name in GEOMETRY for end in ("", "_low", "_high", "_interval")]
    return [*KEYS, "embeddings", "n", "dim", "seed", *measured]


def accuracy_columns():
    """Columns of a row of a task, besides ``KEYS``."""
    measured = [f"zero_shot{end}" for end in ("", "_low", "_high", "_interval", "_metric", "_n")]
    return ["task", *measured, "chance"]


def set_row(path, about):
    """The geometry of one embedding set."""
    table = read_table(path)
    first = table.iloc[0]
    row = {**about, **{key: first[key] for key in ("embeddings", "n", "dim", "seed")}}
    table = table.set_index(["statistic", "side"])
    for name, place in GEOMETRY.items():
        measured = table.loc[place]
        row |= {
            name: measured["value"],
            f"{name}_low": measured["low"],
            f"{name}_high": measured["high"],
            f"{name}_interval": measured["interval_method"],
        }
    return row


def task_row(path, about):
    """Zero-shot accuracy without a shift; of two classes with metric auc, that."""
    facts, curve = read_metadata(path), read_table(path)
    statistic = "top1" if facts["metric"] == "accuracy" else "auc"
    measured = curve[(curve["statistic"] == statistic) & (curve["delta"] == 0)].iloc[0]
    return {
        **about,
        "zero_shot": measured["value"],
        "zero_shot_low": measured["low"],
        "zero_shot_high": measured["high"],
        "zero_shot_interval": measured["interval_method"],
        "zero_shot_metric": facts["metric"],
        "zero_shot_n": facts["n"],
        "chance": facts["largest_class"] if facts["metric"] == "accuracy" else 0.5,
    }


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.gaps,
        snakemake.input.curves,
        *snakemake.output,
        **snakemake.params.settings,
    )
