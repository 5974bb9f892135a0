"""Class prompts become one unit vector per class and set of templates."""

import numpy as np
import pytest
import yaml

from embed_prompts import main
from modgap.embeddings.extraction import embed_captions
from modgap.embeddings.models import create_model
from modgap.errors import InputError
from modgap.statistics.clouds import read_class_vectors
from modgap.tables import read_embeddings, read_metadata

MODEL = {"source": "random", "architecture": "scenes-vit", "seed": 0}
SETTINGS = {"model_name": "vit", "model": MODEL, "precision": "fp32", "batch_size": 8}
SETTINGS["device"] = "cpu"


@pytest.fixture
def prompts(tmp_path):
    content = {
        "classes": {"a": "red circle", "b": "blue star"},
        "templates": {"one": ["a {}"], "many": ["a {}", "the {}", "a small {}"]},
    }
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def test_ensembles_are_averaged_after_normalising(tmp_path, prompts):
    table = tmp_path / "out" / "mine.parquet"
    main(prompts, table, templates=["many", "one"], **SETTINGS)
    classes, vectors = read_class_vectors(table, "many")
    assert list(classes["class"]) == ["a", "b"]
    model = create_model("vit", MODEL, precision="fp32", device="cpu")
    texts = [t.format(word) for word in ("red circle", "blue star") for t in ("a {}", "the {}")]
    texts = [*texts[:2], "a small red circle", *texts[2:], "a small blue star"]
    raw = embed_captions(model, texts, 8).astype(float)
    unit = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    expected = np.array([unit[:3].mean(axis=0), unit[3:].mean(axis=0)])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(vectors, expected, atol=1e-6)
    _, single = read_class_vectors(table, "one")
    np.testing.assert_allclose(single, unit[[0, 3]], atol=1e-6)


def test_provenance_is_the_models(tmp_path, prompts):
    main(prompts, tmp_path / "mine.parquet", templates=["one"], **SETTINGS)
    stored = read_metadata(tmp_path / "mine.parquet")
    assert stored["model"] == "vit"
    assert "dataset" not in stored


def test_extra_classes_carry_their_category(tmp_path, root):
    path = root / "config" / "prompts" / "fairface.yaml"
    main(path, tmp_path / "faces.parquet", templates=["paper"], **SETTINGS)
    rows, _, _ = read_embeddings([tmp_path / "faces.parquet"])
    assert len(rows) == 21
    expected = {"": 14, "crime-related": 3, "non-human": 4}
    assert rows["category"].value_counts().to_dict() == expected


def test_templates_that_are_not_there(tmp_path, prompts):
    with pytest.raises(InputError, match="no templates named 'two'; there are one, many"):
        main(prompts, tmp_path / "mine.parquet", templates=["two"], **SETTINGS)
