"""Caption files of users: tables with any usual separator, and JSON of four layouts.

Standard library only: the workflow reads this when it counts the shards of a dataset.
"""

import codecs
import csv
import io
import os
from collections import Counter

from modgap.data.folders import IMAGE_SUFFIXES
from modgap.data.kinds.annotations import official_rows, read_json
from modgap.errors import InputError
from modgap.inputs import open_input, parse_json

SEPARATORS = (",", ";", "\t", "|")

# What other tools call the two columns, the likelier names first; they are only suggested.
LIKELY = {
    "image": [
        *("file_name", "filename", "file", "image_name", "image_path", "image_file", "filepath"),
        *("file_path", "path", "img", "image", "picture", "photo", "jpg", "image_id"),
    ],
    "caption": [
        *("text", "captions", "caption", "sentence", "sentences", "description", "raw", "comment"),
        *("title", "prompt", "txt"),
    ],
}


def read_captions(path, columns=None):
    """Rows of a caption file as (place, image, caption), in the order of the file.

    The layout follows from the suffix: ``.json`` is COCO's (images and annotations), Karpathy's
    (images with sentences) or a list of objects, ``.jsonl`` has an object a line, anything else is
    a table. An object's caption may be a list. Other columns and keys are ignored.

    Parameters
    ----------
    columns : dict with the names of the columns or keys ``image`` and ``caption``, where they are
        others.

    Returns
    -------
    list of tuples: where the row is ("row 3" as a spreadsheet counts, the header being row 1),
    the picture as the file names it, its caption ("" where it is empty).

    Raises
    ------
    InputError : unreadable file, unknown layout, missing column, no row, a row of the wrong length
        or without a picture.
    """
    path = str(path)
    suffix = os.path.splitext(path)[1].lower()
    names = {"image": "image", "caption": "caption", **(columns or {})}
    if suffix == ".json":
        rows = json_rows(read_json(path), path, names, columns)
    elif suffix in (".jsonl", ".ndjson"):
        rows = object_rows(read_objects(path), path, names)
    else:
        rows = table_rows(path, names)
    rows = [
        (place, as_text(image, path, place, "image"), as_text(caption, path, place, "caption"))
        for place, image, caption in rows
    ]
    for place, image, _ in rows:
        if not image:
            raise InputError(f"{path}, {place}: empty {names['image']}")
    if not rows:
        raise InputError(f"{path}: no caption in it")
    return rows


def as_text(value, path, place, what):
    """A cell or a JSON value as stripped text; null is empty."""
    if value is not None and not isinstance(value, str):
        raise InputError(f"{path}, {place}: {what} is {value!r}, which is not text")
    if "\0" in (value or ""):
        raise InputError(f"{path}, {place}: {what} has a null byte in it; remove it")
    return (value or "").strip()


def refuse_empty_captions(rows, path):
    """Raise an InputError for the first row whose caption is empty."""
    place = next((place for place, _, caption in rows if not caption), None)
    if place:
        raise InputError(
            f"{path}, {place}: empty caption; write one, remove the row, or set "
            "pixels.on_bad_sample: skip to leave it out"
        )


def choose_captioned(rows, path):
    """The different images that have a caption, in the order in which the file first names them.

    Raises
    ------
    InputError : none has one.
    """
    captioned = {image for _, image, caption in rows if caption}
    if not captioned:
        raise InputError(f"{path}: every caption in it is empty")
    return [image for image in dict.fromkeys(row[1] for row in rows) if image in captioned]


def decode_text(path):
    """The text of a file in UTF-8, or in UTF-16 where it starts by saying so."""
    with open_input(path) as stream:
        content = stream.read()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{path}, line {line}: not text in UTF-8; save it as 'CSV UTF-8' or as .jsonl"
        ) from error


def table_rows(path, names):
    """(place, image, caption) of a table whose first row has the names of its columns."""
    text = decode_text(path)
    separator = find_separator(text, names)
    lines = split_cells(text, separator, path)
    header = [name.strip() for name in lines[0]] if lines else []
    check_names(header, names, path, "column", " in the first row")
    twice = next((name for name in names.values() if header.count(name) > 1), None)
    if twice:
        raise InputError(f"{path}: {header.count(twice)} columns are called {twice!r}; rename one")
    places = [header.index(names[role]) for role in ("image", "caption")]
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise InputError(
                f"{path}, row {number}: {len(cells)} cells, but the header has {len(header)}; put "
                "a caption that has the separator in it in double quotes"
            )
        if any(holds_row(cell, cells[places[0]], len(header), separator) for cell in cells):
            raise InputError(
                f"{path}, row {number}: a cell in quotes goes on over the next row; close the "
                "quotes of its caption"
            )
        yield f"row {number}", *(cells[place] for place in places)


def holds_row(cell, image, width, separator):
    """Whether a cell of several lines has swallowed a row: one of them begins like one.

    That is a line of as many cells as the header, one of them a picture of the kind that the
    row's own is.
    """
    suffixes = {*IMAGE_SUFFIXES, os.path.splitext(image.split("\n")[0])[1].lower()} - {""}
    for line in cell.splitlines()[1:]:
        cells = line.split(separator)
        names = (os.path.splitext(one.strip(' "')) for one in cells)
        if len(cells) >= width and any(
            end.lower() in suffixes and " " not in end for _, end in names
        ):
            return True
    return False


def find_separator(text, names):
    """What separates the columns: what makes the header have the names, else the most cells."""
    headers = {separator: header_cells(text, separator) for separator in SEPARATORS}
    fitting = (s for s in SEPARATORS if set(names.values()) <= set(headers[s]))
    return next(fitting, max(SEPARATORS, key=lambda separator: len(headers[separator])))


def header_cells(text, separator):
    """The cells of the first row under one separator; none where they cannot be read."""
    try:
        cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator), [])
    except csv.Error:
        return []
    return [cell.strip() for cell in cells]


def split_cells(text, separator, path):
    """Rows of cells. Quotes count as CSV's, or in a TSV where they make no sense as characters.

    Raises
    ------
    InputError : a quote that is not closed, or not doubled within a quoted cell; a cell of more
        than 131,072 characters.
    """
    lines, tabs = [], separator == "\t"
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in reader:
            if tabs and any("\t" in cell and "\n" in cell for cell in cells):
                raise csv.Error("a quoted cell reaches over rows")
            lines.append(cells)
    except csv.Error as error:
        if tabs:
            return split_unquoted(text, separator, path)
        reason = (
            f"over {csv.field_size_limit():,} characters in a cell, or quotes that do not close"
            if "field limit" in str(error)
            else f"quotes that do not close ({error})"
        )
        raise InputError(
            f"{path}, row {len(lines) + 1}: {reason}; put the whole caption in double quotes and "
            "write those inside twice"
        ) from error
    return lines


def split_unquoted(text, separator, path):
    """Rows of cells in which a quote is a character like any other."""
    lines = []
    plain = io.StringIO(text, newline="")
    try:
        for cells in csv.reader(plain, delimiter=separator, quoting=csv.QUOTE_NONE):
            lines.append(cells)
    except csv.Error as error:
        raise InputError(f"{path}, row {len(lines) + 1}: cannot be read ({error})") from error
    return lines


def check_names(found, names, where, noun, place=""):
    """Raise an InputError unless the names of image and caption are among those found.

    The message has what was found and, where some are well-known names, how to say so.
    """
    missing = [role for role in names if names[role] not in found]
    if not missing:
        return
    rest = [name for name in found if name not in names.values()]
    guesses = {role: guess_name(role, rest) for role in missing}
    told = ", ".join(f"{role}: {guess}" for role, guess in guesses.items())
    raise InputError(
        f"{where}: no {noun} {names[missing[0]]!r}{place} (found: {', '.join(found) or 'nothing'});"
        f" say what they are called with columns: {{{told}}}"
    )


def guess_name(role, found):
    """The likeliest name of a role among those found, whatever its case, or dots."""
    by_lower = {name.lower(): name for name in reversed(found)}
    return next((by_lower[name] for name in LIKELY[role] if name in by_lower), "...")


def read_objects(path):
    """(place, value) of every line of a file of JSON lines."""
    for number, line in enumerate(decode_text(path).split("\n"), start=1):
        if line.strip():
            try:
                yield f"line {number}", parse_json(line)
            except ValueError as error:
                raise InputError(f"{path}, line {number}: not JSON ({error})") from error


def object_rows(objects, path, names):
    """(place, image, caption) of objects; one whose caption is a list has a row for each."""
    for place, value in objects:
        where = f"{path}, {place}"
        if not isinstance(value, dict):
            raise InputError(f"{where}: not an object with keys such as image and caption")
        check_names(list(value), names, where, "key")
        image, captions = value[names["image"]], value[names["caption"]]
        if not isinstance(captions, list):
            yield place, image, captions
            continue
        for number, caption in enumerate(captions or [""], start=1):
            yield f"{place}, caption {number}", image, caption


def json_rows(content, path, names, columns):
    """(place, image, caption) of a JSON file in one of the layouts that are known."""
    if isinstance(content, list):
        objects = ((f"object {number}", one) for number, one in enumerate(content, start=1))
        yield from object_rows(objects, path, names)
        return
    keys = list(content) if isinstance(content, dict) else []
    if "images" not in keys:
        raise InputError(
            f"{path}: none of the layouts that are known (COCO's with images and annotations, "
            "Karpathy's with images and sentences, a list of objects with image and caption); "
            f"found: {', '.join(keys) or type(content).__name__}"
        )
    if columns:
        raise InputError(f"{path}: columns are for tables and lists of objects; leave them out")
    try:
        if "annotations" in keys:
            for number, image, caption in official_rows(content, path):
                yield f"annotation {number}", image, caption
        else:
            yield from sentence_rows(content["images"])
    except (KeyError, TypeError, AttributeError) as error:
        layout = "COCO's" if "annotations" in keys else "Karpathy's"
        raise InputError(f"{path}: not {layout} caption format (no {error})") from error


def sentence_rows(images):
    """(place, image, caption) of Karpathy's layout, all splits.

    The folder counts (``filepath``) only where two pictures have the same name.
    """
    common = Counter(image["filename"] for image in images)
    for number, image in enumerate(images, start=1):
        name = image["filename"]
        if common[name] > 1 and image.get("filepath"):
            name = f"{image['filepath']}/{name}"
        for k, sentence in enumerate(image["sentences"] or [{"raw": ""}], start=1):
            yield f"image {number}, sentence {k}", name, sentence["raw"]
