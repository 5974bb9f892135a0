"""Project one pair of clouds to two dimensions in four ways.

Reads the embeddings of both modalities; writes one row per method and point. What the axes
mean (shares of variance, trustworthiness) is in the table's metadata.
"""

import numpy as np
import pandas as pd

from modgap.job import start_log
from modgap.statistics.clouds import load_pair
from modgap.statistics.geometry import normalise
from modgap.statistics.projections import project_gap_axis, project_pca, project_svd, project_umap
from modgap.tables import write_table


def main(first, second, samples, table, *, name, caption, max_pairs, seed, n_neighbors, min_dist):
    """Write the projections of at most ``max_pairs`` pairs, a random subset of all."""
    pair = load_pair(first, second, samples).choose(caption)
    X, Y, owner = normalise(pair.first), normalise(pair.second), pair.owner
    chosen = np.sort(np.random.default_rng(seed).permutation(len(Y))[:max_pairs])
    X, Y = X[owner[chosen]], Y[chosen]
    results = {
        "umap": project_umap(X, Y, n_neighbors=n_neighbors, min_dist=min_dist, seed=seed),
        "svd": project_svd(X, Y),
        "pca": project_pca(X, Y),
        "gap_axis": project_gap_axis(X, Y),
    }
    frames = [
        pd.DataFrame(
            {
                "embeddings": name,
                "method": method,
                "modality": np.repeat(["first", "second"], len(chosen)),
                "pair": np.tile(chosen, 2),
                "x": coordinates[:, 0].astype(np.float64),
                "y": coordinates[:, 1].astype(np.float64),
                **identify_points(pair, chosen),
            }
        )
        for method, (coordinates, _) in results.items()
    ]
    axes = {
        method: {key: float(value) for key, value in meaning.items()}
        for method, (_, meaning) in results.items()
    }
    write_table(
        pd.concat(frames, ignore_index=True),
        table,
        {"axes": axes, "n": len(owner), "n_drawn": len(chosen), "seed": seed},
    )


def identify_points(pair, chosen):
    """Ids of the points of both modalities as columns by name; the report finds captions by them.

    chosen : rows of the texts that are drawn.
    """
    columns = {"sample_id": pair.ids[pair.owner[chosen]]}
    if "caption_index" in pair.texts:
        columns["caption_index"] = pair.texts["caption_index"].to_numpy()[chosen]
    return {name: np.tile(values, 2) for name, values in columns.items()}


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.first,
        snakemake.input.second,
        next(iter(snakemake.input.samples), None),
        snakemake.output.table,
        **snakemake.params.settings,
    )
