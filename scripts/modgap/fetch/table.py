"""The table of files that can be fetched (config/downloads.csv), and what it says about them.

One row per file: ``file`` (its place below the folder of downloads), ``url``, ``mirrors`` (more
addresses, separated by blanks), ``sha256``, ``md5``, ``bytes``, ``licence``, ``redistributable``
(yes or no) and ``page`` (where a person gets it). A cell is empty where the value is not known for
certain: the hash of a file without one is recorded when it first comes
(``modgap.fetch.integrity``).

Standard library only: the workflow reads this while it is parsed.
"""

import csv
import os
import re
import urllib.parse
import urllib.request
from pathlib import Path

from modgap.errors import InputError, hide_secrets, redact
from modgap.inputs import check_file

COLUMNS = ["file", "url", "mirrors", "sha256", "md5", "bytes", "licence", "redistributable", "page"]

PATTERNS = {
    "file": r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)*",
    "url": r"(https?://\S+)?",
    "mirrors": r"(https?://\S+( https?://\S+)*)?",
    "sha256": r"([0-9a-f]{64})?",
    "md5": r"([0-9a-f]{32})?",
    "bytes": r"[0-9]{0,18}",
    "redistributable": r"(yes|no)?",
}

LOCK = "downloads.lock.json"

GZIPPED_TAR = re.compile(r"\.(tar\.gz|tgz)$")


def read_downloads(path):
    """Rows of the table as dicts, by ``file``; ``bytes`` is a number or None.

    Raises
    ------
    InputError : missing file or column, a cell that does not fit its column, a file named twice.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        raise InputError(f"{path}: not a file")
    try:
        with open(check_file(path), newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream, restkey="more", restval="", strict=True)
            lines, header = list(reader), reader.fieldnames
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not text in UTF-8; save it as UTF-8") from error
    except csv.Error as error:
        raise InputError(f"{path}, row {reader.line_num}: not a table ({error})") from error
    if header != COLUMNS:
        raise InputError(f"{path}: the first row must be {','.join(COLUMNS)}")
    rows, unpacked = {}, {}
    for number, line in enumerate(lines, start=2):
        where = f"{path}, row {number}"
        if "more" in line:
            raise InputError(f"{where}: more cells than columns")
        for column, pattern in PATTERNS.items():
            if not re.fullmatch(pattern, line[column]):
                raise InputError(f"{where}: {column} cannot be {line[column]!r}")
        for address in [line["url"], *line["mirrors"].split()]:
            if problem := address_problem(address):
                raise InputError(f"{where}: {problem}")
        if line["file"] in rows:
            raise InputError(f"{where}: {line['file']} stands in the table twice")
        plain = plain_tar(line["file"])
        if plain in unpacked:
            raise InputError(
                f"{where}: {unpacked[plain]} and {line['file']} would both become {plain}; "
                "rename one"
            )
        unpacked[plain] = line["file"]
        rows[line["file"]] = {**line, "bytes": int(line["bytes"]) if line["bytes"] else None}
    return rows


def address_problem(address):
    """What is wrong with an http(s) address, or None; an empty one is none.

    It must be what a request can name: a host, a port that is a number, no blanks, and letters
    outside ASCII written as %C3%BC.
    """
    if not address:
        return None
    try:
        parts = urllib.parse.urlsplit(address)
        whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        whole = False
    # The whole is one address here, also with blanks in its password.
    scheme, mark, rest = address.partition("://")
    shown = repr(f"{scheme}://{hide_secrets(rest)}" if mark else address)
    if not whole:
        return f"{shown} is no address; write https://HOST/PATH"
    if not address.isascii() or not address.isprintable() or " " in address:
        return f"{shown}: write blanks and letters such as ü as an address has them (%20, %C3%BC)"
    return None


def mirror_problem(mirror):
    """What is wrong with a mirror, a folder or an address, or None."""
    if not is_local(mirror):
        return address_problem(mirror)
    try:
        return None if os.path.isdir(local_path(mirror)) else f"no such folder: {mirror}"
    except ValueError:
        return f"{mirror!r} is no address; write file:///FOLDER"


def plain_row(file, url):
    """A row for a file of which only the address is known."""
    return {**dict.fromkeys(COLUMNS, ""), "bytes": None, "file": file, "url": url}


def origins(row, mirror):
    """Where to look for a file, in order; with a mirror, only there.

    ``mirror`` is a folder, ``file://`` or ``http(s)://`` address that holds the files under the
    same names as the folder of downloads.
    """
    if mirror:
        return [f"{str(mirror).rstrip('/')}/{row['file']}"]
    return [address for address in (row["url"], *row["mirrors"].split()) if address]


def is_local(address):
    """Whether an address is a folder or ``file://`` rather than on the network."""
    return not str(address).lower().startswith(("http://", "https://"))


def local_path(address):
    """The path of a ``file://`` address or a plain path."""
    if not address.lower().startswith("file:"):
        return address
    return urllib.request.url2pathname(urllib.parse.urlsplit(address).path)


def expected(row, folder, lock):
    """What a file must be: sha256, md5, bytes, and ``source``, the table or the lock file.

    ``sha256_start``, where the table has only the first digits, counts beside all of these.
    """
    keys = ("sha256", "sha256_start", "md5", "bytes")
    known = {key: row[key] for key in keys if row.get(key)}
    if "sha256" in known or "md5" in known or row["file"] not in lock:
        return {**known, "source": row.get("table", "config/downloads.csv")}
    recorded = {key: lock[row["file"]][key] for key in ("sha256", "bytes")}
    return {**known, **recorded, "source": str(Path(folder, LOCK))}


def local_name(path, folder):
    """The name of ``path`` below the folder of downloads, or None where it is elsewhere."""
    relative = os.path.relpath(path, folder)
    return None if relative.startswith("..") else relative.replace(os.sep, "/")


def plain_tar(name):
    """The name of an archive once its gzip layer is off."""
    return GZIPPED_TAR.sub(".tar", name)


def made_from(name, rows):
    """The file of the table from which ``name`` is made: itself, or a gzipped tar; else None."""
    if name in rows:
        return name
    return next((file for file in rows if file != name and plain_tar(file) == name), None)


def fetched_file(path, folder, rows):
    """The file of the table behind ``path``, or None for a file of the user's."""
    name = local_name(path, folder)
    return made_from(name, rows) if name else None


def where_from(row):
    """Where a person gets a file, and under which licence."""
    licence = f" ({row['licence']})" if row["licence"] else ""
    return f"{row['page'] or 'its owner'}{licence}"


def by_hand(row, folder):
    """What to tell the user about a file that nobody may or can fetch for them."""
    return (
        f"{Path(folder, row['file'])}: not there, and no address is known for it; get it from "
        f"{where_from(row)} and put it there, or name a mirror that has it"
    )


def spell_bytes(count):
    """A number of bytes for people: 815.6 MB, 19.34 GB."""
    if count < 1e6:
        return f"{count / 1e3:.1f} kB"
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.2f} GB"


def fetch_list(files, rows, folder, mirror):
    """What is fetched, how much, from where and under which licence, as text for people.

    Files that are there already are named as such and do not count.
    """
    missing = [file for file in files if not Path(folder, file).exists()]
    known = [rows[file]["bytes"] for file in missing if rows[file]["bytes"]]
    unknown = len(missing) - len(known)
    total = spell_bytes(sum(known)) + (f" and {unknown} of unknown size" if unknown else "")
    lines = [f"To fetch into {folder}/: {len(missing)} files, {total}"]
    unhashed = sum(not (rows[file]["sha256"] or rows[file]["md5"]) for file in missing)
    if unhashed:
        lines[0] += (
            f"; of {unhashed} no whole checksum is known: recorded in {LOCK} when they first come, "
            "and enforced from then on"
        )
    width = max((len(file) for file in files), default=0)
    for file in files:
        row = rows[file]
        size = spell_bytes(row["bytes"]) if row["bytes"] else "size unknown"
        state = size if file in missing else "is there"
        licence = row["licence"] or "licence not known"
        spread = {"yes": ", may be passed on", "no": ", may not be passed on", "": ""}
        source = next(iter(origins(row, mirror)), f"by hand, from {row['page'] or 'its owner'}")
        lines.append(
            f"  {file:{width}}  {state:>12}  {licence}{spread[row['redistributable']]}, "
            f"{spell_checksum(row)}  <- {redact(source)}"
        )
    return "\n".join(lines)


def spell_checksum(row):
    """What is known beforehand of a file's content, in words."""
    if row["sha256"] or row["md5"]:
        return "sha256 known" if row["sha256"] else "md5 known"
    return "first digits of sha256 known" if row.get("sha256_start") else "no checksum known"
