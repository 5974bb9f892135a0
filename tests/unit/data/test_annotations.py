"""Caption files: what is read, and what is refused by file, row and column."""

import pytest

from modgap.data.annotations import captioned_images, read_captions
from modgap.errors import InputError


def test_rows_are_numbered_as_a_spreadsheet_does(tmp_path):
    path = tmp_path / "captions.csv"
    path.write_text(
        '\ufefffold, image,caption\n1,b.jpg,"Two dogs, one cat"\n\n'
        "2,a.jpg, A bird \n3,b.jpg,Dogs\n",
        encoding="utf-8",
    )
    assert read_captions(path) == [
        (2, "b.jpg", "Two dogs, one cat"),
        (4, "a.jpg", "A bird"),
        (5, "b.jpg", "Dogs"),
    ]
    assert captioned_images(path) == ["b.jpg", "a.jpg"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no column 'image' in the first row (found: nothing)"),
        (b"file,caption\na.jpg,A\n", "no column 'image' in the first row (found: file, caption)"),
        (b"image,text\na.jpg,A\n", "no column 'caption' in the first row (found: image, text)"),
        (b"image,caption\n", "no caption in it, only a header"),
        (b"image,caption\na.jpg,A\nb.jpg,two, three\n", "row 3: 3 cells, but the header has 2"),
        (b"image,caption\na.jpg\n", "row 2: 1 cells, but the header has 2"),
        (b"image,caption\na.jpg,A\n ,B\n", "row 3: empty image"),
        (b"image,caption\na.jpg,\n", "row 2: empty caption"),
        (b"image,caption\na.jpg,\xff\xfe\n", "not a readable CSV in UTF-8"),
    ],
)
def test_bad_caption_files_are_named(tmp_path, content, problem):
    path = tmp_path / "captions.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_captions(path)
    assert problem in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_caption_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.csv: no such file"):
        read_captions(tmp_path / "gone.csv")


def test_flickr8k_captions(shared):
    path = shared("data/flickr8k/captions.txt")
    rows = read_captions(path)
    assert len(rows) == 5000
    assert rows[0][0] == 2
    assert len(captioned_images(path)) == 1000
