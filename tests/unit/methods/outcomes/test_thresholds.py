"""Thresholds before and after a method let the same share of unrelated pairs pass."""

import numpy as np
import pytest

from modgap.methods.comparing import prepare_setting
from modgap.methods.fits.registry import fit_method
from modgap.methods.outcomes.thresholds import translate_thresholds, unrelated_scores
from modgap.statistics.retrieval import own_relevance
from planted_pairs import draw_gap_pairs

N = 200


@pytest.fixture(scope="module")
def setting():
    X, Y, owner = draw_gap_pairs(N, 10, captions=2)
    return prepare_setting(X, Y, owner, *own_relevance(owner, N), seed=1)


def test_unrelated_pairs_are_all_but_the_texts_own_pictures(setting):
    held_out = setting.validation
    raw = fit_method("raw", setting.calibration)
    slow = [
        text @ picture
        for text, owner in zip(held_out.second, held_out.owner, strict=True)
        for i, picture in enumerate(held_out.first)
        if i != owner
    ]
    np.testing.assert_allclose(unrelated_scores(raw, held_out), slow)


@pytest.mark.parametrize("name", ["mean_removal", "shift", "score_z", "nnn"])
def test_the_same_share_passes(setting, name):
    raw, method = (fit_method(key, setting.calibration) for key in ("raw", name))
    told = translate_thresholds(raw, method, setting.validation)
    assert told["n"] == 80 * 39
    assert told["passing"][-1] * told["n"] >= 10
    for which, transform in (("raw", raw), ("after", method)):
        scores = unrelated_scores(transform, setting.validation)
        assert np.all(np.diff(told[which]) >= 0)
        for share, threshold in zip(told["passing"], told[which], strict=True):
            assert (scores >= threshold).mean() == pytest.approx(share, abs=2 / told["n"])


def test_nothing_changes_where_nothing_is_done(setting):
    raw = fit_method("raw", setting.calibration)
    told = translate_thresholds(raw, raw, setting.validation)
    assert told["raw"] == told["after"]
