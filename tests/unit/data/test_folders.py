"""Listing folders and tars: what is accepted, and what is refused by name."""

import tarfile

import pytest

from modgap.data.archives import list_tar
from modgap.data.folders import class_images, list_files, match_names
from modgap.errors import InputError
from picture_files import class_files, write_files, write_tar


def classes(path):
    return class_images(*list_files(path), path)


def link(name, target, kind=tarfile.SYMTYPE):
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = target
    return member


def test_folder_and_tar_of_the_same_files_list_the_same(tmp_path):
    files = class_files({"cat": 2, "ant": 1})
    folder = write_files(tmp_path / "folder", files)
    archive = write_tar(tmp_path / "archive.tar", {f"./{name}": x for name, x in files.items()})
    assert list_files(folder) == list_files(archive)
    assert list(list_files(folder)[0]) == ["ant/00.png", "cat/00.png", "cat/01.png"]
    assert classes(folder) == classes(archive)
    assert list(classes(folder)) == ["ant", "cat"]


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


def test_missing_folder_and_a_file_in_its_place(tmp_path):
    with pytest.raises(InputError, match="gone: no such folder"):
        list_files(tmp_path / "gone")
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(InputError, match=r"notes\.txt: not a folder, a \.tar or a \.zip"):
        list_files(tmp_path / "notes.txt")


def test_linked_folders_are_read_and_loops_end(tmp_path):
    write_files(tmp_path / "elsewhere", {"00.png": b"x"})
    root = write_files(tmp_path / "root", {"ant/00.png": b"x"})
    (root / "bee").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "ant" / "loop").symlink_to(root, target_is_directory=True)
    files, _ = list_files(root)
    assert list(files) == ["ant/00.png", "bee/00.png"]


@pytest.mark.parametrize("pack", ["folder", "tar"])
@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"notes/readme.txt": b"x"}, "no picture in it"),
        ({"ant/00.png": b"x", "bee/readme.txt": b"x"}, "class folder 'bee' has no picture"),
        ({"ant/00.png": b"x", "loose.png": b"x"}, "picture 'loose.png' is in no class folder"),
        (
            {"train/ant/00.png": b"x", "test/ant/00.png": b"x"},
            "folders 'test/ant' and 'train/ant' name the same class",
        ),
    ],
)
def test_class_folders_that_make_no_sense_are_named(tmp_path, pack, files, problem):
    if pack == "tar":
        path = write_tar(tmp_path / "classes.tar", files)
    else:
        path = write_files(tmp_path / "classes", files)
    with pytest.raises(InputError, match=problem) as caught:
        classes(path)
    assert str(path) in str(caught.value)


def test_an_empty_class_folder_is_named(tmp_path):
    root = write_files(tmp_path / "root", class_files({"ant": 1}))
    (root / "bee").mkdir()
    with pytest.raises(InputError, match="class folder 'bee' has no picture"):
        classes(root)


def test_files_of_operating_systems_are_no_pictures_and_no_classes(tmp_path):
    files = {"ant/00.png": b"x", "ant/._00.png": b"x", "__MACOSX/ant/00.png": b"x"}
    root = write_files(tmp_path / "root", files)
    (root / ".cache").mkdir()
    assert classes(root) == {"ant": ["ant/00.png"]}


def test_names_match_at_folder_borders_only():
    names = ["data/images/1.jpg", "data/images/11.jpg", "other/images/11.jpg"]
    wanted = ["1.jpg", "images/1.jpg", "11.jpg", "data/images/11.jpg", "2.jpg"]
    assert match_names(wanted, names) == [
        ["data/images/1.jpg"],
        ["data/images/1.jpg"],
        ["data/images/11.jpg", "other/images/11.jpg"],
        ["data/images/11.jpg"],
        [],
    ]
