"""What lies in a folder, a tar or a zip, and which of it is a picture of which class.

Standard library only: the workflow reads this when it counts the shards of a dataset.
"""

import os
import posixpath
import re
from collections import defaultdict

from modgap.data.archives import is_utf8, list_tar, list_zip, parents
from modgap.errors import InputError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm")

# Pictures that are listed, so that nobody misses them in silence, and refused when decoded.
HEIC_SUFFIXES = (".heic", ".heif")


def is_tar(path):
    """Whether the path is read as a tar (by its name)."""
    return str(path).endswith(".tar")


def is_zip(path):
    """Whether the path is read as a zip (by its name)."""
    return str(path).endswith(".zip")


def is_archive(path):
    """Whether the pictures of the path are members of one file."""
    return is_tar(path) or is_zip(path)


def split_location(location):
    """(container, item) of ``ARCHIVE#MEMBER`` and ``ARRAY.npy#INDEX``, (path, None) else."""
    match = re.fullmatch(r"(.+?\.(?:tar|zip|npy))#(.+)", location, flags=re.DOTALL)
    return match.groups() if match else (location, None)


def list_files(path):
    """All files below a folder or in a tar or zip.

    Returns
    -------
    files : dict from relative name ("/" between parts, sorted) to size in bytes.
    folders : sorted list of relative folder names.
    """
    if is_tar(path):
        members, folders = list_tar(path)
        files = {name: size for name, (_, size) in members.items()}
    elif is_zip(path):
        files, folders = list_zip(path)
    else:
        files, folders = list_folder(path)
    return dict(sorted(files.items())), sorted(folders)


def list_folder(root):
    """Files (name to size; -1 for a link that leads nowhere) and folders below ``root``."""
    if not os.path.isdir(root):
        kind = "not a folder, a .tar or a .zip" if os.path.exists(root) else "no such folder"
        raise InputError(f"{root}: {kind}")
    files, folders, seen = {}, set(), set()
    for directory, subfolders, names in os.walk(root, followlinks=True, onerror=refuse_folder):
        if os.path.realpath(directory) in seen:  # a link back to a folder above
            subfolders.clear()
            continue
        seen.add(os.path.realpath(directory))
        relative = os.path.relpath(directory, root).replace(os.sep, "/")
        for name in (*subfolders, *names):
            if not is_utf8(name):
                raise InputError(
                    f"{root}: {posixpath.normpath(f'{relative}/{name}')!r} has a name that is not "
                    "UTF-8; rename it"
                )
        if relative != ".":
            folders.add(relative)
        for name in names:
            path = os.path.join(directory, name)
            size = os.path.getsize(path) if os.path.exists(path) else -1
            files[posixpath.normpath(f"{relative}/{name}")] = size
    return files, folders


def refuse_folder(error):
    raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from error


def is_hidden(name):
    """Whether a part of the name is one that operating systems add ('.DS_Store', '__MACOSX')."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def class_images(files, folders, path):
    """Pictures of a folder (or archive) of class-named folders, listed by ``list_files(path)``.

    The class is the name of the folder that directly holds the picture, wherever that folder is.

    Returns
    -------
    dict from class name (sorted) to the sorted relative names of its pictures.

    Raises
    ------
    InputError : no picture at all, pictures outside any class folder, a class folder without a
        picture, two folders of the same class name.
    """
    suffixes = (*IMAGE_SUFFIXES, *HEIC_SUFFIXES)
    images = [n for n in files if n.lower().endswith(suffixes) and not is_hidden(n)]
    if not images:
        raise InputError(f"{path}: no picture in it (looked for {', '.join(IMAGE_SUFFIXES)})")
    by_folder = defaultdict(list)
    for name in images:
        by_folder[posixpath.dirname(name)].append(name)
    if "" in by_folder:
        raise InputError(
            f"{path}: picture {by_folder[''][0]!r} is in no class folder; move it into one"
        )
    with_image = {folder for name in images for folder in parents(name)}
    for folder in folders:
        if folder not in with_image and not is_hidden(folder):
            raise InputError(f"{path}: class folder {folder!r} has no picture; remove or fill it")
    folder_of = {}
    for folder in sorted(by_folder):
        label = posixpath.basename(folder)
        if label in folder_of:
            raise InputError(
                f"{path}: folders {folder_of[label]!r} and {folder!r} name the same class; "
                "give the folder above one of them as the path"
            )
        folder_of[label] = folder
    return {label: by_folder[folder_of[label]] for label in sorted(folder_of)}


def match_names(wanted, names):
    """For each wanted name the names that are it or end with "/" and it (a list, maybe empty)."""
    by_base = defaultdict(list)
    for name in names:
        by_base[posixpath.basename(name)].append(name)
    return [
        [n for n in by_base[posixpath.basename(want)] if f"/{n}".endswith(f"/{want}")]
        for want in wanted
    ]


def find_named(wanted, names, container, table):
    """For each picture that a caption file names, what it may stand for in its folder or archive.

    A file is meant by its relative path, by the end of that, or by a path that starts with the
    container itself: ``photos/1.jpg``, ``./photos/1.jpg`` or an absolute path for ``1.jpg`` in
    ``photos`` or ``photos.tar``. A path with ``..`` starts at the folder of the caption file.

    Returns
    -------
    list of (matches, name), one per wanted: the names that it may be, and the name that it would
    have in the container, None where it leads outside.
    """
    folders = {os.path.abspath(container), os.path.realpath(container)}
    folders = [re.sub(r"\.(tar|zip)$", "", folder).rstrip("/") for folder in folders]
    paths = [plain_path(want, table) for want in wanted]
    found = []
    for path, ends in zip(paths, match_names(paths, names), strict=True):
        inside = list(paths_below(path, folders))
        if path.startswith("/"):
            ends = []
        # A file that is exactly so called is meant, whatever the folder is called.
        if path not in ends:
            ends = [*ends, *(name for name in inside if name in names and name not in ends)]
        found.append((ends, next(iter(inside), None if path.startswith("/") else path)))
    return found


def plain_path(path, table):
    """A path with "/" between its parts and no ``.`` or ``..`` in it."""
    if "/" not in path:
        path = path.replace("\\", "/")
    if ".." in path.split("/"):
        path = posixpath.join(posixpath.dirname(os.path.abspath(table)), path)
    return posixpath.normpath(path)


def paths_below(path, folders):
    """What is left of a path whose first parts are the last parts of one of the folders."""
    parts = path.split("/")
    for k in range(1, len(parts)):
        start = "/".join(parts[:k])
        if any(folder == start or f"{folder}/".endswith(f"/{start}/") for folder in folders):
            yield "/".join(parts[k:])
