"""Archives read in place: what is refused, what is found, what is too large."""

import gzip
import os
import stat
import tarfile
import zipfile

import pytest

from modgap.data.archives import (
    list_tar,
    list_zip,
    open_zip,
    read_gzip,
    read_gzipped_tar,
    read_zip,
    read_zip_member,
    remove_gzip,
)
from modgap.data.folders import list_files
from modgap.data.pixels import decode_pictures, parse_geometry
from modgap.errors import InputError
from picture_files import class_files, picture_bytes, write_tar
from published_formats import write_gzipped_tar, write_zip


def zip_with(path, name, content=b"x", *, mode=0o644 | stat.S_IFREG):
    """A zip with one member of any name and kind."""
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)
    return path


def test_files_and_folders_of_a_zip(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"x/y/1.txt": b"one", "2.txt": b"two!"})
    files, folders = list_zip(path)
    assert files == {"x/y/1.txt": 3, "2.txt": 4}
    assert folders == {"x", "x/y"}
    assert list_files(str(path)) == ({"2.txt": 4, "x/y/1.txt": 3}, ["x", "x/y"])


@pytest.mark.parametrize("name", ["/etc/passwd", "../up.jpg", "a/../../up.jpg", "..\\up.jpg"])
def test_names_that_lead_outside_are_refused(tmp_path, name):
    path = zip_with(tmp_path / "a.zip", name)
    with pytest.raises(InputError, match="leads outside the archive"):
        list_zip(path)


def test_links_and_twins_and_encrypted_members_are_refused(tmp_path):
    link = zip_with(tmp_path / "a.zip", "a.jpg", b"/etc/passwd", mode=0o777 | stat.S_IFLNK)
    with pytest.raises(InputError, match=r"member 'a\.jpg' is a link"):
        list_zip(link)
    twins = tmp_path / "b.zip"
    with zipfile.ZipFile(twins, "w") as archive:
        archive.writestr("a.jpg", b"1")
        archive.writestr("./a.jpg", b"2")
    with pytest.raises(InputError, match=r"two members are called 'a\.jpg'"):
        list_zip(twins)
    secret = zip_with(tmp_path / "c.zip", "a.jpg")
    content = bytearray(secret.read_bytes())
    position = content.index(b"PK\x01\x02")
    content[position + 8] |= 1
    secret.write_bytes(content)
    with pytest.raises(InputError, match="is encrypted"):
        list_zip(secret)


def test_what_is_no_zip(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        open_zip(tmp_path / "gone.zip")
    path = write_zip(tmp_path / "a.zip", {"a": os.urandom(5000)})
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, match=r"a\.zip: not a readable zip"):
        list_zip(path)


def test_a_member_is_bounded_and_checked(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"bomb": bytes(5_000_000), "b": os.urandom(100)})
    assert path.stat().st_size < 10_000
    with open_zip(path) as archive:
        with pytest.raises(InputError, match="5,000,000 bytes, more than 1,000 allowed"):
            read_zip_member(archive, "bomb", 1000)
        with pytest.raises(KeyError):
            read_zip_member(archive, "gone", 1000)
    content = bytearray(path.read_bytes())
    start = content.index(b"b", content.index(b"PK\x03\x04", 10)) + 20
    content[start] ^= 255
    path.write_bytes(content)
    with open_zip(path) as archive, pytest.raises(InputError, match="#b: damaged"):
        read_zip_member(archive, "b", 1000)


def test_a_lie_about_the_size_does_not_help(tmp_path):
    """The directory says 10 bytes, the data unpack to five million: reading stops at 10."""
    path = write_zip(tmp_path / "a.zip", {"bomb": bytes(5_000_000)})
    content = path.read_bytes()
    true, lie = (5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    path.write_bytes(content.replace(true, lie))
    with open_zip(path) as archive, pytest.raises(InputError, match="damaged"):
        read_zip_member(archive, "bomb", 1000)


def test_one_member_by_the_end_of_its_name(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"x/t.json": b"1", "y/t.json": b"2", "xu.json": b"3"})
    assert read_zip(path, "x/t.json") == b"1"
    for ending, count in (("t.json", "2"), ("u.json", "no")):
        with pytest.raises(InputError, match=f"has {count} members called '{ending}'"):
            read_zip(path, ending)


def test_pictures_of_a_zip_are_those_of_a_tar(tmp_path):
    files = {f"{i}.png": picture_bytes(i) for i in range(40)}
    tar, archive = write_tar(tmp_path / "a.tar", files), write_zip(tmp_path / "a.zip", files)
    geometry = parse_geometry("16-bicubic-shortest")

    def crops(container):
        places = [f"{container}#{name}" for name in files]
        batches = decode_pictures(places, geometry, threads=4)
        return [crop.tobytes() for batch in batches for crop, reason in batch if reason is None]

    assert crops(archive) == crops(tar)
    assert len(crops(archive)) == 40


def test_bad_members_have_a_reason(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"1.png": b"no picture", "2.png": b""})
    geometry = parse_geometry("16-bicubic-shortest")
    places = [f"{path}#{name}" for name in ("1.png", "2.png", "3.png")]
    (batch,) = decode_pictures(places, geometry, threads=1)
    assert [reason for _, reason in batch] == [
        "not an image that can be read",
        "empty file (0 bytes)",
        "no such member in the archive",
    ]


def test_members_of_a_gzipped_tar(tmp_path):
    path = write_gzipped_tar(tmp_path / "a.tar.gz", {"d/a": b"1", "d/b": b"22", "d/ab": b"3"})
    assert read_gzipped_tar(path, ["b", "d/a"]) == {"d/a": b"1", "b": b"22"}
    with pytest.raises(InputError, match="has no c"):
        read_gzipped_tar(path, ["a", "c"])
    with pytest.raises(InputError, match="member 'd/b' is not a file that we read"):
        read_gzipped_tar(path, ["d/b"], limit=1)
    path.write_bytes(gzip.compress(b"no tar" * 500))
    with pytest.raises(InputError, match="not a readable gzipped tar"):
        read_gzipped_tar(path, ["a"])


def test_a_link_in_a_gzipped_tar_is_not_followed(tmp_path):
    link = tarfile.TarInfo("d/a")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    path = write_gzipped_tar(tmp_path / "a.tar.gz", {"d/a": link})
    with pytest.raises(InputError, match="'d/a' is not a file that we read"):
        read_gzipped_tar(path, ["a"])


def test_gzip_is_bounded(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(bytes(1000)))
    assert read_gzip(path, limit=1000) == bytes(1000)
    with pytest.raises(InputError, match="unpacks to more than 999 bytes"):
        read_gzip(path, limit=999)
    path.write_bytes(b"plain")
    with pytest.raises(InputError, match="not a readable gzip file"):
        read_gzip(path)


def test_the_gzip_layer_comes_off(tmp_path):
    files = class_files({"ant": 2})
    path = write_gzipped_tar(tmp_path / "a.tar.gz", files)
    remove_gzip(path, tmp_path / "a.tar")
    assert list_files(str(tmp_path / "a.tar"))[0].keys() == files.keys()


def test_a_gzip_bomb_leaves_nothing(tmp_path):
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb") as stream:
        for _ in range(40):
            stream.write(bytes(1 << 20))
    with pytest.raises(InputError, match="unpacks to more than 20 times its size"):
        remove_gzip(path, tmp_path / "a.tar", ratio=20)
    assert os.listdir(tmp_path) == ["a.tar.gz"]


def test_a_truncated_gzip_leaves_nothing(tmp_path):
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(os.urandom(100_000))[:50_000])
    with pytest.raises(InputError, match="not a readable gzip file"):
        remove_gzip(path, tmp_path / "a.tar")
    assert os.listdir(tmp_path) == ["a.tar.gz"]


def link(name, target, kind=tarfile.SYMTYPE):
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    return member


def test_members_are_found_by_offset(tmp_path):
    files = {"a/x.bin": b"first", "a/" + "long" * 60 + ".bin": b"second one"}
    path = write_tar(tmp_path / "archive.tar", files)
    members, folders = list_tar(path)
    content = path.read_bytes()
    assert {n: content[o : o + size] for n, (o, size) in members.items()} == files
    assert folders == {"a"}


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("../escaped.png", b"x", "leads outside the archive"),
        ("a/../../b.png", b"x", "leads outside the archive"),
        ("..\\escaped.png", b"x", "leads outside the archive"),
        ("/etc/absolute.png", b"x", "leads outside the archive"),
        ("soft.png", link("soft.png", "/etc/passwd"), "is a link"),
        ("hard.png", link("hard.png", "a.png", tarfile.LNKTYPE), "is a link"),
        ("fifo", link("fifo", "", tarfile.FIFOTYPE), "special file"),
    ],
)
def test_unsafe_tar_members_are_refused_by_name(tmp_path, name, content, problem):
    path = write_tar(tmp_path / "bad.tar", {"a.png": b"x", name: content})
    with pytest.raises(InputError, match=problem) as caught:
        list_tar(path)
    message = str(caught.value)
    assert str(path) in message
    assert repr(name) in message
    assert "\n" not in message


def test_a_tar_cut_short_is_refused(tmp_path):
    whole = write_tar(tmp_path / "whole.tar", {f"{i}.bin": bytes(600) for i in range(5)})
    content = whole.read_bytes()
    # in the data, at the end of a member, and inside a header
    for length in (512 + 600, 3 * (512 + 1024), 3 * (512 + 1024) + 100):
        cut = tmp_path / "cut.tar"
        cut.write_bytes(content[:length])
        with pytest.raises(InputError, match=r"cut\.tar: (cut short|not a readable)"):
            list_tar(cut)


def test_a_tar_with_a_damaged_header_is_refused(tmp_path):
    path = write_tar(tmp_path / "archive.tar", {f"{i}.bin": bytes(512) for i in range(3)})
    content = bytearray(path.read_bytes())
    content[1024:1034] = b"\xff" * 10
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"archive\.tar: cut short or damaged after 1 files"):
        list_tar(path)


def test_compressed_and_missing_tars_are_named(tmp_path):
    path = write_tar(tmp_path / "packed.tar", {"a.png": b"x"}, mode="w:gz")
    with pytest.raises(InputError, match=r"packed\.tar: not a readable uncompressed tar"):
        list_tar(path)
    with pytest.raises(InputError, match=r"gone\.tar: no such file"):
        list_tar(tmp_path / "gone.tar")
