"""Cone statistics and cosine histogram of one tower's embeddings.

``caption`` chooses the texts of a picture that enter (first, last or all of them; with all, two
texts of one picture are not a pair). It has no effect on images. Of more than ``exact_rows``
pictures so many, drawn at random, are compared with each other; what needs no pairs is over all:
where the cloud is a sample of many shards, from their moments.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.errors import InputError
from modgap.job import start_log
from modgap.statistics.all_pairs import measure_cloud
from modgap.statistics.clouds import count_pictures, describe_sample, sample_pictures
from modgap.statistics.moments.files import read_moments
from modgap.tables import read_embeddings, write_table

# Leaving one picture out must leave pairs whose spread can be measured.
FEWEST = 4


def main(
    parts, table, histogram, *, moments=None, name, caption, bins, block, n_resamples, seed,
    exact_rows, side=0, threads=1,
):  # fmt: skip
    """moments : of all pairs, where ``parts`` hold a sample. side : 0 or 1, which of the pairs."""
    ids, X, _ = read_embeddings(parts)
    owner, pictures = pd.factorize(ids["sample_id"])
    if len(pictures) < FEWEST:
        raise InputError(
            f"{parts[0]}: {len(pictures)} samples; the statistics of {name!r} need at least "
            f"{FEWEST}"
        )
    chosen = np.ones(len(ids), dtype=bool)
    if caption != "all":
        chosen = ~ids["sample_id"].duplicated(keep=caption).to_numpy()
    compared = sample_pictures(len(pictures), exact_rows, seed)
    rows, counts = measure_cloud(
        name,
        X[chosen],
        owner=owner[chosen],
        bins=bins,
        n_resamples=n_resamples,
        seed=seed,
        block=block,
        threads=threads,
        compared=compared,
        cloud=None if moments is None else pick_side(read_moments(moments)[0], side),
    )
    sampled = describe_sample(len(compared), count_pictures(parts, len(pictures)))
    write_table(rows, table, sampled)
    write_table(counts, histogram, sampled)


def pick_side(pairs, side):
    """The moments of one modality of pairs."""
    return (pairs.first, pairs.second)[side]


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.parts,
        snakemake.output.table,
        snakemake.output.histogram,
        moments=next(iter(snakemake.input.moments), None),
        threads=snakemake.threads,
        **snakemake.params.settings,
    )
