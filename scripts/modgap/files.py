"""Files that appear under their final name only when they are complete, and what we may open."""

import contextlib
import errno
import hashlib
import json
import os
import stat
import tempfile
from pathlib import Path

from modgap.errors import InputError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)

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


def no_space(path):
    """The InputError for a file that does not fit on the disk."""
    return InputError(
        f"{path}: no space left on the disk; free some and run the same command again"
    )


@contextlib.contextmanager
def atomic_path(final):
    """Yield a temporary path beside ``final``; rename it to ``final`` when the block succeeds.

    The temporary name keeps the suffix (libraries choose the format by it) and is removed when
    the block fails, so nothing half-written ever carries the final name. A full disk becomes an
    InputError that names the file.
    """
    final = Path(final)
    final.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=final.parent, prefix=f".{final.stem}.", suffix=f".part{final.suffix}"
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.chmod(temporary, 0o666 & ~current_umask())
        os.replace(temporary, final)
    except OSError as error:
        if error.errno in NO_SPACE:
            raise no_space(final) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def current_umask():
    """The process's file mode mask (reading it means setting it for a moment)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def sha256_of(path):
    """Hex sha256 of a file's content."""
    with open(check_file(path), "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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


def parse_yaml(stream):
    """Content of a YAML stream, by the C library where PyYAML has it: eight times as fast."""
    import yaml

    return yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
