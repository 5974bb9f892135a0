"""Archives read in place: nothing is unpacked, so no member can lead anywhere.

zip: members by name, each with a bound on its size. Plain tar: members by position. Gzipped tar:
read once from front to back, or turned into a plain tar.

Standard library only: the workflow reads this when it counts the shards of a dataset.
"""

import gzip
import os
import posixpath
import stat
import tarfile
import zipfile
import zlib

from modgap.errors import InputError
from modgap.files import atomic_path
from modgap.inputs import LARGEST_TABLE, check_file

# A compressed file that grows by more than this is a bomb; pictures hardly grow at all.
LARGEST_RATIO = 100

DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError)


def open_zip(path):
    """The archive, opened for reading; safe from several threads."""
    try:
        return zipfile.ZipFile(check_file(path))
    except DAMAGED as error:
        raise InputError(f"{path}: not a readable zip ({error})") from error


def list_zip(path):
    """Members of a zip.

    Returns
    -------
    files : dict from name to size in bytes.
    folders : set of folder names.

    Raises
    ------
    InputError : not a zip, cut short; a member with an absolute name or ``..`` in it, a link, an
        encrypted member, the same name twice.
    """
    files, folders = {}, set()
    with open_zip(path) as archive:
        for member in archive.infolist():
            name = safe_zip_name(member, path)
            if member.is_dir():
                folders.add(name)
                continue
            if name in files:
                raise InputError(f"{path}: two members are called {name!r}; use one of them")
            files[name] = member.file_size
            while name := posixpath.dirname(name):
                folders.add(name)
    return files, folders


def safe_zip_name(member, path):
    """The normalised name of a zip member, or an InputError naming a member we refuse."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.filename.startswith("/") or ".." in member.filename.replace("\\", "/").split("/"):
        problem = "leads outside the archive"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        problem = "is a link or a special file"
    elif member.flag_bits & 1:
        problem = "is encrypted"
    elif not is_utf8(member.filename):
        problem = "has a name that is not UTF-8"
    else:
        return posixpath.normpath(member.filename)
    raise InputError(f"{path}: member {member.filename!r} {problem}; make the archive without it")


def read_zip_member(archive, name, limit):
    """Content of a member of an open zip, checked against its own checksum.

    Raises
    ------
    KeyError : no such member.
    InputError : larger than ``limit`` bytes, damaged, or compressed in a way that is not known.
    """
    member = archive.getinfo(name)
    where = f"{archive.filename}#{name}"
    if member.file_size > limit:
        raise InputError(f"{where}: {member.file_size:,} bytes, more than {limit:,} allowed")
    try:
        return archive.read(member)
    except (*DAMAGED, RuntimeError) as error:
        raise InputError(f"{where}: damaged ({error}); get the archive again") from error


def read_zip(path, ending, limit=LARGEST_TABLE):
    """Content of the one member of a zip whose name is ``ending`` or ends with "/" and it."""
    names = [name for name in list_zip(path)[0] if f"/{name}".endswith(f"/{ending}")]
    if len(names) != 1:
        raise InputError(
            f"{path}: has {len(names) or 'no'} members called {ending!r}, expected one"
        )
    with open_zip(path) as archive:
        return read_zip_member(archive, names[0], limit)


def read_gzipped_tar(path, endings, limit=LARGEST_TABLE):
    """Contents of some members of a gzipped tar, read once from front to back.

    Parameters
    ----------
    endings : names; the member is the one that is it or ends with "/" and it.

    Returns
    -------
    dict from ending to bytes.

    Raises
    ------
    InputError : not a gzipped tar, a member that is missing, not a plain file or too large.
    """
    found = {}
    try:
        with tarfile.open(check_file(path), "r|gz") as archive:
            for member in archive:
                ending = next((e for e in endings if f"/{member.name}".endswith(f"/{e}")), None)
                if ending is None or ending in found:
                    continue
                if not member.isreg() or member.size > limit:
                    raise InputError(f"{path}: member {member.name!r} is not a file that we read")
                found[ending] = archive.extractfile(member).read()
                if len(found) == len(endings):
                    return found
    except InputError:
        raise
    except DAMAGED as error:
        raise InputError(f"{path}: not a readable gzipped tar ({error})") from error
    missing = ", ".join(ending for ending in endings if ending not in found)
    raise InputError(f"{path}: has no {missing}")


def read_gzip(path, limit=LARGEST_TABLE):
    """Content of a gzipped file of at most ``limit`` bytes."""
    try:
        with gzip.open(check_file(path), "rb") as stream:
            content = stream.read(limit + 1)
    except DAMAGED as error:
        raise InputError(f"{path}: not a readable gzip file ({error})") from error
    if len(content) > limit:
        raise InputError(f"{path}: unpacks to more than {limit:,} bytes")
    return content


def remove_gzip(path, final, ratio=LARGEST_RATIO):
    """Write the content of a gzipped file under ``final``.

    Raises
    ------
    InputError : damaged, or more than ``ratio`` times as large as the compressed file.
    """
    with atomic_path(final) as temporary:
        limit = ratio * max(os.path.getsize(path), 1 << 20)
        try:
            with gzip.open(check_file(path), "rb") as source, open(temporary, "wb") as sink:
                while block := source.read(1 << 20):
                    sink.write(block)
                    if sink.tell() > limit:
                        raise InputError(f"{path}: unpacks to more than {ratio} times its size")
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{path}: not a readable gzip file ({error})") from error


def list_tar(path):
    """Members of an uncompressed tar, without extracting anything.

    Returns
    -------
    members : dict from name to (offset of its data, size), in bytes.
    folders : set of folder names.

    Raises
    ------
    InputError : not a plain tar, cut short or damaged; a member with an absolute name or ``..`` in
        it, a link, or anything else that is neither a plain file nor a folder; the same name twice.
    """
    try:
        with tarfile.open(check_file(path), "r:", encoding="utf-8") as archive:
            members, folders = {}, set()
            for member in archive:
                name = safe_tar_name(member, path)
                if member.isdir():
                    folders.add(name)
                elif name in members:
                    raise InputError(f"{path}: two members are called {name!r}; use one of them")
                else:
                    members[name] = (member.offset_data, member.size)
                folders.update(parents(name))
            # tarfile stops without a word at a damaged header and at a missing end marker.
            archive.fileobj.seek(archive.offset)
            if archive.fileobj.read(tarfile.BLOCKSIZE) != tarfile.NUL * tarfile.BLOCKSIZE:
                raise InputError(
                    f"{path}: cut short or damaged after {len(members)} files; get it again"
                )
    except (tarfile.TarError, OSError, ValueError, OverflowError) as error:
        raise InputError(f"{path}: not a readable uncompressed tar ({error})") from error
    return members, folders - {"."}


def safe_tar_name(member, path):
    """The normalised name of a tar member, or an InputError naming a member we refuse."""
    parts = member.name.replace("\\", "/").split("/")
    if member.name.startswith("/") or ".." in parts:
        problem = "leads outside the archive"
    elif not (member.isreg() or member.isdir()) or member.issparse():
        problem = "is a link or a special file"
    elif not is_utf8(member.name):
        problem = "has a name that is not UTF-8"
    else:
        return posixpath.normpath(member.name)
    raise InputError(f"{path}: member {member.name!r} {problem}; make the archive without it")


def read_tar_member(path, name):
    """Content of one member of an uncompressed tar, or an InputError that names it."""
    members, _ = list_tar(path)
    if name not in members:
        raise InputError(f"{path}: has no member {name!r}")
    offset, size = members[name]
    if size > LARGEST_TABLE:
        raise InputError(f"{path}#{name}: {size:,} bytes, more than {LARGEST_TABLE:,} allowed")
    with open(path, "rb") as stream:
        stream.seek(offset)
        return stream.read(size)


def is_utf8(name):
    """Whether a file's name can be written as UTF-8; bytes that are not are lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def parents(name):
    """The folders above a relative name, nearest first."""
    while name := posixpath.dirname(name):
        yield name
