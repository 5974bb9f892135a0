"""Planted embeddings: do methods do what they must, and controls nothing? 200 draws of each case.

    python benchmarks/gap_methods_planted.py --draws 200

(a) A translation along the largest axis of the content, mixed search at 50 % pictures: mean removal
    has a higher NDCG@10 than raw and each of the six controls.
(b) Balanced pictures, captions with class shares ∝ 0.6^c: accuracy of the one-sided shift without
    N, of the same with +⟨Δ, t_c⟩, and of mean removal.
(c) No gap: no translation method is found to change any task (familywise, p < 0.05).
(d) Isotropic, exchangeable pairs: no control is found to change any task.

The draws are those of ``tests/helpers/planted_cases.py``, where sizes stand too.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import compare

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from modgap.methods.comparing import prepare_setting
from modgap.methods.fits.registry import fit_method
from modgap.methods.outcomes.classes import class_scores
from modgap.methods.outcomes.evaluation import measure_mixed, move_held_out
from modgap.statistics.retrieval import own_relevance
from planted_cases import CONTROLS, GREY, draw_classes, draw_translated, tabulate_family

PAIRS, LABELLED = 400, 4000


def search_mixed(seed):
    """Case (a): NDCG@10 at 50 % pictures by method."""
    X, Y, owner = draw_translated(PAIRS, seed)
    setting = prepare_setting(X, Y, owner, *own_relevance(owner, PAIRS), seed=seed)
    found = {}
    for name in ("raw", "mean_removal", *CONTROLS):
        transform = fit_method(name, setting.calibration)
        moved = move_held_out(transform, setting.test)
        results = measure_mixed(transform, setting.test, moved, (0.5,), brief=True)
        found[name] = results["mixed, 50 % pictures", "ndcg10"].value
    return found


def classify(seed):
    """Case (b): accuracies, and whether all predictions came back."""
    calibration, labelled = draw_classes(LABELLED, seed)
    scores = {
        "raw": class_scores(fit_method("raw", calibration), labelled),
        "shift": class_scores(
            fit_method("shift_unscaled", calibration, {"sides": "first"}), labelled
        ),
        "mean_removal": class_scores(fit_method("mean_removal", calibration), labelled),
    }
    scores["restored"] = scores["shift"] + labelled.prompts @ calibration.moments.gap
    predicted = {name: values.argmax(axis=1) for name, values in scores.items()}
    found = {name: (labels == labelled.labels).mean() for name, labels in predicted.items()}
    return {**found, "same": (predicted["restored"] == predicted["raw"]).all()}


def smallest_p(case, seed):
    """Cases (c) and (d): the smallest p of all cells."""
    draw, names = GREY[case]
    return {"case": case, "p": tabulate_family(draw, names, PAIRS, seed)["p"].min()}


def rows(quick):
    """The time of one draw; shares over 200 draws take minutes and are in README."""
    yield compare(
        "mixed search of planted pairs by every method, one draw",
        "pairs as in the benchmark",
        lambda: search_mixed(0),
        rounds=1 if quick else 3,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--processes", type=int, default=2)
    wanted = parser.parse_args()
    seeds = range(wanted.draws)
    with ProcessPoolExecutor(wanted.processes) as pool:
        mixed = pd.DataFrame(pool.map(search_mixed, seeds))
        print("(a)\n", mixed.describe().loc[["mean", "min", "max"]].round(3).to_string())
        others = mixed.drop(columns="mean_removal").max(axis=1)
        print(
            "draws in which mean removal is ahead of all:", (mixed["mean_removal"] > others).sum()
        )
        classes = pd.DataFrame(pool.map(classify, seeds)).astype(float)
        print("(b)\n", classes.describe().loc[["mean", "min", "max"]].round(4).to_string())
        lost = classes["raw"] - classes["mean_removal"]
        print(f"mean removal loses {lost.mean():.4f}, at most {lost.max():.4f};", end=" ")
        print("less than half a point in", (lost < 0.005).sum())
        for case in GREY:
            cells = pool.map(smallest_p, [case] * wanted.draws, seeds)
            p = np.array([cell["p"] for cell in cells])
            print(f"{case}: all grey in {(p >= 0.05).sum()} of {wanted.draws}", flush=True)


if __name__ == "__main__":
    main()
