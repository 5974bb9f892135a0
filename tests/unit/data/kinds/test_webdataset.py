"""Tar shards: keys, captions, classes, one pipeline shard per tar."""

import pytest

from modgap.data.kinds.webdataset import webdataset_samples
from modgap.data.sources import complete_entry
from modgap.data.table import shard_pictures
from modgap.errors import InputError
from picture_files import picture_bytes, write_tar


def captioned(start, n):
    """Files of n captioned samples; every second has two captions."""
    files = {}
    for i in range(start, start + n):
        files[f"{i:06d}.png"] = picture_bytes(i)
        files[f"{i:06d}.txt"] = f"caption {i}\n\nanother\n".encode() if i % 2 else b"caption 0"
        files[f"{i:06d}.json"] = b"{}"
    return files


def classed(n):
    files = {}
    for i in range(n):
        files[f"s{i}.jpg"] = picture_bytes(i, file_format="JPEG")
        files[f"s{i}.cls"] = f"{i % 3}\n".encode()
    return files


def resolved(shards, folder="resources", **more):
    return complete_entry("wds", {"kind": "webdataset", "shards": shards, **more}, folder)


def listed(shards, **more):
    return webdataset_samples(resolved(shards, **more))[0]


def test_pictures_and_their_captions(tmp_path):
    for k in range(2):
        write_tar(tmp_path / f"{k:02d}.tar", captioned(10 * k, 3))
    samples = listed(str(tmp_path / "{00..01}.tar"))
    assert list(samples["sample_id"].drop_duplicates()) == [
        *(f"00/{i:06d}" for i in range(3)),
        *(f"01/{i:06d}" for i in range(10, 13)),
    ]
    one = samples[samples["sample_id"] == "00/000001"]
    assert list(one["caption"]) == ["caption 1", "another"]
    assert list(one["caption_index"]) == [0, 1]
    assert samples["image"][0] == f"{tmp_path}/00.tar#000000.png"
    assert samples["label"].isna().all()


def test_a_shard_is_a_tar_however_many_pictures_it_has(tmp_path):
    for k, n in enumerate((5, 1, 3)):
        write_tar(tmp_path / f"{k}.tar", captioned(10 * k, n))
    samples = listed([str(tmp_path / "{0..1}.tar"), str(tmp_path / "2.tar")])
    sizes = [len(shard_pictures(samples, shard, None)) for shard in range(3)]
    assert sizes == [5, 1, 3]
    assert shard_pictures(samples, 2, None)["sample_id"][0] == "2/000020"


def test_classes_by_number_and_by_name(tmp_path):
    path = str(write_tar(tmp_path / "a.tar", classed(4)))
    samples = listed(path)
    assert list(samples["label"]) == ["0", "1", "2", "0"]
    (tmp_path / "classnames.txt").write_text("ant\nbee\ncat\n")
    named = listed(path, classnames=str(tmp_path / "classnames.txt"), template="one {label}")
    assert list(named["label"]) == ["ant", "bee", "cat", "ant"]
    assert named["caption"][1] == "one bee"
    assert set(named["mentioned"]) == {"label"}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.txt": b"x"}, "no picture in it"),
        ({"a.png": b"x"}, "'a.png' has neither caption nor class"),
        ({"a.png": b"x", "a.txt": b"\n \n"}, "'a.png' has neither caption nor class"),
        ({"a.png": b"x", "a.jpg": b"x"}, "'a.png' and 'a.jpg' are pictures of one key"),
        ({"a.png": b"x", "a.cls": b"cat"}, "a.cls: 'cat' is no class number"),
        ({"a.png": b"x", "a.txt": b"\xff\xfe"}, "a.txt: not text in UTF-8"),
        ({"a.png": b"x", "a.cls": b"3"}, r"class 3, but only 2 class names are given"),
    ],
)
def test_wrong_shards(tmp_path, files, words):
    path = str(write_tar(tmp_path / "a.tar", files))
    (tmp_path / "names.txt").write_text("ant\nbee\n")
    with pytest.raises(InputError, match=words):
        listed(path, classnames=str(tmp_path / "names.txt"))


def test_a_truncated_shard(tmp_path):
    path = write_tar(tmp_path / "a.tar", captioned(0, 3))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"a\.tar: (cut short|not a readable)"):
        listed(str(path))
