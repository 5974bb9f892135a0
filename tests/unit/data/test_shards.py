"""Which shards a folder holds, from names alone."""

import re

import pytest

from modgap.data.shards import (
    list_ids,
    list_shards,
    names_pictures,
    number_shards,
    sharded_columns,
)
from modgap.errors import InputError

COLUMNS = {"image": "b32_img", "text": "b32_txt"}


def touch(folder, *names):
    """Empty files: nothing may open them."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return str(folder)


def test_folders_of_clip_retrieval_need_no_names_and_sort_by_number(tmp_path):
    names = [f"{side}_emb/{side}_emb_{i}.npy" for side in ("img", "text") for i in range(12)]
    folder = touch(tmp_path, *names, "metadata/metadata_0.parquet", "img_emb/.hidden.npy")
    arrays, shards = list_shards({"folder": folder})
    assert arrays == [None, None]
    assert shards == [
        [f"{folder}/img_emb/img_emb_{i}.npy", f"{folder}/text_emb/text_emb_{i}.npy"]
        for i in range(12)
    ]
    assert list(sharded_columns({"folder": folder})) == ["image", "text"]


def test_files_of_both_modalities_are_their_own_partners(tmp_path):
    folder = touch(tmp_path, "ff.npz", "0a.npz")
    arrays, shards = list_shards({"folder": folder, "columns": COLUMNS})
    assert arrays == ["b32_img", "b32_txt"]
    assert shards == [[f"{folder}/0a.npz"] * 2, [f"{folder}/ff.npz"] * 2]


def test_folders_may_be_called_otherwise(tmp_path):
    folder = touch(tmp_path, "audio/7.parquet", "audio/8.parquet", "words/7.npy", "words/8.npy")
    _, shards = list_shards({"folder": folder, "columns": {"sound": "audio", "text": "words"}})
    assert shards[1] == [f"{folder}/audio/8.parquet", f"{folder}/words/8.npy"]


@pytest.mark.parametrize(
    ("names", "columns", "said"),
    [
        (["x.txt"], None, "neither folders img_emb and text_emb nor .npz or .parquet"),
        (["a.npz"], None, "say with 'columns' which array or column"),
        (["a.npz", "b.parquet"], COLUMNS, r"holds .npz files and .parquet files; keep one"),
        (
            ["img_emb/0.npy", "text_emb/0.npy", "a.npz"],
            None,
            "holds .npz files and the folders img_emb and text_emb; keep one",
        ),
        (["img_emb/0.npy"], None, "text_emb: no such folder"),
        (["img_emb/0.npy", "text_emb/x"], None, "text_emb: holds neither .npy nor .parquet"),
        (
            ["img_emb/0.npy", "text_emb/0.npy", "text_emb/1.parquet"],
            None,
            "text_emb: holds both .npy and .parquet",
        ),
        (
            ["img_emb/i_0.npy", "img_emb/i_2.npy", "text_emb/t_0.npy", "text_emb/t_2.npy"],
            None,
            "img_emb: no shard 1 between i_0.npy and i_2.npy",
        ),
        (["img_emb/i_1.npy", "img_emb/i_01.npy", "text_emb/t_1.npy"], None, "have one number"),
        (
            ["img_emb/i_0.npy", "img_emb/i_1.npy", "text_emb/t_0.npy"],
            None,
            r"img_emb/i_1.npy has no partner of its number or name in text_emb",
        ),
    ],
)
def test_what_is_not_one_whole_layout_is_one_line(names, columns, said, tmp_path):
    folder = touch(tmp_path, *names)
    with pytest.raises(InputError, match=re.escape(said).replace(r"\.", ".")) as error:
        list_shards({"folder": folder} | ({"columns": columns} if columns else {}))
    assert "\n" not in str(error.value)


def test_no_folder_is_one_line(tmp_path):
    with pytest.raises(InputError, match="nothing: no such folder"):
        list_shards({"folder": str(tmp_path / "nothing")})


def test_names_without_a_common_stem_are_no_numbers():
    assert list(number_shards("f", ["a1.npz", "b9.npz"])) == ["a1", "b9"]
    assert list(number_shards("f", ["p-10.npz", "p-9.npz"])) == [9, 10]


def ids_of(folder, **entry):
    entry = {"folder": folder, "groups": "key", **entry}
    return list_ids(entry, list_shards(entry)[1])


def test_ids_lie_beside_the_vectors_or_in_their_files(tmp_path):
    numbers = [9, 10, 11]
    names = [f"{side}_emb/{side}_emb_{i}.npy" for side in ("img", "text") for i in numbers]
    names += [f"metadata/metadata_{i:04d}.parquet" for i in numbers]
    folder = touch(tmp_path / "npy", *names, "metadata/note.txt")
    assert ids_of(folder) == [[f"{folder}/metadata/metadata_{i:04d}.parquet"] for i in numbers]
    # Vectors in parquet may have the ids beside them, or another file has.
    names = [f"{side}/{i}.parquet" for side in ("img_emb", "text_emb") for i in (0, 1)]
    folder = touch(tmp_path / "parquet", *names)
    assert ids_of(folder) == [[f"{folder}/img_emb/{i}.parquet"] for i in (0, 1)]
    touch(tmp_path / "parquet", "metadata/0.parquet", "metadata/1.parquet")
    assert ids_of(folder)[1] == [f"{folder}/img_emb/1.parquet", f"{folder}/metadata/1.parquet"]
    for name in ("a.npz", "a.parquet"):
        folder = touch(tmp_path / f"one {name}", name, "metadata/a.parquet")
        assert ids_of(folder, columns=COLUMNS) == [[f"{folder}/{name}"]]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "an .npy has no column 'key' for 'groups'; put .parquet files that have it into"),
        (["metadata/x.csv"], "metadata: holds no .parquet files"),
        (["metadata/m_0.parquet"], "img_emb/1.npy has no partner of its number or name in meta"),
        (
            [f"metadata/m_{i}.parquet" for i in range(3)],
            "metadata/m_2.parquet has no partner of its number or name in img_emb",
        ),
        (
            [f"metadata/m_{i}.parquet" for i in (0, 2)],
            "metadata: no shard 1 between m_0.parquet and m_2.parquet",
        ),
    ],
)
def test_ids_that_are_not_there_for_every_shard_are_one_line(names, said, tmp_path):
    sides = [f"{side}_emb/{i}.npy" for side in ("img", "text") for i in (0, 1)]
    folder = touch(tmp_path, *sides, *names)
    with pytest.raises(InputError, match=re.escape(said)) as error:
        ids_of(folder)
    assert "\n" not in str(error.value)


def test_only_a_named_column_tells_pictures():
    assert names_pictures({"folder": "f"}) is None
    assert names_pictures({"groups": "url"}) == {"column": "url", "single": False}
    assert names_pictures({"id": "key"}) == {"column": "key", "single": True}
