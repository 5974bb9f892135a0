"""What lies in a folder, a tar or a zip, and which of it is a picture of which class.

Standard library only: the workflow reads this when it counts the shards of a dataset.
"""

import os
import posixpath
import re
from collections import defaultdict

from modgap.data.archives import list_tar, list_zip, parents
from modgap.errors import InputError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm")


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
    images = [n for n in files if n.lower().endswith(IMAGE_SUFFIXES) and not is_hidden(n)]
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
