"""Every model with weights against what its weights must be: hash, activation, input, numbers.

One row per model. A mismatch is an error, in one line; nothing is written then.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.embeddings.models import create_model
from modgap.embeddings.verification import activation, tokenizer_name, verify_model
from modgap.fetch.integrity import check_fetched, read_lock
from modgap.files import sha256_of
from modgap.job import progress, start_log
from modgap.plan.models import WEIGHT_SUFFIXES
from modgap.report.formats import write_formats

COLUMNS = ["model", "architecture", "tag", "file", "sha256", "hash_from", "activation"]
COLUMNS += ["geometry", "mean", "std", "tokenizer", "context_length", "golden"]


def main(csv, md, tex, *, models, folder):
    """models : dicts of ``name``, ``entry``, ``files``, ``pin`` and ``fetched`` (its rows)."""
    rows = [
        verified_row(folder, **model)
        for model in progress(models, total=len(models), what="models")
    ]
    more = ["golden_images", "golden_texts"]
    write_formats(pd.DataFrame(rows, columns=[*COLUMNS, *more]), csv, md, tex, columns=COLUMNS)


def verified_row(folder, *, name, entry, files, pin, fetched):
    """Check one model and describe it."""
    check_fetched(fetched, folder)
    # Numbers are recorded in fp32, whatever the model is used in.
    exact = {key: value for key, value in entry.items() if key != "precision"}
    loaded = create_model(name, exact, device="cpu")
    golden = verify_model(name, entry, loaded, pin)
    weights = [file for file in files if file.endswith(WEIGHT_SUFFIXES)]
    texts = loaded.tokenizer_name is not None
    seen = loaded.provenance
    return {
        "model": name,
        "architecture": entry.get("architecture", entry.get("path", entry.get("repo"))),
        "tag": entry.get("pretrained", entry.get("weights", entry["source"])),
        "file": " ".join(weights) or "fetched by open_clip",
        "sha256": " ".join(map(sha256_of, weights)) or "–",
        "hash_from": hash_source(fetched, folder),
        "activation": activation(loaded.network),
        "geometry": seen["geometry"],
        "mean": " ".join(map(str, seen["mean"])),
        "std": " ".join(map(str, seen["std"])),
        "tokenizer": tokenizer_name(loaded) or "–",
        "context_length": loaded.context_length if texts else "–",
        "golden": "as recorded" if pin and pin["golden"] else "none recorded",
        "golden_images": " ".join(map(str, golden["images"])),
        "golden_texts": " ".join(map(str, golden.get("texts", []))),
    }


def hash_source(fetched, folder):
    """Where the hashes stand that the files were compared with."""
    if not fetched:
        return "none: not a pinned file"
    lock = read_lock(folder)
    places = [
        row["table"] if row["sha256"] else "lock file" if row["file"] in lock else "none"
        for row in fetched
    ]
    return ", ".join(dict.fromkeys(places))


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(*snakemake.output, **snakemake.params.settings)
