"""What differs between two gaps on the same items, as the workflow's comparisons measure it."""

from dataclasses import dataclass

import pandas as pd

from modgap.interface.html import show_page, show_table
from modgap.statistics.comparison import compare_pairs, comparison_frame


@dataclass(frozen=True)
class GapComparison:
    """A comparison of two gaps, after minus before. It prints as a line.

    >>> import numpy as np, modgap
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(50, 8)) + 1
    >>> one, other = (modgap.gap(X, X + rng.normal(size=X.shape) - s) for s in (2, 1))
    >>> found = one.compare(other)
    >>> found.n, found.p < 0.05, len(found.table())
    (50, True, 12)
    """

    frame: pd.DataFrame
    sets: tuple
    notes: tuple

    def table(self):
        """All differences: DataFrame of ``statistics.comparison.COLUMNS``."""
        return self.frame.copy()

    @property
    def gap(self):
        """The row of the gap, its sampling bias removed."""
        return self.frame.set_index("statistic").loc["gap_unbiased"]

    @property
    def value(self):
        """Difference of the two gaps."""
        return float(self.gap["difference"])

    @property
    def interval(self):
        """95 % interval of the difference: (low, high)."""
        return float(self.gap["low"]), float(self.gap["high"])

    @property
    def p(self):
        """Two-sided p-value of the difference, of this one test."""
        return float(self.gap["p"])

    @property
    def n(self):
        """How many items both have."""
        return int(self.gap["n"])

    def __repr__(self):
        row, (low, high) = self.gap, self.interval
        line = (
            f"{' → '.join(self.sets)}: gap {row['before']:.3f} → {row['after']:.3f}, difference "
            f"{self.value:+.3f} [{low:+.3f}, {high:+.3f}], {spell_p(self.p)}, n = {self.n}"
        )
        return "\n".join([line, *self.notes])

    def spell(self):
        """Header and rows of the table as texts."""
        rows = [
            [
                f"{row.statistic}, {row.side}".removesuffix(", both").replace("_", " "),
                *(f"{value:.3f}" for value in (row.before, row.after)),
                f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}]",
                spell_p(row.p_holm).removeprefix("p = ").removeprefix("p "),
            ]
            for row in self.frame.itertuples()
        ]
        return ["", *self.sets, "difference [95 %]", "p, Holm"], rows

    def _repr_html_(self):
        return show_page(repr(self), show_table(*self.spell()))


def spell_p(p):
    """A p-value in words; below 0.0001 only that it is."""
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.2g}"


def compare_gaps(before, after, name):
    """The comparison of two ``Gap`` on the items that both have.

    Raises
    ------
    InputError : fewer than four items are shared; see ``statistics.comparison.match_pictures``.
    """
    sets = (before.label, after.label)
    sets = ("before", "after") if sets[0] == sets[1] else sets
    options = {key: before.settings[key] for key in ("exact_rows", "n_resamples", "block")}
    rows, _, notes = compare_pairs(
        [before.pair, after.pair],
        [before.caption, after.caption],
        [before.samples, after.samples],
        sets,
        seed=before.seed,
        **options,
    )
    return GapComparison(comparison_frame(rows, name, before.seed), sets, tuple(notes))
