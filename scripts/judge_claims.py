"""Judge every claim of the paper by the tables of this run."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.job import start_log
from modgap.report.formats import read_for_jobs, write_formats
from modgap.report.verdicts.arithmetic import compute_printed
from modgap.report.verdicts.judge import judge_claims
from modgap.tables import read_metadata, read_table

PRINTED = [
    "id",
    "claim",
    "where",
    "source",
    "decidable",
    "published",
    "measured",
    "low",
    "high",
    "scale",
    "verdict",
]


def main(tables, imported, csv, md, tex, *, claims, described):
    """Write the verdicts.

    tables : table name -> its files in this run. imported : files of ready embeddings, whose
        metadata tell where they came from. described : table name -> name and attributes (a dict)
        of each of its files, in their order.
    """
    digests = {}
    for path in imported:
        about = read_metadata(path)
        digests[about["dataset"]] = about["dataset_sha256"]
    frames = {
        name: described_table(paths, described[name], digests)
        for name, paths in tables.items()
        if paths
    }
    frames["arithmetic"] = compute_printed().assign(measured_on="printed numbers")
    write_formats(judge_claims(claims, frames), csv, md, tex, columns=PRINTED)


def described_table(paths, attributes, digests):
    """All files of a table one below the other, with what each is about as columns.

    What a table says itself is kept where an attribute has the same name.
    """
    frames = []
    for path, about in zip(paths, attributes, strict=True):
        frame = read_for_jobs(path) if str(path).endswith(".csv") else read_table(path)
        given = {**about, "sha256": digests.get(about.get("dataset"), "")}
        # A layer has a name of its own; seeds of one training share that of the first.
        own = given.pop("name")
        own = given.pop("measured_on", own)
        if "training_seed" in given and "task" in frame:
            frame["task"] = own
        new = {key: value for key, value in given.items() if key not in frame}
        frames.append(frame.assign(**new, measured_on=own))
    # A set that methods were not compared on has a table without rows.
    return pd.concat([frame for frame in frames if len(frame)] or frames[:1], ignore_index=True)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        {name: snakemake.input.get(name, []) for name in snakemake.params.settings["described"]},
        snakemake.input.imported,
        *snakemake.output,
        **snakemake.params.settings,
    )
