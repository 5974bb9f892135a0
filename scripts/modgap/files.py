"""Files that appear under their final name only when they are complete."""

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from modgap.errors import InputError

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


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
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def parse_yaml(stream):
    """Content of a YAML stream, by the C library where PyYAML has it: eight times as fast."""
    import yaml

    return yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def open_own(path):
    """Open a file of ours for reading and writing, at its start; make it where it is not there.

    Nothing is emptied and no link followed: in a folder that others may write to, a link in the
    place of the file could lead to any file of the user's.

    Raises
    ------
    InputError : a link, a folder or a device stands there.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        handle = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise
        handle = None
    if handle is None or not stat.S_ISREG(os.fstat(handle).st_mode):
        if handle is not None:
            os.close(handle)
        raise InputError(
            f"{path}: a link, folder or device stands where a file of ours belongs; "
            "remove it and run the same command again"
        )
    return open(path, "r+b", opener=lambda *_: handle)


def take_lock(stream, *, wait, warn):
    """Lock an open file until it is closed; whether it is ours, or could not be locked by anyone.

    Parameters
    ----------
    wait : whether to wait for another process that has it; else the answer is no.
    warn : function that is told, in one line, where the disk has no locks.
    """
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as reason:
        warn(
            f"the disk of {stream.name} has no file locks ({reason}): see to it that no second "
            "run works there"
        )
    return True
