"""What the completeness of captions does: gap, lowest loss along it, retrieval, zero-shot.

One row per embedding set of drawn scenes, whose captions are known to be partial or full. Beside
the measurements stands how often two captions of a batch are true of one picture, which a
contrastive loss takes for mismatched pairs. Apart from that nothing is measured anew.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.job import start_log
from modgap.report.formats import write_formats
from modgap.statistics.retrieval import caption_relevance, share_with_another
from modgap.tables import read_metadata, read_table

SIDES = ["first_to_second", "second_to_first"]


def main(samples, gaps, pairs, extrema, curves, csv, md, tex, *, sets, batch_size):
    """Write the table.

    samples, gaps, pairs, extrema : one file for each of ``sets``. curves : one for each of their
    tasks, in order. sets : dicts of ``embeddings``, ``captions``, ``weights`` and ``tasks``: the
    columns that zero-shot tasks on the same pictures and model ask for.
    batch_size : pictures among which another true caption is looked for.
    """
    curves, rows = iter(curves), []
    for about, listed, *measured in zip(sets, samples, gaps, pairs, extrema, strict=True):
        row = {key: about[key] for key in ("embeddings", "captions", "weights")}
        row |= describe_captions(read_table(listed), listed, batch_size)
        row |= take_measured(*map(read_table, measured), read_metadata(measured[2])["gap"])
        for column in about["tasks"]:
            row |= take_accuracy(column, next(curves))
        rows.append(row)
    frame = pd.DataFrame(rows)
    hidden = [name for name in frame if name.endswith("_interval")]
    write_formats(frame, csv, md, tex, columns=[name for name in frame if name not in hidden])


def describe_captions(samples, path, batch_size):
    """Distinct first captions, and the share of pictures with another true one in a batch."""
    first = samples.drop_duplicates("sample_id").reset_index(drop=True)
    owner = np.arange(len(first))
    another = share_with_another(owner, *caption_relevance(first, owner, path), batch_size)
    return {
        "pictures": len(first),
        "distinct_captions": first["caption"].nunique(),
        "batch_size": batch_size,
        "another_true_caption": another,
    }


def take_measured(gap, pairs, extrema, length):
    """Gap, shift of the lowest loss as a share of it, and recall@1 with chance.

    The shift is the corrected one of both modalities at the lowest temperature, among all pairs.
    ``length`` : the gap that the shift is a share of.
    """
    gap = gap.set_index(["statistic", "side"])
    pairs = pairs.set_index(["statistic", "side"])
    chosen = extrema.query(
        "extremum == 'minimum' and statistic == 'delta' and protocol == 'corrected' "
        "and moved == 'both' and side == 'both'"
    )
    chosen = chosen[chosen["batch_size"] == chosen["batch_size"].max()]
    row = spell_limits("gap", gap.loc[("gap", "both")])
    if len(chosen):
        lowest = chosen.loc[chosen["tau"].idxmin()]
        shift = lowest.copy()
        shift[["value", "low", "high"]] = lowest[["value", "low", "high"]] / length
        row |= {"tau": lowest["tau"], **spell_limits("shift", shift)}
    for side in SIDES:
        row |= spell_limits(f"recall1_{side}", pairs.loc[("recall1", side)])
        row[f"recall1_{side}_chance"] = pairs.loc[("recall1_chance", side), "value"]
    return row


def take_accuracy(column, path):
    """Zero-shot accuracy without a shift, and chance, of the task that asks for a column."""
    curve = read_table(path)
    name = f"zero_shot_{column}"
    unmoved = curve[(curve["statistic"] == "top1") & (curve["delta"] == 0)].iloc[0]
    chance = read_metadata(path)["largest_class"]
    return {**spell_limits(name, unmoved), f"{name}_chance": chance}


def spell_limits(name, measured):
    """Value, limits and method of one measurement as columns that start with its name."""
    return {
        name: measured["value"],
        f"{name}_low": measured["low"],
        f"{name}_high": measured["high"],
        f"{name}_interval": measured["interval_method"],
    }


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.samples,
        snakemake.input.gaps,
        snakemake.input.pairs,
        snakemake.input.extrema,
        snakemake.input.curves,
        *snakemake.output,
        **snakemake.params.settings,
    )
