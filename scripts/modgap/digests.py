"""Is a file what was written: its content against the digest beside it, once a file and job.

Only files that ``modgap.files.atomic_path`` wrote have a digest; nothing of the user's is touched.
"""

import os
from functools import cache
from pathlib import Path

from modgap.errors import InputError
from modgap.files import (
    DIGESTED,
    damaged_name,
    digest_file,
    read_digests,
    sha256_of,
    write_digests,
)
from modgap.job import LOG

UNKNOWN = []  # the first file of this process that had no digest


def check_digest(path):
    """Make sure that a file of ours is what was written; give its path back.

    A file without a digest (results that were copied without hidden files) passes; the first one
    is said in the log.

    Raises
    ------
    InputError : the content is another one. The file is set aside, so that the same command makes
        it anew.
    """
    if matches_digest(path) is False:
        raise set_aside(path)
    return path


def matches_digest(path):
    """Whether a file is what was written: True, False, or None where nobody knows.

    The whole file is read, header and footer included, and once in a process unless it changes.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        if damaged_name(path).exists():
            raise InputError(
                f"{path}: was damaged and is set aside; give the same command again, which makes "
                "it anew"
            ) from None
        return None  # whoever reads it says what is wrong
    return compare_digest(str(path), found.st_ino, found.st_size, found.st_mtime_ns)


@cache
def compare_digest(path, _inode, _size, _modified):
    """``matches_digest`` of a file in the state that the further arguments name."""
    if read_digests(path):
        return is_known(path)
    if not UNKNOWN:
        UNKNOWN.append(path)
        LOG.info(
            "%s has no digest beside it (.%s.sha256) and is read unchecked, as are others without",
            path,
            Path(path).name,
        )
    return None


def is_known(path):
    """Whether the content of a file is one of its digests, which a writer may just replace."""
    known, found = read_digests(path), sha256_of(path)
    return found in known or found in read_digests(path)


# What comes after a damaged file was set aside.
AGAIN = "give the same command again, which makes it anew"
LATER = "the next run that needs it makes it anew"


def set_aside(path, then=AGAIN):
    """Move a damaged file out of the way; the InputError to raise says so, and what comes then."""
    aside = damaged_name(path)
    said = f"{path}: damaged, it is not what was written (SHA-256 differs)"
    try:
        os.replace(path, aside)
        digest_file(path).unlink(missing_ok=True)
    except FileNotFoundError:  # another job was faster
        pass
    except OSError as error:
        return InputError(f"{said}; remove it ({error.strerror}) and give the same command again")
    return InputError(f"{said}; set aside as {aside.name}: {then}")


def verify_digests(folder, *, adopt=False):
    """Check every file below a folder that has a digest.

    adopt : whether files that should have one, and have none, get it.

    Returns
    -------
    checked : number of files that are what was written.
    new : number of files that got theirs now.
    problems : a line for each damaged file, which is set aside.
    """
    checked, new, problems = 0, 0, []
    for root, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(root, name)
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            try:
                known = read_digests(path)
            except InputError as error:  # a folder stands there
                problems.append(str(error))
                continue
            if known:
                whole = is_known(path)
                checked += whole
                problems += (
                    [] if whole else [str(set_aside(path, "the next run that needs it makes it"))]
                )
            elif adopt and path.suffix in DIGESTED:
                write_digests(path, [sha256_of(path)])
                new += 1
    return checked, new, problems
