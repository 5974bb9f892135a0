"""Cost of the loss landscape: one pass over blocks of X Y^T against multiplying again each time.

    python benchmarks/landscape.py                      5,000 pairs, both ways, side by side
    python benchmarks/landscape.py --pairs 50000 --fast-only    time and peak memory of the fast way

Both ways compute the symmetric loss over all pairs for 40 shifts and 6 temperatures with the same
threads. The plain way moves and normalises the embeddings, multiplies them and takes both
log-sum-exps for every shift and temperature, in float32 with float64 sums.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
from measuring import compare

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from modgap.shift.log_sums_cpu import use_threads
from modgap.shift.loss import loss_terms
from modgap.shift.moves import gap_direction, shift_grid, signed_distances
from modgap.statistics.geometry import normalise

SCALES = (100, 50, 30, 20, 10, 1)


def draw_pairs(n, dim, seed=0):
    """Pairs that share a part and stand in two cones, about as far apart as CLIP's."""
    rng = np.random.default_rng(seed)
    shared, centres = rng.normal(size=(n, dim)), 0.9 * rng.normal(size=(2, dim))
    first = normalise(shared + centres[0])
    second = normalise(shared + 0.7 * rng.normal(size=(n, dim)) + centres[1])
    return first, second


def plain_loss(x, y, scale):
    """Symmetric loss of already moved float32 rows."""
    logits = (x @ y.T) * np.float32(scale)
    matched = np.diagonal(logits).copy()
    loss = 0.0
    for axis in (1, 0):
        largest = logits.max(axis=axis, keepdims=True)
        sums = np.exp(logits - largest).sum(axis=axis, dtype=np.float64)
        loss += np.mean(np.log(sums) + largest.ravel() - matched) / 2
    return loss


def plain_landscape(first, second, u, deltas):
    """Losses (k, t), everything made again for every shift and temperature."""
    first, second, u = np.float32(first), np.float32(second), np.float32(u)
    losses = np.empty((len(deltas), len(SCALES)))
    for d, delta in enumerate(deltas):
        for t, scale in enumerate(SCALES):
            half = np.float32(delta / 2) * u
            x, y = first - half, second + half
            x /= np.linalg.norm(x, axis=1, keepdims=True)
            y /= np.linalg.norm(y, axis=1, keepdims=True)
            losses[d, t] = plain_loss(x, y, scale)
    return losses


def fast_landscape(first, second, u, deltas):
    """The same losses from one pass."""
    temperatures = [1 / scale for scale in SCALES]
    terms = loss_terms(first, second, u, deltas, temperatures, batch_size=len(first), exact=False)
    return terms.side("both").mean(axis=-1)


def paper_landscape(first, second, u, deltas, scale):
    """The authors' Figure 3, from its description: batches of 50, pictures to captions only, the
    sign of the distance by the first principal component of the unshifted union.
    """
    import torch
    from sklearn.decomposition import PCA

    n, axis = len(first), PCA(n_components=2).fit(np.concatenate([first, second]))
    losses, distances = [], []
    for delta in deltas:
        x = torch.nn.functional.normalize(torch.from_numpy(first - delta / 2 * u).float(), dim=1)
        y = torch.nn.functional.normalize(torch.from_numpy(second + delta / 2 * u).float(), dim=1)
        parts = [
            torch.nn.functional.cross_entropy(
                scale * x[at : at + 50] @ y[at : at + 50].T, torch.arange(min(50, n - at))
            )
            for at in range(0, n, 50)
        ]
        losses.append(float(torch.stack(parts).mean()))
        centres = x.mean(dim=0), y.mean(dim=0)
        side = axis.transform(y.numpy())[:, 0].mean() - axis.transform(x.numpy())[:, 0].mean()
        distances.append(np.sign(side) * float(torch.linalg.norm(centres[0] - centres[1])))
    return np.array(losses), np.array(distances)


def batch_landscape(first, second, u, deltas, scale):
    """Ours: their losses, with those of the other direction, and signed distances."""
    terms = loss_terms(first, second, u, deltas, [1 / scale], batch_size=50)
    losses = terms.side("first_to_second").mean(axis=-1)[:, 0]
    return losses, signed_distances(first, second, u, deltas)["pca"]


def rows(quick):
    use_threads(1)
    n = 1000 if quick else 5000
    first, second = draw_pairs(n, 512)
    u, _ = gap_direction(first, second)
    deltas = shift_grid(-5, 4.75, 0.25)
    fast_landscape(first[:64], second[:64], u, deltas)  # compile
    fast, plain = (way(first, second, u, deltas) for way in (fast_landscape, plain_landscape))
    assert np.abs(fast - plain).max() < 1e-4
    yield compare(
        "Figure 3, loss of all pairs at 40 shifts and 6 temperatures",
        f"{n:,} pairs of 512",
        lambda: fast_landscape(first, second, u, deltas),
        lambda: plain_landscape(first, second, u, deltas),
        by="moved, normalised and multiplied again each time",
        rounds=3,
        gflop=2 * n * n * 512 / 1e9,
        megabytes=8 * n * 512 / 1e6,
        goal=25,
    )
    ours, theirs = (
        way(first, second, u, deltas, 100) for way in (batch_landscape, paper_landscape)
    )
    for mine, published in zip(ours, theirs, strict=True):
        assert np.abs(np.abs(mine) - np.abs(published)).max() < 1e-3
    yield compare(
        "Figure 3 as the authors draw it: batches of 50, 40 shifts, 1 temperature",
        f"{n:,} pairs of 512",
        lambda: batch_landscape(first, second, u, deltas, 100),
        lambda: paper_landscape(first, second, u, deltas, 100),
        by="authors: torch, moved and multiplied each time, one direction",
        rounds=3,
        gflop=2 * n * 50 * 512 / 1e9,
        megabytes=8 * n * 512 / 1e6,
    )


def timed(what, function, *arguments):
    """Run, print wall and processor time, return the result and the wall time."""
    wall, processor = time.perf_counter(), time.process_time()
    result = function(*arguments)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{what}: {wall:.1f} s, processor {processor:.1f} s", flush=True)
    return result, wall


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--fast-only", action="store_true")
    options = parser.parse_args()
    use_threads(options.threads)
    first, second = draw_pairs(options.pairs, options.dim)
    u, gap = gap_direction(first, second)
    deltas = shift_grid(-5, 4.75, 0.25)
    print(
        f"{options.pairs} pairs, {options.dim} dimensions, gap {gap:.3f}, {options.threads} threads"
    )
    fast_landscape(first[:64], second[:64], u, deltas)  # compile
    fast, fast_wall = timed("one pass", fast_landscape, first, second, u, deltas)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {peak:.2f} GiB")
    if not options.fast_only:
        plain, plain_wall = timed("again each time", plain_landscape, first, second, u, deltas)
        difference = np.abs(fast - plain).max()
        print(f"ratio {plain_wall / fast_wall:.1f}, largest difference {difference:.1e}")


if __name__ == "__main__":
    main()
