"""Real runs on a user's own pictures: shards, bad pictures, both ways to treat them."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from modgap.statistics.geometry import normalise
from modgap.tables import read_embeddings
from workflow.runs import copy_project, snakemake

RUN = """\
results: mine
datasets:
  photos: {{kind: captions_table, images: photos, captions: captions.csv}}
models:
  vit: {{source: random, architecture: scenes-vit, seed: 3}}
pixels: {{shard_size: {shard_size}, on_bad_sample: {on_bad_sample}}}
embeddings: {{batch_size: 8}}
statistics: {{n_resamples: 200, caption: all}}
projection: {{n_neighbors: 5}}
"""


@pytest.fixture
def project(root, tmp_path):
    """A project with 21 small photographs, two captions each, and a run file for them."""
    target = copy_project(root, tmp_path / "project")
    (target / "photos").mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for i in range(21):
        pixels = rng.integers(0, 256, (40 + i, 50, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(target / "photos" / f"{i:02}.jpg")
        rows += [(f"{i:02}.jpg", f"picture number {i}"), (f"{i:02}.jpg", f"the {i}th of them")]
    pd.DataFrame(rows, columns=["image", "caption"]).to_csv(target / "captions.csv", index=False)
    write_run(target)
    return target


def write_run(project, shard_size=8, on_bad_sample="stop"):
    """Write the run file of the project."""
    text = RUN.format(shard_size=shard_size, on_bad_sample=on_bad_sample)
    (project / "mine.yaml").write_text(text)


def cloud(project, modality):
    """Ids and normalised embeddings of one modality."""
    folder = project / "mine" / "embeddings" / "vit" / "photos" / modality
    ids, values, _ = read_embeddings(sorted(folder.glob("part-*.parquet")))
    return ids, normalise(values)


def run(project, *targets, check=True):
    """Run the targets of the project's run file."""
    return snakemake(project, *targets, "--cores", 2, "--configfile", "mine.yaml", check=check)


def test_shards_do_not_change_embeddings(project):
    run(project, "embeddings")
    three = {modality: cloud(project, modality) for modality in ("images", "texts")}
    shards = project / "mine" / "embeddings" / "vit" / "photos" / "images"
    assert len(list(shards.glob("*.parquet"))) == 3
    write_run(project, shard_size=100)
    (project / "mine").rename(project / "three")
    run(project, "embeddings")
    for modality, (ids, values) in three.items():
        other_ids, other = cloud(project, modality)
        pd.testing.assert_frame_equal(ids, other_ids)
        np.testing.assert_allclose(values, other, atol=1e-6, rtol=0)


def test_a_corrupt_picture_stops_the_job_with_its_path(project):
    picture = project / "photos" / "12.jpg"
    picture.write_bytes(picture.read_bytes()[:300])
    done = run(project, "embeddings", check=False)
    assert done.returncode != 0
    (line,) = {text for text in done.stdout.splitlines() if text.startswith("Error: ")}
    assert "photos/12.jpg" in line
    assert "truncated" in line
    assert "Traceback" not in done.stdout
    stopped = done.stdout.split("Stopped after")[1]
    assert "decode_pixels failed" in stopped
    assert f"why: {line}" in stopped
    assert "log: mine/logs/decode_pixels/photos/" in stopped
    assert not list((project / "mine" / "pixels").rglob("part-1.npy"))


def test_bad_pictures_can_be_skipped_and_are_left_out_of_every_count(project):
    picture = project / "photos" / "12.jpg"
    picture.write_bytes(picture.read_bytes()[:300])
    (project / "photos" / "03.jpg").write_bytes(b"")
    (project / "photos" / "20.jpg").unlink()
    write_run(project, on_bad_sample="skip")
    run(project)
    tables = project / "mine" / "tables"
    skipped = pd.read_csv(tables / "skipped_samples.csv")
    assert len(skipped) == 3
    assert list(skipped.columns) == ["dataset", "sample_id", "reason"]
    assert skipped["reason"].str.len().min() > 3
    gap = pd.read_csv(tables / "gap_statistics.csv")
    assert list(gap["n"]) == [18]
    cone = pd.read_csv(tables / "cone_statistics.csv")
    assert set(cone["n"]) <= {18, 36}
