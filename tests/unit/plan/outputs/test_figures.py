"""What figures and tables are made from."""

import pytest

from modgap.plan.outputs.figures import list_figure_files, list_sources, plan_figures, plan_tables
from modgap.plan.outputs.targets import FIGURES
from plans import context

SETS = {
    "alone": {"dataset": "held-out", "model": "vit"},
    "twin": {"dataset": "scenes", "model": "vit", "beside": "first"},
    "first": {"dataset": "scenes", "model": "vit"},
}


@pytest.fixture(autouse=True)
def project(root, monkeypatch):
    monkeypatch.chdir(root)


def test_every_figure_of_the_table_is_planned(root):
    assert set(plan_figures(context(root))) == {figure.name for figure in FIGURES}


def test_figures_1_and_3_take_sets_in_the_same_order(root):
    figures = plan_figures(context(root, embedding_sets=SETS))
    order = ["alone", "first", "twin"]
    gaps = [f"<results>/statistics/gap/{name}.parquet" for name in order]
    assert figures["fig1_modality_gap"]["gaps"] == gaps
    rows = figures["fig1_modality_gap"]["settings"]["rows"]
    assert [row["name"] for row in rows] == order
    assert [row["grouped"] for row in rows] == [False, False, True]
    assert figures["fig3_shift_landscape"]["settings"]["rows"] == rows


def test_figure_2a_has_the_first_picture_set_and_s14_every_one(root):
    figures = plan_figures(context(root))
    first = figures["fig2a_cone_histograms"]["cones"]
    every = figures["figS14_second_picture_set"]["cones"]
    assert any("noise" in path for path in first)
    assert not any("held-out" in path for path in first)
    assert any("held-out" in path for path in every)
    assert not any("noise" in path for path in every)
    clouds = figures["fig2a_cone_histograms"]["settings"]["clouds"]
    assert clouds[0] == {
        "name": "vit/scenes/images",
        "row": "random weights,\nScenes",
        "column": "ViT image tower",
        "state": "random",
        "line": 0,
        "place": 0,
    }


def test_rows_a_page_and_pages_come_from_one_place(root):
    many = {f"set{number}": {"dataset": "scenes", "model": "vit"} for number in range(5)}
    figures = plan_figures(context(root, embedding_sets=many))
    for name, pages in (("fig1_modality_gap", 2), ("fig3_shift_landscape", 3)):
        assert len(figures[name]["pngs"]) == pages
        assert figures[name]["settings"]["page_rows"] * pages >= 5
    assert all(figure["pngs"][0].endswith(f"/{name}.png") for name, figure in figures.items())
    (target,) = [figure for figure in FIGURES if figure.name == "fig1_modality_gap"]
    assert list_figure_files([target], figures) == [
        "<results>/figures/fig1_modality_gap.pdf",
        "<results>/figures/fig1_modality_gap.png",
        "<results>/figures/fig1_modality_gap-2.png",
    ]


def test_tables_without_a_study_have_no_summary(root):
    tables = plan_tables(context(root))
    assert tables["table_normalisation"]["summary"] == []
    assert tables["table_models"]["settings"]["tasks"] == []
    assert len(tables["table_statistics"]["gaps"]) == 2
    assert len(tables["table_statistics"]["pairs"]) == 2


def test_sources_are_files_and_not_settings():
    figure = {
        "a": "<results>/x",
        "b": ["<results>/y", "<results>/z"],
        "settings": {"c": ["no"]},
        "pngs": ["<results>/figures/no.png"],
    }
    assert list_sources(figure, "mine") == ["mine/x", "mine/y", "mine/z"]


def test_answers_are_made_of_every_set_and_know_the_references(root):
    answers = plan_tables(context(root, embedding_sets=SETS))["table_answers"]
    assert {path.rsplit("/")[-1] for path in answers["measured"]} == {
        f"{name}.parquet" for name in SETS
    }
    rows = answers["settings"]["rows"]
    assert [row["name"] for row in rows] == ["alone", "first", "twin"]
    assert {row["state"] for row in rows} == {"random"}
    assert len(answers["settings"]["references"]) > 8
