"""Model folders in the layout of transformers (``source: transformers``), read without it.

Such a folder holds ``config.json``, weights as safetensors, the files of a tokenizer and
``preprocessor_config.json`` (or ``processor_config.json`` with the same under ``image_processor``).
A repository is the same files at a commit; the workflow fetches them into the folder of downloads.
"""

import json
import math
from pathlib import Path

from modgap.errors import InputError
from modgap.fetch.table import plain_row

# The two-tower models that are read, by what config.json calls them, with transformers' classes.
# The SigLIP 2 models of one size call themselves siglip too.
MODEL_CLASSES = {"clip": "CLIPModel", "siglip": "SiglipModel"}
# Files of a repository where the entry names none: what every such repository of today has.
USUAL_FILES = (
    "config.json",
    "preprocessor_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)
PROCESSORS = ("preprocessor_config.json", "processor_config.json")
TOKENIZERS = ("tokenizer.json", "vocab.json", "spiece.model", "tokenizer.model")
READ_SUFFIXES = (".json", ".safetensors", ".model", ".txt")
# Pillow's numbers of the ways to resize.
RESAMPLING = {2: "bilinear", 3: "bicubic"}
RESIZE_MODES = ("shortest", "squash")
GEOMETRIES = [f"{way}-{mode}" for way in RESAMPLING.values() for mode in RESIZE_MODES]
ADDRESS = "https://huggingface.co/{repo}/resolve/{revision}/{file}"
DIGITS = 12  # of a commit, enough to name a folder


def is_repository(entry):
    """Whether the workflow fetches the files of a model from a repository of transformers."""
    return entry["source"] == "transformers" and "repo" in entry


def repository_folder(entry):
    """Where a repository's files lie below the folder of downloads, and below a mirror."""
    return f"weights/{entry['repo']}/{entry['revision'][:DIGITS]}"


def repository_files(entry):
    """Names of the files that are fetched of a repository."""
    return entry.get("files", list(USUAL_FILES))


def resolve_repositories(config):
    """Give every model of a repository the folder of its files, ``path``.

    Returns a line for every model that names a folder of its own beside its repository.
    """
    twice = [
        f"models.{name}: gives both path and repo; name one of them"
        for name, entry in config["models"].items()
        if is_repository(entry) and "path" in entry
    ]
    # New mappings: the user's own may be read again.
    config["models"] = {
        name: {**entry, "path": f"{config['resources']}/{repository_folder(entry)}"}
        if is_repository(entry)
        else entry
        for name, entry in config["models"].items()
    }
    return twice


def repository_rows(config):
    """Rows like those of config/downloads.csv for the files of repositories, by name.

    A commit fixes what they are; their hashes are recorded at the first download.
    """
    rows = {}
    for entry in filter(is_repository, config["models"].values()):
        for file in repository_files(entry):
            name = f"{repository_folder(entry)}/{file}"
            address = ADDRESS.format(repo=entry["repo"], revision=entry["revision"], file=file)
            rows[name] = plain_row(name, address)
    return rows


def transformers_files(entry):
    """The files that such a model is read from."""
    folder = Path(entry["path"])
    if "repo" in entry:
        return [f"{folder}/{file}" for file in repository_files(entry)]
    return sorted(str(path) for path in folder.glob("*") if path.suffix in READ_SUFFIXES)


def read_settings_file(path):
    """The mapping in a JSON file, or an InputError."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise InputError(f"{path}: not JSON ({error})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: not a JSON mapping")
    return content


def model_kind(folder):
    """ "clip" or "siglip", as config.json says; InputError for any other."""
    path = Path(folder, "config.json")
    kind = read_settings_file(path).get("model_type")
    if kind == "siglip2":
        raise InputError(
            f"{path}: a SigLIP 2 for pictures of any shape (NaFlex), while crops here are square; "
            "take one of a fixed size"
        )
    if kind not in MODEL_CLASSES:
        raise InputError(f"{path}: model_type is {kind!r}; {', '.join(MODEL_CLASSES)} can be read")
    return kind


def find_processor(folder):
    """(path, settings) of what a model does to pictures, as transformers wrote it."""
    for name in PROCESSORS:
        path = Path(folder, name)
        if path.is_file():
            settings = read_settings_file(path)
            return path, settings.get("image_processor", settings)
    raise InputError(f"{folder}: holds no {PROCESSORS[0]}, so its pictures cannot be prepared")


def read_preprocessing(folder):
    """Preprocessing of a folder: size, interpolation, resize_mode, mean, std.

    Raises
    ------
    InputError : not there, or what no crop here can be: another way to resize, a crop smaller
        than the resized picture, a picture that is not square.
    """
    path, settings = find_processor(folder)
    try:
        return map_preprocessing(settings)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"no key {error}" if isinstance(error, KeyError) else error
        raise InputError(f"{path}: {reason}; such pictures cannot be made here") from error


def map_preprocessing(settings):
    """The same from the settings of an image processor; ValueError and kin for what cannot be."""
    if not settings.get("do_resize", True):
        raise ValueError("do_resize is off")
    size, resize_mode = square_size(settings)
    if settings["resample"] not in RESAMPLING:
        raise ValueError(f"resample is {settings['resample']}, not 2 (bilinear) or 3 (bicubic)")
    scale = settings.get("rescale_factor", 1 / 255)
    if not settings.get("do_rescale", True) or not math.isclose(scale, 1 / 255, rel_tol=1e-6):
        raise ValueError("pixels are not scaled to 0..1")
    mean, std = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    if settings.get("do_normalize", True):
        mean, std = (three_numbers(settings[key], key) for key in ("image_mean", "image_std"))
    return {
        "size": size,
        "interpolation": RESAMPLING[settings["resample"]],
        "resize_mode": resize_mode,
        "mean": mean,
        "std": std,
    }


def three_numbers(values, key):
    if len(values) != 3:
        raise ValueError(f"{key} has {len(values)} numbers, not 3")
    return tuple(map(float, values))


def square_size(settings):
    """(side in pixels, resize mode) of ``size`` and ``crop_size``."""
    size, crops = settings["size"], settings.get("do_center_crop", False)
    crop = square_side(settings["crop_size"], "crop_size") if crops else None
    if isinstance(size, dict) and "shortest_edge" not in size:
        side, mode = square_side(size, "size"), "squash"
    else:
        side = size["shortest_edge"] if isinstance(size, dict) else size
        mode = "shortest"
        if not crops:
            raise ValueError("size is that of the shortest edge and nothing is cropped")
        if isinstance(size, dict) and "longest_edge" in size:
            raise ValueError("size limits the longest edge too")
    if crop is not None and crop != side:
        raise ValueError(f"pictures are resized to {side} px, then cropped to {crop} px")
    return int(side), mode


def square_side(size, key):
    """The side of a square given as a number or as height and width."""
    if isinstance(size, int):
        return size
    if size["height"] != size["width"]:
        raise ValueError(f"{key} is {size['height']} x {size['width']} px, not square")
    return size["height"]


def is_fetched_whole(entry):
    """Whether all that tells a repository's preprocessing is there already."""
    folder = Path(entry["path"])
    return (folder / "config.json").is_file() and any((folder / p).is_file() for p in PROCESSORS)


def transformers_preprocessing(entry):
    """Preprocessing of a model entry; of a repository not fetched yet, what ``geometry`` says."""
    if "repo" not in entry or is_fetched_whole(entry):
        return read_preprocessing(entry["path"])
    size, interpolation, resize_mode = entry["geometry"].split("-")
    return {
        "size": int(size),
        "interpolation": interpolation,
        "resize_mode": resize_mode,
        "mean": None,
        "std": None,
    }


def transformers_problems(entry, root):
    """Lines for a model of source transformers, without the name of its entry."""
    if "path" not in entry:
        yield "path: give a folder, or repo with its revision and geometry"
        return
    if "repo" not in entry:
        yield from folder_lines(Path(entry["path"]), is_own=True)
        return
    found = list(repository_problems(entry))
    if not found and is_fetched_whole(entry):
        found = list(folder_lines(Path(entry["path"]), is_own=False))
        found = found or list(geometry_lines(entry))
    yield from found


def geometry_lines(entry):
    """The line for a repository whose files ask for other crops than its entry promised."""
    seen = read_preprocessing(entry["path"])
    asked = f"{seen['size']}-{seen['interpolation']}-{seen['resize_mode']}"
    if asked != entry["geometry"]:
        path, _ = find_processor(entry["path"])
        yield f"geometry: is {entry['geometry']}, but {path} asks for {asked}; write that"


def repository_problems(entry):
    """Lines for a repository that cannot be cut for, or of which too little is fetched."""
    size, _, rest = entry["geometry"].partition("-")
    if not size.isdigit() or rest not in GEOMETRIES:
        yield f"geometry: {entry['geometry']!r} is not of the form 224-bicubic-shortest"
    files = repository_files(entry)
    if not any(file.endswith(".safetensors") for file in files):
        yield "files: name none that ends in .safetensors; other weights are not read"
    if "config.json" not in files or not any(name in files for name in PROCESSORS):
        yield f"files: config.json and {PROCESSORS[0]} are needed"


def folder_lines(folder, is_own):
    """Lines for a folder that is no such model. is_own : of the user, so that it must be whole."""
    if not folder.is_dir():
        yield f"path: no folder {folder}"
        return
    try:
        model_kind(folder)
        read_preprocessing(folder)
    except InputError as error:
        yield f"path: {error}"
        return
    if is_own and not any(path.suffix == ".safetensors" for path in folder.iterdir()):
        yield f"path: {folder} holds no .safetensors; save it anew with safe_serialization"
    elif is_own and not any((folder / name).is_file() for name in TOKENIZERS):
        yield f"path: {folder} holds no tokenizer ({', '.join(TOKENIZERS)}); save its processor too"
