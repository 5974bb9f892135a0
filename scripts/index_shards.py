"""Read the header of every shard of a folder of embeddings: how many rows there are, and where."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.job import LOG, start_log
from modgap.shards.blocks import index_shards
from modgap.tables import write_table


def main(table, *, folder, arrays, shards):
    """table : path of the index. folder : what messages call it. arrays, shards : see
    ``index_shards``.
    """
    index = pd.DataFrame(index_shards(shards, arrays))
    LOG.info("%s: %d pairs in %d shards", folder, index["rows"].sum(), len(index))
    write_table(index, table, {"folder": folder, "arrays": arrays})


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.output.index, **snakemake.params.settings)
