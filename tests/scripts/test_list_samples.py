"""list_samples: the table of existing pictures; bad input leaves nothing."""

import pytest

import list_samples
from modgap.errors import InputError
from modgap.tables import SAMPLE_COLUMNS, read_metadata, read_table
from picture_files import class_files, picture_bytes, write_files, write_tar


def list_to(folder, on_bad_sample="stop", **entry):
    table = folder / "out" / "s.parquet"
    list_samples.main(str(table), name="s", entry=entry, on_bad_sample=on_bad_sample)
    return table


@pytest.mark.parametrize("kind", ["noise", "image_folder", "captions_table"])
def test_every_kind_has_the_columns_of_the_format(tmp_path, kind):
    images = str(write_files(tmp_path / "x", class_files({"ant": 2, "bee": 1})))
    (tmp_path / "captions.csv").write_text("image,caption\nbee/00.png,A bee\n")
    entry = {
        "noise": {"n": 3, "seed": 0},
        "image_folder": {"path": images},
        "captions_table": {"images": images, "captions": str(tmp_path / "captions.csv")},
    }[kind]
    table = list_to(tmp_path, kind=kind, **entry)
    assert list(read_table(table).columns) == SAMPLE_COLUMNS
    metadata = read_metadata(table)
    assert {"dataset": "s", "kind": kind}.items() <= metadata.items()
    assert len(metadata["dataset_sha256"]) == 64


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"../ant/00.png": picture_bytes()}, "member '../ant/00.png' leads outside the archive"),
        ({"ant/00.png": picture_bytes(), "bee/x.txt": b"x"}, "class folder 'bee' has no picture"),
        ({}, "no picture in it"),
    ],
)
def test_a_bad_tar_is_named_and_nothing_is_left(tmp_path, files, problem):
    path = write_tar(tmp_path / "x.tar", files)
    with pytest.raises(InputError) as caught:
        list_to(tmp_path, kind="image_folder", path=str(path))
    assert str(caught.value).startswith(f"{path}: {problem}")
    assert not (tmp_path / "out").exists()


def test_a_caption_file_without_the_columns(tmp_path):
    path = write_files(tmp_path, {"c.csv": b"image,text\na.png,A\n"}) / "c.csv"
    with pytest.raises(InputError) as caught:
        list_to(tmp_path, kind="captions_table", images=str(tmp_path), captions=str(path))
    assert str(caught.value).startswith(f"{path}: no column 'caption'")
    assert not (tmp_path / "out").exists()


def test_a_missing_picture_stops_or_is_kept_for_later(tmp_path):
    write_files(tmp_path, {"c.csv": b"image,caption\ngone.png,A\n", "images/a.png": b"x"})
    entry = {
        "kind": "captions_table",
        "images": str(tmp_path / "images"),
        "captions": str(tmp_path / "c.csv"),
    }
    with pytest.raises(InputError, match=r"c\.csv, row 2: image 'gone\.png' is not in"):
        list_to(tmp_path, **entry)
    assert not (tmp_path / "out").exists()
    table = list_to(tmp_path, "skip", **entry)
    assert list(read_table(table)["image"]) == [f"{tmp_path}/images/gone.png"]
