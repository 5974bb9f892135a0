"""Small picture files, folders and archives that several tests make."""

import io
import tarfile

import numpy as np
from PIL import Image


def picture_bytes(seed=0, *, width=20, height=16, mode="RGB", file_format="PNG"):
    """A picture of noise as the content of a file."""
    generator = np.random.default_rng(seed)
    stream = io.BytesIO()
    noise = Image.fromarray(generator.integers(0, 256, (height, width, 3), dtype=np.uint8))
    noise.convert(mode).save(stream, file_format)
    return stream.getvalue()


def write_files(root, files):
    """Write a dict from relative name to bytes below a folder; return it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def write_tar(path, files, mode="w"):
    """Write a dict from member name to bytes (or a ready TarInfo) as a tar; return its path."""
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def class_files(counts):
    """Pictures in class folders: a dict from class name to how many."""
    return {
        f"{label}/{i:02d}.png": picture_bytes(i)
        for label, count in counts.items()
        for i in range(count)
    }
