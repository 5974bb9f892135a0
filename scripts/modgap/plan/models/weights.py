"""The table of pretrained weights (config/weights.yaml): where each file is, what it must be.

The workflow reads it while it is parsed: no torch, no open_clip.
"""

import math
import re
from functools import lru_cache

from modgap.errors import InputError
from modgap.fetch.table import address_problem, plain_row
from modgap.plan.models.architectures import clean_tag
from modgap.plan.models.entries import find_architecture, find_tag, preprocessing
from modgap.yaml_files import read_yaml

# Form of every value that is text or empty.
PATTERNS = {
    "architecture": r"[\w.-]+",
    "tag": r"[\w.-]+",
    "repo": r"([\w.-]+/[\w.-]+)?",
    "revision": r"([0-9a-f]{40})?",
    "file": r"[A-Za-z0-9][\w.-]*\.(safetensors|bin|pt|pth)",
    "url": r"(https?://\S+)?",
    "sha256": r"([0-9a-f]{8,64})?",
    "bytes": r"\d*",
    "licence": r".*",
    "activation": r"GELU|QuickGELU|ReLU",
    "tokenizer": r"\S*",
    "context_length": r"\d*",
}
NUMBERS = ("bytes", "context_length")
KEYS = {*PATTERNS, "preprocessing", "golden"}
PREPROCESSING = {"size", "interpolation", "resize_mode", "mean", "std"}

TOKENIZER_KEYS = {"name", "revision", "files"}

HUB = "https://huggingface.co/{repo}/resolve/{revision}/{file}"


# Both halves of the table of weights are read from it, parsed once.
read_weights = lru_cache(read_yaml)


@lru_cache
def read_pins(path):
    """Entries of the table by (architecture, tag).

    Raises
    ------
    InputError : not there, not YAML, a key or value that does not fit, a tag or file named twice.
    """
    content = read_weights(path)
    if not isinstance(content, dict) or not isinstance(content.get("weights", 0) or [], list):
        raise InputError(f"{path}: must be a mapping with the key weights, a list")
    entries = content["weights"] or []
    pins, files = {}, {}
    for number, entry in enumerate(entries):
        where = f"{path}, weights.{number}"
        check_entry(entry, where)
        key, file = (entry["architecture"], clean_tag(entry["tag"])), pin_file(entry)
        if key in pins:
            raise InputError(f"{where}: {key[0]} {key[1]} stands in the table twice")
        if files.setdefault(file, entry)["sha256"] != entry["sha256"]:
            raise InputError(f"{where}: sha256 of {file} differs from an earlier entry's")
        pins[key] = entry
    return pins


def check_entry(entry, where):
    """Raise an InputError for an entry that is not of the table's form."""
    if not isinstance(entry, dict) or entry.keys() != KEYS:
        odd = KEYS ^ set(entry) if isinstance(entry, dict) else KEYS
        raise InputError(f"{where}: missing or unknown keys {', '.join(sorted(map(str, odd)))}")
    for key, pattern in PATTERNS.items():
        value = entry[key]
        kind = int if key in NUMBERS else str
        fits = value is None or (isinstance(value, kind) and not isinstance(value, bool))
        text = "" if value is None else str(value)
        if not fits or not re.fullmatch(pattern, text) or not is_address(value, key):
            raise InputError(f"{where}: {key} cannot be {value!r}")
    if bool(entry["repo"]) == bool(entry["url"]):
        raise InputError(f"{where}: give either repo or url")
    preprocessing = entry["preprocessing"]
    if not isinstance(preprocessing, dict) or preprocessing.keys() != PREPROCESSING:
        raise InputError(f"{where}: preprocessing needs {', '.join(sorted(PREPROCESSING))}")
    for key in ("mean", "std"):
        if not is_triple(preprocessing[key]):
            raise InputError(f"{where}: preprocessing.{key} needs three numbers")
    golden = entry["golden"]
    if golden is not None and not (
        isinstance(golden, dict) and golden.keys() <= {"images", "texts"}
    ):
        raise InputError(f"{where}: golden is empty or has the keys images and texts")


def is_address(value, key="url"):
    """Whether a value is none that names an address, or an address that can be asked."""
    return key != "url" or not value or not address_problem(value)


def is_triple(value):
    """Whether a value is three finite numbers, of red, green and blue."""
    return (
        isinstance(value, list)
        and len(value) == 3
        and all(isinstance(v, int | float) and math.isfinite(v) for v in value)
    )


def pin_file(pin):
    """Where a pinned file lies below the folder of downloads, and below a mirror."""
    return f"weights/{pin['repo'] or pin['architecture']}/{pin['file']}"


def pin_address(pin):
    """Where a pinned file comes from."""
    if pin["url"]:
        return pin["url"]
    return HUB.format(repo=pin["repo"], revision=pin["revision"] or "main", file=pin["file"])


def weight_rows(pins, table):
    """Rows like those of config/downloads.csv for pinned files, by name.

    Fewer than 64 digits of a hash are ``sha256_start``: checked, but not taken for the whole.
    ``table`` is the path that messages name.
    """
    rows = {}
    for pin in pins.values():
        digits = pin["sha256"] or ""
        whole = len(digits) == 64
        rows[pin_file(pin)] = {
            **plain_row(pin_file(pin), pin_address(pin)),
            "sha256": digits if whole else "",
            "sha256_start": "" if whole else digits,
            "bytes": pin["bytes"],
            "licence": pin["licence"] or "",
            "table": table,
        }
    return rows


@lru_cache
def read_tokenizers(path):
    """Tokenizers of the table, {name in open_clip: entry}, whose files ``prepare`` fetches.

    Raises
    ------
    InputError : an entry that is not of the table's form.
    """
    entries = read_weights(path).get("tokenizers") or []
    found = {}
    for number, entry in enumerate(entries):
        where = f"{path}, tokenizers.{number}"
        if not isinstance(entry, dict) or entry.keys() != TOKENIZER_KEYS:
            raise InputError(f"{where}: needs the keys {', '.join(sorted(TOKENIZER_KEYS))}")
        if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", str(entry["name"])):
            raise InputError(f"{where}: name cannot be {entry['name']!r}")
        if not re.fullmatch(PATTERNS["revision"], entry["revision"] or ""):
            raise InputError(f"{where}: revision cannot be {entry['revision']!r}")
        if not entry["files"] or not all(
            re.fullmatch(r"\w[\w.-]*", str(f)) for f in entry["files"]
        ):
            raise InputError(f"{where}: files must be names, one or more")
        if entry["name"] in found:
            raise InputError(f"{where}: {entry['name']} stands in the table twice")
        found[entry["name"]] = entry
    return found


def tokenizer_rows(path):
    """Rows like those of config/downloads.csv for the files of tokenizers, by name."""
    rows = {}
    for name, entry in read_tokenizers(path).items():
        for file in entry["files"]:
            place = f"weights/tokenizers/{name}/{file}"
            revision = entry["revision"] or "main"
            rows[place] = plain_row(place, HUB.format(repo=name, revision=revision, file=file))
    return rows


def resolve_tokenizers(config, known, root):
    """Give every model with a tokenizer of the table the paths of its files.

    known : what ``read_tokenizers`` found.
    """
    for entry in config["models"].values():
        if entry["source"] not in ("random", "open_clip", "checkpoint"):
            continue
        row = find_architecture(entry["architecture"], root)
        if row is not None and row["tokenizer"] in known:
            folder = f"{config['resources']}/weights/tokenizers/{row['tokenizer']}"
            files = known[row["tokenizer"]]["files"]
            entry["tokenizer_files"] = [f"{folder}/{file}" for file in files]


def find_pin(entry, pins):
    """The pin of a model entry of source open_clip or torchvision; None where there is none."""
    tag = {"open_clip": "pretrained", "torchvision": "weights"}.get(entry["source"])
    if not entry.get(tag):
        return None
    name = entry[tag]
    return pins.get((entry["architecture"], clean_tag(name)))


def pin_problems(name, entry, pins, root):
    """Lines for what a pin says otherwise than the installed open_clip or torchvision."""
    pin = find_pin(entry, pins)
    if pin is None:
        return
    for key, known in read_installed(entry, root).items():
        if pin[key] != known:
            yield (
                f"models.{name}: the table of weights says {key} {pin[key]} of "
                f"{pin['architecture']} {pin['tag']}, the installed package {known}; correct one"
            )


def read_installed(entry, root):
    """Activation, preprocessing, tokenizer and context length of a tag, as the package has them."""
    own = {key: entry[key] for key in entry.keys() - {"normalisation", "size"}}
    seen = preprocessing(own, root)
    seen = {key: list(value) if key in ("mean", "std") else value for key, value in seen.items()}
    tag = find_tag(entry, root)
    if tag is None:
        return {
            "activation": "ReLU",
            "preprocessing": seen,
            "tokenizer": None,
            "context_length": None,
        }
    return {
        "activation": "QuickGELU" if tag["quick_gelu"] else "GELU",
        "preprocessing": seen,
        "tokenizer": tag["tokenizer"],
        "context_length": int(tag["context_length"]),
    }


def resolve_weights(config, pins):
    """Give every model with pinned weights the path of its file, ``weights_file``."""
    for entry in config["models"].values():
        pin = find_pin(entry, pins)
        if pin:
            entry["weights_file"] = f"{config['resources']}/{pin_file(pin)}"
