"""Figures 2(a) and 2(b) beside the authors' procedures, written from their description.

    python benchmarks/run.py --only cosines_and_networks

Figure 2(a), a cell: all cosines within a cloud of 5,000 rows, their mean, deviation, quartiles and
histogram. The authors make the whole matrix, take its 25 million values off the diagonal and
describe them (their seaborn histogram, as long again, is left out). Ours has the kernel of the
uniformity with it, which the pass of the pipeline always takes; intervals are left out. On one
thread, and by the clock on two, where of theirs the product alone takes the second.

Figure 2(b): five activations, 25 layers, after each the mean of the whole matrix of cosines; then
all of what the default run draws of it, 30 curves of ten seeds, as its job does on two cores: a
seed a thread, by the clock.
"""

import time
from functools import partial

import numpy as np
from measuring import compare
from threadpoolctl import threadpool_limits

from modgap.cones.random_networks import Variant, depth_curves
from modgap.statistics.geometry import normalise
from modgap.statistics.pairwise import histogram, quantiles, within_pairs
from modgap.threads import map_threads, usable_threads

QUARTILES = (0.25, 0.5, 0.75)
SHAPE = {"n_inputs": 1024, "input_size": 512, "width": 512, "depth": 25}
THREADS = min(2, usable_threads())
PAPER = ("Sigmoid", "LeakyReLU", "ReLU", "Tanh", "Linear")


def describe_cloud(rows, threads=1):
    """Ours: mean, deviation, least, quartiles, largest; and the histogram."""
    n = len(rows)
    pairs = within_pairs(rows, np.arange(n), bins=200, block=2000, threads=threads)
    with threadpool_limits(threads):
        # As the moments of the pipeline: sums of cosines and of their squares need no pairs.
        sums = np.array([np.linalg.norm(rows.sum(axis=0)), np.linalg.norm(rows.T @ rows)]) ** 2
    mean, square = (sums - n) / (n * (n - 1))
    spread = np.sqrt((square - mean**2) * n * (n - 1) / (n * (n - 1) - 1))
    edges, counts = histogram(pairs["counts"], 200)
    numbers = [mean, spread, pairs["min"], *quantiles(pairs, QUARTILES), pairs["max"]]
    return np.array(numbers), edges, counts


def describe_matrix(rows, threads=1):
    """Theirs: every value off the diagonal of the whole matrix, described by pandas."""
    import pandas as pd

    with threadpool_limits(threads):
        cosines = rows @ rows.T
    values = cosines[~np.eye(len(rows), dtype=bool)]
    told = pd.DataFrame({"cosine": values}).describe()["cosine"]
    counts, edges = np.histogram(values, bins=200, range=(-1, 1))
    numbers = told[["mean", "std", "min", "25%", "50%", "75%", "max"]].to_numpy()
    return numbers, edges, counts


def paper_curves(seed):
    """Ours: the five curves of the paper."""
    return depth_curves([Variant(name, "normal") for name in PAPER], **SHAPE, seed=seed)[1]


def matrix_curves(seed):
    """Theirs: fresh layers of torch for every activation, the whole matrix after each."""
    import torch

    torch.manual_seed(seed)
    functions = {
        "Sigmoid": torch.sigmoid,
        "LeakyReLU": torch.nn.functional.leaky_relu,
        "ReLU": torch.relu,
        "Tanh": torch.tanh,
        "Linear": lambda x: x,
    }
    scale, curves = SHAPE["width"] ** -0.5, np.empty((len(PAPER), SHAPE["depth"] + 1))
    with torch.no_grad():
        for row, name in enumerate(PAPER):
            x = torch.randn(SHAPE["n_inputs"], SHAPE["input_size"])
            for layer in range(SHAPE["depth"] + 1):
                unit = torch.nn.functional.normalize(x, dim=1)
                curves[row, layer] = float((unit @ unit.T).mean())
                linear = torch.nn.Linear(x.shape[1], SHAPE["width"])
                torch.nn.init.normal_(linear.weight, std=scale)
                torch.nn.init.normal_(linear.bias, std=scale)
                x = functions[name](linear(x))
    return curves


def all_curves(seeds):
    """Every curve of the default run."""
    names = (*PAPER, "Maxout", "GELU", "QuickGELU")
    variants = [Variant(name, bias) for name in names for bias in ("normal", "uniform", "none")]
    variants += [
        Variant(name, "normal", architecture)
        for architecture in ("residual", "normalised", "residual_normalised")
        for name in ("ReLU", "GELU")
    ]
    draw = partial(depth_curves, variants, **SHAPE)
    list(map_threads(lambda seed: draw(seed=seed), range(seeds), THREADS))


def rows(quick):
    rng = np.random.default_rng(0)
    cloud = normalise(rng.standard_normal((5000, 512)) + 0.9 * rng.standard_normal(512))
    narrow = cloud.astype(np.float32)
    ours, theirs = describe_cloud(cloud)[0], describe_matrix(narrow)[0]
    assert np.allclose(ours, theirs, atol=2e-4), (ours, theirs)
    for threads, clock, by_what in ((1, None, ""), (THREADS, time.perf_counter, "by the clock, ")):
        yield compare(
            f"Figure 2(a), one cell, {by_what}threads: {threads}",
            "5,000 rows of 512",
            partial(describe_cloud, cloud, threads),
            partial(describe_matrix, narrow, threads),
            by="authors: whole matrix, pandas",
            rounds=5,
            clock=clock,
            gflop=5000 * 5000 * 512 / 1e9,
            megabytes=cloud.nbytes / 1e6,
            most=0.6,
            most_mb=500,
            reason="of 0.8 s float64 products took 0.4, exponentials and counting a tenth each, "
            "without AVX-512 (profiled)",
        )
    curves, matrix = paper_curves(0), matrix_curves(0)
    assert np.abs(curves[0] - matrix[0]).max() < 0.01, "sigmoid's curve hardly depends on the seed"
    layers = 2 * SHAPE["n_inputs"] * SHAPE["width"] ** 2 * SHAPE["depth"] / 1e9
    yield compare(
        "Figure 2(b), the paper's five curves",
        "1,024 × 512, 25 layers, 1 seed",
        lambda: paper_curves(0),
        lambda: matrix_curves(0),
        by="authors: torch, whole matrix a layer",
        rounds=2,
        gflop=5 * layers,
    )
    seeds = 2 if quick else 10
    yield compare(
        "Figure 2(b), all 30 curves",
        f"1,024 × 512, 25 layers, {seeds} seeds",
        lambda: all_curves(seeds),
        rounds=3 if quick else 1,
        memory=False,
        clock=time.perf_counter,
        gflop=30 * seeds * layers,
        most=6 * seeds,
        reason="two idle cores without AVX-512 took 5.8 s a seed, half of it products; fewer or "
        "busy cores take longer",
        note=f"by the clock, a seed a thread, {THREADS} threads; goal: 60 s for ten seeds",
    )
