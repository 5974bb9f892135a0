"""Gap and cones of one model as it is, and with what normalises in it disabled.

Reads the embeddings of every variant; writes the measurements of each, as ``measure_gap`` makes
them, and a UMAP and a PCA of each for the picture. Retrieval is among these pictures and their
first captions; what a caption mentions decides what is a hit, as in every table.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.job import start_log
from modgap.statistics.all_pairs import measure_pair
from modgap.statistics.geometry import normalise
from modgap.statistics.projections import project_pca, project_umap
from modgap.statistics.retrieval import caption_relevance
from modgap.tables import (
    check_same_provenance,
    open_parquet,
    read_metadata,
    read_table,
    write_table,
)


def main(
    embeddings,
    samples,
    table,
    points,
    *,
    name,
    n_resamples,
    block,
    resample_seed,
    n_neighbors,
    min_dist,
    umap_seed,
):
    rows, pictures = [], []
    variants, texts = read_variants(embeddings), read_first_captions(embeddings, samples)
    owner = np.arange(len(texts))
    retrieved = {
        "captions": texts["caption"].to_numpy(),
        "relevance": caption_relevance(texts, owner, samples),
    }
    for variant, (X, Y) in variants.items():
        measured = measure_pair(
            name,
            X,
            Y,
            owner,
            n_resamples=n_resamples,
            seed=resample_seed,
            block=block,
            **retrieved,
        )
        rows.append(measured.assign(normalisation=variant))
        X, Y = normalise(X), normalise(Y)
        options = {"n_neighbors": n_neighbors, "min_dist": min_dist, "seed": umap_seed}
        for method, (xy, _) in [
            ("umap", project_umap(X, Y, **options)),
            ("pca", project_pca(X, Y)),
        ]:
            pictures.append(
                pd.DataFrame(
                    {
                        "embeddings": name,
                        "normalisation": variant,
                        "method": method,
                        "modality": np.repeat(["images", "texts"], len(X)),
                        "x": xy[:, 0].astype(np.float64),
                        "y": xy[:, 1].astype(np.float64),
                    }
                )
            )
    write_table(pd.concat(rows, ignore_index=True), table)
    write_table(pd.concat(pictures, ignore_index=True), points)


def read_variants(path):
    """Images and texts (n, dim) by variant."""
    stored = open_parquet(path).read()
    column = stored.column("embedding").combine_chunks()
    vectors = column.values.to_numpy().reshape(len(column), column.type.list_size)
    ids = stored.drop_columns(["embedding"]).to_pandas()
    places = ids.groupby(["normalisation", "modality"], sort=False).indices
    return {
        variant: tuple(vectors[places[variant, modality]] for modality in ("images", "texts"))
        for variant in ids["normalisation"].unique()
    }


def read_first_captions(embeddings, samples):
    """Rows of the samples table, the first caption of each picture, in the order of the variants.

    Raises
    ------
    InputError : samples of other data than the embeddings.
    """
    check_same_provenance(samples, read_metadata(samples), embeddings, read_metadata(embeddings))
    ids = open_parquet(embeddings).read(["sample_id"]).column("sample_id").to_pandas().unique()
    first = read_table(samples).drop_duplicates("sample_id").set_index("sample_id", drop=False)
    return first.loc[ids].reset_index(drop=True)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.embeddings,
        snakemake.input.samples,
        snakemake.output.table,
        snakemake.output.points,
        **snakemake.params.settings,
    )
