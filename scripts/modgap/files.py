"""Files that appear under their final name only when they are complete."""

import contextlib
import errno
import hashlib
import os
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
