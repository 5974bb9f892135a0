"""Files of captions and labels: caption tables, COCO's, FairFace's and HatefulMemes' own.

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


def read_coco(path, split):
    """Captions by file name, in the order in which pictures first appear among the captions.

    Parameters
    ----------
    path : the JSON file, or the zip that holds it.
    split : such as ``val2017`` (file ``captions_val2017.json``) or ``karpathy-test``
        (``dataset_coco.json``).

    Raises
    ------
    InputError : not the expected JSON, no caption for the split, a caption without its picture.
    """
    karpathy = split in KARPATHY
    content = read_json(path, "dataset_coco.json" if karpathy else f"captions_{split}.json")
    try:
        found = karpathy_captions(content, split) if karpathy else official_captions(content)
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: not the COCO caption format (no {error})") from error
    if not found:
        raise InputError(f"{path}: no captions for split {split!r}")
    return found


def read_json(path, member):
    """A JSON file, or the member of a zip."""
    try:
        if is_zip(path):
            return json.loads(read_zip(path, member))
        with open(path, encoding="utf-8") as stream:
            return json.load(stream)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except ValueError as error:
        raise InputError(f"{path}: not readable as JSON ({error})") from error


def official_captions(content):
    """Captions by file name from ``captions_*.json``."""
    names = {image["id"]: image["file_name"] for image in content["images"]}
    found = {}
    for annotation in content["annotations"]:
        found.setdefault(names[annotation["image_id"]], []).append(annotation["caption"].strip())
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


def read_captions(path):
    """Rows of a caption file as (row, image, caption), in the order of the file.

    The row is the number a spreadsheet shows: the header is row 1. Other columns are ignored.

    Raises
    ------
    InputError : unreadable file, missing column, no caption, a row of the wrong length or with an
        empty cell.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            lines = list(csv.reader(stream))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a readable CSV in UTF-8 ({error})") from error
    header = [name.strip() for name in lines[0]] if lines else []
    for column in ("image", "caption"):
        if column not in header:
            found = ", ".join(header) or "nothing"
            raise InputError(f"{path}: no column '{column}' in the first row (found: {found})")
    rows = []
    for row, cells in enumerate(lines[1:], start=2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise InputError(
                f"{path}, row {row}: {len(cells)} cells, but the header has {len(header)}; "
                "put a caption with commas in double quotes"
            )
        image = cells[header.index("image")].strip()
        caption = cells[header.index("caption")].strip()
        for column, value in (("image", image), ("caption", caption)):
            if not value:
                raise InputError(f"{path}, row {row}: empty {column}")
        rows.append((row, image, caption))
    if not rows:
        raise InputError(f"{path}: no caption in it, only a header")
    return rows


def captioned_images(path):
    """The different image names of a caption file, in order of first appearance."""
    return list(dict.fromkeys(image for _, image, _ in read_captions(path)))
