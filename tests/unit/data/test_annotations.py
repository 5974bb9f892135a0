"""Files of captions and labels of published datasets: what is read and refused, by file and row."""

import json

import pytest

from modgap.data.annotations import read_coco, read_faces, read_memes
from modgap.data.sources import COCO, FAIRFACE
from modgap.errors import InputError
from published_formats import RACES, write_memes


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>", "not readable as JSON"),
        (b"[]", "not the COCO caption format"),
        (b'{"images": []}', "not the COCO caption format .no 'annotations'"),
        (b'{"images": [], "annotations": []}', "no captions for split 'val2017'"),
        (
            b'{"images": [], "annotations": [{"image_id": 7, "caption": "x"}]}',
            "not the COCO caption format .no 7",
        ),
    ],
)
def test_wrong_caption_files(tmp_path, content, words):
    path = tmp_path / "captions.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_coco(str(path), "val2017")


def test_the_real_captions_of_val2017(shared):
    captions = read_coco(str(shared("data/annotations/captions_val2017.json")), "val2017")
    assert len(captions) == COCO["val2017"][0]
    assert sum(map(len, captions.values())) == 25_014
    # the file's first annotation
    assert next(iter(captions)) == "000000179765.jpg"
    first = next(iter(captions.values()))[0]
    assert first == "A black Honda motorcycle parked in front of a garage."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,age,gender\na,b,c\n", "no column 'race'"),
        ("file,age,gender,race\n", "no face in it"),
        ("file,age,gender,race\nval/1.jpg,3-9,Male,\n", "row 2: empty race"),
        ("file,age,gender,race\nval/1.jpg,3-9,M,White\n", "row 2: gender 'M' is neither"),
    ],
)
def test_wrong_label_files(tmp_path, text, words):
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_faces(str(path))


@pytest.mark.parametrize(("split", "n"), FAIRFACE.items())
def test_the_real_face_labels(shared, split, n):
    faces = read_faces(str(shared(f"data/annotations/fairface_label_{split}.csv")))
    assert len(faces) == n
    assert {face["race"] for face in faces} == set(RACES)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"label": 2}, "row 1: label 2 is neither 0 nor 1"),
        ({"label": None}, "row 1: label None is neither"),
        ({"img": "../up.png"}, "row 1: picture '../up.png' leads outside"),
        ({"img": "img/00001.png"}, r"row 2: picture 'img/00001\.png' is named twice"),
        ("label", "row 1: no 'label'; take a split that has"),
        ("not json", "row 1: not a JSON object"),
    ],
)
def test_wrong_meme_files(tmp_path, change, words):
    write_memes(tmp_path / "hateful-memes")
    table = tmp_path / "hateful-memes" / "dev_seen.jsonl"
    first, *rest = table.read_text().splitlines()
    meme = json.loads(first)
    if isinstance(change, dict):
        first = json.dumps({**meme, **change})
    elif change in meme:
        del meme[change]
        first = json.dumps(meme)
    else:
        first = change
    table.write_text("\n".join([first, *rest]))
    with pytest.raises(InputError, match=words):
        read_memes(str(table))
