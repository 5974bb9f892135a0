"""Files that appear under their final name only when they are complete, and with their digest.

What later jobs read has its SHA-256 in a hidden file beside it (``.NAME.sha256``, in the form of
the program sha256sum); ``modgap.digests`` checks by it. Standard library only: the workflow reads
this while it is parsed.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import socket
import stat
import tempfile
import time
from pathlib import Path

from modgap.errors import InputError
from modgap.inputs import check_file

NO_SPACE = (errno.ENOSPC, errno.EDQUOT)

# What torch and safetensors say of a full disk, without an errno.
NO_SPACE_WORDS = re.compile(
    r"no space left|disk quota exceeded|os error (28|122)\b|PytorchStreamWriter failed writing"
    r"|inline_container.*file write failed|inline_container.*unexpected pos",
    re.IGNORECASE | re.DOTALL,
)

# Endings of the files that later jobs read as they are.
DIGESTED = (".npy", ".parquet", ".safetensors", ".ckpt", ".tar")

# The writer's machine and process are in the name of what it has not finished.
LEFTOVER = re.compile(r"\..*\.(?P<host>[A-Za-z0-9]+)-(?P<pid>\d+)-\w{8}\.part(\.\w+)?")
DAY = 86_400  # seconds: so long no living writer leaves its file alone


def no_space(path):
    """The InputError for a file that does not fit on the disk."""
    return InputError(
        f"{path}: no space left on the disk; free some and run the same command again"
    )


def is_no_space(error):
    """Whether an exception, or one that it came from, is that of a full disk.

    Writers that fail often fail once more while they close (matplotlib's PDF), or keep the reason
    in words only (torch, safetensors).
    """
    while error is not None:
        if getattr(error, "errno", None) in NO_SPACE or NO_SPACE_WORDS.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextlib.contextmanager
def atomic_path(final, *, digest=None):
    """Yield a temporary path beside ``final``; rename it to ``final`` when the block succeeds.

    The temporary name keeps the suffix (libraries choose the format by it) and is removed when
    the block fails, so nothing half-written ever carries the final name. A full disk becomes an
    InputError that names the file.

    digest : whether the file gets its digest beside it; by default its ending decides.
    """
    final = Path(final)
    temporary = None
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        temporary = make_temporary(final)
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        os.chmod(temporary, 0o666 & ~current_umask())
        if final.suffix in DIGESTED if digest is None else digest:
            replace_with_digest(temporary, final)
        else:
            os.replace(temporary, final)
    except InputError:
        raise
    except Exception as error:
        if is_no_space(error):
            raise no_space(final) from error
        raise
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def make_temporary(final):
    """An empty file beside ``final`` whose name tells the writer's machine and process."""
    handle, name = tempfile.mkstemp(
        dir=final.parent,
        prefix=f".{final.stem[:100]}.{host_word()}-{os.getpid()}-",
        suffix=f".part{final.suffix}",
    )
    os.close(handle)
    return Path(name)


def host_word():
    """The name of this machine in letters and digits."""
    return re.sub(r"[^A-Za-z0-9]", "", socket.gethostname())[:24] or "host"


def digest_file(path):
    """Where the digest of a file is."""
    path = Path(path)
    return path.with_name(f".{path.name}.sha256")


def read_digests(path):
    """The digests that a file may have, [] where none is known.

    One; while a writer replaces an old file by a new one, or after it was killed doing so, both.
    A digest that is there and names none (an emptied file) counts as one that nothing matches.

    Raises
    ------
    InputError : a folder stands in its place.
    """
    try:
        lines = digest_file(path).read_text(encoding="ascii", errors="replace").splitlines()
    except FileNotFoundError:
        return []
    except IsADirectoryError:
        raise folder_instead(digest_file(path)) from None
    except OSError:
        return ["unreadable"]
    return [line.split()[0] for line in lines if line.strip()] or ["empty"]


def folder_instead(sidecar):
    """The InputError for a folder that stands where a digest belongs."""
    return InputError(
        f"{sidecar}: a folder stands where the digest of a file belongs; remove it and give the "
        "same command again"
    )


def write_digests(path, digests):
    """Write the digests that a file may have, whole or not at all.

    Raises
    ------
    InputError : a folder stands there.
    """
    sidecar = digest_file(path)
    if sidecar.is_dir():
        raise folder_instead(sidecar)
    temporary = make_temporary(sidecar)
    try:
        with open(temporary, "w", encoding="utf-8", errors="surrogateescape") as stream:
            stream.writelines(f"{digest}  {Path(path).name}\n" for digest in digests)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~current_umask())
        os.replace(temporary, sidecar)
    finally:
        temporary.unlink(missing_ok=True)


def replace_with_digest(temporary, final):
    """Put a finished file and its digest in place.

    Between the steps the digests name the old and the new content: whenever a kill comes, what
    lies there is known. A file that had no digest keeps none until the new one is there.
    """
    new = sha256_of(temporary)
    old = read_digests(final) if final.exists() else []
    if old or not final.exists():
        write_digests(final, dict.fromkeys([new, *old]))
    os.replace(temporary, final)
    if read_digests(final) != [new]:
        write_digests(final, [new])
    # What was damaged and set aside is made anew now.
    damaged_name(final).unlink(missing_ok=True)


def damaged_name(path):
    """Where a damaged file is set aside."""
    path = Path(path)
    return path.with_name(f"{path.name}.damaged")


def remove_digested(path):
    """Remove a file and its digest, if they are there."""
    Path(path).unlink(missing_ok=True)
    digest_file(path).unlink(missing_ok=True)


def sweep_leftovers(folders):
    """Remove what killed writers left below some folders; give the paths removed.

    A writer of this machine is dead when no process has its number; one of another machine, or
    one whose number has been given anew, when its file was left alone for a day. Digests without
    their file go after a day as well.
    """
    swept = []
    for folder in folders:
        for root, _, names in os.walk(folder):
            hidden = [name for name in names if name.startswith(".")]
            present = set(names) if hidden else ()
            for name in hidden:
                path = Path(root, name)
                if is_leftover(path) or is_orphan(path, present):
                    with contextlib.suppress(OSError):
                        path.unlink()
                        swept.append(path)
    return swept


def is_leftover(path):
    """Whether a file is what a writer that is dead by now has not finished."""
    found = LEFTOVER.fullmatch(path.name)
    if not found:
        return False
    here = found["host"] == host_word()
    return (here and not is_alive(int(found["pid"]))) or is_abandoned(path)


def is_orphan(path, present):
    """Whether a file is the digest of one that is not among the names ``present``, for a day."""
    name = path.name.removeprefix(".").removesuffix(".sha256")
    is_digest = path.name.endswith(".sha256") and name.endswith((*DIGESTED, ".json"))
    return is_digest and name not in present and is_abandoned(path)


def is_alive(pid):
    """Whether a process of this number runs here."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # another user's
        return True
    return True


def is_abandoned(path):
    """Whether a file was not written for a day."""
    try:
        return time.time() - path.stat().st_mtime > DAY
    except OSError:
        return False


def current_umask():
    """The process's file mode mask (reading it means setting it for a moment)."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def sha256_of(path):
    """Hex sha256 of a file's content."""
    with open(check_file(path), "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def open_unlinked(path):
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
