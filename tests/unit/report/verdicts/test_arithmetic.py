"""Printed numbers computed again: the digits that the paper and its notebooks have."""

import pytest

from modgap.report.verdicts.arithmetic import compute_printed


@pytest.fixture(scope="module")
def computed():
    return compute_printed().set_index(["statistic", "group"])["value"]


@pytest.mark.parametrize(
    ("statistic", "group", "printed", "within"),
    [
        ("angle", "", 55.94, 0.005),
        ("share_of_circle", "", 0.1554, 0.00005),  # the paper cuts: 15.53 %
        ("share_of_sphere", "", 0.0584, 0.00005),  # the paper prints 3.34 %
        ("share_reopened", "", 0.574, 0.0005),
        ("accuracy_change", "", -0.0078, 0.00005),
        ("p_table_5", "CIFAR10", 3.476e-6, 5e-10),
        ("p_table_5", "CIFAR100", 8.701e-3, 5e-7),
        ("p_table_5", "EuroSAT", 7.020e-6, 5e-10),
        ("p_table_1", "CIFAR10", 0.10, 0.005),
        ("p_table_1", "SVHN", 0.87, 0.005),
        ("rate", "East Asian", 0.00645, 0.000005),
        ("p_race", "White", 0.060, 0.0005),
        ("p_race", "Black", 0.72, 0.005),
        ("p_all_races", "", 0.0088, 0.00005),
    ],
)
def test_a_number_is_that_of_the_paper(computed, statistic, group, printed, within):
    assert computed[statistic, group] == pytest.approx(printed, abs=within)


def test_the_rate_falls_in_every_race(computed):
    assert len(computed["change"]) == 7
    assert (computed["change"] < 0).all()
