"""What is wrong with a model entry of the config: a line each, told without torch or open_clip.

``modgap.plan.models.entries`` says what an entry means.
"""

import json
from pathlib import Path

from modgap.plan.models.architectures import (
    PROJECT,
    architecture_row,
    clean_tag,
    known_architectures,
    known_tags,
)
from modgap.plan.models.entries import (
    FOLDER_SUFFIXES,
    GEOMETRY,
    WEIGHT_SUFFIXES,
    architecture_file,
    find_architecture,
    find_tag,
    folder_preprocessing,
    geometry_name,
    is_file_name,
    read_folder_config,
)
from modgap.plan.models.repositories import transformers_problems
from modgap.plan.spelling import did_you_mean

TORCHVISION_WEIGHTS = {
    "resnet18": ["IMAGENET1K_V1"],
    "resnet50": ["IMAGENET1K_V1", "IMAGENET1K_V2"],
}


def check_model(name, entry, root=PROJECT):
    """Problems of the entry ``models.{name}``, one line each; empty when it can be built.

    The entry has passed the schema: its keys and their types are right.
    """
    if entry["source"] == "trained":
        # Its run is checked with the training runs, the model it starts from as a model.
        return []
    check = {
        "random": architecture_problems,
        "open_clip": tag_problems,
        "checkpoint": checkpoint_problems,
        "local_dir": folder_problems,
        "hub": hub_problems,
        "torchvision": torchvision_problems,
        "transformers": transformers_problems,
    }[entry["source"]]
    return [f"models.{name}.{problem}" for problem in check(entry, root)]


def architecture_problems(entry, root):
    name = entry["architecture"]
    own = architecture_file(name, root)
    if own is not None:
        if name in known_architectures(root):
            yield f"architecture: {own} has the name of an open_clip architecture; rename the file"
        elif not is_model_config(own):
            yield (
                f"architecture: {own} is not an open_clip model configuration "
                "(JSON with embed_dim, vision_cfg and text_cfg)"
            )
    elif name not in known_architectures(root):
        ours = [path.stem for path in Path(root, "config", "models").glob("*.json")]
        hint = did_you_mean(name, [*known_architectures(root), *ours])
        yield f"architecture: unknown architecture {name!r}{hint}"


def is_model_config(path):
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return isinstance(config, dict) and {"embed_dim", "vision_cfg", "text_cfg"} <= config.keys()


def tag_problems(entry, root):
    found = list(architecture_problems(entry, root))
    if found:
        yield from found
        return
    name, tag = entry["architecture"], clean_tag(entry["pretrained"])
    other = name.removesuffix("-quickgelu") if name.endswith("-quickgelu") else f"{name}-quickgelu"
    row = known_tags(root).get((name, tag))
    if row is None:
        sibling = known_tags(root).get((other, tag))
        if sibling is not None and sibling["quick_gelu"] == sibling["architecture_quick_gelu"]:
            yield activation_problem(name, tag, sibling["quick_gelu"], other)
            return
        tags = [known for architecture, known in known_tags(root) if architecture == name]
        hint = did_you_mean(tag, tags)
        if not hint:
            hint = f"; it has {', '.join(tags)}" if tags else "; open_clip has no weights for it"
        yield f"pretrained: unknown tag {entry['pretrained']!r} of {name}{hint}"
    elif row["quick_gelu"] != row["architecture_quick_gelu"]:
        use = other if other in known_architectures(root) else None
        yield activation_problem(name, tag, row["quick_gelu"], use)


def activation_name(quick_gelu):
    return "QuickGELU" if quick_gelu else "plain GELU"


def activation_problem(name, tag, quick_gelu, use):
    """The line for weights of one activation in an architecture with the other."""
    remedy = (
        f"use architecture {use}"
        if use
        else "open_clip has no such architecture with that activation, use a local_dir of your own"
    )
    return (
        f"architecture: {name} has {activation_name(not quick_gelu)}, but the weights of tag {tag} "
        f"were trained with {activation_name(quick_gelu)}; {remedy}"
    )


def checkpoint_problems(entry, root):
    yield from weights_file_problems("checkpoint", entry["checkpoint"])
    if "pretrained" in entry:
        yield from tag_problems(entry, root)
        return
    found = list(architecture_problems(entry, root))
    yield from found
    if found:
        return
    name = entry["architecture"]
    size = find_architecture(name, root)["image_size"]
    given = entry.get("preprocessing")
    if given is None and architecture_file(name, root) is None:
        yield (
            f"checkpoint: the preprocessing of {entry['checkpoint']} is unknown; give pretrained "
            "(the tag that the weights are or started from) or preprocessing"
        )
    elif given is not None and given.get("size", size) != size:
        yield f"preprocessing.size: {given['size']}, but {name} takes pictures of {size} px"


def weights_file_problems(key, path):
    if not path.endswith(WEIGHT_SUFFIXES):
        yield f"{key}: {path} is not a weights file ({', '.join(WEIGHT_SUFFIXES)})"
    elif not Path(path).is_file():
        yield f"{key}: no file {path}"


def folder_problems(entry, root):
    folder = Path(entry["path"])
    config = folder / "open_clip_config.json"
    if not folder.is_dir():
        yield f"path: no folder {folder}"
    elif not config.is_file():
        yield f"path: {folder} holds no open_clip_config.json"
    elif not any(path.suffix in FOLDER_SUFFIXES for path in folder.iterdir()):
        yield f"path: {folder} holds no weights ({', '.join(FOLDER_SUFFIXES)})"
    else:
        try:
            settings = read_folder_config(folder)
            stored = {
                **folder_preprocessing(settings),
                "quick_gelu": architecture_row("", settings["model_cfg"])["quick_gelu"],
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            yield f"path: {config} is not open_clip's form (JSON with model_cfg, preprocess_cfg)"
            return
        if not GEOMETRY.fullmatch(geometry_name(stored)):
            yield f"path: {config} asks for {geometry_name(stored)}, which this pipeline cannot cut"
        elif "pretrained" in entry:
            found = list(tag_problems(entry, root))
            yield from found or disagreements(config, stored, find_tag(entry, root))


def disagreements(where, stored, tag):
    """Lines for settings of ``where`` (activation, preprocessing) that are not the tag's."""
    for key, value in stored.items():
        if value != tag[key]:
            given, wanted = value, tag[key]
            if key == "quick_gelu":
                given, wanted = activation_name(given), activation_name(wanted)
            yield (
                f"path: {where} has {key} {given}, but the weights of {tag['architecture']} "
                f"{tag['tag']} need {wanted}"
            )


def hub_problems(entry, root):
    if not GEOMETRY.fullmatch(entry["geometry"]):
        yield f"geometry: {entry['geometry']!r} is not of the form 224-bicubic-shortest"


def torchvision_problems(entry, root):
    name, weights = entry["architecture"], entry.get("weights")
    if name not in TORCHVISION_WEIGHTS:
        hint = did_you_mean(name, TORCHVISION_WEIGHTS)
        yield f"architecture: unknown torchvision architecture {name!r}{hint}"
    elif is_file_name(weights):
        yield from weights_file_problems("weights", weights)
    elif weights is not None and weights not in TORCHVISION_WEIGHTS[name]:
        hint = did_you_mean(weights, TORCHVISION_WEIGHTS[name])
        yield f"weights: unknown weights {weights!r} of {name}{hint}"
