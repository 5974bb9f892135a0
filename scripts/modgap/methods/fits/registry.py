"""Every method and control by name: how it is fitted, what it needs, where it comes from.

fit     function of ``Calibration`` and parameters
needs   "moments" (sums of unpaired rows), "rows" (the unpaired rows once more), "pairs" (which
        text belongs to which picture), "bank" (rows that stand for queries), "nothing", or
        "test batch"
level   "embedding" or "score"
grid    values of parameters that validation chooses among; {}: nothing to choose
fixed   parameters that are given
kind    "raw", "method", "control", or "test batch" (apart: it uses the queries of the test)
source  paper, and its section, algorithm or formula
"""

from itertools import product
from typing import NamedTuple

from modgap.errors import InputError
from modgap.methods.fits import banks, linear_maps, method_controls, translations
from modgap.methods.fits.transforms import Transform, describe_fit

# Multiples of the shift that closes the gap; 0 leaves everything as it is.
SHARES = (0.0, 0.125, 0.25, 0.375, 0.5, 0.75, 1.0)
SHRINKAGES = (0.03, 0.1, 0.3, 0.6, 1.0)
PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Method(NamedTuple):
    """A row of the registry; its fields are described above."""

    fit: object
    label: str
    needs: str
    level: str
    source: str
    grid: dict = {}  # noqa: RUF012
    fixed: dict = {}  # noqa: RUF012
    kind: str = "method"


METHODS = {
    "raw": Method(
        translations.fit_raw,
        "nothing",
        "nothing",
        "embedding",
        "the embeddings as they are",
        kind="raw",
    ),
    "shift": Method(
        translations.fit_shift,
        "shift, gap to 0",
        "moments",
        "embedding",
        "Liang et al. 2022, §4.2, λ = 1",
    ),
    "shift_unscaled": Method(
        translations.fit_shift,
        "shift, not renormalised",
        "moments",
        "embedding",
        "Liang et al. 2022, §4.2, without N",
        fixed={"unit": False},
    ),
    "shift_chosen": Method(
        translations.fit_shift,
        "shift, chosen",
        "moments",
        "embedding",
        "Liang et al. 2022, §4.2, λ held out",
        grid={"share": SHARES},
    ),
    "mean_removal": Method(
        translations.fit_mean_removal,
        "mean removal",
        "moments",
        "embedding",
        "I0T_post; GR-CLIP: N(x − μx), N(y − μy)",
    ),
    "partial_mean": Method(
        translations.fit_mean_removal,
        "part of the mean",
        "moments",
        "embedding",
        "distribution normalisation (arXiv 2302.11084), with N",
        grid={"share": SHARES},
    ),
    "partial_mean_unscaled": Method(
        translations.fit_mean_removal,
        "part of the mean, not renormalised",
        "moments",
        "embedding",
        "distribution normalisation (arXiv 2302.11084): x − λμx",
        grid={"share": SHARES},
        fixed={"unit": False},
    ),
    "role_means": Method(
        translations.fit_role_means,
        "means by role",
        "rows",
        "embedding",
        "GR-CLIP: a mean for each role",
    ),
    "projection": Method(
        translations.fit_projection,
        "gap projected out",
        "moments",
        "embedding",
        "gap-methods §1: x − (x·ĝ)ĝ",
    ),
    "orthogonal_shift": Method(
        translations.fit_orthogonal_shift,
        "orthogonalised shift",
        "moments",
        "embedding",
        "arXiv 2603.29080: g' = g − VVᵀg",
        grid={"axes": (4, 16, 64)},
    ),
    "components": Method(
        translations.fit_components,
        "mean and top components",
        "moments",
        "embedding",
        "Mu & Viswanath 2018, algorithm 1",
        grid={"axes": (1, 3, 10)},
    ),
    "text_components": Method(
        translations.fit_text_components,
        "text components",
        "moments",
        "embedding",
        "PCA← (arXiv 2603.16100), top d/2",
    ),
    "standardising": Method(
        linear_maps.fit_standardising,
        "standardised dimensions",
        "moments",
        "embedding",
        "N((x − μ)/σ)",
    ),
    "whitening": Method(
        linear_maps.fit_whitening,
        "whitening, shrunk",
        "moments",
        "embedding",
        "Σ^−½ with Ledoit & Wolf's target",
        grid={"shrinkage": SHRINKAGES},
    ),
    "bures": Method(
        linear_maps.fit_bures,
        "Bures map, shrunk",
        "moments",
        "embedding",
        "Olkin & Pukelsheim 1982: optimal map of Gaussians",
        grid={"shrinkage": SHRINKAGES},
    ),
    "realign": Method(
        linear_maps.fit_realign,
        "ReAlign",
        "rows",
        "embedding",
        "ReAlign (Modality Gap Theory): N(μx + s(y − μy)), recentred",
    ),
    "procrustes": Method(
        linear_maps.fit_procrustes,
        "Procrustes, centred",
        "pairs",
        "embedding",
        "Schönemann 1966: R = UVᵀ of Σyx",
    ),
    "procrustes_shrunk": Method(
        linear_maps.fit_procrustes,
        "Procrustes, shrunk",
        "pairs",
        "embedding",
        "Schönemann 1966, shrunk to the identity",
        grid={"shrinkage": PENALTIES},
    ),
    "ridge": Method(
        linear_maps.fit_ridge,
        "ridge to identity",
        "pairs",
        "embedding",
        "Hoerl & Kennard 1970, penalty about I",
        grid={"shrinkage": PENALTIES},
    ),
    "pls": Method(
        linear_maps.fit_pls,
        "shared axes (PLS)",
        "pairs",
        "embedding",
        "COMET (arXiv 2605.29628): SVD of the cross-covariance",
        grid={"axes": (16, 64, 128, 256)},
    ),
    "whole_bank": Method(
        banks.fit_whole_bank,
        "NNN, whole bank",
        "moments",
        "score",
        "NNN: s − α·x·μ of the bank",
        grid={"alpha": (0.25, 0.5, 0.75, 1.0)},
    ),
    "nnn": Method(
        banks.fit_nnn,
        "NNN",
        "bank",
        "score",
        "NNN: s − α·mean of the top k of the bank",
        grid={"k": (8, 32, 128), "alpha": (0.25, 0.5, 0.75, 1.0)},
    ),
    "csls": Method(
        banks.fit_csls, "CSLS", "bank", "score", "Conneau et al. 2018: 2s − r(q) − r(x)"
    ),
    "qb_norm": Method(
        banks.fit_qb_norm,
        "QB-Norm, dynamic",
        "bank",
        "score",
        "Bogolin et al. 2022: e^{βs}/Σ e^{βp}, activation set",
    ),
    "score_z": Method(
        banks.fit_score_standardising,
        "scores standardised",
        "moments",
        "score",
        "arXiv 2511.22141, per pair of modalities",
    ),
    "mean_score_z": Method(
        banks.fit_mean_and_scores,
        "mean removal, scores standardised",
        "rows",
        "score",
        "both, in this order",
    ),
    "dual_softmax": Method(
        banks.fit_dual_softmax,
        "dual softmax",
        "test batch",
        "score",
        "Cheng et al. 2021: s · softmax over queries",
        kind="test batch",
    ),
    "random_vector": Method(
        method_controls.fit_random_vector,
        "random vector",
        "moments",
        "embedding",
        "control of the shift",
        kind="control",
    ),
    "shared_mean": Method(
        method_controls.fit_shared_mean,
        "one shared mean",
        "moments",
        "embedding",
        "control of mean removal",
        kind="control",
    ),
    "shuffled_pairs": Method(
        method_controls.fit_shuffled_pairs,
        "shuffled pairs",
        "pairs",
        "embedding",
        "control of Procrustes",
        kind="control",
    ),
    "random_rotation": Method(
        method_controls.fit_random_rotation,
        "random rotation",
        "moments",
        "embedding",
        "control of linear maps",
        kind="control",
    ),
    "wrong_bank": Method(
        method_controls.fit_wrong_bank,
        "bank of the wrong modality",
        "bank",
        "score",
        "control of NNN",
        kind="control",
    ),
    "noise": Method(
        method_controls.fit_noise,
        "isotropic noise",
        "moments",
        "embedding",
        "control of the shift",
        kind="control",
    ),
}

# Methods that only move rows or take a direction out.
TRANSLATIONS = (
    "shift",
    "shift_unscaled",
    "shift_chosen",
    "mean_removal",
    "partial_mean",
    "partial_mean_unscaled",
    "role_means",
    "projection",
    "orthogonal_shift",
)


def fit_method(name, calibration, parameters=None):
    """Fit a method of the registry; ``parameters`` over its fixed ones. The ``Transform``.

    Raises
    ------
    InputError : no method of this name, and all of the fit.
    """
    if name not in METHODS:
        raise InputError(f"no method {name!r}; there are {', '.join(METHODS)}")
    method = METHODS[name]
    given = {**method.fixed, **(parameters or {})}
    fitted = method.fit(calibration, **given)
    about = describe_fit(name, given, calibration)
    about |= {"needs": method.needs, "level": method.level, "source": method.source}
    return Transform(fitted.stages, fitted.scoring, about)


def parameter_grid(name):
    """All combinations of what validation chooses among, as dicts; [{}] where nothing is chosen."""
    grid = METHODS[name].grid
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def list_methods(*, paired):
    """Names of all methods and controls that a calibration set allows.

    paired : whether it is known which text belongs to which picture.
    """
    return [name for name, method in METHODS.items() if paired or method.needs != "pairs"]


def family_of(name):
    """What a method does: "translation", "map" (of dimensions), "map from pairs", "scores"; or
    that it is "raw", a "control" or uses the "test batch".
    """
    method = METHODS[name]
    if method.kind != "method":
        return method.kind
    if method.level == "score":
        return "scores"
    if name in TRANSLATIONS:
        return "translation"
    return "map from pairs" if method.needs == "pairs" else "map"
