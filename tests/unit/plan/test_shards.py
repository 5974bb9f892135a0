"""Which job sums which shards, and the tree that merges them: told from names, nothing opened."""

import pytest

from modgap.errors import InputError
from modgap.plan.shards import MERGED, list_levels, plan_sampled, plan_sharded, unique_files
from plans import context, plan


@pytest.fixture
def folder(tmp_path):
    """Empty files: whatever opens one fails."""
    for name in ("img", "text"):
        (tmp_path / f"{name}_emb").mkdir()
        for number in range(10):
            (tmp_path / f"{name}_emb" / f"{name}_emb_{number}.npy").touch()
    return str(tmp_path)


def ready(folder, **more):
    return {"datasets": {"big": {"kind": "embeddings", "folder": folder, **more}}, "models": {}}


def test_every_shard_is_summed_once_in_order(root, folder):
    planned = plan_sharded(context(root, **ready(folder, shards_per_job=3)))["big"]
    shards = planned["indexing"]["shards"]
    assert [job["settings"]["shards"] for job in planned["jobs"]] == [
        [0, 3], [3, 3], [6, 3], [9, 1],
    ]  # fmt: skip
    for job in planned["jobs"]:
        start, n = job["settings"]["shards"]
        assert job["files"] == unique_files(shards[start : start + n])
    assert planned["files"] == unique_files(shards)
    assert len(planned["files"]) == 20
    assert planned["root"] == [f"<results>/moments/big/0-{part}.npz" for part in range(4)]


@pytest.mark.parametrize("n_jobs", [1, 2, MERGED, MERGED + 1, 300, 5000])
def test_the_tree_merges_every_file_once_into_one(n_jobs):
    levels = list_levels("big", n_jobs)
    made = [f"<results>/moments/big/0-{part}.npz" for part in range(n_jobs)]
    for number, level in enumerate(levels, 1):
        assert [path for parts in level for path in parts] == made
        assert all(1 <= len(parts) <= MERGED for parts in level)
        made = [f"<results>/moments/big/{number}-{part}.npz" for part in range(len(level))]
    assert len(made) == 1


def test_samples_are_of_each_modality_and_hold_a_batch_of_clip(root, folder):
    given = ready(folder)
    planned = plan_sampled(context(root, **given))
    assert list(planned) == ["big/image", "big/text"]
    assert planned["big/text"]["files"][0].endswith("text_emb/text_emb_0.npy")
    assert planned["big/text"]["settings"] == {
        "name": "big", "side": 1, "limit": 32_768, "seed": 0,
    }  # fmt: skip
    many = context(root, **given, statistics={"exact_rows": 50_000})
    assert plan_sampled(many)["big/image"]["settings"]["limit"] == 50_000


def test_sets_and_cones_of_a_folder_have_its_moments(root, folder):
    planned = plan(root, **ready(folder))
    assert planned["embedding_sets"]["big"]["moments"] == ["<results>/moments/big.npz"]
    assert planned["embedding_sets"]["big"]["first"] == [
        "<results>/embeddings/imported/big/image/part-0.parquet"
    ]
    cloud = planned["clouds"]["imported/big/text"]
    assert cloud["moments"] == ["<results>/moments/big.npz"]
    assert cloud["settings"] == {"caption": "all", "side": 1}
    assert planned["imported"] == {}
    assert planned["patterns"]["sharded"] == "big"
    assert planned["patterns"]["sampled"] == r"big/image|big/text"
    assert planned["patterns"]["arrays"] == "(?!)"


def test_too_many_jobs_are_refused(root, folder, monkeypatch):
    monkeypatch.setattr("modgap.plan.shards.MOST_JOBS", 9)
    known = context(root, **ready(folder, shards_per_job=1))
    with pytest.raises(InputError, match=r"datasets\.big\.shards_per_job: 10 shards by 1"):
        plan_sharded(known)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"owner": "o.npy"}, "big.owner: row i of both modalities of a folder is one item"),
        ({"id": "key", "groups": "url"}, "big: give either 'groups' or 'id'"),
        ({"groups": "o.npy"}, "big.groups: a folder has a column of ids in its files"),
        ({"labels": "l.csv", "class_prompts": "p.npy"}, "big.labels: row i of both"),
        ({"paired": False}, "big.paired: rows of a folder are pairs"),
        ({"columns": "a"}, "big.columns: 'a' is one for both"),
        ({"columns": {"a": "x"}}, "big.columns: a folder holds two modalities; name two, not 1"),
        ({"columns": {"a": "x", "b": "x"}}, "big.columns: two modalities have the same"),
    ],
)
def test_what_a_folder_cannot_say_is_refused(root, folder, more, line):
    with pytest.raises(InputError) as error:
        context(root, **ready(folder, **more))
    assert line in str(error.value)


def test_only_a_folder_has_shards_per_job(root, tmp_path):
    files = {"a": str(tmp_path / "a.npy"), "b": str(tmp_path / "b.npy")}
    entry = {"kind": "embeddings", "files": files, "shards_per_job": 2}
    with pytest.raises(InputError, match="shards_per_job: only a 'folder' has shards"):
        context(root, datasets={"big": entry}, models={})


def test_modalities_of_a_folder_have_one_order(root, folder):
    sets = {"turned": {"dataset": "big", "modalities": ["text", "image"]}}
    with pytest.raises(InputError, match="those of a folder are image, text, in this order"):
        context(root, **ready(folder), embedding_sets=sets)


def test_files_of_ids_belong_to_the_jobs_of_their_shards(root, folder, tmp_path):
    given = ready(folder, groups="url", shards_per_job=4)
    with pytest.raises(InputError, match=r"an \.npy has no column 'url' for 'groups'"):
        plan_sharded(context(root, **given))
    (tmp_path / "metadata").mkdir()
    paths = [f"{folder}/metadata/metadata_{number}.parquet" for number in range(10)]
    for path in paths:
        open(path, "wb").close()
    known = context(root, **given)
    planned = plan_sharded(known)["big"]
    assert planned["indexing"]["pictures"] == {
        "column": "url", "single": False, "files": [[path] for path in paths],
    }  # fmt: skip
    assert planned["files"][20:] == paths
    assert [job["files"][-1] for job in planned["jobs"]] == [paths[3], paths[7], paths[9]]
    assert [len(job["files"]) for job in planned["jobs"]] == [12, 12, 6]
    assert plan_sampled(known)["big/text"]["files"][10:] == paths
    assert "pictures" not in plan_sharded(context(root, **ready(folder)))["big"]["indexing"]
