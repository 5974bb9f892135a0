"""Frozen transforms: applied unchanged, written and read, wrong input in one line."""

import json

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.methods.fits import transforms
from modgap.methods.fits.calibration import Calibration, merge_moments
from modgap.methods.fits.registry import METHODS, fit_method
from modgap.methods.fits.transforms import (
    Stage,
    apply_stage,
    apply_transform,
    isotropic_noise,
    item_terms,
    load_transform,
    save_transform,
    score_items,
)
from planted_pairs import draw_calibration, draw_gap_pairs

CALIBRATION = draw_calibration(120, captions=2)
X, Y, _ = draw_gap_pairs(40, captions=2, seed=1)


def scores_of(fitted):
    items = np.concatenate(
        [apply_transform(fitted, X, "first"), apply_transform(fitted, Y[::2], "second")]
    )
    queries = apply_transform(fitted, Y[1::2], "second", query=True)
    terms = item_terms(fitted, items, np.repeat([False, True], 40), "second")
    return score_items(fitted, queries @ items.T, terms)


@pytest.mark.parametrize("name", METHODS)
def test_what_is_stored_scores_as_before(name, tmp_path):
    fitted = fit_method(name, CALIBRATION)
    save_transform(fitted, tmp_path / "a.npz")
    again = load_transform(tmp_path / "a.npz")
    np.testing.assert_array_equal(scores_of(again), scores_of(fitted))
    assert again.about == fitted.about
    assert again.about["n_pictures"] == 120
    with np.load(tmp_path / "a.npz", allow_pickle=False) as stored:
        assert json.loads(str(stored["about"]))["about"]["method"] == name


def reorder(calibration):
    """The same rows in another order; a picture's own texts keep theirs."""
    rng = np.random.default_rng(0)
    pictures = rng.permutation(calibration.n_pictures)
    place = np.argsort(pictures)
    texts = np.argsort(rng.permutation(calibration.n_pictures)[calibration.owner], kind="stable")
    return Calibration(
        calibration.first[pictures], calibration.second[texts], place[calibration.owner[texts]]
    )


# 12 pictures in 24 dimensions: what the pairs do not say must not hang on rounding either.
@pytest.mark.parametrize("pictures", [120, 12])
@pytest.mark.parametrize("name", [name for name in METHODS if name != "shuffled_pairs"])
def test_order_of_calibration_rows_does_not_matter(name, pictures):
    calibration = CALIBRATION.keep(np.arange(pictures))
    ours = scores_of(fit_method(name, reorder(calibration)))
    np.testing.assert_allclose(ours, scores_of(fit_method(name, calibration)), atol=1e-8)


@pytest.mark.parametrize("pictures", [120, 12])
@pytest.mark.parametrize(
    "name", [name for name, method in METHODS.items() if method.needs in ("moments", "pairs")]
)
def test_moments_of_shards_give_the_same_transform(name, pictures):
    calibration = CALIBRATION.keep(np.arange(pictures))
    parts = [calibration.keep(np.arange(pictures)[start::3]).moments for start in range(3)]
    sharded = Calibration(calibration.first, calibration.second, calibration.owner)
    vars(sharded)["moments"] = merge_moments(parts)
    ours = scores_of(fit_method(name, sharded))
    np.testing.assert_allclose(ours, scores_of(fit_method(name, calibration)), atol=1e-8)


@pytest.mark.parametrize("name", METHODS)
def test_batches_do_not_matter(name):
    fitted = fit_method(name, CALIBRATION)
    whole = apply_transform(fitted, X, "first")
    parts = [apply_transform(fitted, part, "first") for part in (X[:7], X[7:])]
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-12)


def test_a_stage_does_its_steps_in_order():
    stage = Stage(offset=np.array([1.0, 0]), matrix=np.array([[0.0, 2], [3, 0]]), shift=np.ones(2))
    np.testing.assert_allclose(apply_stage(stage, np.array([[2.0, 1]])), [[0.8, 0.6]])
    flat = Stage(matrix=np.array([2.0, 0]), unit=False)
    np.testing.assert_allclose(apply_stage(flat, np.array([[2.0, 1]])), [[4, 0]])
    gone = Stage(offset=np.array([2.0, 1]))
    np.testing.assert_array_equal(apply_stage(gone, np.array([[2.0, 1]])), [[0, 0]])


def test_noise_is_told_from_the_row():
    noise = isotropic_noise(np.repeat(X[:1], 2, axis=0), 0)
    np.testing.assert_array_equal(noise[0], noise[1])
    drawn = isotropic_noise(X, 0)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1)
    assert np.abs(np.corrcoef(drawn) - np.eye(40)).max() < 0.9
    assert not np.allclose(drawn, isotropic_noise(X, 1))


def test_blocks_of_a_bank_do_not_matter(monkeypatch):
    whole = [scores_of(fit_method(name, CALIBRATION)) for name in ("nnn", "qb_norm")]
    monkeypatch.setattr(transforms, "BANK_ENTRIES", 1000)
    parts = [scores_of(fit_method(name, CALIBRATION)) for name in ("nnn", "qb_norm")]
    np.testing.assert_allclose(parts, whole, atol=1e-12)


def test_other_dimensions_are_one_line():
    with pytest.raises(InputError, match=r"of 5 dimensions for a transform .* on 24"):
        apply_transform(fit_method("shift", CALIBRATION), X[:, :5], "first")


def test_what_is_no_transform_is_one_line(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"nothing")
    np.savez(tmp_path / "b.npz", x=np.ones(3))
    np.savez(tmp_path / "c.npz", about=np.array(json.dumps({"version": 99})))
    np.savez(tmp_path / "d.npz", about=np.array([{"pickled": 1}], dtype=object))
    for name in "abcd":
        with pytest.raises(InputError, match="not a transform of this pipeline"):
            load_transform(tmp_path / f"{name}.npz")
