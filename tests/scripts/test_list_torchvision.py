"""list_torchvision: the table of an archive of pictures, checked against its checksum first."""

import io
import zipfile

import pytest

import list_torchvision
from modgap.errors import InputError
from modgap.tables import read_metadata, read_table
from picture_files import picture_bytes


@pytest.fixture
def entry(tmp_path):
    """EuroSAT in small: three pictures of two classes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for i, name in enumerate(["Forest/Forest_1", "Forest/Forest_2", "River/River_1"]):
            archive.writestr(f"2750/{name}.jpg", picture_bytes(i))
    path = tmp_path / "eurosat" / "EuroSAT.zip"
    path.parent.mkdir()
    path.write_bytes(content.getvalue())
    return {"kind": "torchvision", "name": "EuroSAT", "split": "all", "files": [str(path)], "n": 3}


def test_pictures_are_listed_with_their_classes_in_turns(tmp_path, entry):
    table = tmp_path / "t.parquet"
    list_torchvision.main(str(table), name="t", entry=entry)
    assert list(read_table(table)["label"]) == ["Forest", "River", "Forest"]
    assert read_metadata(table)["kind"] == "torchvision"


def test_a_file_of_another_checksum_is_refused_and_nothing_is_left(tmp_path, entry):
    table = tmp_path / "t.parquet"
    row = {"file": "eurosat/EuroSAT.zip", "sha256": "0" * 64, "md5": "", "bytes": None}
    with pytest.raises(InputError, match="EuroSAT"):
        list_torchvision.main(
            str(table), name="t", entry=entry, fetched=[row], folder=str(tmp_path)
        )
    assert not table.exists()
