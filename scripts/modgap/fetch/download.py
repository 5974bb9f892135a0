"""Fetch one file: resume, retry, check, and only then give it its name.

While a file arrives it is ``.NAME.part`` beside its final place, with ``.NAME.part.json`` saying
which version of which address it is a part of; a later attempt, in this run or another, goes on
where it stopped (HTTP range request). Network errors are retried with growing pauses; everything
else (no such file, wrong length, wrong checksum) is not, but the next address is tried.
"""

import logging
import os
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from modgap.errors import InputError, redact
from modgap.fetch.integrity import difference, find_problem, has_hash, read_lock, record_hash
from modgap.fetch.network import (
    Arriving,
    NetworkError,
    OriginError,
    Patience,
    arriving_from,
    ask_server,
    make_request,
    read_chunks,
)
from modgap.fetch.parts import (
    count_resumable,
    empty_part,
    find_validator,
    lock_part,
    write_note,
)
from modgap.fetch.table import by_hand, expected, is_local, local_path, origins, spell_bytes
from modgap.files import NO_SPACE, current_umask, no_space, open_unlinked

LONGEST_PAUSE = 60.0  # seconds


def download(row, folder, *, mirror=None, patience=None):
    """Fetch a file of the table into ``folder`` and return its path.

    Parameters
    ----------
    row : dict, a row of the table (see ``modgap.fetch.table``).
    mirror : folder, ``file://`` or ``http(s)://`` that replaces every address, or None.
    patience : Patience, or None for the usual.

    Raises
    ------
    InputError : no address, every address failed (one line with the reason of each), a checksum
        or length that differs, disk full.

    A process that is fetching the same file is waited for, and what it brought is taken if its
    hash is right.
    """
    final = Path(folder, row["file"])
    addresses = origins(row, mirror)
    if not addresses:
        raise InputError(by_hand(row, folder))
    final.parent.mkdir(parents=True, exist_ok=True)
    part = final.parent / f".{final.name}.part"
    reasons = []
    with lock_part(part, final) as lock:
        wanted = expected(row, folder, read_lock(folder))
        if has_hash(wanted) and final.is_file() and not difference(final, wanted):
            return final
        for address in addresses:
            try:
                fetch_checked(address, part, final, wanted, patience or Patience())
                break
            except OriginError as error:
                reasons.append(redact(f"{address}: {error}"))
                logging.info("%s", reasons[-1])
            except OSError as error:
                if error.errno in NO_SPACE:
                    raise no_space(final) from error
                raise
        else:
            raise InputError(f"{final}: cannot be fetched ({'; '.join(reasons)})")
        if not has_hash(wanted):
            record_hash(part, row, folder, addresses[len(reasons)])
        os.fchmod(lock.fileno(), 0o666 & ~current_umask())
        os.replace(part, final)
    return final


def fetch_checked(address, part, final, wanted, patience):
    """Bring the part to its full length and check it; a wrong one is emptied."""
    whole = has_hash(wanted) and part.stat().st_size == wanted.get("bytes")
    if whole and not difference(part, wanted):
        return
    while True:
        went_on = count_resumable(address, part, wanted)
        fetch(address, part, wanted, patience)
        problem = find_problem(part, final.name, wanted)
        if not problem:
            return
        empty_part(part)
        if not went_on:  # else the beginning may have been of another version
            raise OriginError(problem)


def fetch(address, part, wanted, patience):
    """Bring the part to its full length from one address, through network errors."""
    failures, furthest, wait = 0, 0, 0.0
    while True:
        begun = time.monotonic()
        try:
            with open_address(address, part, wanted, patience) as arriving:
                check_length(arriving, wanted)
                check_room(arriving, part)
                copy_to_part(arriving, address, part, patience)
            return
        except NetworkError as error:
            reached = part.stat().st_size
            brought, seconds = reached - furthest, time.monotonic() - begun + wait
            # An attempt that brings next to nothing is none: else a server could hold us for ever.
            gained = brought > 0 and brought >= patience.slowest * seconds
            failures = 1 if gained else failures + 1
            furthest = max(reached, furthest)
            if failures >= patience.attempts:
                raise OriginError(f"{error}, {failures} times in a row") from error
            wait = min(patience.pause * 2 ** (failures - 1), LONGEST_PAUSE)
            logging.info("%s: %s; again in %.1f s", redact(address), error, wait)
            time.sleep(wait)


@contextmanager
def open_address(address, part, wanted, patience):
    """Open an address, behind what the part has if that surely belongs to the same file."""
    if is_local(address):
        try:
            stream = open(local_path(address), "rb")  # noqa: SIM115 - closed below
        except OSError as error:
            raise OriginError(error.strerror.lower()) from error
        with stream:
            yield Arriving(stream, 0, os.fstat(stream.fileno()).st_size)
        return
    have = count_resumable(address, part, wanted)
    request = make_request(address, have, find_validator(part, address))
    try:
        response = ask_server(request, patience.timeout)
    except NetworkError as error:
        if getattr(error.__cause__, "code", None) == 416:
            empty_part(part)  # it is no beginning of what is there now
        raise
    with response:
        yield arriving_from(response, have, has_hash(wanted))


def check_length(arriving, wanted):
    """Refuse an address whose file has another length than the right one."""
    total = arriving.total
    if total is not None and total != wanted.get("bytes", total):
        raise OriginError(f"has {total:,} bytes, expected {wanted['bytes']:,} ({wanted['source']})")


def check_room(arriving, part):
    """Say at once that a file will not fit on the disk."""
    coming = (arriving.total or 0) - arriving.start
    free = shutil.disk_usage(part.parent).free
    if coming > free:
        raise InputError(
            f"{part.parent}: {spell_bytes(coming)} to come, but only {spell_bytes(free)} free on "
            "the disk; make room and run the same command again"
        )


def copy_to_part(arriving, address, part, patience):
    """Write what arrives into the part; NetworkError unless it ends where it should."""
    done = arriving.start
    with open_unlinked(part) as sink:
        sink.truncate(done)
        sink.seek(done)
        if not done:
            write_note(part, address, arriving.validator)
        for chunk in report_arrival(read_chunks(arriving.stream, patience), arriving, part):
            sink.write(chunk)
            done += len(chunk)
        sink.flush()
    if done != (done if arriving.total is None else arriving.total):
        raise NetworkError(f"connection closed after {done:,} of {arriving.total:,} bytes")


def report_arrival(pieces, arriving, part, every=30.0):
    """Pass pieces on with a bar of size and speed, or a log line now and then."""
    from tqdm import tqdm

    start, total = arriving.start, arriving.total
    name = part.name.removeprefix(".").removesuffix(".part")
    size = "unknown size" if total is None else spell_bytes(total)
    begun = said = time.monotonic()
    done = start

    def say():
        speed = (done - start) / max(time.monotonic() - begun, 1e-9)
        logging.info("%s: %s of %s, %s/s", name, spell_bytes(done), size, spell_bytes(speed))

    look = {"unit": "B", "unit_scale": True, "desc": name, "file": sys.stderr, "disable": None}
    with tqdm(total=total, initial=start, **look) as bar:
        for piece in pieces:
            yield piece
            done += len(piece)
            bar.update(len(piece))
            now = time.monotonic()
            if bar.disable and now - said >= every:
                said = now
                say()
    say()
