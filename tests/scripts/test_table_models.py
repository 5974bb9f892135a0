"""Gap, cone and zero-shot accuracy across models: the table and the figure."""

import numpy as np
import pandas as pd
import pytest

import figX_across_models
import table_associations
import table_models
from modgap.statistics.all_pairs import measure_pair
from modgap.tables import write_table
from toy_models import models


def about(model, dataset, weights="random", **more):
    return {
        "model": model,
        "architecture": f"{model}-a",
        "weights": weights,
        "family": weights,
        "dataset": dataset,
        **more,
    }


@pytest.fixture
def inputs(tmp_path):
    """Two embedding sets, and three tasks: two on a set's dataset, one elsewhere."""
    gaps, curves = [], []
    for seed, name in enumerate(("one", "two")):
        X, Y = np.random.default_rng(seed).normal(size=(2, 30, 6)) + seed
        owner = np.arange(30)
        frame = measure_pair(name, X, Y, owner, n_resamples=100, relevance=None, seed=0, block=16)
        gaps.append(tmp_path / f"{name}.parquet")
        write_table(frame, gaps[-1], {"logit_scale": 20.0})
    for k, task in enumerate(("shape", "colour", "cifar")):
        rows = [
            {
                "delta": d,
                "statistic": s,
                "side": side,
                "value": 0.5 + k / 10,
                "low": 0.4,
                "high": 0.9,
            }
            for d in (-1.0, 0.0)
            for s in ("top1", "mean_per_class")
            for side in ("both", "first")
        ]
        frame = pd.DataFrame(rows).assign(interval_method="Wilson")
        frame.loc[frame["delta"] != 0, "value"] = 0.0
        frame.loc[frame["statistic"] != "top1", "value"] = 0.1
        curves.append(tmp_path / f"{task}.parquet")
        write_table(frame, curves[-1], {"metric": "accuracy", "n": 30, "largest_class": 0.2})
    return gaps, curves


@pytest.fixture
def table(inputs, tmp_path):
    paths = [tmp_path / f"across.{end}" for end in ("csv", "md", "tex")]
    table_models.main(
        *inputs,
        *paths,
        pairs=inputs[0][:1],
        sets=[about("b", "scenes"), about("a", "scenes", "openai")],
        tasks=[
            about("a", "scenes", "openai", task="shape"),
            about("a", "scenes", "openai", task="colour"),
            about("a", "CIFAR", "openai", task="cifar"),
        ],
    )
    return paths


def test_a_row_for_every_model_dataset_and_task(table, inputs):
    frame = pd.read_csv(table[0])
    assert list(frame["model"]) == ["b", "a", "a", "a"]
    assert list(frame["task"].fillna("")) == ["", "shape", "colour", "cifar"]
    assert list(frame["zero_shot"].fillna(-1)) == [-1, 0.5, 0.6, 0.7]
    assert list(frame["dataset"]) == ["scenes", "scenes", "scenes", "CIFAR"]
    assert list(frame["gap"].isna()) == [False, False, False, True]
    measured = pd.read_parquet(inputs[0][0]).set_index(["statistic", "side"])
    first = frame.iloc[0]
    for column, place in table_models.GEOMETRY.items():
        assert first[column] == pytest.approx(measured.loc[place, "value"])
        assert first[f"{column}_low"] == pytest.approx(measured.loc[place, "low"])
        assert first[f"{column}_interval"] == measured.loc[place, "interval_method"]
    assert first["n"] == 30
    assert first["logit_scale"] == 20
    assert first["recall1_texts"] == measured.loc[("recall1", "second_to_first"), "value"]
    assert frame["recall1_images"].notna().tolist() == [True, False, False, False]
    assert "| b " in table[1].read_text()


def test_the_figure_draws_every_value_and_interval(table, tmp_path, monkeypatch):
    drawn = {}
    monkeypatch.setattr(figX_across_models, "save", lambda figure, *_, **__: drawn.update(f=figure))
    few = associations(tmp_path, 9)
    look = {"first": "#D55E00", "second": "#0072B2", "dpi": 60}
    figX_across_models.main(table[0], few, "a.pdf", "a.png", **look)
    axes = drawn["f"].axes
    assert len(axes) == 5
    assert [label.get_text() for label in axes[0].get_yticklabels()] == [
        "b, scenes",
        "a, scenes",
        "a, CIFAR",
    ]
    frame = pd.read_csv(table[0])
    points = [offset for c in axes[0].collections for offset in c.get_offsets().tolist()]
    gaps = frame.drop_duplicates(["model", "dataset"])["gap"].dropna()
    assert set(gaps.round(6)) <= {round(x, 6) for x, _ in points}
    # Of enough models there is a panel for each outcome, with one mark a measure.
    figX_across_models.main(table[0], associations(tmp_path, 12), "a.pdf", "a.png", **look)
    axes = [panel for part in drawn["f"].subfigs for panel in part.axes]
    assert len(axes) == 5 + 3
    for panel in axes[5:]:
        assert len(panel.collections[1].get_offsets()) == 5


def associations(folder, n):
    """The table of associations of n models in three families."""
    models(3, n // 3).to_csv(folder / "models.csv", index=False)
    table_associations.main(folder / "models.csv", folder / "associations.csv", seed=0)
    return folder / "associations.csv"


def test_no_tasks_and_no_sets(inputs, tmp_path):
    gaps, curves = inputs
    paths = [tmp_path / f"x.{end}" for end in ("csv", "md", "tex")]
    sets = [about("b", "scenes"), about("a", "scenes")]
    table_models.main(gaps, [], *paths, sets=sets, tasks=[])
    assert len(pd.read_csv(paths[0])) == 2
    figure = [tmp_path / "x.pdf", tmp_path / "x.png"]
    few, look = associations(tmp_path, 9), {"first": "#D55E00", "second": "#0072B2", "dpi": 60}
    figX_across_models.main(paths[0], few, *figure, **look)
    table_models.main([], curves[:1], *paths, sets=[], tasks=[about("a", "d", task="shape")])
    figX_across_models.main(paths[0], few, *figure, **look)
    assert figure[1].stat().st_size > 5000


def test_no_two_tasks_look_alike_nor_like_a_modality():
    marks = figX_across_models.task_marks(18)
    assert len(set(marks)) == 18
    modalities = figX_across_models.PALETTE[:2]
    assert not {colour for colour, _ in marks} & set(modalities)
    assert figX_across_models.task_marks(20)[18:] == marks[:2]
