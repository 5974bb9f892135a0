"""Listing folders and archives: what is a picture of a class, and what is refused by name."""

import pytest

from modgap.data.folders import (
    class_images,
    find_named,
    list_files,
    match_names,
    split_location,
)
from modgap.errors import InputError
from picture_files import class_files, write_files, write_tar


def classes(path):
    return class_images(*list_files(path), path)


def test_folder_and_tar_of_the_same_files_list_the_same(tmp_path):
    files = class_files({"cat": 2, "ant": 1})
    folder = write_files(tmp_path / "folder", files)
    archive = write_tar(tmp_path / "archive.tar", {f"./{name}": x for name, x in files.items()})
    assert list_files(folder) == list_files(archive)
    assert list(list_files(folder)[0]) == ["ant/00.png", "cat/00.png", "cat/01.png"]
    assert classes(folder) == classes(archive)
    assert list(classes(folder)) == ["ant", "cat"]


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


def test_locations():
    assert split_location("a/b.jpg") == ("a/b.jpg", None)
    assert split_location("odd#1/b.jpg") == ("odd#1/b.jpg", None)
    assert split_location("a/x.tar#in/b#2.jpg") == ("a/x.tar", "in/b#2.jpg")
    assert split_location("a/x.npy#12") == ("a/x.npy", "12")


@pytest.mark.parametrize("container", ["photos", "photos/", "/my/photos", "/my/photos.tar"])
@pytest.mark.parametrize(
    ("wanted", "matches", "name"),
    [
        ("1.jpg", ["1.jpg"], "1.jpg"),
        ("./1.jpg", ["1.jpg"], "1.jpg"),
        ("photos/1.jpg", ["1.jpg"], "1.jpg"),
        ("my/photos/1.jpg", ["1.jpg"], "1.jpg"),
        ("/my/photos/1.jpg", ["1.jpg"], "1.jpg"),
        (".\\photos\\1.jpg", ["1.jpg"], "1.jpg"),
        ("../photos/in/2.jpg", ["in/2.jpg"], "in/2.jpg"),
        ("2.jpg", ["in/2.jpg"], "2.jpg"),
        ("/my/photos/2.jpg", [], "2.jpg"),
        ("photos/9.jpg", [], "9.jpg"),
        ("photo/1.jpg", [], "photo/1.jpg"),
        ("s/1.jpg", [], "s/1.jpg"),
        ("/photos/1.jpg", [], None),
        ("/my/photos2/1.jpg", [], None),
        ("../secret.jpg", [], None),
        ("photos/../../../secret.jpg", [], None),
    ],
)
def test_names_in_a_caption_file(monkeypatch, container, wanted, matches, name):
    monkeypatch.setattr("os.getcwd", lambda: "/my")
    files = {"1.jpg": 5, "in/2.jpg": 5}
    assert find_named([wanted], files, container, "/my/texts/captions.csv") == [(matches, name)]


def test_a_folder_within_that_is_called_like_it_is_not_taken_in_silence():
    files = {"photos/1.jpg": 5, "1.jpg": 5, "x/photos/2.jpg": 5, "2.jpg": 5}
    ((one, _), (two, _)) = find_named(["photos/1.jpg", "photos/2.jpg"], files, "photos", "c.csv")
    assert one == ["photos/1.jpg"]
    assert two == ["x/photos/2.jpg", "2.jpg"]


@pytest.mark.parametrize("name", ["ant/1.heic", "ant/1.HEIF"])
def test_heic_pictures_are_listed(name):
    assert class_images({name: 5}, ["ant"], "x") == {"ant": [name]}
