"""import_classes, then the zero-shot sweep on what it wrote."""

import numpy as np
import pandas as pd
import pytest

import import_classes
import import_embeddings
import sweep_zero_shot
from modgap.data.modalities import embedding_sources
from modgap.errors import InputError
from modgap.plan.prompts import GIVEN
from modgap.tables import read_table

NAMES = ["ant", "bee", "cat"]


@pytest.fixture
def ready(tmp_path):
    """Twelve pairs of three classes whose first modality lies near its class prompt."""
    rng = np.random.default_rng(0)
    prompts = np.eye(3, 6) + 0.05 * rng.standard_normal((3, 6))
    labels = np.arange(12) % 3
    pair = np.stack([prompts[labels] + 0.05 * rng.standard_normal((12, 6)) for _ in range(2)])
    np.save(tmp_path / "both.npy", pair.astype(np.float32))
    np.save(tmp_path / "classes.npy", prompts.astype(np.float32))
    frame = pd.DataFrame({"label": [NAMES[i] for i in labels]})
    frame.to_csv(tmp_path / "labels.csv", index=False)
    entry = {"kind": "embeddings", "file": str(tmp_path / "both.npy")}
    part = embedding_sources("", entry, "")["modalities"][0]
    import_embeddings.main(tmp_path / "first.parquet", name="mine", part=part)
    return tmp_path


def bring_in(folder, classes=NAMES):
    import_classes.main(
        [folder / "first.parquet"],
        folder / "samples.parquet",
        folder / "prompts.parquet",
        labels=str(folder / "labels.csv"),
        class_prompts=str(folder / "classes.npy"),
        classes=classes,
    )


def test_labelled_embeddings_are_classified(ready):
    bring_in(ready)
    outputs = [ready / f"{what}.parquet" for what in ("curve", "selection", "controls")]
    sweep_zero_shot.main(
        [ready / "first.parquet"],
        ready / "prompts.parquet",
        ready / "samples.parquet",
        None,
        *outputs,
        name="mine",
        templates=GIVEN,
        prompts_file="classes.npy",
        columns=["label"],
        metric="accuracy",
        caption=None,
        deltas=[-0.25, 0.0, 0.25],
        sides=["both"],
        n_draws=499,
        n_folds=2,
        n_directions=200,
        n_permutations=10,
        seed=0,
    )
    curve = read_table(outputs[0])
    top1 = curve.loc[(curve["delta"] == 0) & (curve["statistic"] == "top1"), "value"]
    assert list(top1) == [1.0]


def test_nothing_is_written_of_what_is_wrong(ready):
    with pytest.raises(InputError, match="3 rows, but 2 classes are listed"):
        bring_in(ready, classes=NAMES[:2])
    assert not (ready / "samples.parquet").exists()
    assert not (ready / "prompts.parquet").exists()
