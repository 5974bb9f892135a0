"""Bring ready-made embeddings of two modalities into the pipeline's own format."""

from modgap.embeddings.ready import read_pair, source_digest
from modgap.fetch.integrity import check_fetched
from modgap.job import start_log
from modgap.tables import write_embeddings


def main(first, second, *, name, entry, fetched=(), folder=None):
    check_fetched(fetched, folder)
    ids, *blocks = read_pair(entry)
    provenance = {
        "model": "imported",
        "dataset": name,
        "dataset_sha256": source_digest(entry),
        "kind": "embeddings",
    }
    for path, block in zip((first, second), blocks, strict=True):
        write_embeddings(path, ids, block, provenance)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.output.first,
        snakemake.output.second,
        **snakemake.params.settings,
    )
