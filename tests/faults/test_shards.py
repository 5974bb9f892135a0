"""Folders of shards that are damaged or disagree: one line, and nothing under a final name."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import index_shards
import sum_shards
from faults.outcomes import classify_call
from modgap.data.shards import list_shards
from modgap.plan.shards import plan_pictures
from shard_files import toy_pictures, toy_sides, write_folder

N = 60


def cut(folder):
    path = folder / "img_emb" / "img_emb_2.npy"
    path.write_bytes(path.read_bytes()[:-5])


def emptied(folder):
    (folder / "text_emb" / "text_emb_1.npy").write_bytes(b"")


def wider(folder):
    np.save(folder / "img_emb" / "img_emb_2.npy", np.ones((15, 7), np.float32))
    np.save(folder / "text_emb" / "text_emb_2.npy", np.ones((15, 7), np.float32))


def another_length(folder):
    np.save(folder / "text_emb" / "text_emb_2.npy", np.ones((14, 6), np.float32))


def pickled(folder):
    rows = np.array([[print] * 6] * 15, dtype=object)
    np.save(folder / "text_emb" / "text_emb_2.npy", rows, allow_pickle=True)


def lost(folder):
    for side in ("img", "text"):
        (folder / f"{side}_emb" / f"{side}_emb_2.npy").unlink()


def alone(folder):
    (folder / "text_emb" / "text_emb_3.npy").unlink()


def both_layouts(folder):
    np.savez(folder / "0.npz", b32_img=np.ones((3, 6)), b32_txt=np.ones((3, 6)))


def not_a_number(folder):
    rows = np.ones((15, 6), np.float32)
    rows[4, 2] = np.nan
    np.save(folder / "img_emb" / "img_emb_3.npy", rows)


def zeros(folder):
    np.save(folder / "text_emb" / "text_emb_0.npy", np.zeros((15, 6), np.float32))


FAULTS = {
    cut: "img_emb_2.npy: cut short",
    emptied: "text_emb_1.npy: not a readable array",
    wider: "img_emb_2.npy: 7 dimensions, but",
    another_length: "text_emb_2.npy: 14 rows, but",
    pickled: "text_emb_2.npy: holds pickled objects, which are never loaded",
    lost: "img_emb: no shard 2 between img_emb_1.npy and img_emb_3.npy",
    alone: "img_emb_3.npy has no partner of its number or name in text_emb",
    both_layouts: "holds .npz files and the folders img_emb and text_emb; keep one",
    not_a_number: "img_emb_3.npy: row 4 has values that are not finite",
    zeros: "text_emb_0.npy: row 0 is all zeros",
}


def run(entry, folder):
    """List, index and sum all shards, as the workflow does."""
    arrays, shards = list_shards(entry)
    index = folder / "index.parquet"
    pictures = plan_pictures(entry, shards)
    index_shards.main(index, folder=entry["folder"], arrays=arrays, shards=shards, **pictures)
    sum_shards.main(
        index, folder / "0-0.npz", name="big", shards=[0, len(shards)], seed=0, device="cpu"
    )


@pytest.mark.parametrize("harm", FAULTS, ids=lambda harm: harm.__name__)
def test_harmed_shards_are_refused_in_a_line(harm, fault, tmp_path):
    entry = write_folder(tmp_path / "data", *toy_sides(N), 4)
    harm(tmp_path / "data")
    ended, message = classify_call(lambda: run(entry, tmp_path))
    fault("shards", (ended, message))
    assert ended == "refused"
    assert FAULTS[harm] in message
    assert not (tmp_path / "0-0.npz").exists()
    assert not list(tmp_path.glob(".*.part*"))


def test_an_npz_without_the_array_lists_those_that_there_are(fault, tmp_path):
    entry = write_folder(tmp_path / "data", *toy_sides(N), 4, "npz")
    entry["columns"] = {"image": "l14_img", "text": "l14_txt"}
    ended, message = classify_call(lambda: run(entry, tmp_path))
    fault("shards", (ended, message))
    assert "no 'l14_txt' in it (found: b32_img, b32_txt, l14_img)" in message


def rewrite_ids(folder, number, change):
    """Ids of a shard as ``change`` makes them of those there."""
    path = folder / "metadata" / f"metadata_{number}.parquet"
    ids = pq.read_table(path).column("key").to_pylist()
    pq.write_table(pa.table({"key": change(ids)}), path)


def unlisted(folder):
    (folder / "metadata" / "metadata_2.parquet").unlink()


def beheaded(folder):
    for path in (folder / "metadata").iterdir():
        path.unlink()
    (folder / "metadata").rmdir()


def shorter(folder):
    rewrite_ids(folder, 1, lambda ids: ids[:-1])


def nameless(folder):
    rewrite_ids(folder, 2, lambda ids: [None, *ids[1:]])


def measured(folder):
    rewrite_ids(folder, 2, lambda ids: [float(place) for place in range(len(ids))])


def renamed(folder):
    path = folder / "metadata" / "metadata_0.parquet"
    pq.write_table(pq.read_table(path).rename_columns(["url"]), path)


def unsorted(folder):
    rewrite_ids(folder, 1, lambda ids: [*ids[:-1], ids[0]])


def unequal(folder):
    rewrite_ids(folder, 3, lambda ids: ["one"] * len(ids))
    rows = np.load(folder / "img_emb" / "img_emb_3.npy")
    rows[1] = -rows[0]
    np.save(folder / "img_emb" / "img_emb_3.npy", rows)


def broken(folder):
    path = folder / "metadata" / "metadata_1.parquet"
    path.write_bytes(path.read_bytes()[:-9])


NAMED = {
    unlisted: "metadata: no shard 2 between metadata_1.parquet and metadata_3.parquet",
    beheaded: "data: an .npy has no column 'key' for 'groups'; put .parquet files that have",
    shorter: "metadata_1.parquet: {} rows, but",
    nameless: "metadata_2.parquet: row 0 has no key",
    measured: "metadata_2.parquet: column 'key' is double; ids of pictures are texts or whole",
    renamed: "metadata_0.parquet: no 'key' in it (found: url)",
    unsorted: "comes back in row",
    unequal: "img_emb_3.npy: rows 0 and 1 have key 'one' and differ; a picture has one vector",
    broken: "metadata_1.parquet: not a readable file of ids",
}


@pytest.mark.parametrize("harm", NAMED, ids=lambda harm: harm.__name__)
def test_harmed_ids_are_refused_in_a_line(harm, fault, tmp_path):
    first, second, ids = toy_pictures(N)
    entry = write_folder(tmp_path / "data", first, second, 4, ids=ids)
    harm(tmp_path / "data")
    ended, message = classify_call(lambda: run(entry, tmp_path))
    fault("shards", (ended, message))
    assert ended == "refused"
    short = len(np.load(tmp_path / "data/img_emb/img_emb_1.npy")) - 1
    assert NAMED[harm].format(short) in message
    assert len(message) <= 300 + len(str(tmp_path))
    assert not (tmp_path / "0-0.npz").exists()
    assert not list(tmp_path.glob(".*.part*"))
