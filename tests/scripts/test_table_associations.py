"""Associations across models from a table of models."""

import pandas as pd
import pytest

import table_associations
from modgap.statistics.association import kendall
from toy_models import models


def associate(frame, tmp_path):
    frame.to_csv(tmp_path / "models.csv", index=False)
    table_associations.main(tmp_path / "models.csv", tmp_path / "out.csv", seed=0)
    return pd.read_csv(tmp_path / "out.csv")


def test_models_are_joined_over_datasets_and_judged_together(tmp_path):
    frame = models()
    table = associate(frame, tmp_path)
    assert list(table.columns) == table_associations.COLUMNS
    assert len(table) == 5 * 3
    rows = table.set_index(["measure", "outcome"])
    row = rows.loc[("gap", "cifar")]
    assert (row["n_models"], row["n_families"]) == (12, 3)
    assert row["tau"] == row["tau_within"] == row["tau_lowest"] == 1
    assert row["p"] == row["p_smallest"] == pytest.approx(2 / 24**3)
    assert row["p_holm"] == pytest.approx(15 * row["p"])
    assert row["verdict"] == "positive"
    assert rows.loc[("gap", "recall1_images"), "verdict"] == "negative"
    assert (table.loc[table["p_holm"] > 0.05, "verdict"] == "none shown").all()
    sets = frame[frame["dataset"] == "COCO"]
    tau = kendall(sets["rmg"].to_numpy(), sets["recall1_texts"].to_numpy())
    assert rows.loc[("rmg", "recall1_texts"), "tau"] == pytest.approx(tau)
    assert table["interval_method"].str.startswith("none: ").all()


def test_too_few_models_and_families_of_one_have_no_verdict(tmp_path):
    few = associate(models(3, 3), tmp_path)
    assert set(few["verdict"]) == {"too few models (9 of at least 10)"}
    alone = associate(models(12, 1), tmp_path)
    assert alone["p"].isna().all()
    assert set(alone["verdict"]) == {"no test possible"}


def test_a_model_with_two_sets_counts_once_and_one_model_not_at_all(tmp_path):
    frame = models()
    twice = associate(pd.concat([frame, frame.iloc[:3].assign(gap=9.0)]), tmp_path)
    assert twice.equals(associate(frame, tmp_path))
    assert associate(frame[frame["model"] == "m0"], tmp_path).empty
