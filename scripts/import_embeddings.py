"""Bring one modality of ready-made embeddings into the pipeline's own format."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.embeddings.ready import file_digest, read_cloud
from modgap.fetch.integrity import check_fetched
from modgap.job import start_log
from modgap.tables import write_embeddings


def main(cloud, *, name, part, fetched=(), folder=None):
    """cloud : path of the embeddings. name : the dataset. part : see ``read_cloud``."""
    check_fetched(fetched, folder)
    ids, block, joined = read_cloud(part)
    provenance = {
        "model": "imported",
        "dataset": name,
        "dataset_sha256": file_digest(part),
        "kind": "embeddings",
        "joined": joined,
        "source": part["path"],
    }
    write_embeddings(cloud, ids, block, provenance)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.output.cloud, **snakemake.params.settings)
