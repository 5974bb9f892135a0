"""Sum some shards of a folder of embeddings into moments, in one pass over their rows."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.embeddings.devices import take_gpus
from modgap.job import start_log
from modgap.shards.pictures import collect_pictures
from modgap.shards.streams import collect_shards
from modgap.statistics.moments.files import write_moments
from modgap.tables import read_metadata, read_table


def main(index, moments, *, name, shards, seed, device):
    """index : of all shards. moments : path of their sums. shards : first and number of those that
    are summed here. seed : of the groups of pictures. device : "cpu" or "cuda".
    """
    table, about = read_table(index).to_dict("records"), read_metadata(index)
    chosen = range(shards[0], shards[0] + shards[1])
    if "pictures" in about:
        pairs = collect_pictures(table, about, chosen, seed)
    else:
        pairs = collect_shards(table, about["arrays"], chosen, seed, device)
    write_moments(moments, pairs, {"dataset": name, "seed": seed})


if __name__ == "__main__":
    start_log(snakemake.log[0])
    take_gpus(snakemake.resources.get("gpu", 0))
    main(snakemake.input.index, snakemake.output.moments, **snakemake.params.settings)
