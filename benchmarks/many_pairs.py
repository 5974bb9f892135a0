"""A whole run on many ready pairs: when the gap and Figure 1 are there, and what each job takes.

    python benchmarks/many_pairs.py FOLDER [--pairs 50000] [--dim 768] [--cores 2] [--target T]

Draws two cones of pairs that share a part (``benchmarks/landscape.py``) into FOLDER, runs the
pipeline on them and prints wall clock, processor time and memory of every job that keeps them.
Processor time says more than the clock on a machine with other work. FOLDER stays; a second call
goes on with it. ``--target fig1_modality_gap`` stops as soon as the gap is measured and drawn.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from landscape import draw_pairs
from measuring import compare

ROOT = Path(__file__).resolve().parents[1]
SHOWN = ("statistics/gap/mine.parquet", "figures/fig1_modality_gap.png", "report/index.html")


def write_pairs(folder, n, dim):
    """Both modalities as .npy files of float32, and the configuration that names them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "first.npy", folder / "second.npy"]
    if not all(path.exists() for path in paths):
        for path, rows in zip(paths, draw_pairs(n, dim), strict=True):
            np.save(path, rows.astype(np.float32))
    config = folder / "mine.yaml"
    config.write_text(
        f"results: {folder}/results\n"
        f"datasets: {{mine: {{kind: embeddings, first: {paths[0]}, second: {paths[1]}}}}}\n"
    )
    return config


def job_times(results):
    """(job, seconds, processor seconds, MB) from the benchmark files of a run."""
    for path in sorted((results / "benchmarks").rglob("*.tsv")):
        with open(path, encoding="utf-8", newline="") as stream:
            row = next(csv.DictReader(stream, delimiter="\t"))
        job = path.relative_to(results / "benchmarks").with_suffix("")
        yield str(job), *(float(row[key]) for key in ("s", "cpu_time", "max_rss"))


def run_pipeline(config, target):
    """A run from nothing, silent, on one core; where it fails, an error with its last line."""
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--forceall", target]
    command += ["--configfile", str(config)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeError(f"exit status {done.returncode}: {lines[-1] if lines else target}")


def rows(quick):
    n = 2_000 if quick else 50_000
    with tempfile.TemporaryDirectory() as folder:
        config = write_pairs(Path(folder), n, 512)
        yield compare(
            "whole run from two files to the gap in words",
            f"{n:,} pairs of 512",
            lambda: run_pipeline(config, "table_answers"),
            rounds=1,
            memory=False,
            megabytes=8 * n * 512 / 1e6,
            note="starts of Python and imports are most of it",
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=lambda text: Path(text).resolve())
    parser.add_argument("--pairs", type=int, default=50_000)
    parser.add_argument("--dim", type=int, default=768)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--target", default="all")
    given = parser.parse_args()
    config = write_pairs(given.folder, given.pairs, given.dim)
    results = given.folder / "results"
    command = [sys.executable, "-m", "snakemake", "--cores", str(given.cores), given.target]
    start = time.time()
    subprocess.run([*command, "--configfile", str(config)], cwd=ROOT, check=True)
    print(f"{given.pairs:,} pairs of {given.dim}, {given.cores} cores")
    print(f"whole run {time.time() - start:.0f} s")
    for name in SHOWN:
        if (path := results / name).exists() and path.stat().st_mtime >= start:
            print(f"{name} after {path.stat().st_mtime - start:.0f} s")
    print(f"{'job':32} {'clock s':>8} {'processor s':>12} {'MB':>6}")
    for job, seconds, processor, memory in job_times(results):
        print(f"{job:32} {seconds:8.0f} {processor:12.0f} {memory:6.0f}")


if __name__ == "__main__":
    main()
