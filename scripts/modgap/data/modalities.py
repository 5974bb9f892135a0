"""Ready embeddings as an entry of the configuration names them: modalities, files, owners, pairs.

Standard library only: the workflow reads this while it is parsed.
"""

import itertools

from modgap.data.shards import sharded_columns

# What comes with ready embeddings for zero-shot classification only.
CLASS_FILES = ["labels", "class_prompts"]

# Files of ready embeddings: what NumPy and Arrow read, and what takes torch.
ARRAY_SUFFIXES = (".npy", ".npz", ".parquet", ".arrow", ".csv", ".tsv")
TENSOR_SUFFIXES = (".pt", ".pth", ".safetensors")

# Files that say which item each row of ready embeddings belongs to.
OWNER_SUFFIXES = (".npy", ".csv", ".parquet")


def modality_names(entry):
    """Names of the modalities of ready embeddings, in their order: ``first`` and ``second`` where
    nothing else is said.
    """
    # The schema has not been checked yet where sets are derived from the names.
    if isinstance(entry.get("files"), dict):
        return list(entry["files"])
    if "folder" in entry:
        return list(sharded_columns(entry))
    given = entry.get("columns") if "file" in entry else None
    columns = list(given) if isinstance(given, dict) else ["first", "second"]
    names = entry.get("names")
    return names if columns == ["first", "second"] and isinstance(names, list) else columns


def owned_modalities(entry):
    """Modalities of ready embeddings that may have several rows an item, as ``owner`` says."""
    owner, names = entry.get("owner"), modality_names(entry)
    # Named without a modality, it is of the second, as texts usually are.
    return list(owner) if isinstance(owner, dict) else names[1:2] if owner else []


def modality_pairs(entry):
    """Pairs of modalities whose gap is measured.

    One with several rows an item is the second of a pair; two such have no rows that belong
    together one by one.
    """
    names, several = modality_names(entry), owned_modalities(entry)
    pairs = itertools.combinations(names, 2)
    ordered = [tuple(sorted(pair, key=lambda name: name in several)) for pair in pairs]
    return [pair for pair in ordered if pair[0] not in several]


def embedding_sources(_, entry, folder):
    """``modalities``: of each its name, file, array in it, column of ids and owners of its rows."""
    names = modality_names(entry)
    if "folder" in entry:  # its shards are listed when the run is planned
        return entry
    return {**entry, "modalities": [describe_modality(entry, names, name) for name in names]}


def describe_modality(entry, names, name):
    """Where one modality of ready embeddings is read from."""
    position = names.index(name)
    side = ["first", "second"][position] if "files" not in entry and position < 2 else name
    columns = entry.get("columns")
    array = (columns.get(name) or columns.get(side)) if isinstance(columns, dict) else columns
    if "file" in entry:
        path = entry["file"]
        # A file of both without names holds them as blocks.
        array = position if array is None else array
    else:
        path = entry["files"][name] if "files" in entry else entry[side]
    owner = entry.get("owner")
    if isinstance(owner, str):
        owner = {other: owner for other in owned_modalities(entry)}
    return {
        "name": name,
        "path": path,
        "array": array,
        "id": entry.get("id"),
        "owner": locate_owners((owner or {}).get(name)),
        "groups": locate_owners(entry.get("groups")),
        "paired": entry.get("paired", True),
    }


def locate_owners(given):
    """A file or the name of a column, as ``owner`` and ``groups`` may be either."""
    if given is None:
        return None
    return {"file" if given.endswith(OWNER_SUFFIXES) else "column": given}


def embedding_paths(entry):
    """Every path of ready embeddings by the key that names it."""
    for key in ("folder", "file", "first", "second"):
        if key in entry:
            yield key, entry[key]
    for name, path in entry.get("files", {}).items():
        yield f"files.{name}", path
    given = {"owner": entry.get("owner"), "groups": entry.get("groups")}
    if isinstance(given["owner"], dict):
        given |= {f"owner.{name}": value for name, value in given.pop("owner").items()}
    for key, value in given.items():
        if value is not None and "file" in locate_owners(value):
            yield key, value
    for key in CLASS_FILES:
        if key in entry:
            yield key, entry[key]


def embedding_problems(datasets):
    """One line per entry of ready embeddings that does not say what to read (after the schema)."""
    lines = []
    for dataset, entry in datasets.items():
        if entry["kind"] == "embeddings":
            lines += [f"datasets.{dataset}{problem}" for problem in modality_problems(entry)]
    return lines


def modality_problems(entry):
    """What is wrong with one entry of ready embeddings."""
    names = modality_names(entry)
    if "folder" in entry:
        yield from sharded_problems(entry, names)
        return
    if "shards_per_job" in entry:
        yield ".shards_per_job: only a 'folder' has shards; leave it out"
    for key, path in embedding_paths(entry):
        known = {"labels": (".csv", ".parquet"), "class_prompts": ARRAY_SUFFIXES}.get(
            key,
            OWNER_SUFFIXES
            if key.startswith(("owner", "groups"))
            else (*ARRAY_SUFFIXES, *TENSOR_SUFFIXES),
        )
        if not path.endswith(known):
            yield f".{key}: {path} is no {' or '.join(known)}"
    single = entry.get("file", "")
    if single.endswith((*ARRAY_SUFFIXES[1:], *TENSOR_SUFFIXES)) and "columns" not in entry:
        yield (
            ".columns: say which array or column is which modality, such as "
            "{first: image_embedding, second: text_embedding}"
        )
    columns = entry.get("columns")
    if single and not single.endswith(".npy") and isinstance(columns, str):
        yield f".columns: {columns!r} is one column for all modalities; name one for each"
    elif single and isinstance(columns, dict) and len(set(columns.values())) < len(columns):
        yield ".columns: two modalities have the same column"
    if single.endswith(".npy") and "columns" in entry:
        yield ".columns: an .npy has none; its two blocks are the two modalities"
    if "names" in entry and len(entry["names"]) != 2:
        yield f".names: name both modalities, not {len(entry['names'])}"
    if "names" in entry and "files" in entry:
        yield ".names: 'files' names the modalities; drop 'names'"
    for key in ("columns", "owner"):
        given = entry.get(key)
        for name in given if isinstance(given, dict) else []:
            if name not in (*names, *(["first", "second"] if "files" not in entry else [])):
                yield f".{key}: no modality named {name!r}; there are {', '.join(names)}"
    if len(names) < 2 and "names" not in entry and "class_prompts" not in entry:
        yield ": one modality has no gap; name a second, or give 'labels' and 'class_prompts'"
    if len(names) > 1 and not modality_pairs(entry):
        yield ".owner: every modality has several rows an item, so no two rows are a pair"
    if not entry.get("paired", True):
        for key in ("id", "owner", "groups"):
            if key in entry:
                yield f".{key}: it says which rows belong together, and with paired: false none do"
    if "owner" in entry and "groups" in entry:
        yield ": give either 'owner' or 'groups'"


def sharded_problems(entry, names):
    """What is wrong with an entry of ready embeddings in shards."""
    columns = entry.get("columns", {})
    if not isinstance(columns, dict):
        yield f".columns: {columns!r} is one for both modalities; name one for each"
    elif len(names) != 2:
        yield f".columns: a folder holds two modalities; name two, not {len(names)}"
    elif len(set(sharded_columns(entry).values())) < 2:
        yield ".columns: two modalities have the same folder, array or column"
    for key in ("names", "owner", "labels"):
        if key in entry:
            yield f".{key}: row i of both modalities of a folder is one item; leave it out"
    if "groups" in entry and "file" in locate_owners(entry["groups"]):
        yield ".groups: a folder has a column of ids in its files; name that"
    if "groups" in entry and "id" in entry:
        yield ": give either 'groups' or 'id': of a folder both name the pictures"
    if not entry.get("paired", True):
        yield ".paired: rows of a folder are pairs; leave it out"
