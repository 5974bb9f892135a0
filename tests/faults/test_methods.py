"""Sets that methods cannot be compared on: refused in a line, or left out with one."""

import numpy as np
import pandas as pd
import pytest

import compare_methods
from compared_sets import DIM, SETTINGS, N, compare, name_outputs, write_set
from faults.outcomes import classify_call, is_one_line
from modgap.methods.comparing import prepare_setting
from modgap.methods.reading import read_relevance, read_set
from modgap.tables import read_metadata, read_table, write_embeddings, write_table

IDS = [f"item-{i:06d}" for i in range(N)]
ABOUT = {"model": "imported"}


@pytest.fixture(autouse=True)
def few_methods(monkeypatch):
    """One of each kind of fit."""
    names = ["raw", "mean_removal", "whitening", "procrustes", "csls"]
    monkeypatch.setattr(compare_methods, "list_methods", lambda *, paired: names)


def write_rows(path, rows, ids=IDS):
    write_embeddings(path, pd.DataFrame({"sample_id": ids}), rows.astype(np.float32), ABOUT)


def equal_captions(paths):
    write_rows(paths["second"][0], np.ones((N, DIM)))


def equal_pictures(paths):
    write_rows(paths["first"][0], np.ones((N, DIM)))


def wider_captions(paths):
    write_rows(paths["second"][0], np.random.default_rng(0).normal(size=(N, DIM + 1)))


def wider_prompts(paths):
    rows = pd.DataFrame({"templates": "given", "class": ["up", "down"], "category": ""})
    write_embeddings(paths["prompts"], rows, np.eye(DIM + 1)[:2].astype(np.float32), ABOUT)


def unknown_class(paths):
    labels = read_table(paths["labels"])
    write_table(labels.replace({"label": {"up": "sideways"}}), paths["labels"], ABOUT)


def few_pairs(paths):
    keep = IDS[:199]
    for side in ("first", "second"):
        write_rows(paths[side][0], np.random.default_rng(0).normal(size=(199, DIM)), keep)


def class_without_calibration(paths):
    """The last class has one picture, which is not among those that are fitted on."""
    labels = read_table(paths["labels"])
    labels.loc[paths["rare"], "label"] = "rare"
    write_table(labels, paths["labels"], ABOUT)


def says_why(outputs):
    """Every table is there, empty, and says in a line why."""
    said = {read_metadata(path)["left_out"] for path in outputs.values()}
    return len(said) == 1 and is_one_line(said.pop()) and not len(read_table(outputs["changes"]))


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (equal_captions, ("toy", "texts", "give texts that differ")),
        (equal_pictures, ("toy", "pictures", "give pictures that differ")),
        (wider_captions, ("9", "8")),
        (wider_prompts, ("9", "8")),
        (unknown_class, ("sideways",)),
    ],
)
def test_a_set_that_cannot_be_compared_is_refused_in_a_line(fault, tmp_path, damage, named):
    paths, outputs = write_set(tmp_path / "toy"), name_outputs(tmp_path, "toy")
    damage(paths)
    ended, line = classify_call(lambda: compare(paths, outputs))
    assert ended == "refused", line
    assert all(word in line for word in named), line
    fault("methods", (ended, line))


@pytest.mark.parametrize("damage", [equal_captions, equal_pictures, wider_captions])
def test_another_set_that_nothing_can_be_fitted_on_is_refused_in_a_line(fault, tmp_path, damage):
    paths, other = write_set(tmp_path / "toy"), write_set(tmp_path / "other", seed=9)
    damage(other)
    files = other["first"], other["second"], None
    ended, line = classify_call(lambda: compare(paths, name_outputs(tmp_path, "toy"), files))
    assert ended == "refused", line
    assert "other" in line or "9" in line
    fault("methods", (ended, line))


def test_too_few_pairs_leave_tables_that_say_so(fault, tmp_path):
    paths, outputs = write_set(tmp_path / "toy"), name_outputs(tmp_path, "toy")
    few_pairs(paths)
    call = classify_call(lambda: compare(paths, outputs) or outputs, right=says_why)
    assert call[0] == "survived"
    fault("methods", call)


def test_a_class_without_calibration_texts_is_compared_and_told(fault, tmp_path):
    """The table of methods keeps the line, with set, file, class and what to do."""
    paths, outputs = write_set(tmp_path / "toy"), name_outputs(tmp_path, "toy")
    fitted = fitted_rows(paths)
    paths["rare"] = next(i for i in range(N) if i not in fitted)
    class_without_calibration(paths)

    def told(outputs):
        lines = [note for note in read_metadata(outputs["changes"])["notes"] if "rare" in note]
        return len(lines) == 1 and all(
            text in lines[0]
            for text in ("toy", paths["labels"], "'rare', of 3 classes", "add pairs of them")
        )

    # The class has no prompt either, so there is no zero-shot task of it.
    given = {key: paths[key] for key in ("first", "second", "labels")} | {"samples": None}
    call = classify_call(
        lambda: compare_methods.main(given, [], None, outputs, **SETTINGS) or outputs, right=told
    )
    fault("methods", call)


def fitted_rows(paths):
    """Rows of the pictures that methods are fitted on."""
    pair, X, Y = read_set(paths["first"], paths["second"], None)
    relevance = read_relevance(pair, None)
    return set(prepare_setting(X, Y, pair.owner, *relevance, seed=0).fitted)
