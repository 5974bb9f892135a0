"""Crops are open_clip's, wherever a picture lies; what cannot be read has a reason."""

import io
import threading
import zlib

import numpy as np
import pytest
from PIL import Image

from modgap.data.pixels import (
    HEIC,
    BadPictureError,
    crop_picture,
    decode_pictures,
    keep_good_crops,
    noise_pictures,
    parse_geometry,
)
from modgap.errors import InputError
from picture_files import picture_bytes, write_files, write_tar

SMALL = parse_geometry("16-bicubic-shortest")


def noise_picture(width, height, mode, seed=0):
    """A picture of noise in any Pillow mode, palettes with and without transparency included."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (height, width, 4), dtype=np.uint8)
    rgba = Image.fromarray(pixels, "RGBA")
    if mode == "P":
        return rgba.convert("RGB").quantize(32)
    if mode == "I;16":
        return Image.fromarray(generator.integers(0, 2**16, (height, width), dtype=np.uint16))
    return rgba.convert("RGB").convert(mode) if "A" not in mode else rgba.convert(mode)


def open_clip_pixels(picture, size, interpolation, resize_mode):
    """What open_clip makes of the picture before it becomes a normalised tensor."""
    from open_clip.transform import image_transform

    transform = image_transform(
        size, is_train=False, interpolation=interpolation, resize_mode=resize_mode
    )
    for step in transform.transforms[:-2]:
        picture = step(picture)
    return np.asarray(picture)


@pytest.mark.parametrize("resize_mode", ["shortest", "squash", "longest"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "LA", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_crops_are_those_of_open_clip(mode, interpolation, resize_mode):
    shapes = [(1, 1), (1, 9), (7, 3), (31, 32), (32, 32), (33, 32), (100, 41), (37, 150), (64, 64)]
    for seed, (width, height) in enumerate(shapes):
        for size in (24, 32):
            picture = noise_picture(width, height, mode, seed)
            expected = open_clip_pixels(picture, size, interpolation, resize_mode)
            found = crop_picture(picture, parse_geometry(f"{size}-{interpolation}-{resize_mode}"))
            assert found.dtype == np.uint8
            np.testing.assert_array_equal(found, expected, err_msg=f"{width}x{height} to {size}")


@pytest.mark.parametrize("resize_mode", ["shortest", "squash", "longest"])
def test_real_photographs_have_the_pixels_of_open_clip(shared, resize_mode):
    archive = shared("data/flickr8k/images.tar")
    from modgap.data.archives import list_tar

    members, _ = list_tar(archive)
    names = list(members)[:12]
    geometry = parse_geometry(f"224-bicubic-{resize_mode}")
    locations = [f"{archive}#{name}" for name in names]
    results = [one for batch in decode_pictures(locations, geometry, threads=2) for one in batch]
    content = archive.read_bytes()
    for name, (pixels, reason) in zip(names, results, strict=True):
        offset, size = members[name]
        picture = Image.open(io.BytesIO(content[offset : offset + size]))
        assert reason is None
        expected = open_clip_pixels(picture, 224, "bicubic", resize_mode)
        np.testing.assert_array_equal(pixels, expected)


def test_pictures_too_narrow_for_a_crop_are_bad():
    with pytest.raises(BadPictureError, match="too narrow: 1 x 100 pixels"):
        crop_picture(Image.new("RGB", (1, 100)), parse_geometry("32-bicubic-longest"))
    with pytest.raises(BadPictureError, match="resized it would have 224 x 2240000 pixels"):
        crop_picture(Image.new("L", (1, 10_000)), parse_geometry("224-bicubic-shortest"))


@pytest.mark.parametrize("text", ["224-lanczos-shortest", "224-bicubic-crop"])
def test_unknown_geometries_are_refused(text):
    with pytest.raises(ValueError, match=text):
        parse_geometry(text)


def decode_all(locations, geometry=SMALL, threads=2):
    batches = decode_pictures([str(location) for location in locations], geometry, threads=threads)
    return [one for batch in batches for one in batch]


def test_the_next_batch_is_decoded_while_one_is_used(monkeypatch):
    """And none after it: memory does not grow."""
    begun = [threading.Event() for _ in range(64)]

    def decode(location, *settings):
        begun[int(location)].set()
        return location, None

    monkeypatch.setattr("modgap.data.pixels.try_to_decode", decode)
    batches = decode_pictures([str(i) for i in range(64)], SMALL, threads=1)
    assert [location for location, _ in next(batches)] == [str(i) for i in range(16)]
    # Asked for nothing more, it goes on by itself.
    assert all(event.wait(10) for event in begun[16:32])
    assert not any(event.is_set() for event in begun[32:])
    rest = [location for batch in batches for location, _ in batch]
    assert rest == [str(i) for i in range(16, 64)]


def test_files_tars_and_arrays_give_the_same_pixels(tmp_path):
    files = {f"in/{i}.png": picture_bytes(i) for i in range(70)}
    write_files(tmp_path, files)
    write_tar(tmp_path / "x.tar", files)
    arrays = [np.asarray(Image.open(io.BytesIO(content))) for content in files.values()]
    np.save(tmp_path / "x.npy", arrays)
    from_files = decode_all(tmp_path / name for name in files)
    from_tar = decode_all(f"{tmp_path}/x.tar#{name}" for name in files)
    from_array = decode_all(f"{tmp_path}/x.npy#{i}" for i in range(70))
    expected = [crop_picture(Image.fromarray(array), SMALL) for array in arrays]
    for results in (from_files, from_tar, from_array):
        assert all(reason is None for _, reason in results)
        np.testing.assert_array_equal([pixels for pixels, _ in results], expected)


def test_the_number_of_threads_changes_nothing(tmp_path):
    write_files(tmp_path, {f"{i}.png": picture_bytes(i) for i in range(40)})
    locations = [tmp_path / f"{i}.png" for i in range(40)]
    one, four = decode_all(locations, threads=1), decode_all(locations, threads=4)
    np.testing.assert_array_equal([p for p, _ in one], [p for p, _ in four])


def giant_png(width, height):
    """A PNG of a hundred bytes or so that declares a huge picture."""

    def chunk(kind, content):
        checksum = zlib.crc32(kind + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + kind + content + checksum

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size + bytes([8, 2, 0, 0, 0]))
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


BAD_FILES = {
    "truncated.jpg": (picture_bytes(width=300, height=200, file_format="JPEG")[:-400], "truncated"),
    "truncated.png": (picture_bytes(width=300, height=200)[:-4000], "truncated or damaged"),
    "header-only.jpg": (picture_bytes(file_format="JPEG")[:30], "not an image|truncated"),
    "empty.jpg": (b"", r"empty file \(0 bytes\)"),
    "text.jpg": (b"<html>404 Not Found</html>", "not an image that can be read"),
    "phone.heic": (b"anything", "a HEIC picture; convert it to JPEG"),
    "renamed.jpg": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC picture; convert it"),
    # above Pillow's limit, where it only warns, and above twice the limit, where it raises
    "bomb.png": (giant_png(10_000, 10_000), "decompression bomb"),
    "large-bomb.png": (giant_png(60_000, 60_000), "decompression bomb"),
}


@pytest.mark.parametrize("pack", ["folder", "tar"])
@pytest.mark.parametrize("name", [*BAD_FILES, "missing.jpg"])
def test_bad_pictures_have_a_reason(tmp_path, pack, name):
    contents = {"good.png": picture_bytes(), **{n: c for n, (c, _) in BAD_FILES.items()}}
    if pack == "tar":
        start = f"{write_tar(tmp_path / 'x.tar', contents)}#"
        missing = "no such member in the archive"
    else:
        start = f"{write_files(tmp_path, contents)}/"
        missing = "no such file"
    locations = [f"{start}good.png", f"{start}{name}", f"{start}good.png"]
    results = decode_all(locations)
    assert [reason is None for _, reason in results] == [True, False, True]
    pixels, reason = results[1]
    assert pixels is None
    expected = missing if name == "missing.jpg" else BAD_FILES[name][1]
    reasons = []
    with pytest.raises(InputError, match=expected) as caught:
        list(keep_good_crops(locations, [results], "stop", reasons))
    message = str(caught.value)
    assert message.startswith(f"{start}{name}: {reason}; ")
    assert "on_bad_sample: skip" in message
    assert "\n" not in message
    reasons.clear()
    assert len(list(keep_good_crops(locations, [results], "skip", reasons))) == 2
    assert reasons == [None, reason, None]


def test_a_folder_in_the_place_of_a_picture(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    [(_, reason)] = decode_all([tmp_path / "folder.jpg"])
    assert reason == "is a folder; give a file"


def test_noise_is_standard_normal_and_does_not_depend_on_the_shard():
    whole = list(noise_pictures([f"noise#{i}" for i in range(8)], 5, 32))
    part = list(noise_pictures([f"noise#{i}" for i in range(3, 8)], 5, 32))
    np.testing.assert_array_equal(whole[3:], part)
    values = np.array(whole)
    assert values.dtype == np.float32
    # 4 standard errors of mean and variance
    assert abs(values.mean()) < 4 / np.sqrt(values.size)
    assert abs(values.var() - 1) < 4 * np.sqrt(2 / values.size)
    assert (whole[0] != whole[1]).all()


def test_a_heic_picture_stops_with_one_line():
    name = "photos/IMG_1234.HEIC"
    with pytest.raises(InputError) as caught:
        list(keep_good_crops([name], [[(None, HEIC)]], "stop", []))
    text = str(caught.value)
    assert text.startswith(f"{name}: a HEIC picture; convert it to JPEG")
    assert "magick mogrify -format jpg *.heic" in text
    assert "set on_bad_sample: skip" in text


def test_a_jpeg_that_is_called_heic_is_read(tmp_path):
    write_files(tmp_path, {"a.heic": picture_bytes(file_format="JPEG")})
    assert decode_all([tmp_path / "a.heic"])[0][1] is None
