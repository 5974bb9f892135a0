"""Files of captions and labels of published datasets: COCO, FairFace, HatefulMemes.

Standard library only: the workflow reads this when it counts the shards of a dataset.
"""

import csv
import json

from modgap.data.archives import read_zip
from modgap.data.folders import is_zip
from modgap.errors import InputError

KARPATHY = {
    "karpathy-train": ("train", "restval"),
    "karpathy-val": ("val",),
    "karpathy-test": ("test",),
}

FACE_COLUMNS = ("file", "age", "gender", "race")
GENDERS = {"Male": "man", "Female": "woman"}


def read_coco(path, split, order="annotations"):
    """Captions by file name.

    Parameters
    ----------
    path : the JSON file, or the zip that holds it.
    split : such as ``val2017`` (file ``captions_val2017.json``) or ``karpathy-test``
        (``dataset_coco.json``).
    order : "annotations", in which pictures first appear among the captions, or "ids", by COCO's
        number of the picture (as torchvision's CocoCaptions).

    Raises
    ------
    InputError : not the expected JSON, no caption for the split, a caption without its picture.
    """
    karpathy = split in KARPATHY
    content = read_json(path, "dataset_coco.json" if karpathy else f"captions_{split}.json")
    try:
        found = karpathy_captions(content, split) if karpathy else official_captions(content)
        if order == "ids":
            name, number = ("filename", "cocoid") if karpathy else ("file_name", "id")
            numbers = {image[name]: image[number] for image in content["images"]}
            found = dict(sorted(found.items(), key=lambda item: numbers[item[0]]))
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: not the COCO caption format (no {error})") from error
    if not found:
        raise InputError(f"{path}: no captions for split {split!r}")
    return found


def read_json(path, member=None):
    """A JSON file, or the member of a zip."""
    try:
        if is_zip(path):
            return json.loads(read_zip(path, member))
        with open(path, encoding="utf-8-sig") as stream:
            return json.load(stream)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except ValueError as error:
        lines = "; call it .jsonl where every line is an object" if "Extra" in str(error) else ""
        raise InputError(f"{path}: not readable as JSON ({error}){lines}") from error


def official_rows(content):
    """(number of the annotation, file name, caption) in the order of ``captions_*.json``."""
    names = {image["id"]: image["file_name"] for image in content["images"]}
    for number, annotation in enumerate(content["annotations"], start=1):
        yield number, names[annotation["image_id"]], annotation["caption"]


def official_captions(content):
    """Captions by file name from ``captions_*.json``."""
    found = {}
    for _, name, caption in official_rows(content):
        found.setdefault(name, []).append(caption.strip())
    return found


def karpathy_captions(content, split):
    """Captions by file name from ``dataset_coco.json``; ``restval`` belongs to training."""
    return {
        image["filename"]: [sentence["raw"].strip() for sentence in image["sentences"]]
        for image in content["images"]
        if image["split"] in KARPATHY[split]
    }


def read_faces(path):
    """Rows of a label file: row number, file, age, gender, race.

    Raises
    ------
    InputError : missing file or column, an empty cell, a gender that is not known.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in FACE_COLUMNS if name not in (reader.fieldnames or [])]
            if missing:
                raise InputError(f"{path}: no column {missing[0]!r} in the first row")
            rows = [
                {"row": number, **{name: (line[name] or "").strip() for name in FACE_COLUMNS}}
                for number, line in enumerate(reader, start=2)
            ]
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a readable CSV in UTF-8 ({error})") from error
    for row in rows:
        empty = [name for name in FACE_COLUMNS if not row[name]]
        if empty:
            raise InputError(f"{path}, row {row['row']}: empty {empty[0]}")
        if row["gender"] not in GENDERS:
            raise InputError(
                f"{path}, row {row['row']}: gender {row['gender']!r} is neither Male nor Female"
            )
    if not rows:
        raise InputError(f"{path}: no face in it, only a header")
    return rows


def read_memes(path):
    """Rows of a ``.jsonl`` file: row number, img, label (0 or 1), text.

    Raises
    ------
    InputError : missing file, a row that is not JSON, without picture or label, named twice.
    """
    try:
        with open(path, encoding="utf-8") as stream:
            lines = [line for line in stream.read().splitlines() if line.strip()]
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    memes, seen = [], set()
    for row, line in enumerate(lines, start=1):
        try:
            meme = json.loads(line)
            meme = {"row": row, **{key: meme[key] for key in ("img", "label", "text")}}
        except KeyError as error:
            raise InputError(
                f"{path}, row {row}: no {error}; take a split that has pictures and labels"
            ) from error
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}, row {row}: not a JSON object ({error})") from error
        if meme["label"] not in (0, 1):
            raise InputError(f"{path}, row {row}: label {meme['label']!r} is neither 0 nor 1")
        if meme["img"].startswith("/") or ".." in meme["img"].split("/"):
            raise InputError(f"{path}, row {row}: picture {meme['img']!r} leads outside the folder")
        if meme["img"] in seen:
            raise InputError(f"{path}, row {row}: picture {meme['img']!r} is named twice")
        seen.add(meme["img"])
        memes.append(meme)
    if not memes:
        raise InputError(f"{path}: no meme in it")
    return memes
