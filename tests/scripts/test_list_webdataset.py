"""list_webdataset: the table of a webdataset's tars; a damaged tar leaves nothing."""

import pytest

import list_webdataset
from modgap.errors import InputError
from modgap.tables import read_metadata, read_table
from picture_files import picture_bytes, write_tar


def test_pictures_and_captions_of_every_tar(tmp_path):
    files = []
    for i in range(2):
        members = {f"{i}.png": picture_bytes(i), f"{i}.txt": f"caption {i}".encode()}
        files.append(str(write_tar(tmp_path / f"{i}.tar", members)))
    table = tmp_path / "w.parquet"
    list_webdataset.main(str(table), name="w", entry={"kind": "webdataset", "files": files})
    assert list(read_table(table)["caption"]) == ["caption 0", "caption 1"]
    assert read_metadata(table)["kind"] == "webdataset"


def test_a_damaged_tar_is_named_and_nothing_is_left(tmp_path):
    path = tmp_path / "0.tar"
    path.write_bytes(b"no tar")
    table = tmp_path / "w.parquet"
    entry = {"kind": "webdataset", "files": [str(path)]}
    with pytest.raises(InputError, match=r"0\.tar"):
        list_webdataset.main(str(table), name="w", entry=entry)
    assert not table.exists()
