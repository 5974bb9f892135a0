"""Caption files as people have them: what is read, and what is refused by file, row and column."""

import json

import pytest

from modgap.data.kinds.captions import choose_captioned, read_captions, refuse_empty_captions
from modgap.errors import InputError

ROWS = [("b.jpg", "Two dogs, one cat; and more"), ("a.jpg", "A bird"), ("b.jpg", "Dogs")]
NAMED = {"image": "file_name", "caption": "text"}

COCO = {
    "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 3, "file_name": "b.jpg"}],
    "annotations": [
        {"image_id": 3, "id": 1, "caption": ROWS[0][1]},
        {"image_id": 7, "id": 2, "caption": " A bird "},
        {"image_id": 3, "id": 3, "caption": "Dogs"},
    ],
}
KARPATHY = {
    "dataset": "mine",
    "images": [
        {
            "filename": "b.jpg",
            "filepath": "val2014",
            "split": "test",
            "sentences": [{"raw": ROWS[0][1], "tokens": ["two"]}, {"raw": "Dogs"}],
        },
        {"filename": "a.jpg", "filepath": "val2014", "sentences": [{"raw": "A bird"}]},
    ],
}
OBJECTS = [
    {"image": "b.jpg", "caption": [ROWS[0][1], "Dogs"], "id": 4},
    {"image": "a.jpg", "caption": "A bird"},
]


def write(tmp_path, name, content):
    path = tmp_path / name
    if not isinstance(content, (str, bytes)):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def pairs(path, columns=None):
    """What is read without the places."""
    return [(image, caption) for _, image, caption in read_captions(path, columns)]


def refused(path, columns=None):
    """The one line that says why a file is not read."""
    with pytest.raises(InputError) as caught:
        read_captions(path, columns)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert "\n" not in text
    assert len(text) <= 300
    return text


def test_rows_are_numbered_as_a_spreadsheet_does(tmp_path):
    path = write(
        tmp_path,
        "captions.csv",
        '\ufefffold, image,caption\n1,b.jpg,"Two dogs, one cat"\n\n'
        "2,a.jpg, A bird \n,,\n3,b.jpg,Dogs\n",
    )
    assert read_captions(path) == [
        ("row 2", "b.jpg", "Two dogs, one cat"),
        ("row 4", "a.jpg", "A bird"),
        ("row 6", "b.jpg", "Dogs"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["c.csv", "c.tsv", "c.txt"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_usual_separator(tmp_path, separator, name, encoding):
    header = separator.join(["image", "caption", "no, te"])
    lines = [header if separator != "," else 'image,caption,"no, te"']
    lines += [separator.join([image, f'"{caption}"', '"x; y"']) for image, caption in ROWS]
    path = tmp_path / name
    path.write_bytes("\r\n".join(lines).encode(encoding))
    assert pairs(path) == ROWS


def test_a_separator_in_captions_does_not_count(tmp_path):
    text = "image;caption\na.jpg;one, two, three\nb.jpg;four, five\tsix\n"
    path = write(tmp_path, "c.csv", text)
    assert pairs(path) == [("a.jpg", "one, two, three"), ("b.jpg", "four, five\tsix")]


def test_quoted_captions_may_have_lines(tmp_path):
    path = write(tmp_path, "c.csv", 'image,caption\na.jpg,"one\ntwo ""three"""\nb.jpg,5" nail\n')
    assert read_captions(path)[0] == ("row 2", "a.jpg", 'one\ntwo "three"')
    assert read_captions(path)[1] == ("row 3", "b.jpg", '5" nail')


@pytest.mark.parametrize("second", ['She said "yes"', '"yes', '"yes" she said', 'yes"'])
def test_loose_quotes_in_tabs_are_characters(tmp_path, second):
    path = write(tmp_path, "c.tsv", f'image\tcaption\na.jpg\t"Hi there\nb.jpg\t{second}\n')
    assert pairs(path) == [("a.jpg", '"Hi there'), ("b.jpg", second)]


def test_other_names_of_columns(tmp_path):
    lines = "".join(f"{caption}\t1\t{image}\n" for image, caption in ROWS)
    path = write(tmp_path, "c.tsv", f"text\timage\tfile_name\n{lines}")
    assert pairs(path, NAMED) == ROWS
    path = write(tmp_path, "c.csv", "image,text\na.jpg,A\n")
    assert pairs(path, {"caption": "text"}) == [("a.jpg", "A")]


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        ("c.json", COCO, None),
        ("c.JSON", OBJECTS, None),
        ("c.json", KARPATHY, None),
        ("c.jsonl", "\n".join(map(json.dumps, OBJECTS)) + "\n\n", None),
        ("c.json", [{"file_name": i, "text": c} for i, c in ROWS], NAMED),
        ("c.jsonl", "\r\n".join(json.dumps({"file_name": i, "text": c}) for i, c in ROWS), NAMED),
        ("c.json", b"\xef\xbb\xbf" + json.dumps(OBJECTS).encode(), None),
    ],
)
def test_json_of_every_layout(tmp_path, name, content, columns):
    found = pairs(write(tmp_path, name, content), columns)
    assert sorted(found) == sorted(ROWS)
    assert list(dict.fromkeys(image for image, _ in found)) == ["b.jpg", "a.jpg"]


def test_folders_in_karpathys_layout_count_where_names_are_not_unique(tmp_path):
    images = [
        {"filename": "1.jpg", "filepath": folder, "sentences": [{"raw": folder}]}
        for folder in ("one", "two")
    ]
    path = write(tmp_path, "c.json", {"images": images})
    assert pairs(path) == [("one/1.jpg", "one"), ("two/1.jpg", "two")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no column 'image' in the first row (found: nothing)"),
        (
            b"file_name;text\na.jpg;A\n",
            "no column 'image' in the first row (found: file_name, text); say what they are called "
            "with columns: {image: file_name, caption: text}",
        ),
        (
            b"image,Text\na.jpg,A\n",
            "no column 'caption' in the first row (found: image, Text); say what they are called "
            "with columns: {caption: Text}",
        ),
        (b"a,b\n1,2\n", "with columns: {image: ..., caption: ...}"),
        (
            ",".join(f"column_{i}" for i in range(100)).encode(),
            " more); say what they are called with columns: {image: ..., caption: ...}",
        ),
        (b"image,caption,caption\na.jpg,A,B\n", "2 columns are called 'caption'; rename one"),
        (b"image,caption\n", "no caption in it"),
        (b"image,caption\na.jpg,A\nb.jpg,two, three\n", "row 3: 3 cells, but the header has 2"),
        (b"image,caption\na.jpg\n", "row 2: 1 cells, but the header has 2"),
        (b"image,caption\na.jpg,A\n ,B\n", "row 3: empty image"),
        (b"image,caption\na.jpg,A\x00B\n", "row 2: caption has a null byte in it"),
        (b"image,caption\na.jpg,\xff\xfe\n", "line 2: not text in UTF-8"),
        (b'image,caption\na.jpg,A\nb.jpg,"Two\nc.jpg,C\n', "row 3: quotes that do not close"),
        (b'image,caption\na.jpg,"Hi" he said\n', "row 2: quotes that do not close"),
    ],
)
def test_bad_tables_are_named(tmp_path, content, problem):
    assert problem in refused(write(tmp_path, "captions.csv", content))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("c.json", b"<html>", "not readable as JSON"),
        ("c.json", b'{"image": 1}\n{"image": 2}\n', "call it .jsonl where every line is an object"),
        (
            "c.json",
            {"info": 1, "rows": []},
            "a list of objects with image and caption); found: inf",
        ),
        ("c.json", 3, "found: int"),
        ("c.json", [], "no caption in it"),
        ("c.json", ["a.jpg"], "object 1: not an object with keys"),
        (
            "c.json",
            [OBJECTS[0], {"url": "a", "text": "b"}],
            "object 2: no key 'image' (found: url, text); say what they are called with columns: "
            "{image: ..., caption: text}",
        ),
        ("c.json", [{"image": "a.jpg", "caption": 7}], "object 1: caption is 7, which is not text"),
        ("c.json", [{"image": None, "caption": "A"}], "object 1: empty image"),
        (
            "c.json",
            {"images": [{"id": 1}], "annotations": []},
            "not COCO's caption format (no 'fil",
        ),
        ("c.json", {"images": [], "annotations": [{"image_id": 7}]}, "caption format (no 7)"),
        (
            "c.json",
            {"images": [{"filename": "a"}]},
            "not Karpathy's caption format (no 'sentences'",
        ),
        ("c.json", {"images": 3}, "not Karpathy's caption format"),
        ("c.jsonl", '{"image": "a", "caption": "A"}\n{', "line 2: not JSON"),
        ("c.jsonl", "[1]", "line 1: not an object with keys"),
    ],
)
def test_bad_json_is_named(tmp_path, name, content, problem):
    assert problem in refused(write(tmp_path, name, content))


def test_names_of_columns_do_not_fit_layouts_without_columns(tmp_path):
    assert "columns are for tables and" in refused(write(tmp_path, "c.json", COCO), NAMED)


def test_a_missing_caption_file_is_named(tmp_path):
    for name in ("gone.csv", "gone.json", "gone.jsonl"):
        assert refused(tmp_path / name).endswith(f"{name}: no such file")


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("c.csv", "image,caption\na.jpg,A\nb.jpg, \na.jpg,\n", "row 3"),
        ("c.json", [{"image": "a.jpg", "caption": "A"}, {"image": "b.jpg", "caption": None}], "ob"),
        ("c.json", [{"image": "a.jpg", "caption": ["A", ""]}, OBJECTS[1]], "object 1, caption 2"),
        ("c.json", [OBJECTS[1], {"image": "b.jpg", "caption": []}], "object 2, caption 1"),
        ("c.jsonl", json.dumps({"image": "b.jpg", "caption": ""}), "line 1"),
        (
            "c.json",
            {"images": [KARPATHY["images"][1], {"filename": "b.jpg", "sentences": []}]},
            "image 2, sentence 1",
        ),
        (
            "c.json",
            {**COCO, "annotations": [{"image_id": 7, "caption": ""}]},
            "annotation 1",
        ),
    ],
)
def test_empty_captions_are_found(tmp_path, name, content, place):
    path = write(tmp_path, name, content)
    with pytest.raises(InputError) as caught:
        refuse_empty_captions(read_captions(path), path)
    text = str(caught.value)
    assert text.startswith(f"{path}, {place}")
    assert "empty caption; " in text
    assert "pixels.on_bad_sample: skip" in text


def test_pictures_with_a_caption_are_counted():
    rows = [("", "b", ""), ("", "a", "A"), ("", "c", ""), ("", "b", "B"), ("", "a", "")]
    assert choose_captioned(rows, "c.csv") == ["b", "a"]
    refuse_empty_captions(rows[1:2], "c.csv")
    with pytest.raises(InputError, match=r"c\.csv: every caption in it is empty"):
        choose_captioned(rows[2:3], "c.csv")


def test_flickr8k_captions(shared):
    path = shared("data/flickr8k/captions.txt")
    rows = read_captions(path)
    assert len(rows) == 5000
    assert rows[0][0] == "row 2"
    assert len(choose_captioned(rows, path)) == 1000


def test_the_real_captions_of_val2017_as_a_caption_file(shared):
    rows = read_captions(shared("data/annotations/captions_val2017.json"))
    assert len(rows) == 25_014
    assert rows[0][1:] == (
        "000000179765.jpg",
        "A black Honda motorcycle parked in front of a garage.",
    )
