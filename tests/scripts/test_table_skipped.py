"""table_skipped: pictures that could not be read and captions that are empty, with the reason."""

import pandas as pd

import decode_pixels
import list_samples
import table_skipped
from modgap.tables import read_metadata
from picture_files import class_files, write_files


def make(tmp_path, captions, files):
    """Samples table and two pixel indexes of a captioned folder; their paths."""
    write_files(tmp_path / "x", files)
    (tmp_path / "c.csv").write_text(captions)
    entry = {
        "kind": "captions_table",
        "images": str(tmp_path / "x"),
        "captions": str(tmp_path / "c.csv"),
    }
    samples = str(tmp_path / "s.parquet")
    list_samples.main(samples, name="s", entry=entry, on_bad_sample="skip")
    indexes = []
    for geometry in ("8-bicubic-shortest", "9-bicubic-squash"):
        indexes.append(str(tmp_path / f"{geometry}.parquet"))
        decode_pixels.main(
            samples,
            str(tmp_path / "p.npy"),
            indexes[-1],
            entry=entry,
            geometry=geometry,
            shard=0,
            shard_size=100,
            on_bad_sample="skip",
            threads=1,
        )
    return samples, indexes


def test_pictures_once_and_every_empty_caption(tmp_path):
    files = {**class_files({"ant": 4}), "ant/01.png": b""}
    captions = "image,caption\n00.png,A\n00.png,\n01.png,B\n02.png,\n03.png,C\n"
    samples, indexes = make(tmp_path, captions, files)
    table_skipped.main(indexes, [samples], str(tmp_path / "skipped.csv"))
    found = pd.read_csv(tmp_path / "skipped.csv")
    assert found.to_numpy().tolist() == [
        ["s", "ant/01.png", "empty file (0 bytes)"],
        ["s", "ant/00.png", "empty caption (c.csv, row 3)"],
        ["s", "ant/02.png", "empty caption (c.csv, row 5), and the picture has no other"],
    ]
    assert list(found.columns) == ["dataset", "sample_id", "reason"]
    assert "skipped" not in read_metadata(indexes[0])


def test_nothing_left_out_is_an_empty_table(tmp_path):
    samples, indexes = make(tmp_path, "image,caption\n00.png,A\n", class_files({"ant": 1}))
    table_skipped.main(indexes, [samples], str(tmp_path / "skipped.csv"))
    assert (tmp_path / "skipped.csv").read_text() == "dataset,sample_id,reason\n"
    assert "skipped" not in read_metadata(samples)
