"""Statistics of any number of pairs: 2,000,000 in 40 shards, from files to the gap.

    python benchmarks/any_n.py FOLDER [--pairs 2000000] [--dim 512] [--shards 40] [--cores 2]

Writes float16 shards of pairs whose gap is known (as clip-retrieval lays them out) into FOLDER, and
times the two floors of one pass over them: reading the files, and the matrix products alone. Then
it runs the pipeline to ``--target`` and prints clock, processor time and largest resident set of
its jobs, the pass against its floors, the true gap and the measured one. FOLDER stays; a second
call goes on with it.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from many_pairs import ROOT, job_times, run_pipeline
from measuring import compare

# Angles to its cone's axis between which every row has one, and that between the two axes.
NARROW, WIDE, APART = 0.5, 1.5, 0.9
SHARED = 0.7  # cosine between the parts of a pair that are not of the axis


def true_gap():
    """Rows are symmetric around the axes, so the centres are the axes times the mean cosine."""
    mean_cosine = (np.sin(WIDE) - np.sin(NARROW)) / (WIDE - NARROW)
    return 2 * mean_cosine * np.sin(APART / 2)


def draw_shard(n, dim, rng):
    """Unit rows (n, dim) of both modalities as float16; row i of both shares a part."""
    axes = np.zeros((2, dim), dtype=np.float32)
    axes[0, 0], axes[1, :2] = 1, (np.cos(APART), np.sin(APART))
    part, own = rng.standard_normal((2, n, dim - 2), dtype=np.float32)
    own = SHARED * part + np.sqrt(1 - SHARED**2) * own
    for axis, noise in zip(axes, (part, own), strict=True):
        angles = rng.uniform(NARROW, WIDE, (n, 1)).astype(np.float32)
        rows = np.zeros((n, dim), dtype=np.float32)
        rows[:, 2:] = np.sin(angles) * noise / np.linalg.norm(noise, axis=1, keepdims=True)
        yield (rows + np.cos(angles) * axis).astype(np.float16)


def write_shards(folder, n, dim, shards, queries):
    """The shards, where they are not there yet, and the configuration that names them."""
    sizes = np.diff(np.linspace(0, n, shards + 1).astype(int))
    for name in ("img_emb", "text_emb"):
        (folder / "data" / name).mkdir(parents=True, exist_ok=True)
    for number, size in enumerate(sizes):
        paths = [folder / f"data/{name}/{name}_{number}.npy" for name in ("img_emb", "text_emb")]
        if not all(path.exists() for path in paths):
            drawn = draw_shard(size, dim, np.random.default_rng([0, number]))
            for path, rows in zip(paths, drawn, strict=True):
                np.save(path, rows)
    config = folder / "mine.yaml"
    config.write_text(
        f"results: {folder}/results\n"
        f"datasets: {{mine: {{kind: embeddings, folder: {folder}/data}}}}\n"
        f"statistics: {{queries: {queries}}}\n"
    )
    return config


def time_floors(folder, n, dim, rows=16_384):
    """Processor seconds to read all files, and for the products of all rows in double precision."""
    start = time.process_time()
    for path in sorted((folder / "data").rglob("*.npy")):
        with open(path, "rb", buffering=0) as stream:
            while stream.read(64 << 20):
                pass
    reading = time.process_time() - start
    X, Y = np.random.default_rng(0).standard_normal((2, rows, dim))
    X.T @ Y
    start = time.process_time()
    for _ in range(5):
        X.T @ X, Y.T @ Y, X.T @ Y
    return reading, (time.process_time() - start) / 5 * n / rows


def rows(quick):
    n, dim, shards = (10_000, 512, 4) if quick else (2_000_000, 512, 40)
    with tempfile.TemporaryDirectory() as folder:
        config = write_shards(Path(folder), n, dim, shards, 1_000)
        yield compare(
            "whole run from shards to the table of statistics",
            f"{n:,} pairs of {dim}, {shards} shards",
            lambda: run_pipeline(config, "table_statistics"),
            rounds=1,
            memory=False,
            gflop=6 * n * dim**2 / 1e9,
            megabytes=4 * n * dim / 1e6,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=lambda text: Path(text).resolve())
    parser.add_argument("--pairs", type=int, default=2_000_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--target", default="table_statistics")
    given = parser.parse_args()
    config = write_shards(given.folder, given.pairs, given.dim, given.shards, given.queries)
    reading, products = time_floors(given.folder, given.pairs, given.dim)
    command = [sys.executable, "-m", "snakemake", "--cores", str(given.cores), given.target]
    start = time.time()
    subprocess.run([*command, "--configfile", str(config)], cwd=ROOT, check=True)
    print(f"{given.pairs:,} pairs of {given.dim} in {given.shards} shards, {given.cores} cores")
    print(f"whole run {time.time() - start:.0f} s")
    print(f"{'job':32} {'clock s':>8} {'processor s':>12} {'MB':>6}")
    jobs = pd.DataFrame(job_times(given.folder / "results"), columns=["job", "s", "cpu", "mb"])
    jobs["rule"] = jobs["job"].str.split("/").str[0]
    for rule, rows in jobs.groupby("rule"):
        name = f"{rule} ({len(rows)} jobs)"
        print(f"{name:32} {rows['s'].sum():8.0f} {rows['cpu'].sum():12.0f} {rows['mb'].max():6.0f}")
    spent = jobs.loc[jobs["rule"] == "sum_shards", "cpu"].sum()
    print(
        f"one pass: {spent:.0f} s of processor, {spent / given.pairs * 1e6:.1f} µs a pair; ", end=""
    )
    print(f"floors: reading {reading:.1f} s, products {products:.1f} s; ", end="")
    print(f"{spent / max(reading, products):.2f} times the larger")
    gap = pd.read_parquet(given.folder / "results/statistics/gap/mine.parquet")
    gap = gap.set_index(["statistic", "side"]).loc[("gap_unbiased", "both")]
    print(f"true gap {true_gap():.6f}, measured {gap['value']:.6f} [{gap['low']:.6f}, ", end="")
    print(f"{gap['high']:.6f}] (n = {gap['n']:,})")


if __name__ == "__main__":
    main()
