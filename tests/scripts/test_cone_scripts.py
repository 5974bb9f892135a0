"""The scripts of the cone study on small settings: what they write, and what they draw."""

import logging
import threading

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import yaml

import check_theorems
import decode_pixels
import draw_samples
import embed_variants
import fig2b_depth_and_activation
import fig2c_random_initialisations
import figX_cone_by_layer
import figX_initial_gap
import figX_theorems
import measure_layers
import measure_seeds
import simulate_activations
import table_initialisations
import table_layers
from model_variants import seed_variants
from modgap.embeddings.extraction import first_pixels
from modgap.embeddings.models import create_model
from modgap.statistics.geometry import normalise
from modgap.tables import read_metadata, read_table, write_table

VIT = {"source": "random", "architecture": "scenes-vit", "seed": 7}
RESNET = {"source": "torchvision", "architecture": "resnet18", "size": 32}
SCENES = {"kind": "scenes", "n": 12, "size": 32, "seed": 0}
EXTRACTION = {"batch_size": 5, "precision": "fp32", "device": "cpu"}
UMAP = {"n_neighbors": 5, "min_dist": 0.1, "seed": 0}

NETWORKS = {
    "activations": ["ReLU", "Tanh", "GELU"],
    "biases": ["normal", "none"],
    "architectures": ["residual"],
    "architecture_activations": ["ReLU"],
    "n_inputs": 40,
    "input_size": 32,
    "width": 32,
    "depth": 3,
    "seeds": 3,
}
THEOREMS = {
    "theorem_1": {
        "cosines": [0.0, 0.75],
        "norm_ratios": [1.0, 3.0],
        "norms": [1, "sqrt_width"],
        "widths": [16, 64],
        "trials": 100,
    },
    "lemma_3": {"cosines": [0.0, 1.0], "norm_ratios": [1.0], "norms": [1]},
    "theorem_2": {
        "cosines": [0.5],
        "widths": [32],
        "depth": 2,
        "networks": 30,
        "n_inputs": 3,
        "n_bootstrap": 100,
        "biases": ["normal", "none"],
    },
    "seed": 0,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cones")


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "level", logging.ERROR)


@pytest.fixture
def drawn(monkeypatch):
    """Keep the figure that a script draws, to look into it."""
    monkeypatch.setattr(plt, "close", lambda figure: None)
    yield lambda: plt.figure(plt.get_fignums()[-1])
    monkeypatch.undo()
    plt.close("all")


@pytest.fixture(scope="module")
def curves(folder):
    paths = folder / "curves.parquet", folder / "curves.csv"
    simulate_activations.main(*paths, **NETWORKS)
    return paths


@pytest.fixture(scope="module")
def theorems(folder):
    paths = folder / "theorems.parquet", folder / "theorems.csv"
    check_theorems.main(*paths, **THEOREMS)
    return paths


@pytest.fixture(scope="module")
def crops(folder):
    """Two shards of drawn scenes and their samples table."""
    samples = folder / "scenes.parquet"
    draw_samples.main(samples, folder / "scenes.npy", entry=SCENES, name="scenes")
    arrays = [folder / f"part-{shard}.npy" for shard in range(2)]
    indices = [folder / f"part-{shard}.parquet" for shard in range(2)]
    for shard, (array, index) in enumerate(zip(arrays, indices, strict=True)):
        decode_pixels.main(
            samples,
            array,
            index,
            entry=SCENES,
            geometry="32-bicubic-shortest",
            shard=shard,
            shard_size=8,
            on_bad_sample="stop",
            threads=1,
        )
    return arrays, indices, samples


@pytest.fixture(scope="module")
def seeds(folder, crops):
    """Embeddings and measurements of a two-tower model and of a ResNet."""
    runs = {}
    for name, model, removed in [("vit", VIT, True), ("resnet18", RESNET, False)]:
        embeddings = folder / f"{name}-embeddings.parquet"
        layers = ("kept", "removed") if removed else ("kept",)
        variants = seed_variants(name, model, 4, layers)
        embed_variants.main(
            *crops, embeddings, entry=SCENES, variants=variants, items=10, **EXTRACTION
        )
        measured = [folder / f"{name}-{what}.parquet" for what in ("table", "values", "points")]
        measure_seeds.main(embeddings, *measured, name=f"{name}/scenes", **UMAP)
        runs[name] = embeddings, *measured
    return runs


@pytest.fixture(scope="module")
def layers(folder, crops):
    paths = []
    for name, model, removed in [("vit", VIT, True), ("resnet18", RESNET, False)]:
        paths.append(folder / f"{name}-layers.parquet")
        measure_layers.main(
            *crops,
            paths[-1],
            entry=SCENES,
            model_name=name,
            model=model,
            items=11,
            groups=4,
            without_normalisation=removed,
            **EXTRACTION,
        )
    gathered = folder / "layers.parquet", folder / "layers.csv"
    table_layers.main(paths, *gathered, runs=described("vit", "resnet18"))
    return paths, gathered


def described(*names):
    return [
        {
            "model": name,
            "label": name.upper(),
            "state": "random",
            "dataset": "scenes",
            "dataset_label": "scenes",
        }
        for name in names
    ]


def test_simulated_curves_and_their_means(curves):
    rows, summary = read_table(curves[0]), pd.read_csv(curves[1])
    assert len(rows) == 3 * (3 * 2 + 1) * 4
    assert read_metadata(curves[0])["width"] == 32
    assert len(summary) == (3 * 2 + 1) * 4
    where = "activation == 'ReLU' and bias == 'normal' and architecture == 'plain' and depth == 2"
    (mean,) = summary.query(where)["mean_cosine"]
    assert mean == pytest.approx(rows.query(where)["mean_cosine"].mean())
    assert (summary["low"] <= summary["mean_cosine"]).all()


def test_seeds_at_the_same_time_give_the_same_curves(folder, curves, monkeypatch):
    again, seeds = folder / "again.parquet", NETWORKS["seeds"]
    assert seeds > 1
    together, real = threading.Barrier(seeds, timeout=60), simulate_activations.depth_curves

    def wait(*given, **settings):
        together.wait()
        return real(*given, **settings)

    monkeypatch.setattr(simulate_activations, "depth_curves", wait)
    simulate_activations.main(again, folder / "again.csv", **NETWORKS, threads=seeds)
    pd.testing.assert_frame_equal(read_table(again), read_table(curves[0]))


def test_theorem_table(theorems):
    rows, csv = read_table(theorems[0]), pd.read_csv(theorems[1])
    assert len(rows) == len(csv) == 2 * 2 * 2 * 2 + 2 * 2 + 2 * 2
    assert list(csv.columns) == check_theorems.COLUMNS
    assert rows["holds"].isin(["yes", "no", "undecided", "no claim"]).all()
    assert rows["interval_method"].notna().all()


def test_measurements_of_seeds(seeds):
    table = read_table(seeds["vit"][1])
    assert set(table["side"]) == {"images", "texts", "both"}
    assert table["interval_method"].notna().all()
    assert (table["n_initialisations"] == 4).all()
    clouds, _ = measure_seeds.read_by_seed(seeds["vit"][0])
    means = [normalise(cloud).mean(0) for cloud in clouds["kept", "images"]]
    (between,) = table.query(
        "side == 'images' and normalisation_layers == 'kept' "
        "and statistic == 'cosine_between_initialisations'"
    )["value"]
    pairs = [means[i] @ means[j] for i in range(4) for j in range(4) if i != j]
    assert between == pytest.approx(np.mean(pairs), abs=1e-9)
    assert "both" not in set(read_table(seeds["resnet18"][1])["side"])


def test_a_gap_for_every_seed(seeds):
    values = read_table(seeds["vit"][2])
    gaps = values.query("quantity == 'gap'")
    assert gaps.groupby("normalisation_layers")["index"].apply(list).to_dict() == {
        "kept": [0, 1, 2, 3],
        "removed": [0, 1, 2, 3],
    }
    clouds, _ = measure_seeds.read_by_seed(seeds["vit"][0])
    first, second = (normalise(clouds["kept", side][1]) for side in ("images", "texts"))
    expected = np.linalg.norm(first.mean(0) - second.mean(0))
    (gap,) = gaps.query("normalisation_layers == 'kept' and index == 1")["value"]
    assert gap == pytest.approx(expected, abs=1e-9)


def test_points_of_seeds_do_not_depend_on_the_run(seeds, folder):
    again = [folder / f"again-{i}.parquet" for i in range(3)]
    measure_seeds.main(seeds["vit"][0], *again, name="vit/scenes", **UMAP)
    pd.testing.assert_frame_equal(read_table(again[2]), read_table(seeds["vit"][3]))


def test_table_of_initialisations(seeds, folder):
    csv = folder / "initialisations.csv"
    table_initialisations.main([run[1] for run in seeds.values()], csv)
    assert set(pd.read_csv(csv)["embeddings"]) == {"vit/scenes", "resnet18/scenes"}


def test_layer_table(layers):
    rows, csv = read_table(layers[1][0]), pd.read_csv(layers[1][1])
    assert len(rows) == len(csv)
    assert set(rows["model"]) == {"vit", "resnet18"}
    assert set(rows.query("model == 'vit'")["normalisation_layers"]) == {"kept", "removed"}
    assert set(rows.query("model == 'resnet18'")["side"]) == {"images"}
    known = rows[rows["value"].notna()]
    assert (known["n"] == 11).all()
    assert (known["interval_method"] == "jackknife over 4 groups").all()
    assert (known["low"] <= known["value"]).all()
    assert (known["value"] <= known["high"]).all()


def test_last_layer_is_the_cone_of_the_embeddings(layers, crops):
    rows = read_table(layers[1][0])
    loaded = create_model("vit", VIT, device="cpu")
    _, pixels = first_pixels(*crops[:2], 11)
    cosines = (unit := normalise(loaded.encode_images(pixels))) @ unit.T
    expected = cosines[~np.eye(11, dtype=bool)].mean()
    (value,) = rows.query(
        "model == 'vit' and side == 'images' and kind == 'projection' "
        "and normalisation_layers == 'kept'"
    )["value"]
    assert value == pytest.approx(expected, abs=1e-5)


def test_fig2b(curves, folder, drawn):
    fig2b_depth_and_activation.main(curves[0], folder / "2b.pdf", folder / "2b.png", dpi=60)
    panels = drawn().axes
    assert len(panels) == 2 * 3
    rows = read_table(curves[0]).query("activation == 'Tanh' and bias == 'normal'")
    expected = rows.groupby("depth")["mean_cosine_with_diagonal"].mean()
    lines = [line.get_ydata() for line in panels[0].lines]
    assert any(len(y) == 4 and np.allclose(y, expected) for y in lines)
    assert (folder / "2b.pdf").stat().st_size > 1000


def test_fig8(theorems, folder, drawn):
    figX_theorems.main(theorems[0], folder / "8.pdf", folder / "8.png", dpi=60)
    titles = [panel.get_title() for panel in drawn().axes]
    assert titles[:4] == [
        "r = 1, norm 1",
        "r = 3, norm 1",
        "r = 1, norm √width",
        "r = 3, norm √width",
    ]
    assert titles[4:7] == [
        "Lemma 3: norm 1",
        "Theorem 2, bias as assumed",
        "Theorem 2, without bias",
    ]
    (verdicts,) = [text.get_text() for text in drawn().axes[-1].texts]
    counts = read_table(theorems[0]).query("theorem == 'theorem 1'")["holds"].value_counts()
    for verdict, shown in figX_theorems.VERDICTS.items():
        if verdict in counts:
            assert f"{counts[verdict]} {shown}" in verdicts


def test_fig2c(seeds, folder, drawn):
    files = list(zip(*seeds.values(), strict=True))
    fig2c_random_initialisations.main(
        *files[1:4],
        folder / "2c.pdf",
        [folder / "2c.png"],
        runs=described("vit", "resnet18"),
        page_rows=5,
        dpi=60,
    )
    # Two towers and a ResNet; UMAP, PCA and the spectrum of each.
    assert len(drawn().axes) == 3 * 3
    first = drawn().axes[0].collections[0].get_offsets()
    points = read_table(seeds["vit"][3]).query("method == 'umap' and side == 'images'")
    np.testing.assert_allclose(first, points[["x", "y"]])


def test_fig2d(seeds, folder, drawn):
    _, table, values, _ = seeds["vit"]
    figX_initial_gap.main(
        [table], [values], folder / "2d.pdf", folder / "2d.png", runs=described("vit"), dpi=60
    )
    left, right = drawn().axes
    gaps = read_table(values).query("quantity == 'gap' and normalisation_layers == 'kept'")
    np.testing.assert_allclose(left.collections[0].get_offsets()[:, 1], gaps["value"])
    assert len(right.texts) == 2
    assert "normalisation layers removed" in right.texts[1].get_text()


def test_fig10(layers, folder, drawn):
    figX_cone_by_layer.main(
        layers[1][0], folder / "10.pdf", [folder / "10.png"], panels_a_row=2, page_rows=5, dpi=60
    )
    panels = drawn().axes
    assert [panel.get_title().split(",")[0] for panel in panels] == [
        "VIT image tower",
        "RESNET18 image tower",
        "VIT text tower",
    ]


def test_layers_of_models_of_one_label_stay_apart(layers, folder, drawn):
    rows = read_table(layers[1][0])
    same = folder / "same-label.parquet"
    twin = rows[rows["model"] == "vit"].assign(model="twin")
    write_table(pd.concat([rows, twin]).assign(label="Net"), same)
    pngs = [folder / "11.png", folder / "11-2.png"]
    figX_cone_by_layer.main(same, folder / "11.pdf", pngs, panels_a_row=2, page_rows=2, dpi=60)
    titles = [
        axes.get_title().split("\n")[0]
        for number in plt.get_fignums()
        for axes in plt.figure(number).axes
    ]
    assert len(titles) == len(set(titles)) == 5
    assert "Net text tower, random (twin)" in titles


def test_figures_are_the_same_every_time(theorems, folder):
    written = []
    for attempt in range(2):
        paths = folder / f"same{attempt}.pdf", folder / f"same{attempt}.png"
        figX_theorems.main(theorems[0], *paths, dpi=60)
        written.append([path.read_bytes() for path in paths])
    assert written[0] == written[1]


def test_shipped_default_keeps_the_floors(root):
    config = yaml.safe_load((root / "config" / "config.yaml").read_text())
    assert config["cone_study"]["seeds"] >= 25
    assert config["cone_study"]["seed_items"] >= 200
    for entry in config["initialisations"]:
        assert config["datasets"][entry["dataset"]]["n"] >= 200
    networks = config["random_networks"]
    assert (networks["seeds"], len(networks["activations"]), len(networks["biases"])) == (10, 8, 3)
    assert (networks["n_inputs"], networks["width"], networks["depth"]) == (1024, 512, 25)
