"""Files of captions and labels of published datasets: what is read and refused, by file and row."""

import json
import re

import pytest

from modgap.data.kinds.annotations import read_coco, read_faces, read_memes, read_mixbench
from modgap.data.sources import COCO, FAIRFACE
from modgap.errors import InputError
from published_formats import RACES, write_memes, write_mixbench


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


FILES = ("queries.jsonl", "corpus.jsonl", "qrels/qrels.tsv")


def read_edited(tmp_path, file=None, old="", new=""):
    """A set with one edit in a file, read; every file is given by its path."""
    write_mixbench(tmp_path, n=3, more=1)
    paths = [tmp_path / "MSCOCO" / name for name in FILES]
    if file:
        path = tmp_path / "MSCOCO" / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
    return read_mixbench(*map(str, paths))


def test_each_query_has_the_document_that_answers_it(tmp_path):
    found = read_edited(tmp_path)
    assert [one["query_id"] for one in found] == ["q0", "q1", "q2"]
    assert [one["texts"] for one in found] == [[f"Query {i}.", f"Document {i}."] for i in range(3)]
    assert [one["image"] for one in found] == ["0000.jpg", "0001.jpg", "0002.jpg"]
    # Documents come in another order, after one that nobody asks for.
    assert [one["row"] for one in found] == [4, 3, 2]


def test_two_queries_for_one_document_are_true_of_it_both(tmp_path):
    found = read_edited(tmp_path, FILES[2], "q1\t101", "q1\t100")
    assert found[0]["texts"] == ["Query 0.", "Document 0.", "Query 1."]
    assert found[1]["texts"] == ["Query 1.", "Document 0.", "Query 0."]
    assert found[0]["image"] == found[1]["image"]


def test_answers_that_say_no_are_none(tmp_path):
    found = read_edited(tmp_path, FILES[2], "q1\t101", "q1\t100\t0\nq1\t101")
    assert found[1]["texts"] == ["Query 1.", "Document 1."]


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [
        (FILES[0], '"query_id": "q1"', '"id": "q1"', "queries.jsonl, row 2: not a JSON object"),
        (FILES[0], '"q1"', '"q0"', "row 2: query_id 'q0' stands in row 1 as well"),
        (FILES[0], "Query 1.", " ", "row 2: query 'q1' is not a text alone; leave this set out"),
        (FILES[0], "null", '"a.jpg"', "row 1: query 'q0' is not a text alone"),
        (FILES[0], '"Query 0."', "5", "row 1: text is 5, which is not text"),
        (FILES[1], "{", "", "corpus.jsonl, row 1: not a JSON object"),
        (FILES[1], '"101"', '"100"', "row 4: corpus_id '100' stands in row 3 as well"),
        (FILES[2], "query_id\t", "query\t", "qrels.tsv: no column 'query_id' in the first row"),
        (FILES[2], "\t1\n", "\n", "qrels.tsv, row 2: 2 cells, the header has 3"),
        (FILES[2], "q0", "q9", "qrels.tsv, row 2: 'q9' is not in"),
        (FILES[2], "101", "999", "qrels.tsv, row 3: '999' is not in"),
        (FILES[2], "q1\t101\t1\n", "", "queries.jsonl, row 2: no row of"),
        (FILES[2], "q1\t101", "q0\t101", "row 3: a second document for query 'q0'; keep one"),
    ],
)
def test_a_search_that_is_not_as_published_is_one_line(tmp_path, file, old, new, line):
    with pytest.raises(InputError, match=re.escape(line)) as error:
        read_edited(tmp_path, file, old, new)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("file", FILES)
def test_an_empty_file_of_a_search_is_refused(tmp_path, file):
    write_mixbench(tmp_path)
    (tmp_path / "MSCOCO" / file).write_text("")
    with pytest.raises(InputError, match=r"nothing in it|no column 'query_id'"):
        read_mixbench(*(str(tmp_path / "MSCOCO" / name) for name in FILES))
