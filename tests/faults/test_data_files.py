"""Odd data files: nothing vanishes, nothing special is opened, every refusal names its place."""

import io
import json
import os
import tarfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from faults.outcomes import classify_call
from modgap.data.archives import list_tar
from modgap.data.folders import list_files
from modgap.data.kinds.annotations import read_coco, read_faces, read_json, read_memes
from modgap.data.kinds.captions import read_captions
from modgap.data.kinds.listed import race_and_gender
from modgap.data.kinds.webdataset import read_classnames, webdataset_samples
from modgap.data.table import location
from modgap.embeddings.formats.arrays import read_array
from modgap.embeddings.ready import read_cloud, read_labels
from modgap.inputs import LARGEST_TABLE, open_input
from picture_files import picture_bytes, write_tar

FACES = "file,age,gender,race\n"
FACE = "val/1.jpg,20-29,Male,White\n"
BLOCK = np.arange(12, dtype=np.float32).reshape(4, 3) + 1


def coco(caption="a cat", name="1.jpg", number=1):
    return json.dumps(
        {
            "images": [{"id": number, "file_name": name}],
            "annotations": [{"image_id": number, "caption": caption}],
        }
    )


def read_part(path):
    keys = {"array": None, "id": None, "owner": None, "groups": None, "paired": True}
    return read_cloud({**keys, "path": path})


TEXTS = {
    "unclosed quote": (read_captions, "c.csv", 'image,caption\n1.jpg,"a\n2.jpg,b"\n', "row 2"),
    "quote to the end": (read_captions, "c.csv", 'image,caption\n1.jpg,"a\n2.jpg,b\n', "row 2"),
    "column twice": (read_captions, "c.csv", "image,caption,caption\n1.jpg,a,b\n", "2 columns"),
    "long": (read_captions, "c.csv", f"image,caption\n1.jpg,{'a' * 131_073}\n", "row 2"),
    "long, tabs": (read_captions, "c.tsv", f"image\tcaption\n1.jpg\t{'a' * 131_073}\n", "row 2"),
    "list as a name": (read_captions, "c.jsonl", '{"image": ["1"], "caption": "a"}\n', "line 1"),
    "deep line": (read_captions, "c.jsonl", "[" * 100_000 + "\n", "line 1"),
    "deep": (read_json, "c.json", "[" * 100_000, "nested too deeply"),
    "null caption": (lambda p: read_coco(p, "x"), "c.json", coco(caption=None), "annotation 1"),
    "list as caption": (lambda p: read_coco(p, "x"), "c.json", coco(caption=["a"]), "annotation"),
    "null name": (lambda p: read_coco(p, "x"), "c.json", coco(name=None), "image 1"),
    "list as id": (lambda p: read_coco(p, "x"), "c.json", coco(number=[1]), "COCO"),
    "null byte": (read_captions, "c.csv", "image,caption\n1.jpg,a\n2.jpg,a\0b\n", "row 3"),
    "null byte, JSON": (
        read_captions,
        "c.jsonl",
        '{"image": "1", "caption": "\\u0000"}\n',
        "line 1",
    ),
    "null byte, COCO": (lambda p: read_coco(p, "x"), "c.json", coco(caption="a\0"), "annotation 1"),
    "200,000 in quotes": (read_captions, "c.csv", f'image,caption\n1,"{"a" * 200_000}"\n', "row 2"),
    "blank caption only": (lambda p: read_coco(p, "x"), "c.json", coco(caption=" "), "no captions"),
    "face twice": (read_faces, "f.csv", FACES + FACE + FACE, "row 3"),
    "race _": (read_faces, "f.csv", FACES + FACE.replace("White", "_"), "row 2"),
    "face column twice": (read_faces, "f.csv", "file,age,gender,race,race\na,b,Male,c,d\n", "race"),
    "meme null": (read_memes, "m.jsonl", '{"img": null, "label": 0, "text": "a"}\n', "row 1"),
    "meme list": (read_memes, "m.jsonl", '{"img": "a", "label": 0, "text": ["a"]}\n', "row 1"),
    "classes with a gap": (read_classnames, "c.txt", "cat\n\ndog\n", "line 2"),
    "dimension twice": (read_array, "e.csv", "a,a\n1.5,2.5\n", "'a'"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_an_odd_text_is_refused_with_its_place(tmp_path, fault, name):
    read, file, content, place = TEXTS[name]
    path = tmp_path / file
    path.write_text(content, encoding="utf-8")
    said = fault("data files", classify_call(lambda: read(str(path)), lambda _: False))
    assert place in said
    assert file in said


def test_quoted_captions_of_several_lines_stay(tmp_path, fault):
    path = tmp_path / "c.csv"
    path.write_text('image,caption\n1.jpg,"a cat,\nits mat, a dog."\n', encoding="utf-8")
    rows = [("row 2", "1.jpg", "a cat,\nits mat, a dog.")]
    fault("data files", classify_call(lambda: read_captions(path), lambda found: found == rows))


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "huge"])
@pytest.mark.parametrize(
    "read", [read_captions, read_faces, read_json, list_tar, read_classnames, read_part]
)
def test_what_is_no_plain_file_is_never_opened(tmp_path, fault, kind, read):
    if kind == "huge" and read is list_tar:
        pytest.skip("a tar may be as large as it likes; its members are limited")
    path = tmp_path / "x.csv"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        with open(path, "wb") as stream:
            stream.truncate(4 * LARGEST_TABLE)
    fault("data files", classify_call(lambda: read(str(path)), lambda _: False, seconds=10))


def test_the_limit_is_the_one_of_members_of_zips(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    with open_input(path, limit=5) as stream:
        assert stream.read() == b"12345"


def test_a_member_twice(tmp_path, fault):
    path = write_tar(tmp_path / "a.tar", {"1.jpg": b"1"})
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("./1.jpg")
        member.size = 1
        archive.addfile(member, io.BytesIO(b"2"))
    said = fault("data files", classify_call(lambda: list_tar(path), lambda _: False))
    assert "1.jpg" in said


def test_a_class_folder_that_is_not_utf8(tmp_path, fault):
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    fault("data files", classify_call(lambda: list_files(str(tmp_path)), lambda _: False))


@pytest.mark.parametrize("name", ["x.npy#1.png", "x.tar#1.png", "a.zip#b/1.png"])
def test_a_picture_named_like_an_item_of_an_array(fault, name):
    fault("data files", classify_call(lambda: location("folder", name), lambda _: False))


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", ""])
def test_an_odd_class_number_of_a_webdataset(tmp_path, fault, number):
    path = write_tar(tmp_path / "s.tar", {"1.png": picture_bytes(), "1.cls": number.encode()})
    entry = {"files": [str(path)]}
    fault("data files", classify_call(lambda: webdataset_samples(entry), lambda _: False))


def test_a_null_byte_in_a_caption_of_a_webdataset(tmp_path, fault):
    path = write_tar(tmp_path / "s.tar", {"1.png": picture_bytes(), "1.txt": b"a\0b"})
    entry = {"files": [str(path)]}
    said = fault("data files", classify_call(lambda: webdataset_samples(entry), lambda _: False))
    assert f"{path}#1.txt: has a null byte in it" in said


@pytest.mark.parametrize("name", ["../x.png", "a/../../x.png", "/x.png"])
def test_a_member_that_leads_out_of_its_tar(tmp_path, fault, name):
    """Members are read where they lie and never unpacked; the name is a name and no path."""
    (tmp_path / "in").mkdir()
    path = write_tar(tmp_path / "in" / "s.tar", {name: picture_bytes(), f"{name[:-4]}.txt": b"a"})

    def right(result):
        samples, _ = result
        return list(samples["image"]) == [f"{path}#{name}"] and os.listdir(tmp_path) == ["in"]

    ended = classify_call(lambda: webdataset_samples({"files": [str(path)]}), right)
    fault("data files", ended)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE])
def test_a_member_of_a_tar_that_is_no_file(tmp_path, fault, kind):
    path = write_tar(tmp_path / "s.tar", {"1.txt": b"a"})
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("1.png")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    said = fault("data files", classify_call(lambda: list_tar(path), lambda m: "1.png" not in m[0]))
    assert not said or str(path) in said


def test_texts_that_are_left_out_are_counted(tmp_path, caplog):
    files = {"1.png": picture_bytes(), "1.txt": b"a\n\nb\n", "2.txt": b"c"}
    with caplog.at_level("INFO", logger="modgap"):
        webdataset_samples({"files": [str(write_tar(tmp_path / "s.tar", files))]})
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "left out 1 blank captions" in said
    assert "left out 1 texts without a picture" in said


@pytest.mark.parametrize("change", [-4, 4])
def test_an_npy_of_another_length_than_its_header_says(tmp_path, fault, change):
    path = tmp_path / "e.npy"
    np.save(path, BLOCK)
    with open(path, "r+b") as stream:
        stream.truncate(path.stat().st_size + change)
    fault("data files", classify_call(lambda: read_array(str(path)), lambda _: False))


def test_two_columns_called_embedding(tmp_path, fault):
    column = pa.array(BLOCK.tolist(), pa.list_(pa.float32()))
    path = str(tmp_path / "e.parquet")
    pq.write_table(pa.Table.from_arrays([column, column], names=["embedding"] * 2), path)
    fault("data files", classify_call(lambda: read_array(path), lambda _: False))


@pytest.mark.parametrize("ids", [[["a"], ["b"], ["c"], ["d"]], ["a", None, "c", "d"]])
def test_ids_that_are_null_or_lists(tmp_path, fault, ids):
    path = str(tmp_path / "e.parquet")
    pd.DataFrame({"sample_id": ids, "embedding": list(BLOCK)}).to_parquet(path)
    fault("data files", classify_call(lambda: read_part(path), lambda _: False))


def test_classes_called_na_and_null_stay_classes(tmp_path, fault):
    path = tmp_path / "labels.csv"
    path.write_text("label\nNA\nnull\nNone\ncat\n", encoding="utf-8")
    ended = classify_call(
        lambda: list(read_labels(str(path), list("abcd"))["label"]),
        lambda found: found == ["NA", "null", "None", "cat"],
    )
    fault("data files", ended)


def test_a_first_row_of_equal_numbers_is_a_row(tmp_path, fault):
    path = tmp_path / "e.csv"
    path.write_text("0.5,0.5\n1.5,2.5\n", encoding="utf-8")
    ended = classify_call(lambda: read_array(str(path))[0], lambda found: len(found) == 2)
    fault("data files", ended)


def test_a_race_in_words():
    assert race_and_gender({"race": "Latino_Hispanic", "gender": "Male"}) == "latino man"
