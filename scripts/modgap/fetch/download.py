"""Fetch one file: resume, retry, check, and only then give it its name.

While a file arrives it is ``.NAME.part`` beside its final place, with ``.NAME.part.json`` saying
which version of which address it is a part of; a later attempt, in this run or another, goes on
where it stopped (HTTP range request). Network errors are retried with growing pauses; everything
else (no such file, wrong length, wrong checksum) is not, but the next address is tried.
"""

import fcntl
import http.client
import json
import logging
import os
import re
import shutil
import ssl
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from modgap.errors import InputError
from modgap.fetch.integrity import difference, find_problem, has_hash, read_lock, record_hash
from modgap.fetch.table import by_hand, expected, is_local, local_path, origins, spell_bytes
from modgap.files import NO_SPACE, current_umask, no_space

CHUNK = 1 << 20
LONGEST_PAUSE = 60.0  # seconds

# The server may recover from these; any other status is final.
PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}


class NetworkError(Exception):
    """The connection failed in a way that may pass."""


class OriginError(Exception):
    """This address cannot give the file; another may."""


class Patience(NamedTuple):
    """How long to wait for a server."""

    timeout: float = 60.0  # seconds without a byte
    attempts: int = 6  # in a row that bring nothing
    pause: float = 2.0  # seconds before the second attempt, doubled each time


class Arriving(NamedTuple):
    """An open address: its bytes from ``start``, of ``total`` (None where it does not say)."""

    stream: object
    start: int
    total: int | None
    validator: str | None = None


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
        or length that differs, disk full, another process fetching the same file.
    """
    final = Path(folder, row["file"])
    addresses = origins(row, mirror)
    if not addresses:
        raise InputError(by_hand(row, folder))
    final.parent.mkdir(parents=True, exist_ok=True)
    part = final.parent / f".{final.name}.part"
    wanted = expected(row, folder, read_lock(folder))
    reasons = []
    with lock_part(part, final):
        for address in addresses:
            try:
                fetch_checked(address, part, final, wanted, patience or Patience())
                break
            except OriginError as error:
                reasons.append(f"{address}: {error}")
                logging.info("%s", reasons[-1])
            except OSError as error:
                if error.errno in NO_SPACE:
                    raise no_space(final) from error
                raise
        else:
            raise InputError(f"{final}: cannot be fetched ({'; '.join(reasons)})")
        if not has_hash(wanted):
            record_hash(part, row, folder, addresses[len(reasons)])
        os.chmod(part, 0o666 & ~current_umask())
        os.replace(part, final)
    return final


@contextmanager
def lock_part(part, final):
    """Keep other processes from writing the same part; leave none that is empty."""
    with open(part, "ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{final}: another process is fetching it; wait for it") from error
        try:
            yield
        finally:
            if not (part.exists() and part.stat().st_size):
                part.unlink(missing_ok=True)
                note_of(part).unlink(missing_ok=True)


def fetch_checked(address, part, final, wanted, patience):
    """Bring the part to its full length and check it; a wrong one is emptied."""
    whole = has_hash(wanted) and part.stat().st_size == wanted.get("bytes")
    if whole and not difference(part, wanted):
        return
    while True:
        went_on = resumable(address, part, wanted)
        fetch(address, part, wanted, patience)
        problem = find_problem(part, final.name, wanted)
        if not problem:
            return
        os.truncate(part, 0)
        if not went_on:  # else the beginning may have been of another version
            raise OriginError(problem)


def fetch(address, part, wanted, patience):
    """Bring the part to its full length from one address, through network errors."""
    failures, furthest = 0, 0
    while True:
        try:
            with open_address(address, part, wanted, patience.timeout) as arriving:
                check_length(arriving, wanted)
                check_room(arriving, part)
                copy_to_part(arriving, address, part)
            return
        except NetworkError as error:
            reached = part.stat().st_size
            failures = 1 if reached > furthest else failures + 1
            furthest = max(reached, furthest)
            if failures >= patience.attempts:
                raise OriginError(f"{error}, {failures} times in a row") from error
            wait = min(patience.pause * 2 ** (failures - 1), LONGEST_PAUSE)
            logging.info("%s: %s; again in %.1f s", address, error, wait)
            time.sleep(wait)


@contextmanager
def open_address(address, part, wanted, timeout):
    """Open an address, behind what the part has if that surely belongs to the same file."""
    if is_local(address):
        try:
            stream = open(local_path(address), "rb")  # noqa: SIM115 - closed below
        except OSError as error:
            raise OriginError(error.strerror.lower()) from error
        with stream:
            yield Arriving(stream, 0, os.fstat(stream.fileno()).st_size)
    else:
        have = resumable(address, part, wanted)
        with request_file(address, part, have, timeout) as response:
            yield arriving_from(response, have, wanted)


def request_file(address, part, have, timeout):
    """The server's response to a request for the file, from position ``have`` on."""
    request = urllib.request.Request(address, headers={"User-Agent": "modality-gap-pipeline"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        note = read_note(part)
        if note.get("validator") and note["url"] == address:
            request.add_header("If-Range", note["validator"])
    try:
        return urllib.request.urlopen(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # the part is no beginning of what is there now
            os.truncate(part, 0)
            raise NetworkError("the file has become shorter") from error
        kind = NetworkError if error.code in PASSING_STATUS else OriginError
        raise kind(f"HTTP {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise OriginError(f"certificate refused: {error.reason.verify_message}") from error
        raise NetworkError(one_line(error.reason)) from error
    except (OSError, http.client.HTTPException) as error:
        raise NetworkError(one_line(error)) from error


def arriving_from(response, have, wanted):
    """What a response brings; OriginError where nothing could tell whether it is complete."""
    headers = response.headers
    tag = headers.get("ETag", "")
    validator = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")
    if response.status == 206:
        given = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", headers.get("Content-Range", ""))
        if not given or int(given[1]) != have:
            raise OriginError("answers a range request with another range")
        return Arriving(response, have, int(given[2]), validator)
    length = headers.get("Content-Length", "")
    if not length.isdigit() and not response.chunked and not has_hash(wanted):
        raise OriginError("says no length, so nothing tells whether the file is complete")
    return Arriving(response, 0, int(length) if length.isdigit() else None, validator)


def one_line(error):
    """An error's message on one line, or its name."""
    return " ".join(str(error).split()) or type(error).__name__


def resumable(address, part, wanted):
    """How many bytes of the part may be kept: all, where a change of the file would be noticed.

    A hash notices it afterwards, whatever address the part came from; without one the server
    must have named a version (ETag or date) to which the request for the rest is bound.
    """
    note = read_note(part)
    size = part.stat().st_size
    noticed = has_hash(wanted) or (note.get("validator") and note["url"] == address)
    return size if noticed and size < wanted.get("bytes", size + 1) else 0


def note_of(part):
    """The file that says what the part is a part of."""
    return part.with_name(f"{part.name}.json")


def read_note(part):
    """``url`` and ``validator`` of the part; empty when nothing is known."""
    try:
        return json.loads(note_of(part).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}


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


def copy_to_part(arriving, address, part):
    """Write what arrives into the part; NetworkError unless it ends where it should."""
    done = arriving.start
    with open(part, "ab" if done else "wb") as sink:
        if not done:
            note = {"url": address, "validator": arriving.validator}
            note_of(part).write_text(json.dumps(note), encoding="utf-8")
        for chunk in report_arrival(chunks(arriving.stream), arriving, part):
            sink.write(chunk)
            done += len(chunk)
        sink.flush()
    if done != (done if arriving.total is None else arriving.total):
        raise NetworkError(f"connection closed after {done:,} of {arriving.total:,} bytes")


def chunks(stream):
    """Pieces of a stream until its end; what the network does wrong is a NetworkError."""
    while True:
        try:
            chunk = stream.read1(CHUNK)
        except TimeoutError as error:
            raise NetworkError("no byte for too long") from error
        except (OSError, http.client.HTTPException) as error:
            raise NetworkError(one_line(error)) from error
        if not chunk:
            return
        yield chunk


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
