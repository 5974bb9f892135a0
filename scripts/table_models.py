"""Gap, cone, recall and zero-shot accuracy of every two-tower model, by architecture and training.

One row per model and dataset: the geometry of its embedding set and the accuracy of its zero-shot
tasks on the same dataset (a row for each), as far as the run has them. Nothing is measured anew.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from pathlib import Path

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

# The same of a table of what compares all pairs; empty of sets without pairs.
RETRIEVAL = {
    "recall1_images": ("recall1", "first_to_second"),
    "recall1_texts": ("recall1", "second_to_first"),
}

KEYS = ["model", "architecture", "weights", "family", "dataset"]

PRINTED = [*KEYS, "n", "dim", "logit_scale"]
PRINTED += [f"{name}{end}" for name in GEOMETRY | RETRIEVAL for end in ("", "_low", "_high")]
PRINTED += ["task", "zero_shot", "zero_shot_low", "zero_shot_high", "chance"]


def main(gaps, curves, csv, md, tex, *, sets, tasks, pairs=()):
    """sets, tasks : dicts of ``KEYS`` (and ``task``, the label), in the order of the tables.

    pairs : tables of the sets that have pairs, of the file names of their gaps.
    """
    compared = {Path(path).name: path for path in pairs}
    geometry = [
        set_row(path, compared.get(Path(path).name), about)
        for path, about in zip(gaps, sets, strict=True)
    ]
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
    ends = ("", "_low", "_high", "_interval")
    measured = [f"{name}{end}" for name in GEOMETRY | RETRIEVAL for end in ends]
    return [*KEYS, "embeddings", "n", "dim", "seed", "logit_scale", *measured]


def accuracy_columns():
    """Columns of a row of a task, besides ``KEYS``."""
    measured = [f"zero_shot{end}" for end in ("", "_low", "_high", "_interval", "_metric", "_n")]
    return ["task", *measured, "chance"]


def set_row(path, compared, about):
    """The geometry of one embedding set, and its recall@1 where it has pairs."""
    table, scale = read_table(path), read_metadata(path).get("logit_scale")
    first = table.iloc[0]
    row = {**about, **{key: first[key] for key in ("embeddings", "n", "dim", "seed")}}
    row |= {"logit_scale": scale, **take_measured(table, GEOMETRY)}
    return row if compared is None else row | take_measured(read_table(compared), RETRIEVAL)


def take_measured(table, places):
    """Values and intervals of the named (statistic, side) of a tidy table."""
    table, row = table.set_index(["statistic", "side"]), {}
    for name, place in places.items():
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
        pairs=snakemake.input.pairs,
        **snakemake.params.settings,
    )
