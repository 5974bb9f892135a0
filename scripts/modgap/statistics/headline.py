"""The one number that people see of a gap: its value, interval and n, chosen by one rule.

``gap``, the distance of the two centres as in the paper, is biased upwards in small samples. It is
the number for people as long as that does not show; where it does, ``gap_unbiased`` is, around
which the interval lies. The bias shows where the gap

* has no interval, because it lies outside of its own or there are too few pictures for one, or
* exceeds ``gap_unbiased`` by more than a quarter of the interval's width, about one standard error.
"""

import math

# Share of the interval's width; four standard errors wide, roughly.
VISIBLE = 0.25


def headline_gap(frame):
    """The row of one embedding set's tidy table that stands for its gap.

    frame : rows of one set with ``modgap.statistics.measurements.COLUMNS``.

    Returns
    -------
    Series : the row, its ``statistic`` being ``gap`` or ``gap_unbiased``; ``low`` and ``high`` are
    nan where n is too small for an interval, and ``interval_method`` says so.
    """
    rows = frame[frame["side"] == "both"].set_index("statistic", drop=False)
    gap, unbiased = rows.loc["gap"], rows.loc["gap_unbiased"]
    bias, width = gap["value"] - unbiased["value"], gap["high"] - gap["low"]
    # A little for rounding, where nothing varies. With nan for a width the comparison is false.
    return gap if bias <= VISIBLE * width + 1e-9 else unbiased


def spell_gap(row):
    """A row of ``headline_gap`` as words: value and interval, and what is special about them."""
    text = f"{row['value']:.3f}"
    bounded = not math.isnan(row["low"])
    if bounded:
        text += f" [{row['low']:.3f}, {row['high']:.3f}]"
    remarks = ["sampling bias removed"] if row["statistic"] == "gap_unbiased" else []
    remarks += [] if bounded else ["n too small for an interval"]
    return f"{text} ({', '.join(remarks)})" if remarks else text
