"""The registry names what each method needs, and tells the truth."""

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.methods.fits.calibration import Calibration
from modgap.methods.fits.registry import (
    METHODS,
    TRANSLATIONS,
    family_of,
    fit_method,
    list_methods,
    parameter_grid,
)
from modgap.methods.fits.transforms import apply_transform
from planted_pairs import draw_calibration, draw_gap_pairs

CALIBRATION = draw_calibration(150)


def test_there_are_fourteen_methods_six_controls_and_one_apart():
    kinds = [method.kind for method in METHODS.values()]
    assert kinds.count("raw") == kinds.count("test batch") == 1
    assert kinds.count("control") == 6
    assert kinds.count("method") >= 14
    assert {m.needs for m in METHODS.values()} == {
        "nothing", "moments", "rows", "pairs", "bank", "test batch",
    }  # fmt: skip
    assert len({method.label for method in METHODS.values()}) == len(METHODS)
    assert set(TRANSLATIONS) <= set(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_only_methods_of_pairs_need_pairs(name):
    loose = Calibration(CALIBRATION.first, CALIBRATION.second)
    if METHODS[name].needs == "pairs":
        with pytest.raises(InputError, match="needs pairs"):
            fit_method(name, loose)
        assert name not in list_methods(paired=False)
    else:
        assert fit_method(name, loose).about["method"] == name


@pytest.mark.parametrize("name", METHODS)
def test_levels_are_what_they_say(name):
    fitted = fit_method(name, CALIBRATION)
    assert (METHODS[name].level == "score") == (fitted.scoring is not None)


@pytest.mark.parametrize("name", METHODS)
def test_moments_suffice_where_it_is_said(name):
    """Rows that are other rows with the same moments: an orthogonal mix of centred rows."""
    if METHODS[name].needs not in ("moments", "pairs"):
        return
    n = CALIBRATION.n_pictures
    rng = np.random.default_rng(0)
    # An orthogonal matrix that keeps the vector of ones keeps sums and products.
    basis = np.linalg.qr(np.column_stack([np.ones(n), rng.standard_normal((n, n - 1))]))[0]
    turn = np.linalg.qr(rng.standard_normal((n - 1, n - 1)))[0]
    mixed = basis @ np.block([[1, np.zeros((1, n - 1))], [np.zeros((n - 1, 1)), turn]]) @ basis.T
    other = Calibration(mixed @ CALIBRATION.first, mixed @ CALIBRATION.second, np.arange(n))
    if name == "shuffled_pairs":
        return
    X, Y, _ = draw_gap_pairs(20, seed=1)
    ours, theirs = fit_method(name, CALIBRATION), fit_method(name, other)
    for rows, side in ((X, "first"), (Y, "second")):
        np.testing.assert_allclose(
            apply_transform(ours, rows, side), apply_transform(theirs, rows, side), atol=1e-6
        )


def test_grids_are_all_combinations():
    assert parameter_grid("raw") == [{}]
    assert len(parameter_grid("nnn")) == 12
    assert {"k": 8, "alpha": 1.0} in parameter_grid("nnn")


def test_an_unknown_method_is_one_line():
    with pytest.raises(InputError, match=r"no method 'magic'; there are raw, shift"):
        fit_method("magic", CALIBRATION)


def test_families_are_told_from_what_a_method_does():
    families = {name: family_of(name) for name in METHODS}
    assert families["raw"] == "raw"
    assert families["shift"] == families["projection"] == "translation"
    assert families["whitening"] == "map"
    assert families["ridge"] == "map from pairs"
    assert families["nnn"] == families["mean_score_z"] == "scores"
    assert families["dual_softmax"] == "test batch"
    assert sum(family == "control" for family in families.values()) == 6
