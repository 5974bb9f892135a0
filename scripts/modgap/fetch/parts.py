"""The part of a file that has arrived, ``.NAME.part``: held, and known by version and address.

No link is followed and nothing emptied that is not ours: others may write to the folder.
"""

import json
import logging
import os
from contextlib import contextmanager

from modgap.errors import InputError
from modgap.fetch.addresses import identify_address
from modgap.fetch.integrity import has_hash
from modgap.files import atomic_path, open_unlinked, take_lock


@contextmanager
def lock_part(part, final):
    """The open, locked part; other processes that want the file wait. Leaves none that is empty.

    Raises
    ------
    InputError : a link or folder stands in its place.
    """
    with hold_part(part, final) as lock:
        try:
            yield lock
        finally:
            ours = is_open_file(lock, part)  # else it has its final name
            if ours and not part.stat().st_size:
                part.unlink()
            if not (ours and part.exists()):
                note_of(part).unlink(missing_ok=True)


def hold_part(part, final):
    """The part, locked as soon as no other process fetches the file."""
    while True:
        lock = open_unlinked(part)
        if not take_lock(lock, wait=False, warn=logging.warning):
            logging.warning("%s: another process is fetching it; waiting for it", final)
            take_lock(lock, wait=True, warn=logging.warning)
        # The other one may have given the part its final name, or removed it.
        if is_open_file(lock, part):
            return lock
        lock.close()


def is_open_file(stream, path):
    """Whether a path still leads to an open file."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), os.lstat(path))
    except FileNotFoundError:
        return False


def empty_part(part):
    """Throw away what has arrived."""
    with open_unlinked(part) as stream:
        stream.truncate(0)


def note_of(part):
    """The file that says what the part is a part of."""
    return part.with_name(f"{part.name}.json")


def write_note(part, address, validator):
    """Note which version of which address a part is of; of the address only its hash."""
    try:
        identity = identify_address(address)
    except ValueError as error:
        raise InputError(f"{part}: its address is none ({error})") from error
    with atomic_path(note_of(part)) as temporary:
        temporary.write_text(
            json.dumps({"address_sha256": identity, "validator": validator}), encoding="utf-8"
        )


def find_validator(part, address):
    """The version that a part is of, if it is known and of this address, or None."""
    try:
        note = json.loads(note_of(part).read_text(encoding="utf-8"))
        same = note["address_sha256"] == identify_address(address)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    found = note.get("validator") if same else None
    return found if isinstance(found, str) and found.isascii() and found.isprintable() else None


def count_resumable(address, part, wanted):
    """How many bytes of the part may be kept: all, where a change of the file would be noticed.

    A hash notices it afterwards, whatever address the part came from; without one the server
    must have named a version (ETag or date) to which the request for the rest is bound.
    """
    size = part.stat().st_size
    noticed = has_hash(wanted) or find_validator(part, address)
    return size if noticed and size < wanted.get("bytes", size + 1) else 0
