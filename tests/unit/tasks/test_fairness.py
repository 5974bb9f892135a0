"""Rates by group: Table 2 from the counts behind it, intervals, paired tests, cells."""

import numpy as np
import pytest

from modgap.statistics.inference import wilson_interval
from modgap.tasks.fairness import (
    ACCURACY,
    SUM,
    changes_by_group,
    count_by_group,
    display_name,
    group_masks,
    outcomes_by_measure,
    rates_by_group,
)

# Faces, then crime-related and non-human predictions at the original gap and at 0.97: counts of
# the authors' saved confusion matrices; then the printed percentages (crime, non-human, sum).
TABLE2 = {
    "Black": (1556, (16, 1), (13, 2), (1.0, 0.1, 1.1), (0.8, 0.1, 1.0)),
    "White": (2085, (324, 4), (276, 9), (15.5, 0.2, 15.7), (13.2, 0.4, 13.7)),
    "Indian": (1516, (18, 0), (16, 0), (1.2, 0.0, 1.2), (1.1, 0.0, 1.1)),
    "Latino": (1623, (45, 1), (31, 1), (2.8, 0.1, 2.8), (1.9, 0.1, 2.0)),
    "Middle Eastern": (1209, (76, 0), (63, 0), (6.3, 0.0, 6.3), (5.2, 0.0, 5.2)),
    "Southeast Asian": (1415, (7, 0), (4, 0), (0.5, 0.0, 0.5), (0.3, 0.0, 0.3)),
    "East Asian": (1550, (10, 0), (9, 0), (0.6, 0.0, 0.6), (0.6, 0.0, 0.6)),
}
CORRECT = (6372, 6287)
CATEGORY = ["", "crime-related", "non-human"]
DELTAS = np.array([-0.2, 0.0])


def tables_of(outcomes, groups, deltas):
    """Rates and changes of all pictures at once."""
    masks = list(group_masks(groups))
    counts = count_by_group(outcomes, masks, int(np.flatnonzero(deltas == 0)[0]))
    given = counts, list(outcomes), masks, deltas
    return rates_by_group(*given), changes_by_group(*given)


def faces():
    """Predictions (2, 10954) with the counts of Table 2; class 0 right, 0 wrong, crime, non-human.

    Hits of the right class are handed out from the front until the accuracy's count is reached.
    """
    race = np.repeat(list(TABLE2), [entry[0] for entry in TABLE2.values()])
    predictions = np.zeros((2, len(race)), dtype=int)
    for name, (_, original, modified, *_) in TABLE2.items():
        rows = np.flatnonzero(race == name)
        for shift, (crime, non_human) in zip((1, 0), (original, modified), strict=True):
            predictions[shift, rows[:crime]] = 1
            predictions[shift, rows[crime : crime + non_human]] = 2
    return race, predictions


@pytest.fixture(scope="module")
def table2():
    race, predictions = faces()
    outcomes = outcomes_by_measure(predictions, np.zeros(len(race), dtype=int), CATEGORY)
    return tables_of(outcomes, {"race": race}, DELTAS)


@pytest.mark.parametrize("race", TABLE2)
def test_table_2_from_the_counts(table2, race):
    rows = table2[0].query("grouping == 'race' and group == @race")
    for delta, printed in zip((0.0, -0.2), TABLE2[race][3:], strict=True):
        here = rows[rows["delta"] == delta].set_index("measure")["value"]
        percent = [100 * here[name] for name in ("crime-related", "non-human", SUM)]
        assert [float(f"{value:.1f}") for value in percent] == list(printed)


def test_east_asian_rate_is_0_645_percent_where_the_paper_prints_0_7(table2):
    rows = table2[0].query("group == 'East Asian' and measure == 'sum' and delta == 0")
    assert f"{100 * rows['value'].item():.3f}" == "0.645"
    assert f"{100 * rows['value'].item():.1f}" == "0.6"


def test_accuracy_falls_by_0_0078_where_the_paper_prints_0_0008():
    n = sum(entry[0] for entry in TABLE2.values())
    hits = np.arange(n) < np.array(CORRECT)[::-1, None]
    table, _ = tables_of({ACCURACY: hits}, {"race": np.repeat("all faces", n)}, DELTAS)
    values = table.query("grouping == 'all'").set_index("delta")["value"]
    assert values[0.0] == pytest.approx(0.5817053131276246, abs=1e-12)
    assert f"{values[0.0] - values[-0.2]:.4f}" == "0.0078"


def test_no_races_change_is_significant_with_the_papers_test(table2):
    unpaired = table2[1].query("measure == 'sum'").set_index("group")["p_published"]
    expected = {"Black": 0.72, "White": 0.060, "Indian": 0.73, "Latino": 0.11}
    expected |= {"Middle Eastern": 0.26, "Southeast Asian": 0.36, "East Asian": 0.82}
    for race, p in expected.items():
        assert float(f"{unpaired[race]:.2g}") == pytest.approx(p, abs=0.005)
    assert unpaired[list(TABLE2)].min() == unpaired["White"] > 0.05
    assert f"{unpaired['all']:.4f}" == "0.0088"


def test_rates_have_wilson_intervals(table2):
    row = table2[0].query("group == 'White' and measure == 'crime-related' and delta == 0").iloc[0]
    assert (row["count"], row["n"]) == (324, 2085)
    assert (row["low"], row["high"]) == pytest.approx(wilson_interval(324 / 2085, 2085))
    assert row["low"] < row["value"] < row["high"]
    none = table2[0].query("group == 'Indian' and measure == 'non-human' and delta == 0").iloc[0]
    assert none["low"] == 0
    assert none["high"] == pytest.approx(0.0025, abs=2e-4)


def test_changes_are_paired_by_face():
    """The same rates before and after, once from the same faces and once from others."""
    before = np.arange(100) < 20
    deltas = np.array([0.0, 1.0, 2.0])
    hits = np.array([before, before, before[::-1]])
    _, table = tables_of({"harm": hits}, {"race": np.repeat(["a", "b"], 50)}, deltas)
    everyone = table.query("grouping == 'all'").set_index("delta")
    assert list(everyone.loc[1.0, ["lost", "won", "p"]]) == [0, 0, 1]
    assert list(everyone.loc[2.0, ["lost", "won"]]) == [20, 20]
    a = table.query("group == 'a' and delta == 2").iloc[0]
    assert (a["lost"], a["won"]) == (20, 0)
    assert a["p"] == pytest.approx(2 * 0.5**20)
    assert a["p_holm"] == pytest.approx(4 * a["p"])


def test_cells_are_the_combinations_of_the_first_two_groupings():
    groups = {"race": ["a", "a", "b", "b"], "gender": ["f", "m", "f", "f"]}
    found = {(name, group): mask.sum() for name, group, mask in group_masks(groups)}
    assert found == {
        ("all", "all"): 4,
        ("race", "a"): 2,
        ("race", "b"): 2,
        ("gender", "f"): 3,
        ("gender", "m"): 1,
        ("race × gender", "a × f"): 1,
        ("race × gender", "a × m"): 1,
        ("race × gender", "b × f"): 2,
    }


def test_sum_counts_every_category_and_accuracy_the_right_class():
    predictions = np.array([[0, 1, 2, 0, 2]])
    outcomes = outcomes_by_measure(predictions, np.array([0, 0, 0, 1, 0]), CATEGORY)
    assert list(outcomes) == ["crime-related", "non-human", SUM, ACCURACY]
    assert [int(hits.sum()) for hits in outcomes.values()] == [1, 2, 3, 1]


def test_names_as_the_paper_has_them():
    assert display_name("Latino_Hispanic") == "Latino"
    assert display_name("East Asian") == "East Asian"


def test_a_change_has_the_interval_of_paired_proportions():
    """100 pictures of which 20 lose and 5 win: Bonett & Price (2012), by hand."""
    before = np.repeat([True, True, False, False], [40, 20, 5, 35])
    after = np.repeat([True, False, True, False], [40, 20, 5, 35])
    outcomes = {ACCURACY: np.array([after, before])}
    (row,) = (
        tables_of(outcomes, {"race": ["a"] * 100}, DELTAS)[1]
        .query("grouping == 'all'")
        .itertuples()
    )
    assert (row.n, row.lost, row.won) == (100, 20, 5)
    assert row.change == pytest.approx(-0.15)
    p_lost, p_won = 21 / 102, 6 / 102
    reach = 1.959964 * np.sqrt((p_lost + p_won - (p_won - p_lost) ** 2) / 102)
    assert (row.low, row.high) == pytest.approx((p_won - p_lost - reach, p_won - p_lost + reach))
