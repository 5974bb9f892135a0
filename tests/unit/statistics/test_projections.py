"""Planes against their definitions; UMAP of clouds with repeated points."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from modgap.statistics.projections import (
    keep_compiled,
    project_gap_axis,
    project_pca,
    project_plane,
    project_svd,
    project_umap,
    umap_points,
)

SETTINGS = {"n_neighbors": 15, "min_dist": 0.1, "seed": 0}


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def captioned(n, n_captions, seed=0):
    """Pictures and captions a gap apart; each caption belongs to n / n_captions pictures."""
    rng = np.random.default_rng(seed)
    captions = unit(rng.standard_normal((n_captions, 16)) - 2)
    images = unit(rng.standard_normal((n, 16)) + 2)
    return images, captions[np.arange(n) % n_captions]


def test_copies_of_a_caption_are_drawn_in_one_place():
    images, texts = captioned(600, 30)
    noise = np.random.default_rng(1).uniform(-1e-8, 1e-8, texts.shape).astype(np.float32)
    points = umap_points(np.concatenate([images, texts + noise]), **SETTINGS)
    assert points.shape == (1200, 2)
    np.testing.assert_array_equal(points[600:], points[np.arange(600) % 30 + 600])
    assert len(np.unique(points[:600], axis=0)) == 600


def test_repeated_captions_stay_one_cloud_beside_the_pictures():
    images, texts = captioned(600, 30)
    points, notes = project_umap(images, texts, **SETTINGS)
    centres = points[:600].mean(axis=0), points[600:].mean(axis=0)
    apart = np.linalg.norm(centres[0] - centres[1])
    reach = np.linalg.norm(points[600:] - centres[1], axis=1).max()
    assert reach < apart / 2
    assert notes["trustworthiness"] > 0.8


@pytest.mark.parametrize("distinct", [2, 3, 4, 5])
def test_few_different_points(distinct):
    rows = unit(np.random.default_rng(0).standard_normal((distinct, 8)))
    which = np.arange(20) % distinct
    points = umap_points(rows[which], **SETTINGS)
    assert np.isfinite(points).all()
    assert len(np.unique(points, axis=0)) == distinct
    np.testing.assert_array_equal(points, points[which])
    if distinct == 3:  # as they lie in the space
        np.testing.assert_allclose(
            np.linalg.norm(points[0] - points[1]), np.linalg.norm(rows[0] - rows[1]), rtol=1e-5
        )


def test_planes_hold_the_largest_shares():
    images, texts = captioned(60, 30)
    points = np.concatenate([images, texts]).astype(float)
    for project, about in ((project_svd, points), (project_pca, points - points.mean(axis=0))):
        coordinates, shares = project(images.astype(float), texts.astype(float))
        squares = np.linalg.svd(about, compute_uv=False) ** 2
        np.testing.assert_allclose((coordinates**2).sum(axis=0), squares[:2])
        np.testing.assert_allclose(list(shares.values()), squares[:2] / squares.sum())


@pytest.mark.parametrize(
    "project", [project_svd, project_pca, project_gap_axis, partial(project_umap, **SETTINGS)]
)
@pytest.mark.parametrize("swapped", [False, True])
def test_the_first_modality_lies_on_the_right(project, swapped):
    images, texts = captioned(60, 30)
    pair = (texts, images) if swapped else (images, texts)
    coordinates, _ = project(*(side.astype(float) for side in pair))
    right, left = coordinates[:60, 0], coordinates[60:, 0]
    assert right.mean() > left.mean()


@pytest.mark.parametrize(("project", "centred"), [(project_svd, False), (project_pca, True)])
def test_a_side_changes_signs_only(project, centred):
    images, texts = (side.astype(float) for side in captioned(60, 30))
    plain, shares = project_plane(np.concatenate([images, texts]), centred=centred)
    coordinates, told = project(images, texts)
    np.testing.assert_array_equal(np.abs(coordinates), np.abs(plain))
    assert list(told.values()) == list(shares)
    for turned, axis in zip(coordinates.T, plain.T, strict=True):
        assert np.array_equal(turned, axis) or np.array_equal(turned, -axis)


def test_the_gap_axis_keeps_the_gap():
    images, texts = captioned(60, 30)
    coordinates, shares = project_gap_axis(images.astype(float), texts.astype(float))
    gap = np.linalg.norm(images.mean(axis=0, dtype=float) - texts.mean(axis=0, dtype=float))
    centres = coordinates[:60].mean(axis=0), coordinates[60:].mean(axis=0)
    np.testing.assert_allclose(centres[0][0] - centres[1][0], gap)
    np.testing.assert_allclose(centres[0][0] + centres[1][0], 0, atol=1e-12)
    assert 0 < shares["share_y"] < shares["share_x"] < 1


def test_what_is_compiled_is_kept_where_it_can_be():
    asked = []

    def refuse():
        asked.append("refused")
        raise RuntimeError("cannot cache function: no locator available")

    functions = {
        "compiled": SimpleNamespace(enable_caching=lambda: asked.append("kept")),
        "unwritable": SimpleNamespace(enable_caching=refuse),
        "plain": len,
    }
    keep_compiled(SimpleNamespace(**functions))
    assert sorted(asked) == ["kept", "refused"]
