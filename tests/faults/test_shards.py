"""Folders of shards that are damaged or disagree: one line, and nothing under a final name."""

import numpy as np
import pytest

import index_shards
import sum_shards
from faults.outcomes import classify_call
from modgap.data.shards import list_shards
from shard_files import toy_sides, write_folder

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
    index_shards.main(index, folder=entry["folder"], arrays=arrays, shards=shards)
    sum_shards.main(index, folder / "0-0.npz", name="big", shards=[0, len(shards)], seed=0)


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
