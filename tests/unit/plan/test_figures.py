"""What figures and tables are made from."""

import pytest

from modgap.plan.figures import list_sources, plan_figures, plan_tables
from modgap.plan.targets import FIGURES
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
    }


def test_tables_without_a_study_have_no_summary(root):
    tables = plan_tables(context(root))
    assert tables["table_normalisation"]["summary"] == []
    assert tables["table_models"]["settings"]["tasks"] == []
    assert len(tables["table_statistics"]["gaps"]) == 2


def test_sources_are_files_and_not_settings():
    figure = {"a": "<results>/x", "b": ["<results>/y", "<results>/z"], "settings": {"c": ["no"]}}
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
