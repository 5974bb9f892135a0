"""import_embeddings: two embedding files with provenance; bad input leaves nothing."""

import numpy as np
import pytest

import import_embeddings
from modgap.data.modalities import embedding_sources
from modgap.errors import InputError
from modgap.tables import PROVENANCE_KEYS, check_same_provenance, read_embeddings


def bring_in(folder, array):
    np.save(folder / "both.npy", array)
    outputs = folder / "out" / "first.parquet", folder / "out" / "second.parquet"
    entry = {"kind": "embeddings", "file": str(folder / "both.npy")}
    parts = embedding_sources("", entry, "")["modalities"]
    for output, part in zip(outputs, parts, strict=True):
        import_embeddings.main(str(output), name="mine", part=part)
    return outputs


def test_what_is_written_is_what_the_pipeline_reads(tmp_path):
    pair = np.random.default_rng(0).standard_normal((2, 6, 3)).astype(np.float32)
    first, second = bring_in(tmp_path, pair)
    first_ids, first_block, provenance = read_embeddings([first])
    second_ids, second_block, other = read_embeddings([second])
    np.testing.assert_array_equal([first_block, second_block], pair)
    assert first_ids.equals(second_ids)
    assert provenance["model"] == "imported"
    assert provenance["dataset"] == "mine"
    assert set(provenance) - set(PROVENANCE_KEYS) == {"kind", "joined", "source"}
    check_same_provenance(first, provenance, second, other)


def test_other_data_under_the_same_name_disagrees(tmp_path):
    (tmp_path / "other").mkdir()
    first, _ = bring_in(tmp_path, np.ones((2, 6, 3), np.float32))
    _, second = bring_in(tmp_path / "other", np.full((2, 6, 3), 2, np.float32))
    with pytest.raises(InputError, match="dataset_sha256"):
        read_embeddings([first, second])


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_bad_rows_are_named_and_nothing_is_left(tmp_path, value):
    pair = np.ones((2, 6, 3), np.float32)
    pair[1, 4] = value
    with pytest.raises(InputError, match=r"both\.npy, modality 2 of 2: row 4"):
        bring_in(tmp_path, pair)
    assert [path.name for path in (tmp_path / "out").glob("[!.]*")] == ["first.parquet"]


def test_the_published_features(shared, tmp_path):
    array = np.load(shared("data/published/features_clasp.npy"))
    first, second = bring_in(tmp_path, array)
    for block, path in zip(array, (first, second), strict=True):
        np.testing.assert_array_equal(read_embeddings([path])[1], block)
