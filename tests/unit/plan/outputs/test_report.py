"""What the plan says of the page: whose samples it may show, tables behind figures."""

import pytest

from modgap.plan.config import load_config
from modgap.plan.outputs import report
from modgap.plan.outputs.claims import load_claims
from modgap.plan.outputs.targets import FIGURES, TABLES
from modgap.plan.resolve import read_context, resolve

DRAWN = {"kind": "scenes", "n": 20, "seed": 0}
MODEL = {"source": "random", "architecture": "scenes-vit", "seed": 0}


@pytest.fixture
def known(root, tmp_path):
    """The context of drawn pictures beside a user's own, with ``report: samples`` as given."""
    captions = tmp_path / "captions.csv"
    captions.write_text("image,caption\na.png,an a\n")
    (tmp_path / "a.png").touch()
    own = {"kind": "captions_table", "images": str(tmp_path), "captions": str(captions)}

    def make(samples):
        config = {
            "results": "out",
            "datasets": {"drawn": DRAWN, "own": own},
            "models": {"vit": MODEL},
            "report": {"samples": samples},
        }
        return read_context(load_config(config, root), str(root))

    return make


@pytest.mark.parametrize(
    ("samples", "shown"), [("auto", [True, False]), (True, [True, True]), (False, [False, False])]
)
def test_samples_of_users_are_shown_only_where_they_say_so(known, samples, shown):
    context = known(samples)
    assert [report.shows_samples(context, name) for name in ("drawn", "own")] == shown
    sets = report.describe_report_sets(context)
    assert [row["shown"] for row in sets] == shown
    tables = ["out/samples/drawn.parquet", "out/samples/own.parquet"]
    wanted = [table if may else "" for table, may in zip(tables, shown, strict=True)]
    assert [row["samples"] for row in sets] == wanted
    read = report.list_shown_samples(context, sets)
    assert ("<results>/samples/drawn.npy" in read) == shown[0]
    assert "<results>/samples/own.npy" not in read


def test_the_report_waits_for_what_its_points_show(root, known):
    plan = resolve(known("auto").config, str(root))
    assert plan["report"]["samples"] == [
        "<results>/samples/drawn.parquet",
        "<results>/samples/drawn.npy",
    ]


def test_tables_behind_figures_are_tables_there_are():
    tables = {table.name for table in TABLES}
    figures = {figure.name for figure in FIGURES}
    assert set(report.TABLES_OF_FIGURES) <= figures
    assert set(report.TABLES_OF_FIGURES.values()) <= tables
    assert report.find_table("fig1_modality_gap", tables) == "gap_statistics"
    assert report.find_table("figX_theorems", tables) == "theorems"
    assert report.find_table("fig1_modality_gap", {"theorems"}) == ""


def test_every_claim_has_a_figure_that_there_is(root):
    tables, _ = load_claims(root / "config/claims.yaml", root / "config/claims.schema.yaml")
    named = {table["figure"] for table in tables.values() if "path" in table}
    assert named <= {figure.name for figure in FIGURES}
