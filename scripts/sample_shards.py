"""Draw a random sample of one modality of a folder of embeddings, in the pipeline's own format.

What compares all pairs, and every picture of them, is made from it; of fewer pairs than the sample
it holds all. Only its own rows are read.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import hashlib
import os

import pandas as pd

from modgap.embeddings.ready import as_storage, number_rows
from modgap.job import start_log
from modgap.shards.pictures import draw_pictures, read_drawn
from modgap.shards.streams import count_pairs_of, draw_side_of
from modgap.statistics.clouds import describe_sample
from modgap.tables import BY_ID, BY_ROW, read_metadata, read_table, write_embeddings


def main(index, cloud, *, name, side, limit, seed):
    """index : of the shards. cloud : path of the embeddings. side : 0 or 1, which modality of the
    pairs. limit : most pictures that are drawn, the same of both modalities.
    """
    shards, about = read_table(index).to_dict("records"), read_metadata(index)
    if "pictures" in about:
        drawn, n = draw_pictures(shards, about, limit, seed)
        ids, rows = read_drawn(shards, about, side, drawn)
    else:
        drawn, rows = draw_side_of(shards, about["arrays"], side, limit, seed)
        ids, n = pd.DataFrame({"sample_id": number_rows(drawn)}), count_pairs_of(shards)
    provenance = {
        "model": "imported",
        "dataset": name,
        "dataset_sha256": digest_listing(shards),
        "kind": "embeddings",
        "joined": BY_ID if "pictures" in about else BY_ROW,
        "source": about["folder"],
        **describe_sample(len(drawn), n),
    }
    write_embeddings(cloud, ids, as_storage(rows, about["folder"]), provenance)


def digest_listing(shards):
    """Sha256 over names, sizes, shapes and dtypes of all shards; their content would take hours."""
    digest = hashlib.sha256()
    for shard in shards:
        for path in [shard[key] for key in ("first", "second", "ids") if key in shard]:
            told = os.path.basename(path), os.path.getsize(path), shard["rows"], shard["dtype"]
            digest.update(repr(told).encode())
    return digest.hexdigest()


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.input.index, snakemake.output.cloud, **snakemake.params.settings)
