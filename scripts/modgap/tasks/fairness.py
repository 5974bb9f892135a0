"""Rates of harmful classes by group while pictures move along a direction.

Arrays used throughout:

    predictions  (k, n)  index of the class of each of n pictures after each of k shifts
    truth        (n,)    index of the right class
    category     (n_classes,) strings: the category of an extra class, "" for classes of pictures
    groups       dict from the name of a grouping to (n,) labels of the pictures

A picture is hit by a category when its prediction is one of the category's classes; the sum counts
all categories.
"""

import numpy as np
import pandas as pd

from modgap.statistics.inference import (
    chi_square,
    holm,
    mcnemar,
    paired_difference_interval,
    wilson_interval,
)
from modgap.tasks.selection import zero_index

SUM, ACCURACY = "sum", "accuracy"


def outcomes_by_measure(predictions, truth, category):
    """What is counted: dict from measure to (k, n) bool.

    Measures: each category, the sum where there are several, and the accuracy.
    """
    category = np.asarray(category)
    names = list(dict.fromkeys(name for name in category if name))
    outcomes = {name: (category == name)[predictions] for name in names}
    if len(names) > 1:
        outcomes[SUM] = (category != "")[predictions]
    outcomes[ACCURACY] = predictions == truth
    return outcomes


def group_masks(groups):
    """Yield (grouping, group, mask) for all pictures, for every group and for every cell.

    Cells are the combinations of the first two groupings.
    """
    n = len(next(iter(groups.values())))
    yield "all", "all", np.ones(n, dtype=bool)
    columns = {name: np.asarray(labels) for name, labels in groups.items()}
    if len(columns) > 1:
        first, second = list(columns)[:2]
        cells = [f"{a} × {b}" for a, b in zip(columns[first], columns[second], strict=True)]
        columns[f"{first} × {second}"] = np.array(cells)
    for name, labels in columns.items():
        for group in sorted(set(labels)):
            yield name, group, labels == group


def count_by_group(outcomes, masks, zero):
    """How many pictures of each group were hit, and how many against no shift.

    Parameters
    ----------
    outcomes : dict from measure to (k, n) bool. masks : list of (grouping, group, (n,) bool).
    zero : position of the shift 0.

    Returns
    -------
    (g, m, k, 3) int: hits, and pictures that were hit without the shift alone and with it alone.
    Counts of further pictures are added.
    """
    counts = np.empty((len(masks), len(outcomes), len(next(iter(outcomes.values()))), 3), int)
    for m, hits in enumerate(outcomes.values()):
        lost, won = hits[zero] & ~hits, hits & ~hits[zero]
        for g, (_, _, mask) in enumerate(masks):
            for i, events in enumerate((hits, lost, won)):
                counts[g, m, :, i] = events[:, mask].sum(axis=1)
    return counts


def rates_by_group(counts, measures, masks, deltas):
    """Rates with Wilson intervals: one row per grouping, group, measure and shift.

    counts : of ``count_by_group``. measures : their names. masks : of all pictures.
    """
    rows = []
    for (grouping, group, mask), of_group in zip(masks, counts, strict=True):
        n = int(mask.sum())
        for measure, found in zip(measures, of_group[:, :, 0], strict=True):
            low, high = wilson_interval(found / n, n)
            rows += [
                {
                    "grouping": grouping,
                    "group": group,
                    "measure": measure,
                    "delta": delta,
                    "count": int(found[j]),
                    "n": n,
                    "value": found[j] / n,
                    "low": low[j],
                    "high": high[j],
                    "interval_method": "Wilson",
                }
                for j, delta in enumerate(deltas)
            ]
    return pd.DataFrame(rows)


def changes_by_group(counts, measures, masks, deltas):
    """Paired tests of every shift against none, on the same pictures; as ``rates_by_group``.

    One row per grouping, group, measure and shift other than 0: lost and won pictures, the change
    of the rate with its interval (Bonett & Price 2012) over ``n`` pictures, McNemar's exact p, the
    p of the paper's unpaired χ², and Holm's adjustment of McNemar's over the groups, measures and
    shifts of the grouping.
    """
    zero = zero_index(deltas)
    rows = []
    for (grouping, group, mask), of_group in zip(masks, counts, strict=True):
        n = int(mask.sum())
        for measure, found in zip(measures, of_group, strict=True):
            for j, delta in enumerate(deltas):
                if j != zero:
                    hits, lost, won = found[j]
                    low, high = paired_difference_interval(lost, won, n)
                    _, unpaired = chi_square(found[zero, 0], hits, n)
                    rows.append(
                        {
                            "grouping": grouping,
                            "group": group,
                            "measure": measure,
                            "delta": delta,
                            "lost": int(lost),
                            "won": int(won),
                            "n": n,
                            "change": (won - lost) / n,
                            "low": float(low),
                            "high": float(high),
                            "interval_method": "Bonett & Price, paired",
                            "p_published": float(unpaired),
                            "p": float(mcnemar(lost, won)),
                        }
                    )
    table = pd.DataFrame(rows)
    table["p_holm"] = table.groupby("grouping")["p"].transform(holm)
    return table


def display_name(value):
    """A group as the paper calls it: the part before an underscore ("Latino_Hispanic": Latino)."""
    return value.split("_")[0]
