"""Write config/open_clip_*.csv from the installed open_clip.

Run it after another version of open_clip is pinned: ``python config/update_architectures.py``; with
a folder behind it, the files go there.
"""

import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from modgap.files import atomic_path
from modgap.plan.architectures import ARCHITECTURES, PROJECT, TAGS, architecture_row


def architecture_rows():
    """One dict per architecture of open_clip."""
    import open_clip

    return [
        architecture_row(name, open_clip.get_model_config(name)) for name in open_clip.list_models()
    ]


def tag_rows(architectures):
    """One dict per pair (architecture, tag) of open_clip, given the architectures' rows."""
    import open_clip

    by_name = {row["architecture"]: row for row in architectures}
    rows = []
    for name, tag in open_clip.list_pretrained():
        weights, architecture = open_clip.get_pretrained_cfg(name, tag), by_name[name]
        rows.append(
            {
                "architecture": name,
                "tag": tag,
                "size": architecture["image_size"],
                "interpolation": weights["interpolation"],
                "resize_mode": weights["resize_mode"],
                "mean": weights["mean"],
                "std": weights["std"],
                "quick_gelu": weights.get("quick_gelu", False),
                "architecture_quick_gelu": architecture["quick_gelu"],
                "context_length": architecture["context_length"],
                "tokenizer": architecture["tokenizer"],
            }
        )
    return rows


def spell(value):
    """A cell: true/false for truth values, numbers of a tuple apart by spaces."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return " ".join(map(str, value))
    return value


def write_rows(path, rows):
    with (
        atomic_path(path) as temporary,
        open(temporary, "w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: spell(value) for key, value in row.items()} for row in rows)


def main(folder):
    architectures = architecture_rows()
    write_rows(folder / Path(ARCHITECTURES).name, architectures)
    write_rows(folder / Path(TAGS).name, tag_rows(architectures))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "config")
