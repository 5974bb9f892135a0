"""Frozen transforms of an embedding set: each method as it was compared, for other vectors.

Fitted on the calibration pictures of the comparison, with the parameters that it chose, so that the
table of methods is about these files. Beside each ``.npz`` is a JSON with what it was fitted on,
what was left of the gap, and what a fixed score threshold becomes.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import json
from pathlib import Path

from modgap.errors import InputError
from modgap.files import atomic_path
from modgap.job import start_log
from modgap.methods.comparing import prepare_setting
from modgap.methods.fits.registry import fit_method
from modgap.methods.fits.transforms import Transform, save_transform
from modgap.methods.outcomes.thresholds import translate_thresholds
from modgap.methods.reading import read_relevance, read_set, why_left_out
from modgap.tables import read_metadata, read_table

TOLD = ("label", "needs", "source", "gap", "gap_floor", "n_calibration", "n_test", "seed")


def main(first, second, samples, methods, transforms, told, *, max_test, max_calibration, seed):
    """methods : table of ``compare_methods``. transforms, told : paths, a method each by its name.

    Raises
    ------
    InputError : a set that was too small to compare methods on.
    """
    name = read_metadata(methods)["embeddings"]
    pair, X, Y = read_set(first, second, samples)
    left_out = why_left_out(len(X), name)
    if left_out:
        raise InputError(f"{left_out}, and with it its transforms")
    setting = prepare_setting(
        X,
        Y,
        pair.owner,
        *read_relevance(pair, samples),
        seed=seed,
        most_tested=max_test,
        most_fitted=max_calibration,
    )
    rows = read_table(methods).set_index("method")
    raw = fit_method("raw", setting.calibration)
    for path, words in zip(transforms, told, strict=True):
        method = Path(path).stem
        row = rows.loc[method]
        fitted = fit_method(method, setting.calibration, json.loads(row["chosen"]))
        about = {**fitted.about, "embeddings": name, "seed": seed}
        save_transform(Transform(fitted.stages, fitted.scoring, about), path)
        about |= {key: plain(row[key]) for key in TOLD}
        about["thresholds"] = translate_thresholds(raw, fitted, setting.validation)
        with atomic_path(words) as temporary:
            temporary.write_text(json.dumps(about, indent=2, sort_keys=True) + "\n")


def plain(value):
    """A number of NumPy as one of Python's."""
    return value.item() if hasattr(value, "item") else value


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.first,
        snakemake.input.second,
        next(iter(snakemake.input.samples), None),
        snakemake.input.methods,
        snakemake.output.transforms,
        snakemake.output.told,
        **snakemake.params.settings,
    )
