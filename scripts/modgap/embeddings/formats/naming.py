"""Named arrays in files of embeddings: which one is meant, identifiers as texts, damaged files."""

import numpy as np

from modgap.errors import InputError


def unreadable(path, what, error):
    """The one line for a file whose bytes are not what its suffix says."""
    if "Object arrays" in str(error):
        return InputError(
            f"{path}: holds pickled objects, which are never loaded; save it again with a "
            "floating dtype"
        )
    reason = " ".join(str(error).split())
    return InputError(f"{path}: not a readable {what} ({reason})")


def choose_name(path, name, names):
    """``name``, or the only one of ``names`` where none is given."""
    if name is not None:
        return check_named(path, name, names)
    if len(set(names)) == 1:
        check_named(path, names[0], names)
        return names[0]
    raise InputError(
        f"{path}: holds {', '.join(names)}; say which with 'columns: {{modality: NAME}}'"
    )


def check_named(path, name, names):
    """``name``, or an InputError that lists what there is, or that it is there twice."""
    if list(names).count(name) > 1:
        raise InputError(f"{path}: {list(names).count(name)} of its columns are called {name!r}")
    if name not in names:
        raise InputError(f"{path}: no {name!r} in it (found: {', '.join(names)})")
    return name


def as_texts(values):
    """A column of identifiers as texts; whole numbers without a decimal point.

    Raises
    ------
    InputError : an identifier that is a list, a mapping or another thing of several parts.
    """
    values = values.tolist() if hasattr(values, "tolist") else list(values)
    for row, value in enumerate(values):
        if isinstance(value, list | tuple | dict | set | np.ndarray):
            raise InputError(f"row {row}: {value!r} is no id or label; give one text or number")
    return [spell_id(value) for value in values]


def spell_id(value):
    """One identifier as text; a missing one is empty."""
    if value is None or value != value:
        return ""
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value)
