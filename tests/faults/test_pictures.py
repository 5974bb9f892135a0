"""Pictures of more than 8 bits: right by a stated range, or refused; never white or black."""

import io

import numpy as np
import pytest
from PIL import Image

import decode_pixels
import list_samples
from faults.outcomes import classify_call
from picture_files import sixteen_bit_png, twelve_bit_tiff, write_files

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


def saved(array, file_format, **options):
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, file_format, **options)
    return stream.getvalue()


def decode(folder, files, **entry):
    """The crops of a class folder of these files, at their own size."""
    root = write_files(folder / "pictures", {f"xray/{name}": data for name, data in files.items()})
    entry = {"kind": "image_folder", "path": str(root), **entry}
    table = str(folder / "s.parquet")
    list_samples.main(table, name="s", entry=entry, on_bad_sample="stop")
    decode_pixels.main(
        table,
        str(folder / "a.npy"),
        str(folder / "a.parquet"),
        entry=entry,
        geometry="16-bicubic-squash",
        shard=0,
        shard_size=10,
        on_bad_sample="stop",
        threads=1,
    )
    return np.load(folder / "a.npy")


def is_ramp(crops):
    return all(np.array_equal(crop, np.repeat(RAMP[..., None], 3, axis=2)) for crop in crops)


TWELVE = np.rint(RAMP * (4095 / 255)).astype(np.uint16)
FLOATS = (RAMP / 255).astype(np.float32)
CASES = {
    "8 bits": ({"a.png": saved(RAMP, "PNG")}, {}),
    "8 bits, range given": ({"a.png": saved(RAMP, "PNG")}, {"intensity_range": [0, 4095]}),
    "16 bits": ({"a.png": saved(RAMP.astype(np.uint16) * 257, "PNG")}, {}),
    "12 stated": ({"a.tif": twelve_bit_tiff(TWELVE)}, {}),
    "12 in 16": ({"a.png": saved(TWELVE, "PNG")}, {}),
    "12 in 16, range given": ({"a.png": saved(TWELVE, "PNG")}, {"intensity_range": [0, 4095]}),
    "floats": ({"a.tif": saved(FLOATS, "TIFF")}, {}),
    "floats, range given": ({"a.tif": saved(FLOATS, "TIFF")}, {"intensity_range": [0, 1]}),
    "32 bits": ({"a.tif": saved(RAMP.astype(np.int32), "TIFF")}, {}),
    "dark colours": ({"a.png": sixteen_bit_png(np.repeat(TWELVE[..., None], 3, axis=2))}, {}),
}
REFUSED = {"12 in 16", "floats", "32 bits", "dark colours"}


@pytest.mark.parametrize("name", CASES)
def test_pictures_are_right_or_refused_with_the_key(tmp_path, fault, name):
    files, entry = CASES[name]
    said = fault("pictures", classify_call(lambda: decode(tmp_path, files, **entry), is_ramp))
    assert ("intensity_range" in said) == (name in REFUSED)


def test_the_range_is_told_in_the_log(tmp_path, caplog):
    with caplog.at_level("INFO", logger="modgap"):
        decode(tmp_path, {"a.tif": twelve_bit_tiff(TWELVE), "b.png": saved(RAMP, "PNG")})
    (said,) = [record.getMessage() for record in caplog.records]
    assert "1 of 2 pictures have more than 8 bits; black to white is 0 to 4095" in said
