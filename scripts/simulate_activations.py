"""Figure 2(b): mean pairwise cosine of random networks by activation, bias and depth.

Writes one row per seed, curve and depth, and a table of the means over the seeds.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from functools import partial

import pandas as pd

from modgap.cones.random_networks import Variant, depth_curves
from modgap.files import atomic_path
from modgap.job import progress, start_log
from modgap.statistics.inference import mean_interval
from modgap.tables import write_table
from modgap.threads import map_threads

CURVE = ["activation", "bias", "architecture", "depth"]


def main(
    table,
    summary,
    *,
    activations,
    biases,
    architectures,
    architecture_activations,
    n_inputs,
    input_size,
    width,
    depth,
    seeds,
    threads=1,
):
    """Simulate ``seeds`` draws of the inputs and weights, ``threads`` of them at a time.

    Every activation is crossed with every bias; ``architectures`` other than plain are added for
    ``architecture_activations`` with normal bias.
    """
    variants = [Variant(activation, bias) for activation in activations for bias in biases]
    variants += [
        Variant(activation, "normal", architecture)
        for architecture in architectures
        for activation in architecture_activations
    ]
    size = {"n_inputs": n_inputs, "input_size": input_size, "width": width, "depth": depth}
    draw = partial(draw_curves, variants, size)
    drawn = zip(map_threads(draw, range(seeds), threads), strict=True)
    curves = [rows for (rows,) in progress(drawn, total=seeds, what="seeds")]
    rows = pd.concat(curves, ignore_index=True)
    write_table(rows, table, {**size, "seeds": seeds})
    with atomic_path(summary) as temporary:
        summarise(rows).to_csv(temporary, index=False)


def draw_curves(variants, size, seed):
    """One row per curve and depth of one seed."""
    off_diagonal, with_diagonal = depth_curves(variants, **size, seed=seed)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "activation": variant.activation,
                    "bias": variant.bias,
                    "architecture": variant.architecture,
                    "seed": seed,
                    "depth": range(len(off)),
                    "mean_cosine": off,
                    "mean_cosine_with_diagonal": on,
                }
            )
            for variant, off, on in zip(variants, off_diagonal, with_diagonal, strict=True)
        ]
    )


def summarise(rows):
    """Mean over the seeds, limits and standard deviation of every curve at every depth."""
    records = []
    for curve, group in rows.groupby(CURVE, sort=False):
        values = group["mean_cosine"].to_numpy()
        low, high = mean_interval(values)
        published = group["mean_cosine_with_diagonal"]
        records.append(
            {
                **dict(zip(CURVE, curve, strict=True)),
                "mean_cosine": values.mean(),
                "low": low,
                "high": high,
                "interval_method": "t over seeds",
                "sd": group["mean_cosine"].std(),
                "mean_cosine_with_diagonal": published.mean(),
                "sd_with_diagonal": published.std(),
                "seeds": len(group),
            }
        )
    return pd.DataFrame(records)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.output.table,
        snakemake.output.summary,
        **snakemake.params.settings,
        threads=snakemake.threads,
    )
