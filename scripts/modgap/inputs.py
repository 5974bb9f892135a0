"""Files of the user: what we may open, and how."""

import json
import os
import stat

from modgap.errors import InputError

# Most bytes of what is read whole: loose, a member of an archive, or unpacked.
LARGEST_PICTURE = 256 << 20
LARGEST_TABLE = 2 << 30

SPECIAL = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def check_file(path, limit=None):
    """The path, if there is a plain file of at most ``limit`` bytes; nothing is opened.

    Every file of the user goes through here: opening a named pipe waits for ever, and a device
    never ends.

    Raises
    ------
    InputError : no such file, a folder, a named pipe, a device, more than ``limit`` bytes.
    """
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:  # a null byte is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read ({reason})") from error
    if not stat.S_ISREG(found.st_mode):
        kind = SPECIAL.get(stat.S_IFMT(found.st_mode), "a special file")
        raise InputError(f"{path}: is {kind}; give a file")
    if limit is not None and found.st_size > limit:
        raise InputError(
            f"{path}: {found.st_size:,} bytes, more than the {limit:,} that are read; split it"
        )
    return path


def open_input(path, mode="rb", *, limit=LARGEST_TABLE, **options):
    """A file of the user's, opened to be read whole: see ``check_file``. Text is UTF-8.

    mode : "rb", or "r" with ``newline``, ``encoding`` or ``errors`` in ``options``.
    """
    if "b" not in mode:
        options = {"encoding": "utf-8", **options}
    try:
        return open(check_file(path, limit), mode, **options)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def parse_json(text):
    """Content of a JSON text (str or bytes).

    Raises
    ------
    ValueError : not JSON, also where it is nested too deeply to be read.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
