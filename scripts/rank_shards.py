"""Rank the rows of some shards for a sample of queries: recall against all pairs, job by job.

Of no more pairs than ``exact_rows`` every one is a query elsewhere, and here none is.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np

from modgap.files import atomic_path
from modgap.job import start_log
from modgap.shards.streams import count_pairs_of, rank_queries
from modgap.statistics.clouds import draw_queries
from modgap.tables import read_metadata, read_table


def main(index, clouds, ranks, *, shards, queries, exact_rows, seed, block):
    """index : of all shards. clouds : samples of both modalities. ranks : path of the counts.
    shards : first and number of those that are ranked here. queries : how many there are at most.
    """
    table, about = read_table(index).to_dict("records"), read_metadata(index)
    counts = np.zeros((2, 0, 2), dtype=np.int64)
    if count_pairs_of(table) > exact_rows:
        asked, numbers = draw_queries(clouds, queries, seed)
        chosen = range(shards[0], shards[0] + shards[1])
        counts = rank_queries(table, about["arrays"], chosen, asked, numbers, block)
    with atomic_path(ranks) as temporary:
        np.save(temporary, counts)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.index,
        [snakemake.input.first, snakemake.input.second],
        snakemake.output.ranks,
        **snakemake.params.settings,
    )
