"""Every digest is checked: caches, downloads, files of the user."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from modgap.embeddings.ready import file_digest
from modgap.errors import InputError
from modgap.files import sha256_of
from modgap.tables import write_embeddings
from verify_cache import main


@pytest.fixture
def places(tmp_path):
    """Results with an import and an embedded shard, their sources, and a download."""
    mine, weights = tmp_path / "mine.npy", tmp_path / "weights.pt"
    mine.write_bytes(b"embeddings")
    weights.write_bytes(b"weights")
    results, resources = tmp_path / "results", tmp_path / "resources"
    about = {
        "imported/mine/images": {
            "model": "imported",
            "source": str(mine),
            "dataset_sha256": file_digest({"path": str(mine)}),
        },
        "vit/scenes/images": {
            "model": "vit",
            "weights_file": str(weights),
            "weights_file_sha256": sha256_of(weights),
        },
    }
    ids = pd.DataFrame({"sample_id": ["a", "b"]})
    for name, provenance in about.items():
        path = results / "embeddings" / name / "part-0.parquet"
        write_embeddings(path, ids, np.eye(2, dtype=np.float32), provenance)
    resources.mkdir()
    (resources / "a.zip").write_bytes(b"zip")
    row = {"file": "a.zip", "sha256": hashlib.sha256(b"zip").hexdigest()}
    missing = {"file": "none.zip", "sha256": "0" * 64}
    settings = {"results": str(results), "resources": str(resources), "rows": [row, missing]}
    return mine, weights, resources / "a.zip", results, settings


def test_what_is_as_it_was_is_counted(places, caplog):
    caplog.set_level("INFO", "modgap")
    *_, settings = places
    main(**settings)
    assert "2 files of ours, 1 downloads, 2 files of yours checked" in caplog.text
    assert "all are what they were" in caplog.text


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_a_changed_file_of_the_user_is_named_and_left_alone(places, changed):
    *files, _, settings = places
    files[changed].write_bytes(b"other content")
    with pytest.raises(InputError) as caught:
        main(**settings)
    (line,) = str(caught.value).splitlines()
    assert files[changed].name in line
    assert files[changed].read_bytes() == b"other content"


def test_every_damaged_file_has_its_line(places):
    *_, results, settings = places
    shards = sorted(results.rglob("part-0.parquet"))
    for path in shards:
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(InputError) as caught:
        main(**settings)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(shards) == 2
    assert all("damaged" in line and "next run" in line for line in lines)


def test_results_without_digests_get_them_once(places, caplog):
    caplog.set_level("INFO", "modgap")
    *_, results, settings = places
    for path in results.rglob(".*.sha256"):
        path.unlink()
    main(**settings)
    assert "2 files had no digest" in caplog.text
    caplog.clear()
    main(**settings)
    assert "had no digest" not in caplog.text
