"""Figure 3: both figures from small tables; the same bytes again."""

import numpy as np
import pandas as pd
import pytest

import fig3_shift_landscape
import fig3_sphere_simulation
import simulate_sphere
import sweep_loss
from modgap.report.drawing import fraction
from modgap.tables import write_embeddings

COLOURS = {"first": "#D55E00", "second": "#0072B2", "dpi": 60}


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Tables of a set large enough for batches of 50, and of one that is not."""
    folder = tmp_path_factory.mktemp("swept")
    kinds = ("landscape", "extrema", "gradient", "clouds")
    paths = {kind: [] for kind in kinds}
    rng = np.random.default_rng(0)
    for n, batch_sizes in ((60, [50, "all"]), (24, ["1/2", "all"])):
        base = rng.normal(size=(n, 8))
        ids = pd.DataFrame({"sample_id": [f"s{i}" for i in range(n)]})
        inputs = []
        for side, offset in (("first", 0.7), ("second", -0.7)):
            path = folder / f"{n}-{side}.parquet"
            noise = 0.3 * rng.normal(size=base.shape)
            write_embeddings(path, ids, (base + noise + offset).astype(np.float32), {})
            inputs.append([str(path)])
        outputs = [folder / f"{n}-{kind}.parquet" for kind in kinds]
        sweep_loss.main(
            *inputs, None, *outputs, name=str(n), caption="first", threads=1, moved=["both"],
            grid={"first": -2, "last": 2, "step": 0.5}, temperatures=["1/50", 1],
            batch_sizes=batch_sizes, n_resamples=100, seed=0, device="cpu",
            cloud_shifts=[0, 1], cloud_pairs=20, largest_batch=500, sample_seed=0,
        )  # fmt: skip
        for kind, path in zip(kinds, outputs, strict=True):
            paths[kind].append(path)
    return list(paths.values())


def draw_shift(swept, folder):
    """Two sets, one a page."""
    pdf, pngs = folder / "f.pdf", [folder / "f.png", folder / "f-2.png"]
    names = ["image", "audio"]
    rows = [
        {"label": "one", "state": "random", "modalities": names},
        {"label": "other", "state": "", "modalities": names},
    ]
    fig3_shift_landscape.main(*swept, pdf, pngs, rows=rows, page_rows=1, **COLOURS)
    return [path.read_bytes() for path in (pdf, *pngs)]


def test_shift_landscape_with_and_without_the_published_protocol(swept, tmp_path):
    files = draw_shift(swept, tmp_path)
    assert files[0].startswith(b"%PDF")
    assert min(map(len, files)) > 20_000
    assert draw_shift(swept, tmp_path) == files
    assert files[1] != files[2]


@pytest.mark.parametrize(("spacings", "numbers"), [([20, 15], [20, 30]), ([20], [20])])
def test_sphere_simulation(tmp_path, spacings, numbers):
    arcs = {
        "n_pairs": 6, "spacings": spacings, "share": 0.3333,
        "temperatures": [1, "1/50"], "step": 5,
    }  # fmt: skip
    random = {
        "n_pairs": numbers, "dims": [3, 8], "shares": [0, 0.2], "temperature_range": [0.01, 1],
        "n_temperatures": 5, "n_draws": 2, "seed": 0,
    }  # fmt: skip
    tables = [tmp_path / f"{kind}.parquet" for kind in ("landscape", "minima", "bifurcation")]
    simulate_sphere.main(*tables, arcs=arcs, random=random)
    pdf, png = tmp_path / "f.pdf", tmp_path / "f.png"
    fig3_sphere_simulation.main(*tables, pdf, png, arcs=arcs, random=random, **COLOURS)
    assert pdf.read_bytes().startswith(b"%PDF")
    assert png.stat().st_size > 20_000


def test_temperatures_as_text():
    assert [fraction(tau) for tau in (0.01, 1 / 30, 1, 0.07, 2)] == [
        "1/100", "1/30", "1", "0.07", "2",
    ]  # fmt: skip
