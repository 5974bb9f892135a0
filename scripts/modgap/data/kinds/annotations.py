"""Files of captions and labels of published datasets: COCO, FairFace, HatefulMemes, MixBench.

Standard library only: the workflow reads this when it counts the shards of a dataset.
"""

import csv

from modgap.data.archives import read_zip
from modgap.data.folders import is_zip
from modgap.errors import InputError
from modgap.inputs import open_input, parse_json
from modgap.job import LOG

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
    InputError : not the expected JSON, no caption for the split, a caption without its picture,
        a name or caption that is not text.
    """
    karpathy = split in KARPATHY
    content = read_json(path, "dataset_coco.json" if karpathy else f"captions_{split}.json")
    try:
        collect = karpathy_captions if karpathy else official_captions
        found, blank = drop_blank_captions(collect(content, path, split))
        if order == "ids":
            name, number = ("filename", "cocoid") if karpathy else ("file_name", "id")
            numbers = {image[name]: image[number] for image in content["images"]}
            found = dict(sorted(found.items(), key=lambda item: numbers[item[0]]))
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not the COCO caption format (no {error})") from error
    if not found:
        raise InputError(f"{path}: no captions for split {split!r}")
    if blank:
        LOG.info("%s: left out %d captions that are blank", path, blank)
    return found


def drop_blank_captions(captions):
    """Captions by file name without blank ones, and how many those were.

    A picture that has no other is left out with them.
    """
    kept = {name: [text for text in texts if text] for name, texts in captions.items()}
    blank = sum(map(len, captions.values())) - sum(map(len, kept.values()))
    return {name: texts for name, texts in kept.items() if texts or not captions[name]}, blank


def read_json(path, member=None):
    """A JSON file, or the member of a zip."""
    try:
        if is_zip(path):
            return parse_json(read_zip(path, member))
        with open_input(path, "r", encoding="utf-8-sig") as stream:
            return parse_json(stream.read())
    except ValueError as error:
        lines = "; call it .jsonl where every line is an object" if "Extra" in str(error) else ""
        raise InputError(f"{path}: not readable as JSON ({error}){lines}") from error


def official_rows(content, path):
    """(number of the annotation, file name, caption) in the order of ``captions_*.json``."""
    names = {}
    for number, image in enumerate(content["images"], start=1):
        name = check_name(image["file_name"], f"{path}, image {number}", "file_name")
        if names.setdefault(image["id"], name) != name:
            raise InputError(f"{path}, image {number}: id {image['id']!r} is another picture's")
    for number, annotation in enumerate(content["annotations"], start=1):
        yield number, names[annotation["image_id"]], annotation["caption"]


def check_text(value, where, what):
    """``value``, or an InputError where it is no text or has a null byte in it."""
    if not isinstance(value, str):
        raise InputError(f"{where}: {what} is {value!r}, which is not text")
    if "\0" in value:
        raise InputError(f"{where}: {what} has a null byte in it; remove it")
    return value


def check_name(value, where, what):
    """``value``, or an InputError where it is no text or only white space."""
    if not check_text(value, where, what).strip():
        raise InputError(f"{where}: {what} is empty")
    return value


def official_captions(content, path, _):
    """Captions by file name from ``captions_*.json``."""
    found = {}
    for number, name, caption in official_rows(content, path):
        caption = check_text(caption, f"{path}, annotation {number}", "caption")
        found.setdefault(name, []).append(caption.strip())
    return found


def karpathy_captions(content, path, split):
    """Captions by file name from ``dataset_coco.json``; ``restval`` belongs to training."""
    found = {}
    for number, image in enumerate(content["images"], start=1):
        if image["split"] not in KARPATHY[split]:
            continue
        where = f"{path}, image {number}"
        name = check_name(image["filename"], where, "filename")
        if name in found:
            raise InputError(f"{where}: picture {name!r} is named twice")
        texts = [sentence["raw"] for sentence in image["sentences"]]
        found[name] = [check_text(text, where, "a caption").strip() for text in texts]
    return found


def read_faces(path):
    """Rows of a label file: row number, file, age, gender, race.

    Raises
    ------
    InputError : missing file or column, a column or a face twice, an empty cell, a gender that is
        not known, a race without a name.
    """
    try:
        with open_input(path, "r", newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            found = reader.fieldnames or []
            for name in FACE_COLUMNS:
                if found.count(name) != 1:
                    said = "two columns" if name in found else "no column"
                    raise InputError(f"{path}: {said} {name!r} in the first row")
            rows = [
                {"row": number, **{name: (line[name] or "").strip() for name in FACE_COLUMNS}}
                for number, line in enumerate(reader, start=2)
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a readable CSV in UTF-8 ({error})") from error
    seen = {}
    for row in rows:
        empty = [name for name in FACE_COLUMNS if not row[name]]
        if empty:
            raise InputError(f"{path}, row {row['row']}: empty {empty[0]}")
        if row["gender"] not in GENDERS:
            raise InputError(
                f"{path}, row {row['row']}: gender {row['gender']!r} is neither Male nor Female"
            )
        if not row["race"].split("_")[0].strip():
            raise InputError(f"{path}, row {row['row']}: race {row['race']!r} has no name")
        # A face is told by the last two parts of its path.
        face = "/".join(row["file"].split("/")[-2:])
        if seen.setdefault(face, row["row"]) != row["row"]:
            raise InputError(
                f"{path}, row {row['row']}: {row['file']!r} stands in row {seen[face]} as well; "
                "keep one of them"
            )
    if not rows:
        raise InputError(f"{path}: no face in it, only a header")
    return rows


def read_lines(path):
    """(row, text) of every line of a file that is not blank, rows from 1."""
    try:
        with open_input(path, "r", encoding="utf-8-sig") as stream:
            # Not splitlines: a text may hold U+2028 and its like.
            lines = stream.read().split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not text in UTF-8 ({error})") from error
    return [(row, line) for row, line in enumerate(lines, start=1) if line.strip()]


def read_memes(path):
    """Rows of a ``.jsonl`` file: row number, img, label (0 or 1), text.

    Raises
    ------
    InputError : missing file, a row that is not JSON, without picture or label, named twice.
    """
    memes, seen = [], set()
    for row, line in read_lines(path):
        try:
            meme = parse_json(line)
            meme = {"row": row, **{key: meme[key] for key in ("img", "label", "text")}}
        except KeyError as error:
            raise InputError(
                f"{path}, row {row}: no {error}; take a split that has pictures and labels"
            ) from error
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}, row {row}: not a JSON object ({error})") from error
        if meme["label"] not in (0, 1):
            raise InputError(f"{path}, row {row}: label {meme['label']!r} is neither 0 nor 1")
        meme["label"] = int(meme["label"])  # true and 1.0 are 1
        check_name(meme["img"], f"{path}, row {row}", "img")
        check_text(meme["text"], f"{path}, row {row}", "text")
        if meme["img"].startswith("/") or ".." in meme["img"].split("/"):
            raise InputError(f"{path}, row {row}: picture {meme['img']!r} leads outside the folder")
        if meme["img"] in seen:
            raise InputError(f"{path}, row {row}: picture {meme['img']!r} is named twice")
        seen.add(meme["img"])
        memes.append(meme)
    if not memes:
        raise InputError(f"{path}: no meme in it")
    return memes


def read_mixbench(queries, corpus, qrels):
    """Queries of a mixed search, each with the document that answers it, as the queries come.

    Parameters
    ----------
    queries, corpus : ``.jsonl`` files, an object a line with ``query_id`` or ``corpus_id``,
        ``text`` and ``image`` (a file name).
    qrels : a table with tabs: ``query_id``, ``corpus_id``, ``score``.

    Returns
    -------
    list of dicts: ``query_id``; ``row`` of its document in ``corpus``, its ``text`` and ``image``
    ("" where it has none); ``texts``: the query, the text of the document, then other queries that
    the document answers too.

    Raises
    ------
    InputError : a file that is not so, an id that is twice or nowhere, a query without words or
        with a picture, a query that no document or more than one answers.
    """
    asked, documents = read_searched(queries, "query_id"), read_searched(corpus, "corpus_id")
    answers = read_relevant(qrels, queries, asked, corpus, documents)
    asking = {}
    for query, one in asked.items():
        where = f"{queries}, row {one['row']}"
        if one["image"] or not one["text"]:
            raise InputError(f"{where}: query {query!r} is not a text alone; leave this set out")
        if query not in answers:
            raise InputError(f"{where}: no row of {qrels} answers query {query!r}")
        asking.setdefault(answers[query], []).append(one["text"])
    found = []
    for query, one in asked.items():
        document = documents[answers[query]]
        others = [text for text in asking[answers[query]] if text != one["text"]]
        texts = [one["text"], document["text"], *others]
        found.append({**document, "query_id": query, "texts": texts})
    return found


def read_searched(path, key):
    """Queries or documents by their id: row, text, image; "" for what one does not have."""
    found = {}
    for row, line in read_lines(path):
        where = f"{path}, row {row}"
        try:
            one = parse_json(line)
            name = str(one[key])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{where}: not a JSON object with {key!r} ({error})") from error
        if name in found:
            raise InputError(f"{where}: {key} {name!r} stands in row {found[name]['row']} as well")
        parts = {part: one.get(part) or "" for part in ("text", "image")}
        for part, value in parts.items():
            parts[part] = check_text(value, where, part).strip()
        found[name] = {"row": row, **parts}
    if not found:
        raise InputError(f"{path}: nothing in it")
    return found


def read_relevant(path, queries, asked, corpus, documents):
    """The id of the document that answers each query."""
    answers, (first, *lines) = {}, read_lines(path) or [(1, "")]
    header = [name.strip() for name in first[1].split("\t")]
    columns = ("query_id", "corpus_id", "score")
    if missing := [name for name in columns if name not in header]:
        raise InputError(f"{path}: no column {missing[0]!r} in the first row, between tabs")
    for row, line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) != len(header):
            raise InputError(f"{path}, row {row}: {len(cells)} cells, the header has {len(header)}")
        query, document, score = (cells[header.index(name)] for name in columns)
        for name, known, file in ((query, asked, queries), (document, documents, corpus)):
            if name not in known:
                raise InputError(f"{path}, row {row}: {name!r} is not in {file}")
        if score == "0":
            continue
        if query in answers:
            raise InputError(f"{path}, row {row}: a second document for query {query!r}; keep one")
        answers[query] = document
    return answers
