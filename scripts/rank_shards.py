"""Rank the rows of some shards for a sample of queries: recall against all pairs, job by job.

Of no more pairs than ``exact_rows`` every one is a query elsewhere, and here none is.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np

from modgap.embeddings.devices import take_gpus
from modgap.embeddings.ready import unnumber_rows
from modgap.files import atomic_path
from modgap.job import start_log
from modgap.shards.ids import hash_ids
from modgap.shards.pictures import rank_pictures
from modgap.shards.streams import rank_queries
from modgap.statistics.clouds import count_pictures, draw_queries
from modgap.statistics.retrieval import RANKED, tabulate_ranks
from modgap.tables import open_own, read_metadata, read_table


def main(index, clouds, ranks, *, shards, queries, exact_rows, seed, block, device):
    """index : of all shards. clouds : samples of both modalities. ranks : path of the counts.
    shards : first and number of those that are ranked here. queries : how many there are at most.
    device : "cpu" or "cuda".
    """
    table, about = read_table(index).to_dict("records"), read_metadata(index)
    ranks_of = np.zeros((0, len(RANKED)), dtype=np.int64)
    if count_pictures(clouds, open_own(clouds[0]).metadata.num_rows) > exact_rows:
        asked, ids = draw_queries(clouds, queries, seed)
        chosen = range(shards[0], shards[0] + shards[1])
        if "pictures" in about:
            found = rank_pictures(table, about, chosen, asked, hash_ids(ids), block)
        else:
            numbers = unnumber_rows(ids)
            counts = rank_queries(table, about["arrays"], chosen, asked[:2], numbers, block, device)
            found = *counts, [sum(table[place]["rows"] for place in chosen)] * 2
        ranks_of = tabulate_ranks(asked, *found)
    with atomic_path(ranks) as temporary:
        np.save(temporary, ranks_of)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    take_gpus(snakemake.resources.get("gpu", 0))
    main(
        snakemake.input.index,
        [snakemake.input.first, snakemake.input.second],
        snakemake.output.ranks,
        **snakemake.params.settings,
    )
