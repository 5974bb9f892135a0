"""Read the header of every shard of a folder of embeddings: how many rows there are, and where."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.job import LOG, start_log
from modgap.shards.blocks import index_shards
from modgap.shards.ids import index_ids
from modgap.tables import write_table


def main(table, *, folder, arrays, shards, pictures=None):
    """table : path of the index. folder : what messages call it. arrays, shards : see
    ``index_shards``. pictures : ``column`` of the ids of pictures, whether every row is a
    ``single`` one, and the ``files`` of each shard that may hold them; None where every row is a
    picture without a name.
    """
    rows, about = index_shards(shards, arrays), {"folder": folder, "arrays": arrays}
    index = pd.DataFrame(rows)
    if pictures is not None:
        index["ids"] = index_ids(rows, pictures["files"], pictures["column"])
        about["pictures"] = {key: pictures[key] for key in ("column", "single")}
    LOG.info("%s: %d pairs in %d shards", folder, index["rows"].sum(), len(index))
    write_table(index, table, about)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.output.index, **snakemake.params.settings)
