"""Columns of datasets that HuggingFace ``datasets`` saved to disk, read without that package.

``save_to_disk`` writes a folder with ``state.json``, whose ``_data_files`` name the arrow files
(stream format) in order, and ``dataset_info.json``; of several splits a folder each, and
``dataset_dict.json`` above them.
"""

import json
from pathlib import Path

from modgap.embeddings.formats.arrays import choose_list_column, open_arrow, stack_lists
from modgap.errors import InputError
from modgap.inputs import check_file
from modgap.tables import load_arrow


def read_saved_dataset(folder, name=None):
    """A column of lists of a saved dataset as (n, dim) floats.

    folder : of ``save_to_disk``. name : the column; ``embedding``, or the only one of lists.

    Raises
    ------
    InputError : no such folder, splits, files that are missing or damaged, no such column.
    """
    folder = Path(folder)
    splits = folder / "dataset_dict.json"
    if splits.is_file():
        found = ", ".join(read_object(splits).get("splits", []))
        raise InputError(f"{folder}: holds splits ({found}); give the folder of one of them")
    state = folder / "state.json"
    if not state.is_file():
        raise InputError(
            f"{folder}: a folder without state.json is no dataset that save_to_disk wrote; give a "
            "file of embeddings"
        )
    content = read_object(state)
    if content.get("_indices_data_files"):
        raise InputError(
            f"{folder}: an old version of datasets saved a selection of rows here; load it and "
            "save it again"
        )
    files = [part.get("filename", "") for part in content.get("_data_files") or []]
    if not files or any(not file or Path(file).name != file for file in files):
        raise InputError(f"{state}: '_data_files' has to name files of its folder; save it again")
    table = load_arrow().concat_tables([open_arrow(str(folder / file)) for file in files])
    chosen = choose_list_column(str(folder), name, table.schema)
    return stack_lists(str(folder), chosen, table.column(chosen).combine_chunks())


def read_object(path):
    """An object of a JSON file."""
    try:
        content = json.loads(Path(check_file(str(path))).read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path}: not readable as JSON ({error})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a JSON object")
    return content
