"""All methods on one embedding set: fitted on calibration, chosen on validation, judged on test.

``measure_method`` does one method and is independent of the others; ``tabulate_changes`` puts them
side by side. A task's first measure in ``PRIMARY`` is tested, all measures have intervals.
"""

import json
import time
from dataclasses import replace
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
import pandas as pd

from modgap.methods.contrasts import (
    compare_family,
    delete_group_variance,
    interval_around,
    name_change,
    pair_variance,
    refit_variance,
    smallest_detectable,
)
from modgap.methods.curves import change_variance
from modgap.methods.fits.calibration import Calibration, check_differing
from modgap.methods.fits.registry import METHODS, family_of, fit_method
from modgap.methods.fits.transforms import item_terms, score_items
from modgap.methods.outcomes.classes import LabelledSet, measure_classes
from modgap.methods.outcomes.evaluation import (
    N_PARTS,
    Result,
    TestPairs,
    measure_alike,
    measure_merged,
    measure_mixed,
    measure_retrieval,
    move_held_out,
)
from modgap.methods.outcomes.remaining_gap import (
    GapLeft,
    contrastive_loss,
    fit_temperature,
    measure_left,
    separability_left,
)
from modgap.methods.splits import (
    LEFT_OUT,
    deal_groups,
    draw_refits,
    split_pictures,
    tie_pictures,
    unseen_rows,
)
from modgap.methods.tuning import Choice, choose_parameters

N_REFITS = 20
# Moments of 20 refits take 0.5 GB at 1,024 dimensions; of more they are gathered each time.
MOST_KEPT_DIMENSIONS = 1_024
# The baseline of mixed search among the methods.
MERGED = "merged"
PRIMARY = {
    "text to picture": "recall1",
    "picture to text": "recall1",
    "mixed": "ndcg10",
    "zero-shot": "accuracy",
    "picture to picture": "recall1",
    "text to text": "recall1",
}
FROZEN = "t, delete-a-group jackknife over test pictures, the method frozen"
REFITTED = "the same and over calibration pictures, 20 refits on two thirds of them"


class Setting(NamedTuple):
    """What all methods of an embedding set are measured on.

    refits : rows of the calibration pictures that each refit is fitted on. refit_moments : their
    moments, [] where so many dimensions would take too much memory.
    classes : dict from task to ``LabelledSet``. fitted : rows of the calibration pictures.
    """

    calibration: Calibration
    validation: TestPairs
    test: TestPairs
    refits: list
    classes: dict
    seed: int
    fitted: np.ndarray
    refit_moments: list


class Measured(NamedTuple):
    """One method: choice, results by (task, measure), gap left, temperature, held-out
    separability, refitted values by key (20,), and microseconds an item.
    """

    choice: Choice
    results: dict
    left: GapLeft
    temperature: float
    separability: float
    refits: dict
    microseconds: float


def prepare_setting(
    X,
    Y,
    owner,
    codes,
    kind,
    *,
    labels=None,
    classes=None,
    name=None,
    seed=0,
    most_tested=2_000,
    most_fitted=10_000,
):
    """Split an embedding set into a ``Setting``.

    Parameters
    ----------
    X, Y, owner : unit rows of pictures and texts, and the picture of each text.
    codes, kind : what is relevant, see ``modgap.statistics.retrieval``.
    labels : (n,) int of the pictures, or None.
    most_tested, most_fitted : pictures of test and calibration at most.
    classes : dict from task to (pictures (n', dim), labels (n',), prompts (n_classes, dim)).
        Pictures that methods are fitted or chosen on are left out of it.
    name : of the embedding set, for messages.

    Raises
    ------
    InputError : fewer than 200 pictures, or rows of a modality that are all equal.
    """
    groups, _ = tie_pictures(X, Y, owner)
    split = split_pictures(groups, seed, most_tested=most_tested)
    whole = Calibration(X, Y, owner)
    fitted = split.calibration
    if len(fitted) > most_fitted:
        fitted = np.sort(np.random.default_rng(seed).permutation(fitted)[:most_fitted])
    calibration = whole.keep(fitted)
    check_differing(calibration.moments, name)
    validation, test = (
        hold_out(whole, codes, kind, groups, rows, labels, seed)
        for rows in (split.validation, split.test)
    )
    seen = np.concatenate([calibration.first, validation.first])
    labelled = {}
    for task, (pictures, of_pictures, prompts) in (classes or {}).items():
        unseen = unseen_rows(pictures, seen)
        if unseen.any():
            labelled[task] = label_set(pictures[unseen], of_pictures[unseen], prompts, seed)
    refits = draw_refits(groups[fitted], N_REFITS, seed)
    moments = []
    if X.shape[1] <= MOST_KEPT_DIMENSIONS:
        moments = [calibration.keep(rows).moments for rows in refits]
    return Setting(calibration, validation, test, refits, labelled, seed, fitted, moments)


def label_set(pictures, labels, prompts, seed):
    """``LabelledSet`` of unit rows; equal ones are one group."""
    own = np.unique(pictures, axis=0, return_inverse=True)[1].reshape(-1)
    return LabelledSet(pictures, labels, prompts, own, deal_groups(own, N_PARTS, seed))


def hold_out(whole, codes, kind, groups, pictures, labels, seed):
    """``TestPairs`` of some pictures in a random order: so chance orders equal scores."""
    rng = np.random.default_rng([seed, len(pictures)])
    pictures = rng.permutation(pictures)
    part = whole.keep(pictures)
    place = np.full(len(whole.first), -1)
    place[pictures] = np.arange(len(pictures))
    texts = np.flatnonzero(place[whole.owner] >= 0)
    return TestPairs(
        part.first,
        part.second,
        part.owner,
        codes[:, pictures],
        kind[texts],
        groups[pictures],
        deal_groups(groups[pictures], N_PARTS, seed),
        None if labels is None else labels[pictures],
        rng.random(len(pictures)),
    )


def measure_tasks(transform, setting, *, brief=False):
    """Results of all tasks of a setting, by (task, measure)."""
    test = setting.test
    moved = move_held_out(transform, test)
    found = measure_retrieval(transform, test, moved, brief=brief)
    found |= measure_mixed(transform, test, moved, brief=brief)
    found |= measure_alike(transform, test, moved, brief=brief)
    for task, labelled in setting.classes.items():
        found |= measure_classes(transform, labelled, task)
    return found


def square_scores(transform, held_out):
    """Scores of each picture's first text (rows) with all pictures (columns)."""
    moved = move_held_out(transform, held_out)
    first = np.unique(held_out.owner, return_index=True)[1]
    terms = item_terms(transform, moved.first, np.zeros(len(moved.first), dtype=bool), "second")
    return score_items(transform, moved.queries[first] @ moved.first.T, terms)


def measure_loss(transform, setting):
    """The contrastive loss on test at the temperature of validation: (temperature, ``Result``)."""
    temperature = fit_temperature(square_scores(transform, setting.validation))
    losses = contrastive_loss(square_scores(transform, setting.test), temperature)
    return temperature, Result(losses, setting.test.groups, float(losses.mean()))


def measure_method(name, setting, *, refits=True):
    """``Measured`` of one method; ``refits``: also fit it again on parts of calibration."""
    calibration, test = setting.calibration, setting.test
    choice = choose_parameters(name, calibration, setting.validation, test)
    transform = fit_method(name, calibration, choice.parameters)
    started = time.perf_counter()
    moved = move_held_out(transform, test)
    n_items = len(test.first) + len(test.second)
    microseconds = 1e6 * (time.perf_counter() - started) / n_items
    results = measure_tasks(transform, setting)
    temperature, results["contrastive loss", "loss"] = measure_loss(transform, setting)
    left = measure_left(moved.first, moved.documents, test.owner, calibration.n_pictures)
    apart = separability_left(moved.first, moved.documents, test.owner, setting.seed)
    again = {}
    if refits and METHODS[name].needs not in ("nothing", "test batch"):
        for rows, moments in zip_longest(setting.refits, setting.refit_moments):
            kept = replace(calibration.keep(rows), known=moments)
            fitted = fit_method(name, kept, choice.parameters)
            for key, result in measure_tasks(fitted, setting, brief=True).items():
                again.setdefault(key, []).append(result.value)
    again = {key: np.array(values) for key, values in again.items()}
    return Measured(choice, results, left, temperature, apart, again, microseconds)


def measure_baseline(setting):
    """Results of the baseline of mixed search, by (task, measure): raw scores ranked within each
    modality, and the two lists merged place by place.
    """
    raw = fit_method("raw", setting.calibration)
    return measure_merged(setting.test, move_held_out(raw, setting.test))


def is_primary(task, measure):
    """Whether a measure is the one that is tested of its task."""
    return next((PRIMARY[name] for name in PRIMARY if task.startswith(name)), None) == measure


def change_of(result, raw):
    """Change of a result over raw: (change, changes of queries or None, left out or None)."""
    outcomes = None if result.outcomes is None else result.outcomes - raw.outcomes
    left_out = None if result.left_out is None else result.left_out - raw.left_out
    return result.value - raw.value, outcomes, left_out


def tabulate_changes(measured, *, n_draws, seed, baseline=None):
    """Every method in every task, over raw.

    Parameters
    ----------
    measured : dict from method to ``Measured``, with "raw" among them.
    baseline : results of ``measure_baseline``, as a method called "merged".

    Returns
    -------
    DataFrame with a row for each method, task and measure: value, change, low, high (method
    frozen), low_refitted, high_refitted (with calibration variance), p of all cells together,
    verdict, detectable (change found with 80 %), n, interval_method. What has no interval says why.
    """
    rows, cells, tested = [], [], []
    raw = measured["raw"].results
    for name, results, refits in list_results(measured, baseline):
        for (task, measure), result in results.items():
            change, outcomes, _ = change_of(result, raw[task, measure])
            row = {"method": name, "task": task, "measure": measure, "value": result.value}
            row |= {"change": change, "n": np.nan if outcomes is None else len(outcomes)}
            over_pictures = picture_variance(result, raw[task, measure])
            row |= change_intervals(change, over_pictures, refits.get((task, measure)))
            if name != "raw" and is_primary(task, measure):
                tested.append(len(rows))
                pictures = task if task.startswith("zero-shot") else "test"
                cells.append((outcomes, result.groups, pictures))
            rows.append(row)
    frame = pd.DataFrame(rows)
    frame["p"], frame["verdict"], frame["detectable"] = np.nan, "", np.nan
    if tested:
        p, critical = compare_family(
            frame.loc[tested, "change"].to_numpy(), cells, n_draws=n_draws, seed=seed
        )
        frame.loc[tested, "p"] = p
        for i in tested:
            row = frame.loc[i]
            low, high = row["low_refitted"], row["high_refitted"]
            frame.loc[i, "verdict"] = name_change(row["change"], low, high, row["p"])
            frame.loc[i, "detectable"] = smallest_detectable(row["se"], critical)
    return frame


def list_results(measured, baseline=None):
    """(name, results, refitted values) of every method, and of the baseline as "merged"."""
    listed = [(name, method.results, method.refits) for name, method in measured.items()]
    return listed + [(MERGED, baseline, {})] * bool(baseline)


def picture_variance(result, raw):
    """Variance of a change over test pictures, the method frozen, and its degrees of freedom.

    The jackknife without what it counts twice, but at least the variance over queries in a fixed
    gallery; and as if one picture more had changed (after Agresti & Min 2005): where no query
    changes, an interval without length would be wrong. None where there is no jackknife.
    """
    if result.left_out is None:
        return None
    if result is raw:
        return 0.0, len(result.left_out) - 1
    _, outcomes, left_out = change_of(result, raw)
    variance = delete_group_variance(left_out)
    if result.effects is not None:
        known = np.count_nonzero(~np.isnan(outcomes))
        variance -= pair_variance(result.effects, raw.effects, known)
    fixed, n_groups = change_variance(outcomes, result.groups)
    return max(variance, fixed) + 1 / n_groups**2, len(left_out) - 1


def change_intervals(change, over_pictures, refits):
    """Both intervals of a change, and the standard error of the wider one.

    over_pictures : of ``picture_variance``. refits : (k,) values, or None.
    """
    if over_pictures is None:
        none = dict.fromkeys(("low", "high", "low_refitted", "high_refitted", "se"), np.nan)
        return {**none, "interval_method": "none: no jackknife of this measure"}
    variances, freedoms = [over_pictures[0]], [over_pictures[1]]
    low, high, error = interval_around(change, variances, freedoms)
    row = {"low": low, "high": high, "interval_method": FROZEN}
    if refits is not None:
        variances.append(refit_variance(refits, 1 / LEFT_OUT))
        freedoms.append(len(refits) - 1)
        row["interval_method"] = f"{FROZEN}; refitted: {REFITTED}"
    low, high, error = interval_around(change, variances, freedoms)
    return row | {"low_refitted": low, "high_refitted": high, "se": error}


def tabulate_queries(measured, baseline=None):
    """Outcomes of single queries in the tested measures, a row each."""
    frames = [
        pd.DataFrame(
            {
                "method": name,
                "task": task,
                "measure": measure,
                "query": np.arange(len(result.outcomes)),
                "group": result.groups,
                "value": result.outcomes.astype(np.float32),
            }
        )
        for name, results, _ in list_results(measured, baseline)
        for (task, measure), result in results.items()
        if is_primary(task, measure)
    ]
    return pd.concat(frames, ignore_index=True)


def tabulate_methods(measured, setting):
    """A row for each method: what it needs, parameters, gap left beside its floor, cost."""
    raw = measured["raw"].left
    rows = []
    for name, found in measured.items():
        method, left, choice = METHODS[name], found.left, found.choice
        rows.append(
            {
                "method": name,
                "label": method.label,
                "kind": method.kind,
                "family": family_of(name),
                "needs": method.needs,
                "level": method.level,
                "source": method.source,
                "parameters": ", ".join(f"{k} {v:g}" for k, v in choice.parameters.items()),
                "chosen": json.dumps(choice.parameters, sort_keys=True),
                "optimism": choice.optimism,
                "n_calibration": setting.calibration.n_pictures,
                "n_test": len(setting.test.first),
                "gap": left.gap,
                "gap_floor": left.floor,
                "gap_share": left.gap / raw.gap,
                "rmg": left.rmg,
                "mean_difference": left.mean_difference,
                "spread_ratio": left.spread_ratio,
                "separability": found.separability,
                "temperature": found.temperature,
                "microseconds": found.microseconds,
                "seed": setting.seed,
            }
        )
    return pd.DataFrame(rows)
