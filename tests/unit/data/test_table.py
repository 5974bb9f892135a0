"""The samples table: its columns, its order, its digest, its shards."""

import pytest

from modgap.data.kinds.drawn import draw_samples
from modgap.data.table import (
    choose_pictures,
    class_captions,
    dataset_digest,
    location,
    numbered_ids,
    numbered_locations,
    samples_frame,
    shard_pictures,
    take_in_turns,
    write_samples,
)
from modgap.errors import InputError
from modgap.tables import SAMPLE_COLUMNS, read_metadata


def test_columns_are_strings_and_what_is_missing_is_null():
    samples = samples_frame(["a", "b"], ["a.png", "b.png"], label=["x", None], size=2)
    assert list(samples.columns) == [*SAMPLE_COLUMNS, "size"]
    assert list(samples["label"].isna()) == [False, True]
    assert list(samples["size"]) == ["2", "2"]
    assert samples["caption"].isna().all()
    assert list(samples["caption_index"]) == [0, 0]
    assert set(samples["split"]) == {"all"}


def test_classes_are_taken_in_turns():
    labels = ["b", "b", "a", "b", "a", "c"]
    assert [labels[i] for i in take_in_turns(labels)] == ["a", "b", "c", "a", "b", "b"]
    assert list(take_in_turns(labels, 4)) == [2, 0, 5, 4]


def test_a_dataset_has_what_was_published_or_at_least_n():
    assert len(choose_pictures(["a", "b"], {"published": 2}, "here")) == 2
    assert len(choose_pictures(["a", "b"], {"published": 3, "n": 1}, "here")) == 1
    with pytest.raises(InputError, match="here: 2 pictures, but 3 were published"):
        choose_pictures(["a", "b"], {"published": 3}, "here")
    with pytest.raises(InputError, match="here: n is 3, but there are only 2 pictures"):
        choose_pictures(["a", "b"], {"n": 3}, "here")


def test_a_template_names_the_label():
    assert class_captions("the {label}, {label}", ["cat"]) == ["the cat, cat"]
    with pytest.raises(InputError, match=r"has no \{label\} in it"):
        class_captions("a cat", ["cat"])


def test_places_of_pictures():
    assert location("a/b/", "x.png") == "a/b/x.png"
    assert location("a/b.tar", "x.png") == "a/b.tar#x.png"
    assert location("a/b.zip", "x.png") == "a/b.zip#x.png"
    assert numbered_locations("a.npy", 2) == ["a.npy#0", "a.npy#1"]
    assert numbered_ids("digit", 2, start=9) == ["digit-000009", "digit-000010"]


def test_a_table_is_written_with_its_digest(tmp_path):
    samples = samples_frame(["a"], ["here/a.png"])
    write_samples(samples, {"a": 7}, tmp_path / "s.parquet", name="mine", kind="image_folder")
    about = read_metadata(tmp_path / "s.parquet")
    digest = dataset_digest(samples.assign(image="elsewhere/a.png"), {"a": 7})
    assert about == {"dataset": "mine", "dataset_sha256": digest, "kind": "image_folder"}
    assert dataset_digest(samples, {"a": 8}) != digest


def test_the_digest_of_a_drawn_dataset_follows_its_pixels():
    samples, pixels = draw_samples({"kind": "scenes", "n": 2, "seed": 1}, "a.npy")
    changed = pixels.copy()
    changed[0, 0, 0, 0] ^= 1
    assert dataset_digest(samples, pixels) != dataset_digest(samples, changed)


def test_shards_cover_every_picture_once():
    ids = [f"p{i}" for i in range(7) for _ in range(3)]
    samples = samples_frame(ids, ids, caption="x", caption_index=[0, 1, 2] * 7)
    shards = [shard_pictures(samples, k, 3) for k in range(3)]
    assert [list(shard["sample_id"]) for shard in shards] == [
        ["p0", "p1", "p2"],
        ["p3", "p4", "p5"],
        ["p6"],
    ]
