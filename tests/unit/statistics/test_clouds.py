"""Reading two clouds: which text belongs to which picture, labels, and what does not fit."""

import numpy as np
import pandas as pd
import pytest

from modgap.errors import InputError
from modgap.statistics.clouds import (
    label_indices,
    load_pair,
    number_pictures,
    picture_labels,
    read_class_vectors,
    read_pictures,
    sample_pairs,
    sample_pictures,
)
from modgap.tables import write_embeddings, write_table

PICTURES = np.array([[3.0, 4.0], [0.0, 2.0], [5.0, 0.0]], dtype=np.float32)
TEXTS = np.array([[0.0, 1.0], [2.0, 0.0], [0.0, 3.0], [4.0, 0.0]], dtype=np.float32)


@pytest.fixture
def files(tmp_path):
    """Three pictures, of which the first has two captions; the texts are in another order."""
    paths = {name: tmp_path / f"{name}.parquet" for name in ("first", "second", "samples")}
    samples = pd.DataFrame(
        {
            "sample_id": ["a", "a", "b", "c"],
            "caption_index": [0, 1, 0, 0],
            "caption": ["a0", "a1", "b0", "c0"],
        }
    )
    write_table(samples, paths["samples"])
    write_embeddings(paths["first"], pd.DataFrame({"sample_id": list("abc")}), PICTURES, {})
    ids = samples[["sample_id", "caption_index"]].iloc[[3, 0, 1, 2]].reset_index(drop=True)
    write_embeddings(paths["second"], ids, TEXTS, {})
    return paths


def test_texts_find_their_pictures(files):
    pair = load_pair([files["first"]], [files["second"]], files["samples"])
    np.testing.assert_array_equal(pair.first, PICTURES)
    np.testing.assert_array_equal(pair.second, TEXTS)
    assert list(pair.owner) == [2, 0, 0, 1]
    assert list(pair.texts["caption"]) == ["c0", "a0", "a1", "b0"]


@pytest.mark.parametrize(
    ("caption", "kept"), [("all", [0, 1, 2, 3]), ("first", [0, 1, 3]), ("last", [0, 2, 3])]
)
def test_one_caption_a_picture_or_all(files, caption, kept):
    whole = load_pair([files["first"]], [files["second"]], files["samples"])
    chosen = whole.choose(caption)
    np.testing.assert_array_equal(chosen.second, TEXTS[kept])
    np.testing.assert_array_equal(chosen.owner, whole.owner[kept])
    assert list(chosen.texts["caption"]) == list(whole.texts["caption"].iloc[kept])


def test_texts_of_pictures_left_out_are_left_out(files):
    ids = pd.DataFrame({"sample_id": ["c", "b"]})
    write_embeddings(files["first"], ids, PICTURES[:2], {})
    pair = load_pair([files["first"]], [files["second"]], files["samples"])
    assert list(pair.owner) == [0, 1]
    assert list(pair.texts["caption"]) == ["c0", "b0"]


def test_clouds_that_are_no_pair(files, tmp_path):
    other = tmp_path / "other.parquet"
    write_embeddings(other, pd.DataFrame({"sample_id": list("abd")}), PICTURES, {})
    with pytest.raises(InputError, match="no text for sample 'd'"):
        load_pair([other], [files["second"]], files["samples"])
    write_embeddings(other, pd.DataFrame({"sample_id": list("abc")}), np.ones((3, 3), "f4"), {})
    with pytest.raises(InputError, match=r"2 dimensions, but .* has 3"):
        load_pair([other], [files["second"]], files["samples"])


def test_pictures_come_with_their_samples(files, tmp_path):
    prompts = tmp_path / "prompts.parquet"
    rows = pd.DataFrame({"templates": ["clip"], "class": ["a"], "category": [""]})
    write_embeddings(prompts, rows, PICTURES[:1], {})
    X, table = read_pictures([files["first"]], files["samples"], prompts)
    np.testing.assert_allclose(X, [[0.6, 0.8], [0, 1], [1, 0]])
    assert list(table["caption"]) == ["a0", "b0", "c0"]


def test_class_vectors_are_those_of_one_set_of_templates(tmp_path):
    rows = pd.DataFrame({"templates": ["clip", "own", "clip"], "class": ["a", "a", "b"]})
    rows["category"] = ""
    vectors = np.array([[1.0, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)
    write_embeddings(tmp_path / "p.parquet", rows, vectors, {})
    classes, read = read_class_vectors(tmp_path / "p.parquet", "clip")
    assert list(classes["class"]) == ["a", "b"]
    np.testing.assert_allclose(read, [[1, 0], [0, 1]])


LABELS = pd.Series(["cat", "dog", "cat"])


def test_labels_become_positions():
    np.testing.assert_array_equal(label_indices(LABELS, ["dog", "cat"], "pets", "f"), [1, 0, 1])
    more = label_indices(LABELS, ["dog", "cat", "bird"], "pets", "f", complete=False)
    np.testing.assert_array_equal(more, [1, 0, 1])


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        (LABELS, ["cat", "bird"], "pets: label 'dog' has no prompt; add it to the classes of f"),
        (LABELS, ["cat", "dog", "bird"], "pets: no picture of class 'bird' of f; take more"),
        (LABELS[:1], ["cat", "dog"], "pets: only one class, 'cat'; zero-shot needs two"),
    ],
)
def test_labels_that_do_not_fit(labels, classes, message):
    with pytest.raises(InputError, match=message):
        label_indices(labels, classes, "pets", "f")


def test_columns_that_are_not_there_or_not_filled():
    samples = pd.DataFrame({"sample_id": ["p1", "p2"], "race": ["X", None], "gender": ["M", "M"]})
    with pytest.raises(InputError, match="no column 'age'; there are sample_id, race, gender"):
        picture_labels(samples, ["age"], "faces")
    with pytest.raises(InputError, match="faces: p2 has no race"):
        picture_labels(samples, ["race", "gender"], "faces")
    assert list(picture_labels(samples[:1], ["race", "gender"], "faces")) == ["X M"]


def test_a_sample_is_seeded_and_brings_all_texts_of_its_pictures(files):
    pair = load_pair([files["first"]], [files["second"]], files["samples"])
    assert sample_pairs(pair, 3, 0) is pair
    for seed in range(6):
        some = sample_pairs(pair, 2, seed)
        chosen = sample_pictures(3, 2, seed)
        np.testing.assert_array_equal(some.first, pair.first[chosen])
        texts = [list(some.texts["caption"][some.owner == row]) for row in range(2)]
        assert texts == [{0: ["a0", "a1"], 1: ["b0"], 2: ["c0"]}[row] for row in chosen]
        np.testing.assert_array_equal(some.second, pair.second[np.isin(pair.owner, chosen)])
    assert len({tuple(sample_pictures(3, 2, seed)) for seed in range(20)}) == 3
    assert list(sample_pictures(4, 4, 0)) == [0, 1, 2, 3]


def test_rows_of_one_file_have_the_number_of_one_picture():
    samples = pd.DataFrame({"sample_id": ["a", "b", "c", "d"], "image": ["x", "y", "x", None]})
    assert list(number_pictures(samples)) == [0, 1, 0, 2]
    assert list(number_pictures(samples[["sample_id"]])) == [0, 1, 2, 3]
