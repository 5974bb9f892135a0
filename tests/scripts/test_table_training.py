"""table_training and the figures drawn from training runs."""

import numpy as np
import pandas as pd
import pytest

import figS8_temperature_finetuning as fig4
import figS16_embedding_width as fig_s16
import figX_gap_during_training as fig9
import figX_initialisation_vs_optimisation as fig5
import figX_optimiser as fig_optimiser
import table_optimiser
import table_training
from modgap.report.drawing import plt
from modgap.statistics.measurements import COLUMNS, measurement_row
from modgap.tables import write_table

STATISTICS = {
    ("gap", "both"): (0.9, 1.1),
    ("rmg", "both"): (0.6, 0.8),
    ("tau", "both"): None,
    ("recall1", "first_to_second"): (0.2, 0.4),
    ("recall1", "second_to_first"): (0.2, 0.4),
    ("recall1_chance", "second_to_first"): None,
    ("weight_norm", "both"): None,
    ("zero_shot", "first_to_second"): (0.5, 0.6),
    ("zero_shot_chance", "first_to_second"): None,
}


def write_trajectory(folder, run, gaps, dim=8):
    """A trajectory with the given gaps at steps 0, 10, ..."""
    rows = []
    for i, gap in enumerate(gaps):
        for (statistic, side), interval in STATISTICS.items():
            value = gap if statistic == "gap" else 0.3
            method = "none: made up" if interval is None else "bootstrap"
            rows.append(
                {"step": 10 * i, **measurement_row(statistic, side, value, interval, method, 50)}
            )
    frame = pd.DataFrame(rows).assign(embeddings=run, dim=dim, seed=0)
    path = folder / f"{run}.parquet"
    write_table(frame[["step", *COLUMNS]], path, {"run": run})
    return path


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were saved, still open."""
    figures = []
    monkeypatch.setattr(plt, "close", figures.append)
    yield figures
    monkeypatch.undo()
    plt.close("all")


def lines(axes):
    """Data of the lines with more than one point, by colour and style."""
    return [line.get_xydata() for line in axes.get_lines() if len(line.get_xydata()) > 1]


def summarise(folder, cells, paths):
    formats = [folder / f"table.{ext}" for ext in ("csv", "md", "tex")]
    table_training.main(paths, folder / "summary.parquet", formats, cells=cells)
    return formats


def test_temperatures_from_runs_to_table_and_figure(tmp_path, drawn):
    taus = {"a": 1.0, "b": 0.1, "c": 0.01}
    paths = [write_trajectory(tmp_path, run, [1.0, tau]) for run, tau in taus.items()]
    cells = [{"recipe": "fixed", "tau": tau, "seed": 0, "run": run} for run, tau in taus.items()]
    csv, markdown, _ = summarise(tmp_path, cells, paths)
    table = pd.read_csv(csv)
    assert table["tau"].tolist() == [1.0, 0.1, 0.01]
    assert table["gap"].tolist() == [1.0, 0.1, 0.01]
    assert table["gap_start"].tolist() == [1.0, 1.0, 1.0]
    assert table["n_seeds"].tolist() == [1, 1, 1]
    assert "n_seeds" in markdown.read_text()
    fig4.main(tmp_path / "summary.parquet", tmp_path / "f.pdf", tmp_path / "f.png", dpi=50)
    (figure,) = drawn
    axes = figure.axes[0]
    np.testing.assert_allclose(lines(axes)[0], [[0, 1], [1, 0.1], [2, 0.01]])
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "1/10", "1/100"]
    assert "seeds: 1" in axes.texts[0].get_text()
    assert (tmp_path / "f.pdf").stat().st_size > 0


def test_initialisation_from_runs_to_figure(tmp_path, drawn):
    runs = {"a": [1.2, 1.0], "b": [1.3, 1.1], "c": [0.0, 0.6], "d": [0.1, 0.5]}
    paths = [write_trajectory(tmp_path, run, gaps) for run, gaps in runs.items()]
    cells = [
        {"recipe": "corrected", "start": start, "seed": seed, "run": run}
        for run, start, seed in (
            ("a", "as_is", 0), ("b", "as_is", 1), ("c", "gap_removed", 0), ("d", "gap_removed", 1)
        )
    ]  # fmt: skip
    csv, *_ = summarise(tmp_path, cells, paths)
    assert pd.read_csv(csv)["n_seeds"].tolist() == [2, 2]
    fig5.main(
        *(tmp_path / "summary.parquet", paths, tmp_path / "f.pdf", tmp_path / "f.png"),
        cells=cells,
        dpi=50,
    )
    (figure,) = drawn
    stages = [line[:, 1].tolist() for line in lines(figure.axes[0])]
    assert [1.25, 1.05] in [pytest.approx(values) for values in stages]
    assert [1.1891, 1.2991] in stages
    assert [line[:, 1].tolist() for line in lines(figure.axes[1])] == list(runs.values())


def test_recipes_stand_side_by_side(tmp_path, drawn):
    runs = {"a": [1.2, 1.3], "b": [1.2, 1.0], "c": [0.1, 0.7], "d": [0.1, 0.4]}
    paths = [write_trajectory(tmp_path, run, gaps) for run, gaps in runs.items()]
    cells = [
        {"recipe": recipe, "start": start, "seed": 0, "run": run}
        for run, recipe, start in (
            ("a", "published", "as_is"), ("b", "corrected", "as_is"),
            ("c", "published", "gap_removed"), ("d", "corrected", "gap_removed"),
        )
    ]  # fmt: skip
    csv, *_ = summarise(tmp_path, cells, paths)
    table = pd.read_csv(csv).set_index(["recipe", "start"])
    assert table.loc[("published", "as_is"), "gap"] == 1.3
    fig5.main(
        *(tmp_path / "summary.parquet", paths, tmp_path / "f.pdf", tmp_path / "f.png"),
        cells=cells,
        dpi=50,
    )
    (figure,) = drawn
    published, corrected, courses = figure.axes
    assert published.get_title().startswith("published recipe")
    assert "training items" in published.get_title()
    assert [1.2, 1.3] in [line[:, 1].tolist() for line in lines(published)]
    assert [1.2, 1.0] in [line[:, 1].tolist() for line in lines(corrected)]
    assert len(lines(courses)) == 4


def test_the_optimisers_study_from_runs_to_tables_and_figure(tmp_path, drawn):
    changes = {"none": -0.1, "l2": 0.2}
    cells = [
        {"decay": decay, "loss": loss, "rate_times_steps": 0.7, "start": "as_is",
         "logit_scale": "frozen", "seed": seed, "run": f"{decay}-{loss}-{seed}"}
        for decay in changes for loss in ("contrastive", "reshuffled") for seed in (0, 1)
    ]  # fmt: skip
    paths = [
        write_trajectory(
            tmp_path, cell["run"], [1.2, 1.2 + changes[cell["decay"]] + 0.01 * cell["seed"]]
        )
        for cell in cells
    ]
    formats = [tmp_path / f"effects.{ext}" for ext in ("csv", "md", "tex")]
    table_optimiser.main(paths, tmp_path / "effects.parquet", formats, cells=cells)
    effects = pd.read_csv(formats[0], keep_default_na=False)
    (main,) = effects[(effects["effect"] == "main") & (effects["decay"] != "")].to_dict("records")
    assert float(main["value"]) == pytest.approx(0.3)
    assert set(effects.loc[effects["effect"] == "change", "decay"]) == {"none", "l2"}
    summarise(tmp_path, cells, paths)
    fig_optimiser.main(
        *(tmp_path / "effects.parquet", paths, tmp_path / "f.pdf", tmp_path / "f.png"),
        cells=cells,
        dpi=50,
    )
    (figure,) = drawn
    top, gap = figure.axes[0], figure.axes[1]
    points = [line.get_ydata()[0] for line in top.get_lines() if len(line.get_ydata()) == 1]
    assert sorted(points) == pytest.approx([-0.095, -0.095, 0.205, 0.205])
    assert "seeds: 2" in top.get_title()
    assert len(lines(gap)) == 8


def test_a_collapsed_run_is_called_so_in_the_figure(tmp_path, drawn):
    cells = [
        {"decay": decay, "loss": "none", "rate_times_steps": 0.7, "start": "as_is",
         "logit_scale": "frozen", "seed": 0, "run": decay}
        for decay in ("none", "l2")
    ]  # fmt: skip
    paths = [
        write_trajectory(tmp_path, "none", [1.2, 1.2]),
        write_trajectory(tmp_path, "l2", [1.2, np.nan]),
    ]
    formats = [tmp_path / f"effects.{ext}" for ext in ("csv", "md", "tex")]
    table_optimiser.main(paths, tmp_path / "effects.parquet", formats, cells=cells)
    fig_optimiser.main(
        *(tmp_path / "effects.parquet", paths, tmp_path / "f.pdf", tmp_path / "f.png"),
        cells=cells,
        dpi=50,
    )
    assert [text.get_text() for text in drawn[0].axes[0].texts] == ["collapsed"]


def test_triggers_have_one_line_a_run_and_one_entry_a_cell(tmp_path, drawn):
    runs = {"a": [1.2, 1.0], "b": [1.3, 1.1], "c": [1.2, 0.2]}
    paths = [write_trajectory(tmp_path, run, gaps) for run, gaps in runs.items()]
    cell = {"captions": "partial", "temperature": "fixed", "tau": 0.01, "mismatched": 0.0}
    cells = [
        {**cell, "model": "vit", "seed": 0, "run": "a"},
        {**cell, "model": "vit", "seed": 1, "run": "b"},
        {**cell, "captions": "full", "mismatched": 0.25, "model": "vit", "seed": 0, "run": "c"},
    ]
    fig9.main(paths, tmp_path / "f.pdf", tmp_path / "f.png", cells=cells, dpi=50)
    (figure,) = drawn
    assert [line[:, 1].tolist() for line in lines(figure.axes[0])] == list(runs.values())
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "partial captions, τ = 1/100",
        "full captions, τ = 1/100, 25 % mismatched",
    ]
    colours = [line.get_color() for line in figure.axes[0].get_lines()]
    assert colours[0] == colours[1] != colours[2]


def test_widths_stand_in_order(tmp_path, drawn):
    widths = {"b": 256, "a": 64}
    paths = [write_trajectory(tmp_path, run, [1.0, dim / 512], dim) for run, dim in widths.items()]
    cells = [{"model": run, "seed": 0, "run": run} for run in widths]
    csv, *_ = summarise(tmp_path, cells, paths)
    assert pd.read_csv(csv)["dim"].tolist() == [256, 64]
    fig_s16.main(tmp_path / "summary.parquet", tmp_path / "f.pdf", tmp_path / "f.png", dpi=50)
    (figure,) = drawn
    before, after = lines(figure.axes[0])
    np.testing.assert_allclose(before, [[64, 1], [256, 1]])
    np.testing.assert_allclose(after, [[64, 0.125], [256, 0.5]])
