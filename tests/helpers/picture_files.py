"""Small picture files, folders and archives that several tests make."""

import io
import struct
import tarfile
import zlib

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


def twelve_bit_tiff(values):
    """A TIFF of grey values (height, width) of 12 bits, two in three bytes, as bytes."""
    first, second = values.reshape(-1, 2).T.astype(np.uint32)
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=1)
    samples = packed.astype(np.uint8).tobytes()
    height, width = values.shape
    tags = {256: width, 257: height, 258: 12, 259: 1, 262: 1, 273: 8, 277: 1, 278: height}
    tags[279] = len(samples)
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    header = b"II*\0" + struct.pack("<I", 8 + len(samples))
    return header + samples + struct.pack("<H", len(tags)) + rows + bytes(4)


def sixteen_bit_png(values):
    """A PNG of colours (height, width, 3) of 16 bits, which Pillow reads but cannot write."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
