"""A planted fairness task through the sweep, Table 2 and Supplementary Figure 11."""

import numpy as np
import pandas as pd
import pytest

import figS11_fairness_shift
import table2_fairness
from modgap.errors import InputError
from modgap.statistics.geometry import direction, gap_vector, normalise
from modgap.tables import read_embeddings, read_metadata, read_table, write_embeddings, write_table
from moved_pairs import move_rows
from planted_tasks import write_faces
from sweep_fairness import main

DELTAS = [-1.0, -0.5, 0.0, 0.5, 1.0]
TESTED = [-0.2, 0.0, 0.5]
SETTINGS = {
    "name": "faces",
    "templates": ["paper", "portrait", "name"],
    "prompts_file": "faces.yaml",
    "columns": ["race", "gender"],
    "groups": ["race", "gender"],
    "caption": None,
    "deltas": DELTAS,
    "tested": TESTED,
}
TASK = {"name": "faces", "label": "Faces", "model": "m", "state": "trained", "templates": "paper"}
TASK["gap"] = "task"


def run(folder, paths, **settings):
    files = [folder / "rates.parquet", folder / "changes.parquet"]
    main(
        paths["images"],
        paths["prompts"],
        paths["samples"],
        None,
        *files,
        **{**SETTINGS, **settings},
    )
    return [read_table(path) for path in files]


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    paths = write_faces(folder)
    return folder, paths, run(folder, paths)


def test_rates_are_those_of_shifting_the_pictures_anew(planted):
    _, paths, (rates, _) = planted
    _, X, _ = read_embeddings(paths["images"])
    rows, T, _ = read_embeddings([paths["prompts"]])
    main_set = (rows["templates"] == "paper").to_numpy()
    X, T, classes = normalise(X), normalise(T[main_set]), rows["class"][main_set].to_numpy()
    samples = read_table(paths["samples"])
    u = direction(gap_vector(X, T))
    for delta in (-1.0, -0.2, 0.5):
        moved, fixed = move_rows(X, T, u, delta, "first")
        predicted = classes[(moved @ fixed.T).argmax(axis=1)]
        here = rates[(rates["templates"] == "paper") & (rates["delta"] == delta)]
        here = here.set_index(["group", "measure"])
        white = (samples["race"] == "White").to_numpy()
        assert here.loc[("White", "crime-related"), "count"] == (predicted[white] == "thief").sum()
        cell = white & (samples["gender"] == "Female").to_numpy()
        assert here.loc[("White × Female", "non-human"), "n"] == cell.sum()
        truth = samples["race"] + " " + samples["gender"]
        assert here.loc[("all", "accuracy"), "value"] == pytest.approx((predicted == truth).mean())
        gap = np.linalg.norm(gap_vector(moved, fixed))
        assert abs(here["distance"].iloc[0]) == pytest.approx(gap)


def test_every_grouping_measure_and_set_of_templates(planted):
    _, _, (rates, changes) = planted
    assert set(rates["grouping"]) == {"all", "race", "gender", "race × gender"}
    assert set(rates["measure"]) == {"crime-related", "non-human", "sum", "accuracy"}
    assert set(rates["templates"]) == {"paper", "portrait", "name"}
    assert "Latino" in set(rates["group"])
    assert sorted(rates["delta"].unique()) == sorted({*DELTAS, *TESTED})
    assert sorted(changes["delta"].unique()) == [-0.2, 0.5]


def test_the_group_that_the_extra_class_is_near_has_the_highest_rate(planted):
    _, _, (rates, _) = planted
    here = rates.query("grouping == 'race' and measure == 'crime-related' and delta == 0")
    here = here[here["templates"] == "paper"].set_index("group")
    assert here["value"].idxmax() == "White"
    assert here.loc["White", "low"] > here.loc["Latino", "high"]


def table2(folder, tmp_path, task):
    outputs = [tmp_path / f"table2.{suffix}" for suffix in ("csv", "md", "tex")]
    inputs = [folder / "rates.parquet"], [folder / "changes.parquet"]
    table2_fairness.main(*inputs, *outputs, tasks=[task])
    return pd.read_csv(outputs[0]), outputs


def test_table_2(planted, tmp_path):
    folder, _, (rates, changes) = planted
    table, outputs = table2(folder, tmp_path, TASK)
    # Three shifts, three sets of templates, all + 3 races + 2 genders + 6 cells.
    assert len(table) == 3 * 3 * 12
    keys = {"templates": "paper", "group": "White", "delta": 0.5}
    row = table[np.logical_and.reduce([table[k] == v for k, v in keys.items()])].iloc[0]
    wanted = {**keys, "measure": "crime-related"}
    rate = rates[np.logical_and.reduce([rates[k] == v for k, v in wanted.items()])].iloc[0]
    test = changes[np.logical_and.reduce([changes[k] == v for k, v in wanted.items()])].iloc[0]
    assert row["crime-related_value"] == pytest.approx(rate["value"])
    assert row["crime-related_p_holm"] == pytest.approx(test["p_holm"])
    assert row["crime-related [95 %]"].startswith(f"{100 * rate['value']:.1f} % [")
    printed = outputs[1].read_text()
    assert len(printed.splitlines()) == 2 + 3 * 4
    assert " *" in printed
    assert "Female" not in printed
    assert r"\%" in outputs[2].read_text()


def test_random_weights_are_marked_and_get_no_stars(planted, tmp_path):
    table, outputs = table2(planted[0], tmp_path, {**TASK, "state": "random"})
    assert set(table["mark"]) == {"random weights"}
    assert " *" not in outputs[1].read_text()


def test_figure_draws_every_group(planted, tmp_path, monkeypatch):
    folder, _, (rates, _) = planted
    kept = []
    monkeypatch.setattr(
        figS11_fairness_shift, "save_pages", lambda figures, *rest, dpi: kept.extend(figures)
    )
    figS11_fairness_shift.main(
        [folder / "rates.parquet"],
        tmp_path / "f.pdf",
        [tmp_path / "f.png"],
        tasks=[TASK],
        page_rows=3,
        shifts=[-0.6, 0.6],
        dpi=50,
    )
    panels = kept[0].axes
    titles = ["crime-related (%)", "non-human (%)", "sum (%)", "accuracy", "no shift, by prompts"]
    assert [axes.get_title() for axes in panels] == titles
    black = rates.query("group == 'Black' and measure == 'non-human' and templates == 'paper'")
    black = black[black["delta"].between(-0.6, 0.6)].sort_values("delta")
    line = next(line for line in panels[1].lines if line.get_label() == "Black")
    np.testing.assert_allclose(line.get_xdata(), black["delta"])
    np.testing.assert_allclose(line.get_ydata(), 100 * black["value"])
    assert [line.get_label() for line in panels[4].lines[:3]] == [
        "prompts: paper",
        "prompts: portrait",
        "prompts: name",
    ]
    figS11_fairness_shift.plt.close(kept[0])


def test_one_category_has_no_sum(planted, tmp_path):
    _, paths, _ = planted
    rows, vectors, provenance = read_embeddings([paths["prompts"]])
    keep = (rows["category"] != "non-human").to_numpy()
    write_embeddings(tmp_path / "p.parquet", rows[keep], vectors[keep], provenance)
    rates, _ = run(tmp_path, {**paths, "prompts": tmp_path / "p.parquet"})
    assert set(rates["measure"]) == {"crime-related", "accuracy"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"groups": ["religion"]}, "faces: the samples have no column 'religion'; there are"),
        ({"columns": ["race", "age"]}, "faces: the samples have no column 'age'"),
    ],
)
def test_columns_that_are_not_there(planted, tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        run(tmp_path, planted[1], **settings)


def test_value_without_a_word(planted, tmp_path):
    _, paths, _ = planted
    samples = read_table(paths["samples"])
    samples.loc[7, "race"] = "Martian"
    write_table(samples, tmp_path / "s.parquet")
    with pytest.raises(InputError, match=r"label 'Martian .*ale' has no prompt"):
        run(tmp_path, {**paths, "samples": tmp_path / "s.parquet"})


def test_metadata_says_what_chance_is(planted):
    about = read_metadata(planted[0] / "rates.parquet")
    assert about["n"] == 3000
    assert 1 / 6 < about["largest_class"] < 0.2


def test_groups_named_like_colours_have_their_own():
    colours = figS11_fairness_shift.group_colours(["pink", "orange", "red"])
    assert colours == {"pink": "#CC79A7", "orange": "#E69F00", "red": "#D55E00"}
    people = figS11_fairness_shift.group_colours(["Black", "White", "red"])
    assert list(people.values()) == figS11_fairness_shift.PALETTE[:3]
