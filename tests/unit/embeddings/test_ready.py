"""Ready embeddings: what is read, and one clear line for everything else."""

import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modgap.data.modalities import embedding_sources
from modgap.embeddings.ready import file_digest, read_class_prompts, read_cloud, read_labels
from modgap.errors import InputError
from modgap.tables import BY_ID, BY_ROW, SAMPLE_COLUMNS


@pytest.fixture
def pair():
    generator = np.random.default_rng(0)
    return generator.standard_normal((2, 5, 4)).astype(np.float32)


def npy(folder, name, array):
    np.save(folder / name, array)
    return str(folder / name)


def parquet(folder, name, array, ids=None, kind=None):
    columns = {"embedding": pa.array(list(map(list, array)), type=kind)}
    if ids is not None:
        columns["sample_id"] = pa.array(ids)
    pq.write_table(pa.table(columns), folder / name)
    return str(folder / name)


def read_clouds(entry):
    """Ids, blocks and ways of joining of every modality of an entry as users write it."""
    parts = embedding_sources("", {"kind": "embeddings", **entry}, "")["modalities"]
    return list(zip(*map(read_cloud, parts), strict=True))


def refused(entry, *parts):
    with pytest.raises(InputError) as caught:
        read_clouds(entry)
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_one_file_of_both_modalities(tmp_path, pair):
    ids, blocks, joined = read_clouds({"file": npy(tmp_path, "both.npy", pair)})
    np.testing.assert_array_equal(blocks, pair)
    for frame in ids:
        assert list(frame["sample_id"]) == [f"item-00000{i}" for i in range(5)]
    assert joined == (BY_ROW, BY_ROW)


@pytest.mark.parametrize(
    ("given", "stored"),
    [("<f4", np.float32), (">f4", np.float32), ("<f8", np.float32), ("<f2", np.float16)],
)
def test_floating_types(tmp_path, pair, given, stored):
    _, (first, _), _ = read_clouds({"file": npy(tmp_path, "both.npy", pair.astype(given))})
    assert first.dtype == stored
    np.testing.assert_allclose(first, pair[0], rtol=1e-3 if stored is np.float16 else 0)


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.large_list(pa.float64()), None])
def test_a_pair_of_files_in_any_of_the_formats(tmp_path, pair, kind):
    entry = {
        "first": npy(tmp_path, "first.npy", pair[0]),
        "second": parquet(tmp_path, "second.parquet", pair[1], ids=list("abcde"), kind=kind),
    }
    ids, blocks, joined = read_clouds(entry)
    np.testing.assert_array_equal(blocks, pair)
    assert list(ids[1]["sample_id"]) == list("abcde")
    assert joined == (BY_ROW, BY_ID)


def test_fixed_size_lists_and_a_shared_sample_id(tmp_path, pair):
    kind = pa.list_(pa.float16(), 4)
    halves = pair.astype(np.float16)
    entry = {
        "first": parquet(tmp_path, "first.parquet", halves[0], ids=range(5), kind=kind),
        "second": parquet(tmp_path, "second.parquet", halves[1], ids=range(5), kind=kind),
    }
    ids, (first, second), joined = read_clouds(entry)
    assert first.dtype == np.float16
    np.testing.assert_array_equal(second, halves[1])
    assert list(ids[0]["sample_id"]) == list("01234")
    assert joined == (BY_ID, BY_ID)


def test_ids_that_repeat(tmp_path, pair):
    twice = parquet(tmp_path, "twice.parquet", pair[1], ids=list("abcda"))
    plain = npy(tmp_path, "plain.npy", pair[0])
    refused({"first": plain, "second": twice}, twice, "sample_id 'a' is in row 0 and in row 4")


def test_pickled_objects_are_never_loaded(tmp_path):
    path = tmp_path / "objects.npy"
    np.save(path, np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
    refused({"file": str(path)}, str(path), "pickled objects")

    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was loaded",))

    path.write_bytes(pickle.dumps(Bomb()))
    refused({"file": str(path)}, str(path), "not a readable .npy array")


@pytest.mark.parametrize("shape", [(5, 4), (3, 5, 4), (2, 0, 4), (2, 5, 0), (40,)])
def test_wrong_shapes_of_one_file(tmp_path, shape):
    path = npy(tmp_path, "both.npy", np.ones(shape, np.float32))
    refused({"file": path}, path, f"shape {shape}", "expected (2, n, dim)")


def test_wrong_shape_of_one_of_two_files(tmp_path, pair):
    first, second = npy(tmp_path, "first.npy", pair), npy(tmp_path, "second.npy", pair[1])
    refused({"first": first, "second": second}, first, "shape (2, 5, 4), expected (n, dim)")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_rows_that_are_not_finite(tmp_path, pair, bad):
    pair[1, 3, 2] = bad
    path = npy(tmp_path, "both.npy", pair)
    refused({"file": path}, f"{path}, modality 2 of 2: row 3", "not finite")


def test_numbers_too_large_for_single_precision(tmp_path, pair):
    wide = pair.astype(np.float64)
    wide[0, 1, 0] = 1e300
    path = npy(tmp_path, "both.npy", wide)
    refused({"file": path}, "modality 1 of 2: row 1", "not finite")


def test_zero_vectors(tmp_path, pair):
    pair[0, 2] = 0
    first, second = npy(tmp_path, "first.npy", pair[0]), npy(tmp_path, "second.npy", pair[1])
    refused({"first": first, "second": second}, f"{first}: row 2", "all zeros")


def test_integers_are_no_embeddings(tmp_path):
    path = npy(tmp_path, "both.npy", np.ones((2, 3, 4), int))
    refused({"file": path}, path, "dtype int64, expected floating point")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x01\x00\x04\x00{{{\n",
        b"\x93NUMPY\x09\x00" + bytes(200),
        b"PK\x03\x04",
        b"image,caption",
    ],
)
def test_unreadable_npy(tmp_path, content):
    path = tmp_path / "both.npy"
    path.write_bytes(content)
    refused({"file": str(path)}, str(path), "not a readable .npy array")


def test_truncated_npy(tmp_path, pair):
    path = npy(tmp_path, "both.npy", pair)
    with open(path, "r+b") as stream:
        stream.truncate(200)
    refused({"file": path}, path, "not a readable .npy")


def test_an_archive_of_arrays(tmp_path, pair):
    with open(tmp_path / "both.npy", "wb") as stream:
        np.savez(stream, pair)
    refused({"file": str(tmp_path / "both.npy")}, "both.npy: not a readable .npy array")


def test_missing_files_and_other_formats(tmp_path):
    refused({"file": str(tmp_path / "gone.npy")}, "gone.npy: no such file")
    gone = str(tmp_path / "gone.parquet")
    refused({"first": gone, "second": gone}, "gone.parquet: no such file")
    refused({"file": str(tmp_path / "x.txt")}, "x.txt: embeddings are read from .npy, .npz,")


def test_bad_parquet(tmp_path, pair):
    def entry(path):
        return {"first": str(path), "second": str(path)}

    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 and nothing else")
    refused(entry(broken), "broken.parquet: not a readable parquet file")
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"vector": [1.0], "id": ["a"]}), other)
    refused(entry(other), "no column 'embedding' (found: vector, id); say which with 'columns")
    flat = tmp_path / "flat.parquet"
    pq.write_table(pa.table({"embedding": [1.0, 2.0]}), flat)
    refused(entry(flat), "column 'embedding' is double, expected lists of floats")
    whole = parquet(tmp_path, "whole.parquet", [[1, 2], [3, 4]])
    refused(entry(whole), "column 'embedding' is list<", "expected lists of floats")
    ragged = parquet(tmp_path, "ragged.parquet", [[1.0, 2.0], [3.0, 4.0], [5.0]])
    refused(entry(ragged), "row 2 of column 'embedding' is missing or differs in length")
    empty = parquet(tmp_path, "empty.parquet", [], kind=pa.list_(pa.float32()))
    refused(entry(empty), "empty.parquet: no rows")
    hollow = parquet(tmp_path, "hollow.parquet", [[], []], kind=pa.list_(pa.float32()))
    refused(entry(hollow), "holds empty lists")


@pytest.mark.parametrize("kind", [pa.list_(pa.float32()), pa.list_(pa.float32(), 2)])
@pytest.mark.parametrize("row", [0, 1])
def test_missing_lists_in_parquet(tmp_path, kind, row):
    values = [[1.0, 2.0], [3.0, 4.0]]
    values[row] = None
    path = tmp_path / "holes.parquet"
    pq.write_table(pa.table({"embedding": pa.array(values, type=kind)}), path)
    refused({"first": str(path), "second": str(path)}, f"row {row}", "missing")


def test_missing_numbers_in_parquet(tmp_path):
    path = tmp_path / "holes.parquet"
    values = pa.array([[1.0, 2.0], [None, 4.0]], type=pa.list_(pa.float32()))
    pq.write_table(pa.table({"embedding": values}), path)
    refused({"first": str(path), "second": str(path)}, "row 1", "not finite")


def test_the_digest_follows_the_content(tmp_path, pair):
    one, same, other = (
        {"path": npy(tmp_path, f"{name}.npy", pair + moved)}
        for name, moved in (("one", 0), ("same", 0), ("other", 1))
    )
    assert file_digest(one) == file_digest(same)
    assert file_digest(one) != file_digest(other)


def test_published_features(shared):
    path = shared("data/published/features_clip.npy")
    ids, blocks, _ = read_clouds({"file": str(path)})
    assert [len(frame) for frame in ids] == [500, 500]
    np.testing.assert_array_equal(np.stack(blocks), np.load(path))


def test_a_header_that_promises_more_than_memory(tmp_path):
    path = tmp_path / "both.npy"
    with open(path, "wb") as stream:
        header = {"descr": "<f4", "fortran_order": False, "shape": (2, 10**12, 512)}
        np.lib.format.write_array_header_1_0(stream, header)
        stream.write(bytes(64))
    refused({"file": str(path)}, str(path), "not a readable .npy array")


IDS = ["a", "b", "c"]


def labels_file(folder, text):
    path = folder / "labels.csv"
    path.write_text(text)
    return str(path)


def test_labels_become_a_samples_table(tmp_path):
    path = labels_file(tmp_path, "label,site\ncat,x\n007,y\nNo,x\n")
    table = read_labels(path, IDS)
    assert list(table.columns) == [*SAMPLE_COLUMNS, "site"]
    assert list(table["sample_id"]) == IDS
    assert list(table["label"]) == ["cat", "007", "No"]
    assert list(table["site"]) == ["x", "y", "x"]


def test_labels_in_parquet_may_be_numbers(tmp_path):
    path = tmp_path / "labels.parquet"
    pd.DataFrame({"label": [1, 0, 1], "sample_id": IDS}).to_parquet(path)
    assert list(read_labels(str(path), IDS)["label"]) == ["1", "0", "1"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("class\na\nb\nc\n", "no column 'label' (found: class)"),
        ("label\na\nb\n", "2 rows, but there are 3 items; give one label each"),
        ("label,site\na,x\n,x\nc,x\n", "row 1 has no label"),
        (
            "label,sample_id\nx,a\nx,d\nx,b\n",
            "no label for 1 of 3 items, the first 'c'",
        ),
        (
            "label,sample_id\nx,a\nx,c\nx,b\nx,a\n",
            "sample_id 'a' is in row 0 and in row 3",
        ),
        ("label\na,b\nc,d,e\n", "not readable"),
    ],
)
def test_labels_that_are_refused(tmp_path, text, line):
    path = labels_file(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_labels(path, IDS)
    assert line in str(caught.value)
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)


def test_labels_are_joined_by_id_in_any_order(tmp_path):
    path = labels_file(tmp_path, "label,sample_id\nx,c\ny,a\nw,d\nz,b\n")
    assert list(read_labels(path, IDS)["label"]) == ["y", "z", "x"]
    path = labels_file(tmp_path, "label,key\nx,c\ny,a\nz,b\n")
    assert list(read_labels(path, IDS, "key")["label"]) == ["y", "z", "x"]


def csv(folder, name, block, **columns):
    frame = pd.DataFrame(block, columns=[f"d{i}" for i in range(block.shape[1])])
    frame.assign(**columns).to_csv(folder / name, index=False)
    return str(folder / name)


def test_a_named_column_of_ids(tmp_path, pair):
    paths = [csv(tmp_path, f"{i}.csv", block, key=list("abcde")) for i, block in enumerate(pair)]
    entry = {"files": dict(zip(("image", "text"), paths, strict=True)), "id": "key"}
    ids, blocks, joined = read_clouds(entry)
    np.testing.assert_allclose(blocks, pair, rtol=1e-6)
    assert joined == (BY_ID, BY_ID)
    assert list(ids[0]["sample_id"]) == list("abcde")
    plain = npy(tmp_path, "plain.npy", pair[0])
    refused({**entry, "files": {"image": plain, "text": paths[1]}}, plain, "no column 'key'")
    holes = csv(tmp_path, "holes.csv", pair[0], key=["a", "b", None, "d", "e"])
    refused({"first": holes, "second": paths[1], "id": "key"}, holes, "row 2 has no key")


@pytest.mark.parametrize("form", ["npy", "csv", "column"])
def test_owners_of_several_texts(tmp_path, pair, form):
    owners = [0, 0, 2, 1, 2]
    texts = npy(tmp_path, "texts.npy", pair[1])
    if form == "npy":
        owner = npy(tmp_path, "owner.npy", np.array(owners))
    elif form == "csv":
        owner = str(tmp_path / "owner.csv")
        pd.DataFrame({"row": owners}).to_csv(owner, index=False)
    else:
        owner, texts = "row", csv(tmp_path, "texts.csv", pair[1], row=owners)
    entry = {"first": npy(tmp_path, "pictures.npy", pair[0, :3]), "second": texts, "owner": owner}
    ids, blocks, joined = read_clouds(entry)
    assert list(ids[1]["sample_id"]) == [f"item-00000{row}" for row in owners]
    assert list(ids[1]["caption_index"]) == [0, 1, 0, 0, 1]
    assert joined == (BY_ROW, BY_ROW)
    np.testing.assert_allclose(blocks[1], pair[1], rtol=1e-6)


def test_owners_that_are_refused(tmp_path, pair):
    first, second = npy(tmp_path, "first.npy", pair[0]), npy(tmp_path, "second.npy", pair[1])
    entry = {"first": first, "second": second}
    short = npy(tmp_path, "short.npy", np.arange(4))
    refused({**entry, "owner": short}, f"{short}: 4 rows, but {second} has 5")
    wide = npy(tmp_path, "wide.npy", np.ones((5, 2), int))
    refused({**entry, "owner": wide}, "int64 of shape (5, 2), expected (n,) whole numbers")
    two = str(tmp_path / "two.csv")
    pd.DataFrame({"a": range(5), "b": range(5)}).to_csv(two, index=False)
    refused({**entry, "owner": two}, "owners are one column, not 2 (a, b)")
    names = str(tmp_path / "names.csv")
    pd.DataFrame({"a": list("abcde")}).to_csv(names, index=False)
    refused({**entry, "owner": names}, "row 0 has owner 'a', which is no number of a row")


def test_groups_of_repeated_pictures(tmp_path, pair):
    repeated = pair[0][[0, 0, 1, 1, 1]]
    groups = str(tmp_path / "groups.csv")
    pd.DataFrame({"picture": ["x", "x", "y", "y", "y"]}).to_csv(groups, index=False)
    first, second = npy(tmp_path, "first.npy", repeated), npy(tmp_path, "second.npy", pair[1])
    ids, blocks, joined = read_clouds({"first": first, "second": second, "groups": groups})
    np.testing.assert_array_equal(blocks[0], pair[0][:2])
    assert list(ids[0]["sample_id"]) == ["x", "y"]
    assert list(ids[1]["sample_id"]) == ["x", "x", "y", "y", "y"]
    assert joined == (BY_ID, BY_ID)


def classes_npy(folder, vectors):
    np.save(folder / "classes.npy", vectors)
    return str(folder / "classes.npy")


def test_class_prompts_of_both_forms(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    labels, read = read_class_prompts(classes_npy(tmp_path, vectors), ["x", "y", "z"], 4)
    assert labels == ["x", "y", "z"]
    np.testing.assert_array_equal(read, vectors)
    path = tmp_path / "classes.parquet"
    pd.DataFrame({"label": [3, 1, 2], "embedding": list(vectors)}).to_parquet(path)
    labels, read = read_class_prompts(str(path), None, 4)
    assert labels == ["3", "1", "2"]
    np.testing.assert_array_equal(read, vectors)


@pytest.mark.parametrize(
    ("vectors", "classes", "dim", "line"),
    [
        (np.ones((2, 4)), None, 4, "has no class names; list them in 'classes'"),
        (np.ones((2, 4)), ["x", "y", "z"], 4, "2 rows, but 3 classes are listed"),
        (np.ones((2, 4)), ["x", "y"], 5, "4 dimensions, but the embeddings have 5"),
        (np.ones((2, 4)), ["x", "x"], 4, "row 1 has label 'x' again"),
        (np.array([[1.0, 2], [np.nan, 1]]), ["x", "y"], 2, "row 1 has values that are not finite"),
        (np.array([[1.0, 2], [0, 0]]), ["x", "y"], 2, "row 1 is all zeros"),
    ],
)
def test_class_prompts_that_are_refused(tmp_path, vectors, classes, dim, line):
    with pytest.raises(InputError) as caught:
        read_class_prompts(classes_npy(tmp_path, vectors), classes, dim)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_class_prompts_in_parquet_need_labels(tmp_path):
    path = tmp_path / "classes.parquet"
    pd.DataFrame({"name": ["x"], "embedding": [np.ones(2)]}).to_parquet(path)
    with pytest.raises(InputError, match=r"no column 'label' \(found: name, embedding\)"):
        read_class_prompts(str(path), None, 2)
