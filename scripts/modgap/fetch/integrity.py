"""Is a file the right one: hashes, lengths, and the lock file of hashes seen first.

The lock file (``downloads.lock.json`` in the folder of downloads) holds sha256 and length of every
file for which its table has no hash, as it was when it first came; from then on they are enforced.
Beside them stands where it came from, without passwords and queries, and the hash of the whole
address. Delete a file's entry to accept another version of it.
"""

import hashlib
import json
import logging
import re
import zipfile
from pathlib import Path

from modgap.errors import InputError, redact
from modgap.fetch.addresses import identify_address
from modgap.fetch.table import LOCK, expected, is_local
from modgap.files import atomic_path, open_unlinked, take_lock
from modgap.inputs import check_file

# (position, bytes) that a file of each kind has, for files whose hash nobody knows yet.
SIGNATURES = {
    ".gz": (0, b"\x1f\x8b"),
    ".tgz": (0, b"\x1f\x8b"),
    ".tar": (257, b"ustar"),
    ".npy": (0, b"\x93NUMPY"),
    ".jsonl": (0, b"{"),
    ".safetensors": (8, b"{"),
}

# Files that cannot begin like a web page.
NOT_A_PAGE = (".csv", ".json", ".bin", ".pt", ".pth")


def digest(path, kind):
    """Hex hash of a file; md5 only where nothing better is published."""
    with open(check_file(path), "rb") as stream:
        return hashlib.file_digest(
            stream, lambda: hashlib.new(kind, usedforsecurity=False)
        ).hexdigest()


def difference(path, wanted):
    """What is wrong with a file, with both values, or None.

    Parameters
    ----------
    wanted : dict with any of sha256, sha256_start (its first digits), md5, bytes, and ``source``,
        where they stand.
    """
    size = Path(path).stat().st_size
    if size != wanted.get("bytes", size):
        return f"has {size:,} bytes, expected {wanted['bytes']:,} ({wanted['source']})"
    kind = next((kind for kind in ("sha256", "md5") if kind in wanted), None)
    if kind and (found := digest(path, kind)) != wanted[kind]:
        return f"{kind} is {found}, expected {wanted[kind]} ({wanted['source']})"
    start = wanted.get("sha256_start", "")
    if start and not (found := digest(path, "sha256")).startswith(start):
        return f"sha256 is {found}, expected one that starts with {start} ({wanted['source']})"
    return None


def kind_problem(path, name):
    """What is wrong with a file that cannot be what its name says, or None."""
    suffix = Path(name).suffix
    if suffix == ".zip":
        return None if zipfile.is_zipfile(path) else "not a zip archive"
    position, signature = SIGNATURES.get(suffix, (0, b""))
    with open(path, "rb") as stream:
        stream.seek(position)
        found = stream.read(max(len(signature), 64))
    if not found.startswith(signature):
        return f"not a {suffix} file"
    if suffix in NOT_A_PAGE and found.lstrip().startswith(b"<"):
        return f"a web page, not a {suffix} file"
    return None


def find_problem(path, name, wanted):
    """What is wrong with a file, or None: ``difference``; without a known hash also its kind."""
    problem = difference(path, wanted)
    if problem or has_hash(wanted):
        return problem
    return kind_problem(path, name)


def read_lock(folder):
    """The recorded files of a folder of downloads, by name.

    Raises
    ------
    InputError : not a lock file: no JSON, a file named twice, no hash or no length of a file.
    """
    path = Path(folder, LOCK)
    try:
        lock = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=refuse_twice)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not readable as JSON ({reason}); remove it") from error
    if not isinstance(lock, dict):
        raise InputError(f"{path}: not a list of files by name; remove it")
    for file, entry in lock.items():
        if not is_entry(entry):
            raise InputError(
                f"{path}: {file!r} needs a sha256 of 64 hex digits and a whole number of bytes; "
                "remove this entry, or put it right"
            )
    return lock


def refuse_twice(pairs):
    """A mapping of JSON; ValueError where a key stands in it twice."""
    found = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} stands in it twice")
        found[key] = value
    return found


def is_entry(entry):
    """Whether a value of the lock file has what is enforced."""
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("sha256"), str)
        and re.fullmatch("[0-9a-f]{64}", entry["sha256"]) is not None
        and type(entry.get("bytes")) is int
        and entry["bytes"] >= 0
    )


def describe_recorded(path, address):
    """An entry of the lock file: hash, length, and where the file came from, for people.

    ``origin_sha256``, of files from the network, tells addresses apart that look alike once
    passwords and queries are hidden.
    """
    entry = {
        "sha256": digest(path, "sha256"),
        "bytes": Path(path).stat().st_size,
        "origin": redact(str(address)),
    }
    if is_local(address):
        return entry
    return {**entry, "origin_sha256": identify_address(address)}


def record_hash(path, row, folder, address=None):
    """Enter a file without a known hash in the lock file, with a warning; keep an old entry.

    address : where it was fetched from; None of a file that was put there by hand.
    """
    lock_path = Path(folder, LOCK)
    entry = describe_recorded(path, address or "put there by hand")
    with open_unlinked(lock_path.with_name(f".{LOCK}.guard")) as guard:
        take_lock(guard, wait=True, warn=logging.warning)
        lock = read_lock(folder)
        if row["file"] in lock:
            return
        lock[row["file"]] = entry
        # Older lock files have whole addresses.
        lock = {
            file: {key: redact(v) if isinstance(v, str) else v for key, v in known.items()}
            for file, known in lock.items()
        }
        with atomic_path(lock_path) as temporary:
            temporary.write_text(
                json.dumps(lock, indent=2, sort_keys=True) + "\n", encoding="utf-8"
            )
    logging.warning(
        "WARNING: no%s checksum is known for %s; its sha256 %s is recorded in %s and enforced "
        "from now on",
        " whole" if row.get("sha256_start") else "",
        row["file"],
        entry["sha256"],
        lock_path,
    )


def has_hash(wanted):
    """Whether a hash is known, from the table or from the lock file."""
    return "sha256" in wanted or "md5" in wanted


def check_fetched(rows, folder):
    """Check files of the table before they are read, however they came to be there.

    Raises
    ------
    InputError : not the right file, with both values.
    """
    for row in rows:
        path = Path(folder, row["file"])
        wanted = expected(row, folder, read_lock(folder))
        problem = find_problem(path, row["file"], wanted)
        if problem:
            raise InputError(f"{path}: {problem}; remove it and run the same command again")
        if not has_hash(wanted):
            record_hash(path, row, folder)
