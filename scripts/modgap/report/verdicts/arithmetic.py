"""What follows from numbers that the paper or its files print: a table that needs no data.

Some claims are computations on other printed numbers. They are done again here, so that they can be
judged without any weights.
"""

import math

import pandas as pd

from modgap.statistics.inference import chi_square

# Footnote of section 2.1: the mean cosine of ResNet-18 that its cap shares are of.
MEAN_COSINE = 0.56

# Section 4.4: the gap after training, from a plain start and from one without a gap.
GAP_PLAIN, GAP_REOPENED = 1.2991, 0.7457

# Section 5.2 and the fairness notebook: accuracy on FairFace at the original gap and at 0.97.
ACCURACY_BEFORE, ACCURACY_AFTER = 0.5817, 0.5739

# Original and modified accuracy and pictures. Supplementary Table 5, whose n follow from its
# p-values, and Table 1 on its own test sets.
TABLE_5 = {
    "CIFAR10": (0.9026, 0.9104, 60_000),
    "CIFAR100": (0.6705, 0.6776, 60_000),
    "EuroSAT": (0.5494, 0.5686, 27_000),
}
TABLE_1 = {
    "CIFAR10": (0.9013, 0.9081, 10_000),
    "CIFAR100": (0.6658, 0.6737, 10_000),
    "EuroSAT": (0.5410, 0.5645, 27_000),
    "SVHN": (0.5389, 0.5396, 26_032),
}

# Saved confusion matrices of the fairness notebook: faces, then crime-related and non-human
# predictions together at the original gap and at 0.97.
TABLE_2 = {
    "Black": (1556, 17, 15),
    "White": (2085, 328, 285),
    "Indian": (1516, 18, 16),
    "Latino": (1623, 46, 32),
    "Middle Eastern": (1209, 76, 63),
    "Southeast Asian": (1415, 7, 4),
    "East Asian": (1550, 10, 9),
}


def compute_printed():
    """One row per computed number: ``statistic``, ``group``, ``value``, ``n``."""
    angle = math.acos(MEAN_COSINE)
    rows = [
        ("angle", "", math.degrees(angle), None),
        ("share_of_circle", "", angle / math.tau, None),
        # A cap of a sphere in three dimensions whose opening is the angle.
        ("share_of_sphere", "", (1 - math.cos(angle / 2)) / 2, None),
        ("share_reopened", "", GAP_REOPENED / GAP_PLAIN, None),
        ("accuracy_change", "", ACCURACY_AFTER - ACCURACY_BEFORE, 10_954),
    ]
    for statistic, table in (("p_table_5", TABLE_5), ("p_table_1", TABLE_1)):
        for task, (before, after, n) in table.items():
            rows.append((statistic, task, float(chi_square(before * n, after * n, n)[1]), n))
    for race, (n, before, after) in TABLE_2.items():
        rows.append(("rate", race, before / n, n))
        rows.append(("change", race, (after - before) / n, n))
        rows.append(("p_race", race, float(chi_square(before, after, n)[1]), n))
    n, before, after = (sum(column) for column in zip(*TABLE_2.values(), strict=True))
    rows.append(("p_all_races", "", float(chi_square(before, after, n)[1]), n))
    return pd.DataFrame(rows, columns=["statistic", "group", "value", "n"])
