"""Supplementary Figures 13 to 15 on ten pictures: what the scripts write, and what they draw."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

import embed_variants
import figS13_independent_models
import figS15_without_normalisation
import measure_pairs
import measure_seeds
import measure_without_normalisation
import table_initialisations
import table_normalisation
from model_variants import CHANGES, independent_variants, normalisation_variants
from modgap.tables import read_table, write_embeddings, write_table
from tiny_training import make_dataset

pytestmark = pytest.mark.filterwarnings("ignore:Graph is not fully connected:UserWarning")

VIT = {"source": "random", "architecture": "scenes-vit", "seed": 7}
RESNET = {"source": "torchvision", "architecture": "resnet18", "size": 32, "seed": 0}
SCENES = {"kind": "scenes", "n": 12, "size": 32, "seed": 0}
EXTRACTION = {"batch_size": 5, "precision": "fp32", "device": "cpu"}
UMAP = {"n_neighbors": 5, "min_dist": 0.1}
LOOK = {"first": "#D55E00", "second": "#0072B2", "dpi": 60}
VARIANTS = list(CHANGES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("supplement")


@pytest.fixture(scope="module")
def crops(folder):
    paths = make_dataset(folder, "scenes", "32-bicubic-shortest", n=12)
    return paths["pixels"], paths["indexes"], paths["samples"][0]


@pytest.fixture(scope="module")
def independent(folder, crops):
    """Three ResNets: embeddings, table, values, points."""
    embeddings = folder / "independent.parquet"
    models = {f"resnet-{seed}": {**RESNET, "seed": seed} for seed in range(3)}
    variants = independent_variants(models)
    embed_variants.main(*crops, embeddings, entry=SCENES, variants=variants, items=10, **EXTRACTION)
    measured = [folder / f"independent-{what}.parquet" for what in ("table", "values", "points")]
    measure_seeds.main(embeddings, *measured, name="resnets/scenes", seed=0, **UMAP)
    return embeddings, *measured


@pytest.fixture(scope="module")
def disabled(folder, crops):
    """A ViT as it is and disabled: embeddings, table, points."""
    embeddings = folder / "disabled.parquet"
    variants = normalisation_variants("vit", VIT)
    embed_variants.main(*crops, embeddings, entry=SCENES, variants=variants, items=10, **EXTRACTION)
    measured = folder / "disabled-table.parquet", folder / "disabled-points.parquet"
    measure_without_normalisation.main(
        embeddings,
        crops[2],
        *measured,
        name="vit/scenes",
        n_resamples=100,
        block=100,
        resample_seed=0,
        umap_seed=0,
        **UMAP,
    )
    return embeddings, *measured


@pytest.fixture
def drawn(monkeypatch):
    """Keep the figure that a script draws, to look into it."""
    monkeypatch.setattr(plt, "close", lambda figure: None)
    yield lambda: plt.figure(plt.get_fignums()[-1])
    monkeypatch.undo()
    plt.close("all")


def test_figure_s13_and_its_table(independent, folder, drawn):
    csv = folder / "independent.csv"
    table_initialisations.main([independent[1]], csv)
    rows = pd.read_csv(csv).set_index("statistic")
    group = {
        "name": "resnets/scenes",
        "label": "ResNet",
        "dataset_label": "scenes",
        "random": "resnets/scenes",
    }
    paths = folder / "13.pdf", [folder / "13.png"]
    # Untrained networks of the same name are another row.
    random = read_table(independent[1])
    twin = folder / "random.parquet"
    write_table(random.assign(value=random["value"] / 2), twin)
    figS13_independent_models.main(
        [independent[1]],
        [independent[3]],
        [folder / "random.parquet"],
        *paths,
        groups=[group],
        page_rows=4,
        dpi=60,
    )
    umap, pca, cosines = drawn().axes
    assert len(umap.collections) == len(pca.collections) == 3
    marks = {line.get_label(): line.get_xdata()[0] for line in cosines.lines}
    assert marks["within cones"] == rows.loc["cosine_within_initialisations", "value"]
    assert marks["between cones"] == rows.loc["cosine_between_initialisations", "value"]
    halves = [line.get_xdata()[0] for line in cosines.lines if line.get_ydata()[0] == 1]
    assert marks["within cones"] / 2 in halves
    (legend,) = drawn().legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "model 1", "model 2", "model 3", "within cones", "between cones",
    ]  # fmt: skip
    named = {mark.get_label(): mark.get_color() for mark in legend.legend_handles}
    for cloud, model in zip(umap.collections, ("model 1", "model 2", "model 3"), strict=True):
        assert to_hex(cloud.get_facecolor()[0]) == named[model].lower()


def test_the_gap_of_every_variant(disabled):
    variants = measure_without_normalisation.read_variants(disabled[0])
    assert list(variants) == VARIANTS
    table = read_table(disabled[1]).query("statistic == 'gap'").set_index("normalisation")
    unit = [side / np.linalg.norm(side, axis=1)[:, None] for side in variants[VARIANTS[1]]]
    expected = np.linalg.norm(unit[0].mean(axis=0) - unit[1].mean(axis=0))
    assert table.loc[VARIANTS[1], "value"] == pytest.approx(expected, abs=1e-6)


def test_recall_without_normalisation_is_that_of_the_statistics(disabled, crops, tmp_path):
    """One model, the same pictures and captions: what is a hit does not depend on the table."""
    X, Y = measure_without_normalisation.read_variants(disabled[0])[VARIANTS[0]]
    ids = pd.DataFrame({"sample_id": read_table(crops[2])["sample_id"][: len(X)]})
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    write_embeddings(first, ids, X, {"model": "vit"})
    write_embeddings(second, ids.assign(caption_index=0), Y, {"model": "vit"})
    measured = {"caption": "first", "exact_rows": 100, "seed": 0, "block": 100}
    pairs = tmp_path / "pairs.parquet"
    measure_pairs.main([first], [second], crops[2], pairs, name="vit/scenes", **measured)
    expected = read_table(pairs).set_index(["statistic", "side"])["value"]
    table = read_table(disabled[1]).query("normalisation == @VARIANTS[0]")
    found = table.set_index(["statistic", "side"])["value"].filter(like="recall", axis=0)
    assert len(found) == 24
    pd.testing.assert_series_equal(found, expected[found.index])
    # Captions fit other pictures too, so chance is above one picture in all.
    assert found["recall1_chance", "second_to_first"] > 1 / len(X)


@pytest.fixture(scope="module")
def gathered(folder, disabled):
    """The table of all three experiments."""
    number = {"low": 0.9, "high": 1.1, "interval_method": "t", "n": 10, "dim": 128}
    seeds = pd.DataFrame(
        [
            {
                **number,
                "embeddings": "vit/scenes",
                "normalisation_layers": layers,
                "side": side,
                "statistic": "gap",
                "value": value,
                "n_initialisations": 25,
            }
            for layers, value in [("kept", 1.2), ("removed", 1.0)]
            for side in ("both", "images")
        ]
    )
    study = pd.DataFrame(
        [
            {
                **number,
                "model": model,
                "stage": stage,
                "side": "both",
                "statistic": "gap",
                "value": value,
                "n_seeds": 3,
            }
            for model, ends in [("vit", (1.2, 1.0)), ("bare", (1.1, 0.8))]
            for stage, value in zip(("start", "end"), ends, strict=True)
        ]
    )
    for name, frame in (("seeds", seeds), ("study", study)):
        write_table(frame, folder / f"{name}.parquet")
    outputs = folder / "gathered.parquet", folder / "gathered.csv"
    table_normalisation.main(
        [disabled[1]],
        [folder / "seeds.parquet"],
        folder / "study.parquet",
        *outputs,
        states={"vit/scenes": "random"},
        normalisation={"vit": "kept", "bare": "removed"},
    )
    return outputs


def test_three_experiments_in_one_table(gathered):
    rows = pd.read_csv(gathered[1]).query("statistic == 'gap'")
    counts = rows.groupby("experiment", sort=False).size().to_dict()
    assert counts == {
        "disabled in a random model": 3,
        "random initialisations": 2,
        "trained from scratch": 4,
    }
    assert rows["n_seeds"].tolist() == [1] * 3 + [25] * 2 + [3] * 4
    (end,) = rows.query("name == 'bare' and stage == 'end'")["value"]
    assert end == 0.8
    assert set(rows.query("name == 'bare'")["normalisation"]) == {"no normalisation layers"}


def test_figure_s15(gathered, disabled, folder, drawn):
    labels = {"vit/scenes": "ViT, scenes", "vit": "ViT", "bare": "ViT"}
    figS15_without_normalisation.main(
        gathered[0],
        [disabled[2]],
        folder / "15.pdf",
        [folder / "15.png"],
        drawn=["vit/scenes"],
        labels=labels,
        page_rows=2,
        **LOOK,
    )
    *clouds, gaps = drawn().axes
    assert [axes.get_title().split("\n")[0] for axes in clouds] == [
        f"ViT, scenes, {variant}" for variant in VARIANTS
    ]
    table = read_table(gathered[0]).query("statistic == 'gap'")
    marks = [line.get_xdata()[0] for line in gaps.lines]
    assert sorted(marks) == sorted(table["value"])
    (header,) = [band for band in drawn().subfigs if band.legends]
    assert [text.get_text() for text in header.legends[0].get_texts()] == [
        "images", "texts", "pair", "gap, untrained", "gap, trained",
    ]  # fmt: skip
    # Colours are modalities only.
    assert {line.get_color() for line in gaps.lines} == {"black"}
    # Of the random models only those trained from scratch have an end that is trained.
    filled = [line.get_xdata()[0] for line in gaps.lines if line.get_markerfacecolor() == "black"]
    assert sorted(filled) == [0.8, 1.0]
