"""Random initialisations of one model: each its own cone, and the gap that cones make.

Reads the embeddings of one dataset by many initialisations. Writes measurements with intervals,
the values behind them (one per initialisation or component), and points for the pictures.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.cones.initialisations import (
    cone_separation,
    independence_of_cones,
    initial_gaps,
    principal_components,
    spectrum_drop,
)
from modgap.job import start_log
from modgap.statistics.geometry import normalise
from modgap.statistics.projections import umap_points
from modgap.tables import open_parquet, write_table

NO_INTERVAL = "none: the spectrum describes these initialisations together"


def main(embeddings, table, values, points, *, name, n_neighbors, min_dist, seed):
    features, seeds = read_by_seed(embeddings)
    rows, details, pictures = [], [], []
    for (layers, modality), cloud in features.items():
        where = {"embeddings": name, "normalisation_layers": layers, "side": modality}
        k, n, dim = cloud.shape
        size = {"n": n, "dim": dim, "n_initialisations": k}
        coordinates, spectrum = principal_components(cloud)
        rows += [{**where, **size, **row} for row in cone_rows(cloud, spectrum)]
        details += [
            {**where, "quantity": "singular_value", "index": number, "value": value}
            for number, value in enumerate(spectrum, start=1)
        ]
        if layers == "kept":
            flat = umap_clouds(cloud, n_neighbors, min_dist, seed)
            pictures += [
                point_table(where, method, xy, seeds)
                for method, xy in [("pca", coordinates), ("umap", flat)]
            ]
    for layers in dict.fromkeys(layers for layers, _ in features):
        if (layers, "texts") in features:
            first, second = features[layers, "images"], features[layers, "texts"]
            where = {"embeddings": name, "normalisation_layers": layers, "side": "both"}
            k, n, dim = first.shape
            gaps = initial_gaps(first, second)
            rows += [
                {
                    **where,
                    "n": n,
                    "dim": dim,
                    "n_initialisations": k,
                    **measurement(statistic, *limits, interval_method(statistic)),
                }
                for statistic, limits in independence_of_cones(gaps, dim).items()
            ]
            details += [
                {**where, "quantity": quantity, "index": number, "value": value}
                for quantity, per_seed in gaps.items()
                for number, value in zip(seeds, per_seed, strict=True)
            ]
    write_table(pd.DataFrame(rows), table)
    write_table(pd.DataFrame(details), values)
    write_table(pd.concat(pictures, ignore_index=True), points)


def read_by_seed(path):
    """Clouds (k, n, dim) by (normalisation layers, modality), and the k seeds."""
    stored = open_parquet(path).read()
    column = stored.column("embedding").combine_chunks()
    vectors = column.values.to_numpy().reshape(len(column), column.type.list_size)
    ids = stored.drop_columns(["embedding"]).to_pandas()
    seeds = list(ids["seed"].unique())
    groups = ids.groupby(["normalisation_layers", "modality"], sort=False)
    clouds = {
        key: vectors[rows].reshape(len(seeds), -1, vectors.shape[1])
        for key, rows in groups.indices.items()
    }
    return clouds, seeds


def cone_rows(cloud, spectrum):
    """Measurements of one encoder's cones."""
    k = len(cloud)
    method = "jackknife over initialisations" if k > 2 else "none: two networks"
    rows = [
        measurement(f"cosine_{what}_initialisations", *limits, method)
        for what, limits in cone_separation(cloud).items()
    ]
    if len(spectrum) < k:
        return rows
    numbers = dict(
        zip(
            ("spectrum_drop", "spectrum_drop_largest_after", "variance_in_first_components"),
            spectrum_drop(spectrum, k),
            strict=True,
        )
    )
    return rows + [measurement(s, v, np.nan, np.nan, NO_INTERVAL) for s, v in numbers.items()]


def interval_method(statistic):
    if statistic == "cosine_of_means_sd_sqrt_dim":
        return "chi-square over initialisations"
    return "t over initialisations"


def measurement(statistic, value, low, high, method):
    return {
        "statistic": statistic,
        "value": float(value),
        "low": float(low),
        "high": float(high),
        "interval_method": method,
    }


def umap_clouds(cloud, n_neighbors, min_dist, seed):
    """UMAP of all unit vectors together (k, n, 2)."""
    k, n, dim = cloud.shape
    flat = cloud.reshape(k * n, dim)
    unit = normalise(flat, dtype=flat.dtype)
    points = umap_points(unit, n_neighbors=n_neighbors, min_dist=min_dist, seed=seed)
    return points.reshape(k, n, 2)


def point_table(where, method, xy, seeds):
    """One row per point: the initialisation that it belongs to and where it is drawn."""
    n = xy.shape[1]
    return pd.DataFrame(
        {
            **where,
            "method": method,
            "seed": np.repeat(seeds, n),
            "item": np.tile(np.arange(n), len(seeds)),
            "x": xy[..., 0].ravel().astype(np.float64),
            "y": xy[..., 1].ravel().astype(np.float64),
        }
    )


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.embeddings,
        snakemake.output.table,
        snakemake.output.values,
        snakemake.output.points,
        **snakemake.params.settings,
    )
