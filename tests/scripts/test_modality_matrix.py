"""Three modalities of ten items: one projection, and every pair in the right cell."""

import numpy as np
import pandas as pd
import pytest

import figX_modality_matrix
import project_clouds
from modality_pairs import NAMES, SETS, tidy
from modgap.errors import InputError
from modgap.tables import BY_ROW, read_metadata, read_table, write_embeddings, write_table


@pytest.fixture
def clouds(tmp_path):
    rng = np.random.default_rng(0)
    paths = []
    for position, name in enumerate(NAMES):
        rows = rng.standard_normal((10, 4)).astype(np.float32) + 8 * np.eye(4, dtype="f4")[position]
        ids = pd.DataFrame({"sample_id": [f"item-{i}" for i in range(10)]})
        paths.append(tmp_path / f"{name}.parquet")
        write_embeddings(paths[-1], ids, rows, {"model": "imported", "joined": BY_ROW})
    return paths


def project(clouds, folder, max_pairs=7):
    table = folder / "projection.parquet"
    project_clouds.main(clouds, table, name="d", modalities=NAMES, max_pairs=max_pairs, seed=0)
    return table


def test_all_modalities_lie_in_one_plane(clouds, tmp_path):
    table = project(clouds, tmp_path)
    points = read_table(table)
    assert points.groupby("modality", sort=False).size().to_dict() == dict.fromkeys(NAMES, 7)
    # The same items of each, and three clouds apart from each other.
    assert points.groupby("modality")["row"].apply(list).map(tuple).nunique() == 1
    middles = points.groupby("modality")[["x", "y"]].mean().to_numpy()
    spread = points.groupby("modality")[["x", "y"]].std().to_numpy().max()
    assert min(np.linalg.norm(middles[i] - middles[i - 1]) for i in range(3)) > 3 * spread
    about = read_metadata(table)
    assert about["n"] == 7
    assert 0.5 < about["share_x"] + about["share_y"] <= 1


def test_the_figure_is_drawn(clouds, tmp_path):
    statistics = tmp_path / "gap.parquet"
    write_table(tidy(), statistics)
    outputs = tmp_path / "x.pdf", tmp_path / "x.png"
    figX_modality_matrix.main(
        [project(clouds, tmp_path)],
        [statistics],
        *outputs,
        groups=[{"label": "Mine", "modalities": NAMES, "sets": SETS}],
        first="#D55E00",
        second="#0072B2",
        dpi=60,
    )
    assert all(path.stat().st_size > 1000 for path in outputs)


def test_modalities_of_other_widths_are_one_line(clouds, tmp_path):
    ids = pd.DataFrame({"sample_id": list("abcdefghij")})
    write_embeddings(clouds[2], ids, np.ones((10, 7), np.float32), {"model": "imported"})
    with pytest.raises(InputError, match=r"audio\.parquet: 7 dimensions, but .* has 4"):
        project(clouds, tmp_path)
