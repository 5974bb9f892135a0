"""What one pair of modalities shows when every picture is compared with every other.

``caption`` chooses the texts of a picture that enter the geometry (first, last or all of them). It
moves the numbers. Retrieval always ranks every text there is, as CLIP's evaluation does. Of more
than ``exact_rows`` pictures so many are drawn at random, with their texts, and the table says so;
of clouds in shards, retrieval ranks all of them for a sample of queries.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.errors import InputError
from modgap.job import LOG, start_log
from modgap.statistics.all_pairs import measure_sampled
from modgap.statistics.clouds import count_pictures, load_pair
from modgap.statistics.retrieval import read_ranks
from modgap.tables import write_table

# Leaving one picture out must leave pairs.
FEWEST = 4


def main(
    first, second, samples, table, *, ranks=(), name, caption, exact_rows, seed, block, threads=1
):
    """ranks : paths of what was counted shard by shard, where the clouds are a sample of them."""
    pair = load_pair(first, second, samples)
    n, total = len(pair.first), count_pictures(first, len(pair.first))
    if n < FEWEST:
        raise InputError(f"{first[0]}: {n} rows; the statistics of {name!r} need at least {FEWEST}")
    if total > exact_rows:
        LOG.info("%s: %d of %d pictures, drawn at random", name, min(n, exact_rows), total)
    options = {"exact_rows": exact_rows, "seed": seed, "block": block, "total": total}
    options |= {"ranks": read_ranks(ranks), "threads": threads}
    frame, sampled = measure_sampled(name, pair, samples, caption=caption, **options)
    write_table(frame, table, sampled)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.first,
        snakemake.input.second,
        next(iter(snakemake.input.samples), None),
        snakemake.output.table,
        ranks=snakemake.input.ranks,
        threads=snakemake.threads,
        **snakemake.params.settings,
    )
