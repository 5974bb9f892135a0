"""What a model entry of the config means, known without importing torch or open_clip.

The workflow needs the pixel geometry of every model while it is being parsed, and has to refuse a
wrong entry before any job starts; what open_clip knows comes from ``plan.models.architectures``.

A model entry is a dict with ``source`` and, by source:

random       architecture, seed
open_clip    architecture, pretrained (a tag)
checkpoint   architecture, checkpoint (a weights file); for an open_clip architecture also
             pretrained (the tag whose activation and preprocessing the file has) or preprocessing
             (size, interpolation, resize_mode, mean, std)
local_dir    path (a folder with open_clip_config.json and weights); architecture and pretrained
             may name the tag that the folder must agree with
hub          repo, geometry ("224-bicubic-shortest")
transformers path (a folder of that package, see ``plan.models.repositories``), or repo, revision
             and geometry, and then path is where the workflow puts the files
torchvision  architecture (resnet18 or resnet50), weights (null, a tag or a file), size, seed
trained      run (a training run of this pipeline); ``modgap.plan.training`` adds path (the folder
             of its checkpoint, which need not exist yet) and initial (the entry it started from)

and for all of them ``normalisation`` of the pixels (own, imagenet or none) and
``normalisation_layers`` (kept or removed, after the weights are in place). A tag with pinned
weights gets ``weights_file``, the place of its file, and one with a tokenizer of transformers
``tokenizer_files`` (``modgap.plan.models.weights``). An architecture is
open_clip's or one of ours, ``config/models/NAME.json``, with open_clip's default preprocessing at
its own image size.
File names are relative to the working directory, like every file name of a workflow.
"""

import hashlib
import json
import re
from pathlib import Path

from modgap.plan.models.architectures import (
    PROJECT,
    architecture_row,
    clean_tag,
    known_architectures,
    known_tags,
)
from modgap.plan.models.repositories import (
    read_geometry,
    transformers_files,
    transformers_preprocessing,
)

WEIGHT_SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")
# open_clip looks for these three in a folder.
FOLDER_SUFFIXES = (".safetensors", ".bin", ".pth")
# What a training run leaves, in open_clip's own form.
CHECKPOINT_FILES = ("open_clip_config.json", "open_clip_model.safetensors")
CLASSIFIER_FILE = "model.safetensors"
GEOMETRY = re.compile(r"[1-9]\d*-(bicubic|bilinear)-(shortest|squash|longest)")

# The defaults of open_clip's PreprocessCfg.
OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# Mean and standard deviation of pixels in 0..1 that replace a model's own.
PIXEL_SCALES = {
    "imagenet": {"mean": IMAGENET_MEAN, "std": IMAGENET_STD},
    "none": {"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)},
}


def architecture_file(name, root=PROJECT):
    """The file of one of our own architectures; None when there is none of that name."""
    path = Path(root, "config", "models", f"{name}.json")
    return path if path.is_file() else None


def find_architecture(name, root=PROJECT):
    """Row of an architecture, open_clip's or our own; None when unknown."""
    path = architecture_file(name, root)
    if path is None:
        return known_architectures(root).get(name)
    return architecture_row(name, json.loads(path.read_text(encoding="utf-8")))


def find_tag(entry, root=PROJECT):
    """Row of the pretrained tag that an entry names; None without one."""
    if "architecture" not in entry or "pretrained" not in entry:
        return None
    return known_tags(root).get((entry["architecture"], clean_tag(entry["pretrained"])))


def preprocessing(entry, root=PROJECT):
    """Preprocessing of a model entry that ``check_model`` found no fault with.

    Returns a dict: size (px), interpolation, resize_mode, mean, std (per channel, of values in
    0..1). Mean and std are None for a repository whose files are not there yet.
    """
    given = {key: entry[key] for key in entry.keys() & {"interpolation"}}
    scale = PIXEL_SCALES.get(entry.get("normalisation"), {})
    return {**own_preprocessing(entry, root), **given, **scale}


def own_preprocessing(entry, root):
    source = entry["source"]
    if source == "trained":
        return preprocessing(entry["initial"], root)
    if source == "torchvision":
        return {
            "size": entry.get("size", 224),
            "interpolation": "bilinear",
            "resize_mode": "shortest",
            "mean": IMAGENET_MEAN,
            "std": IMAGENET_STD,
        }
    if source == "hub":
        return read_geometry(entry["geometry"])
    if source == "transformers":
        return transformers_preprocessing(entry)
    if source == "local_dir":
        return folder_preprocessing(read_folder_config(entry["path"]))
    tag = find_tag(entry, root)
    if tag is not None:
        return {key: tag[key] for key in ("size", "interpolation", "resize_mode", "mean", "std")}
    default = default_preprocessing(find_architecture(entry["architecture"], root)["image_size"])
    return {**default, **make_tuples(entry.get("preprocessing", {}))}


def default_preprocessing(size):
    return {
        "size": size,
        "interpolation": "bicubic",
        "resize_mode": "shortest",
        "mean": OPENAI_MEAN,
        "std": OPENAI_STD,
    }


def folder_preprocessing(config):
    """Preprocessing of an open_clip_config.json; the size is the image tower's, as in open_clip."""
    default = default_preprocessing(architecture_row("", config["model_cfg"])["image_size"])
    stored = config.get("preprocess_cfg", {})
    kept = {k: v for k, v in stored.items() if k in default and k != "size" and v is not None}
    return {**default, **make_tuples(kept)}


def make_tuples(settings):
    return {k: tuple(v) if k in ("mean", "std") else v for k, v in settings.items()}


def read_folder_config(path):
    return json.loads(Path(path, "open_clip_config.json").read_text(encoding="utf-8"))


def model_geometry(entry, root=PROJECT):
    """Pixel geometry of a model, the name of its crops: "224-bicubic-shortest"."""
    return geometry_name(preprocessing(entry, root))


def geometry_name(settings):
    return f"{settings['size']}-{settings['interpolation']}-{settings['resize_mode']}"


def towers(entry):
    """The modalities that a model embeds; of one that is not resolved, as most have them."""
    if entry.get("source") == "trained":
        return towers(entry.get("initial", {}))
    return ("images",) if entry.get("source") == "torchvision" else ("images", "texts")


def tokenizer(entry, root=PROJECT):
    """Tokenizer of a model entry: "bpe" (open_clip's own), a name on the hub, None if unknown."""
    if entry["source"] == "local_dir":
        return architecture_row("", read_folder_config(entry["path"])["model_cfg"])["tokenizer"]
    if entry["source"] in ("random", "open_clip", "checkpoint"):
        return find_architecture(entry["architecture"], root)["tokenizer"]
    return None


def weights_state(entry):
    """ "random" or "trained"."""
    untrained = entry["source"] == "random" or (
        entry["source"] == "torchvision" and entry.get("weights") is None
    )
    return "random" if untrained else "trained"


def removes_normalisation(entry):
    """Whether a model has its normalisation layers removed, here or before it was trained."""
    removed = entry.get("normalisation_layers", "kept") == "removed"
    return removed or (entry["source"] == "trained" and removes_normalisation(entry["initial"]))


def weight_files(entry):
    """The files that a model and its tokenizer are read from, for the rule to name as input."""
    return [*model_files(entry), *entry.get("tokenizer_files", [])]


def model_files(entry):
    """The files of a model itself."""
    if "weights_file" in entry:
        return [entry["weights_file"]]
    if entry["source"] == "checkpoint":
        return [entry["checkpoint"]]
    if entry["source"] == "trained":
        classifier = entry["initial"]["source"] == "torchvision"
        names = [CLASSIFIER_FILE] if classifier else CHECKPOINT_FILES
        return [f"{entry['path']}/{name}" for name in names]
    if entry["source"] == "local_dir":
        folder = Path(entry["path"])
        weights = [path for path in folder.glob("*") if path.suffix in FOLDER_SUFFIXES]
        return sorted(map(str, [folder / "open_clip_config.json", *weights]))
    if entry["source"] == "transformers":
        return transformers_files(entry)
    if entry["source"] == "torchvision" and is_file_name(entry.get("weights")):
        return [entry["weights"]]
    return []


def architecture_digest(entry, root=PROJECT):
    """Digest of the file of an architecture of ours; None where there is none.

    The file is part of the project, so its content counts and not its date: a fresh clone reruns
    nothing.
    """
    if entry["source"] not in ("random", "checkpoint"):
        return None
    path = architecture_file(entry["architecture"], root)
    return path and hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def is_file_name(weights):
    return weights is not None and weights.endswith(WEIGHT_SUFFIXES)
