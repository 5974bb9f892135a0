"""What open_clip knows about its models, in two tables that are read in milliseconds.

``config/open_clip_architectures.csv`` and ``config/open_clip_tags.csv`` are written by
``config/update_architectures.py`` and held equal to the installed package by a test.
"""

import csv
from functools import lru_cache
from pathlib import Path

from modgap.project import project_folder

PROJECT = project_folder()

TAGS = "config/open_clip_tags.csv"
ARCHITECTURES = "config/open_clip_architectures.csv"


@lru_cache
def known_tags(root=PROJECT):
    """open_clip's pretrained weights: {(architecture, tag): row of the table, typed}."""
    with open(Path(root, TAGS), encoding="utf-8", newline="") as stream:
        return {
            (row["architecture"], row["tag"]): {
                **row,
                "size": int(row["size"]),
                "mean": tuple(map(float, row["mean"].split())),
                "std": tuple(map(float, row["std"].split())),
                "quick_gelu": row["quick_gelu"] == "true",
                "architecture_quick_gelu": row["architecture_quick_gelu"] == "true",
            }
            for row in csv.DictReader(stream)
        }


@lru_cache
def known_architectures(root=PROJECT):
    """open_clip's architectures: {name: row of the table, typed}."""
    with open(Path(root, ARCHITECTURES), encoding="utf-8", newline="") as stream:
        return {
            row["architecture"]: {
                **row,
                "image_size": int(row["image_size"]),
                "embed_dim": int(row["embed_dim"]),
                "context_length": int(row["context_length"]),
                "quick_gelu": row["quick_gelu"] == "true",
            }
            for row in csv.DictReader(stream)
        }


def architecture_row(name, model_cfg):
    """The row of the architectures table for an open_clip ``model_cfg``."""
    text_cfg = model_cfg["text_cfg"]
    return {
        "architecture": name,
        "image_size": model_cfg["vision_cfg"].get("image_size", 224),
        "quick_gelu": model_cfg.get("quick_gelu", False),
        "embed_dim": model_cfg["embed_dim"],
        "context_length": text_cfg.get("context_length", 77),
        "tokenizer": text_cfg.get("hf_tokenizer_name") or "bpe",
    }


def clean_tag(tag):
    """Spell a tag as open_clip does."""
    return tag.lower().replace("-", "_")
