"""The tables of open_clip's architectures and tags."""

import pytest

from modgap.plan.models.architectures import (
    architecture_row,
    clean_tag,
    known_architectures,
    known_tags,
)


def test_rows_are_typed():
    row = known_architectures()["ViT-B-32"]
    assert (row["image_size"], row["embed_dim"], row["context_length"]) == (224, 512, 77)
    assert row["quick_gelu"] is False
    tag = known_tags()["ViT-B-32-quickgelu", "openai"]
    assert tag["quick_gelu"] is tag["architecture_quick_gelu"] is True
    assert tag["mean"] == (0.48145466, 0.4578275, 0.40821073)


def test_a_row_of_ours_has_open_clips_defaults():
    config = {"embed_dim": 8, "vision_cfg": {}, "text_cfg": {}}
    assert architecture_row("mine", config) == {
        "architecture": "mine",
        "image_size": 224,
        "quick_gelu": False,
        "embed_dim": 8,
        "context_length": 77,
        "tokenizer": "bpe",
    }
    named = {**config, "text_cfg": {"hf_tokenizer_name": "org/name", "context_length": 64}}
    assert architecture_row("mine", named)["tokenizer"] == "org/name"


@pytest.mark.parametrize(
    ("given", "spelled"), [("OpenAI", "openai"), ("laion2b-s34b-b79k", "laion2b_s34b_b79k")]
)
def test_tags_are_spelled_as_open_clip_spells_them(given, spelled):
    assert clean_tag(given) == spelled
