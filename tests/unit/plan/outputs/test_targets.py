"""Figures and tables: which a configuration has, how they are shown, and what is said of others."""

import pytest

from modgap.plan.outputs.targets import (
    FIGURES,
    RENAMED,
    TABLES,
    check_targets,
    describe_shown,
    explain_target,
    list_outputs,
    select_targets,
)

EVERYTHING = {target.needs for target in [*FIGURES, *TABLES]}


def test_names_are_unique_and_captions_are_there(root):
    names = [target.name for target in [*FIGURES, *TABLES]]
    assert len(set(names)) == len(names)
    with_caption = [target for target in [*FIGURES, *TABLES] if target.name != "skipped_samples"]
    for target in with_caption:
        assert (root / "report" / target.caption_file).is_file(), target.name


def test_the_papers_numbers_are_the_papers(root):
    """Figures of ours bear no number; figures of the paper bear the one that their title says."""
    for target in FIGURES:
        number = target.name.split("_")[0].removeprefix("fig")
        if number == "X":
            assert not any(sign.isdigit() for sign in target.title), target.title
        else:
            supplement, rest = number.startswith("S"), number.removeprefix("S")
            digits = "".join(sign for sign in rest if sign.isdigit())
            start = f"Supplementary Figure {digits}" if supplement else f"Figure {digits}"
            assert target.title.startswith(start), target.title
            assert target.labels["figure"].startswith(("S" if supplement else "") + digits)


def test_conditions_choose_the_targets():
    assert [t.name for t in select_targets(FIGURES, {"sphere"})] == ["fig3_sphere_simulation"]
    assert {t.name for t in select_targets(TABLES, {"always"})} == {
        "gap_statistics",
        "cone_statistics",
        "claims",
    }
    assert select_targets(FIGURES, EVERYTHING) == FIGURES


def test_outputs_have_every_format():
    tables = select_targets(TABLES, {"theorems", "fairness"})
    assert list_outputs(tables, "tables") == [
        "<results>/tables/table2_fairness.csv",
        "<results>/tables/table2_fairness.md",
        "<results>/tables/table2_fairness.tex",
        "<results>/tables/theorems.csv",
    ]


def test_a_shown_target_says_its_category_labels_and_caption():
    (width,) = [target for target in FIGURES if target.name == "figS16_embedding_width"]
    assert describe_shown(width, "Figures") == {
        "category": "Figures",
        "labels": {"figure": "S16", "subject": "Embedding width"},
        "caption": "../report/figS16_embedding_width.rst",
    }


@pytest.mark.parametrize("old", RENAMED)
def test_an_old_name_is_answered_with_the_new_one(old):
    assert RENAMED[old] in explain_target(old, EVERYTHING)
    if old.startswith("fig"):
        assert RENAMED[old] in explain_target(f"results/figures/{old}.png", EVERYTHING)


def test_tables_that_kept_their_file_names_can_be_asked_for():
    assert explain_target("results/tables/gap_statistics.csv", EVERYTHING) is None
    assert explain_target("table_statistics", EVERYTHING) is None
    assert explain_target("anything_else", EVERYTHING) is None


@pytest.mark.parametrize(
    "given", ["results/samples/theorems.parquet", "results/statistics/gap/fig8_theorems.parquet"]
)
def test_a_users_entry_may_be_called_like_a_figure_or_table(given):
    assert explain_target(given, EVERYTHING - {"theorems"}) is None


@pytest.mark.parametrize("given", ["figX_theorems", "results/figures/figX_theorems.pdf"])
def test_a_target_with_nothing_to_show_is_refused(given):
    message = explain_target(given, EVERYTHING - {"theorems"})
    assert message.startswith("figX_theorems: this configuration names nothing")
    assert "\n" not in message
    assert explain_target(given, EVERYTHING) is None


def test_new_names_are_rules_or_figures_of_today():
    figures = {target.name for target in FIGURES}
    for new in RENAMED.values():
        assert new in figures or new.startswith(("table_", "measure_"))
        assert new not in RENAMED


def test_the_workflow_asks_of_every_target():
    class Workflow:
        def is_rule(self, name):
            return name == "all"

    workflow = Workflow()
    check_targets(workflow, EVERYTHING, RuntimeError)
    assert workflow.is_rule("all")
    assert not workflow.is_rule("results/tables/gap_statistics.csv")
    with pytest.raises(RuntimeError, match="is called figX_theorems since version"):
        workflow.is_rule("fig8_theorems")
