"""COCO captions, FairFace, HatefulMemes: small archives, the real tables, and what is wrong."""

import json
import re

import numpy as np
import pytest

from modgap.data.annotations import read_coco, read_faces
from modgap.data.drawn import draw_samples
from modgap.data.listed import list_samples
from modgap.data.sources import COCO, FAIRFACE, HATEFUL_MEMES, count_items, with_sources
from modgap.data.table import dataset_digest
from modgap.errors import InputError
from modgap.tables import SAMPLE_COLUMNS, read_table, write_table
from picture_files import class_files, picture_bytes, write_files, write_tar
from published_formats import (
    RACES,
    extract_all,
    write_coco,
    write_fairface,
    write_karpathy,
    write_memes,
)


def resolved(folder, kind, **entry):
    return with_sources("d", {"kind": kind, **entry}, str(folder))


def listed_of(folder, kind, on_bad_sample="stop", **entry):
    return list_samples(resolved(folder, kind, **entry), on_bad_sample=on_bad_sample)[0]


@pytest.fixture
def coco(tmp_path):
    write_coco(tmp_path)
    return tmp_path


def test_coco_pictures_come_in_the_order_of_the_captions(coco):
    samples = listed_of(coco, "coco_captions", n=4)
    names = [f"{105 - i:012d}.jpg" for i in range(4)]
    assert list(samples["sample_id"].drop_duplicates()) == names
    assert list(samples["caption_index"]) == [0, 1] * 4
    assert samples["caption"][0] == "Caption 0 of picture 105."
    assert samples["caption"][1] == "Caption 11 of picture 105."
    assert samples["image"][0] == f"{coco}/coco/val2017.zip#val2017/{names[0]}"
    assert set(samples["split"]) == {"val2017"}
    assert samples["mentioned"].isna().all()


def test_coco_has_the_published_number_or_n(coco):
    assert count_items("coco_captions", resolved(coco, "coco_captions")) == 5_000
    with pytest.raises(InputError, match="6 pictures, but 5000 were published"):
        listed_of(coco, "coco_captions")


def test_a_users_own_coco_folder_and_json(coco):
    extract_all(coco / "coco" / "val2017.zip", coco / "pictures")
    extract_all(coco / "coco" / "annotations_trainval2017.zip", coco)
    entry = {
        "images": str(coco / "pictures"),
        "annotations": str(coco / "annotations" / "captions_val2017.json"),
    }
    assert count_items("coco_captions", resolved(coco, "coco_captions", **entry)) == 6
    samples = listed_of(coco, "coco_captions", **entry)
    assert len(samples) == 12
    assert samples["image"][0] == f"{coco}/pictures/val2017/000000000105.jpg"


def test_a_picture_that_coco_has_not(coco):
    import zipfile

    path = coco / "coco" / "val2017.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("val2017/000000000105.jpg", b"x")
    with pytest.raises(InputError, match=r"picture '000000000104\.jpg' is not in .*val2017\.zip"):
        listed_of(coco, "coco_captions", n=2)
    samples = listed_of(coco, "coco_captions", on_bad_sample="skip", n=2)
    assert samples["sample_id"].nunique() == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>", "not readable as JSON"),
        (b"[]", "not the COCO caption format"),
        (b'{"images": []}', "not the COCO caption format .no 'annotations'"),
        (b'{"images": [], "annotations": []}', "no captions for split 'val2017'"),
        (
            b'{"images": [], "annotations": [{"image_id": 7, "caption": "x"}]}',
            "not the COCO caption format .no 7",
        ),
    ],
)
def test_wrong_caption_files(tmp_path, content, words):
    path = tmp_path / "captions.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_coco(str(path), "val2017")


def test_the_real_captions_of_val2017(shared):
    captions = read_coco(str(shared("data/annotations/captions_val2017.json")), "val2017")
    assert len(captions) == COCO["val2017"][0]
    assert sum(map(len, captions.values())) == 25_014
    # the file's first annotation
    assert next(iter(captions)) == "000000179765.jpg"
    first = next(iter(captions.values()))[0]
    assert first == "A black Honda motorcycle parked in front of a garage."


@pytest.mark.parametrize(("split", "n"), [("train", 6), ("val", 3), ("test", 3)])
def test_karpathy_splits_take_pictures_from_both_archives(tmp_path, split, n):
    write_karpathy(tmp_path)
    samples = listed_of(tmp_path, "coco_captions", split=f"karpathy-{split}", n=n)
    assert samples["sample_id"].nunique() == n
    assert len(samples) == 5 * n
    places = {re.search(r"(\w+)\.zip#", image)[1] for image in samples["image"]}
    assert places == ({"train2014", "val2014"} if split == "train" else {"val2014"})


def test_faces_have_the_papers_labels(tmp_path):
    write_fairface(tmp_path)
    samples = listed_of(tmp_path, "fairface", n=14)
    assert sorted(set(samples["race"])) == sorted(RACES)
    assert samples["label"].nunique() == 14
    row = samples[samples["race"] == "Latino_Hispanic"].iloc[0]
    assert row["label"] in ("latino man", "latino woman")
    captions = dict(zip(samples["label"], samples["caption"], strict=True))
    assert captions["indian man"] == "a photo of an indian man."
    assert captions["southeast asian woman"] == "a photo of a southeast asian woman."
    place = samples.set_index("sample_id")["image"]["val/1.jpg"]
    assert place == f"{tmp_path}/fairface/images-padding025.zip#val/1.jpg"
    assert set(samples["mentioned"]) == {"race+gender"}


def test_extra_folders_in_the_label_file_do_not_matter(tmp_path):
    write_fairface(tmp_path)
    plain = listed_of(tmp_path, "fairface", n=14)
    table = tmp_path / "fairface" / "fairface_label_val.csv"
    table.write_text(table.read_text().replace("val/", "fairface/val/"))
    assert listed_of(tmp_path, "fairface", n=14).equals(plain)
    extract_all(tmp_path / "fairface" / "images-padding025.zip", tmp_path / "faces")
    own = {"images": str(tmp_path / "faces" / "val"), "annotations": str(table)}
    samples = listed_of(tmp_path, "fairface", **own)
    assert list(samples["sample_id"]) == list(plain["sample_id"])
    assert samples.set_index("sample_id")["image"]["val/1.jpg"] == f"{tmp_path}/faces/val/1.jpg"


def test_a_face_that_is_not_there(tmp_path):
    write_fairface(tmp_path, n=14)
    table = tmp_path / "fairface" / "fairface_label_val.csv"
    table.write_text(table.read_text().replace("val/3.jpg", "val/33.jpg"))
    with pytest.raises(InputError, match=r"row 4: 'val/33\.jpg' is not in .*padding025\.zip"):
        listed_of(tmp_path, "fairface", n=14)
    skipped = listed_of(tmp_path, "fairface", on_bad_sample="skip", n=14)
    assert "val/33.jpg" in set(skipped["sample_id"])


@pytest.mark.parametrize(("split", "n"), FAIRFACE.items())
def test_the_real_face_labels(shared, split, n):
    faces = read_faces(str(shared(f"data/annotations/fairface_label_{split}.csv")))
    assert len(faces) == n
    assert {face["race"] for face in faces} == set(RACES)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,age,gender\na,b,c\n", "no column 'race'"),
        ("file,age,gender,race\n", "no face in it"),
        ("file,age,gender,race\nval/1.jpg,3-9,Male,\n", "row 2: empty race"),
        ("file,age,gender,race\nval/1.jpg,3-9,M,White\n", "row 2: gender 'M' is neither"),
    ],
)
def test_wrong_label_files(tmp_path, text, words):
    path = tmp_path / "labels.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_faces(str(path))


def test_memes(tmp_path):
    write_memes(tmp_path / "hateful-memes")
    samples = listed_of(tmp_path, "hateful_memes", n=4)
    assert list(samples["label"]) == ["0", "1"] * 2
    assert list(samples["caption"][:2]) == ["a meme.", "a hatespeech meme."]
    assert samples["text"][1] == "text 1"
    assert samples["image"][0] == f"{tmp_path}/hateful-memes/img/00000.png"
    assert len(listed_of(tmp_path, "hateful_memes", path=str(tmp_path / "hateful-memes"))) == 8


def test_counts_of_memes_without_any_file(tmp_path):
    for split, n in HATEFUL_MEMES.items():
        entry = resolved(tmp_path, "hateful_memes", split=split)
        assert count_items("hateful_memes", entry) == n


def test_a_meme_without_its_picture(tmp_path):
    write_memes(tmp_path / "hateful-memes")
    (tmp_path / "hateful-memes" / "img" / "00002.png").unlink()
    with pytest.raises(InputError, match=r"row 3: no picture .*img/00002\.png"):
        listed_of(tmp_path, "hateful_memes", n=8)
    assert len(listed_of(tmp_path, "hateful_memes", on_bad_sample="skip", n=8)) == 8


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"label": 2}, "row 1: label 2 is neither 0 nor 1"),
        ({"label": None}, "row 1: label None is neither"),
        ({"img": "../up.png"}, "row 1: picture '../up.png' leads outside"),
        ({"img": "img/00001.png"}, r"row 2: picture 'img/00001\.png' is named twice"),
        ("label", "row 1: no 'label'; take a split that has"),
        ("not json", "row 1: not a JSON object"),
    ],
)
def test_wrong_meme_files(tmp_path, change, words):
    write_memes(tmp_path / "hateful-memes")
    table = tmp_path / "hateful-memes" / "dev_seen.jsonl"
    first, *rest = table.read_text().splitlines()
    meme = json.loads(first)
    if isinstance(change, dict):
        first = json.dumps({**meme, **change})
    elif change in meme:
        del meme[change]
        first = json.dumps(meme)
    else:
        first = change
    table.write_text("\n".join([first, *rest]))
    with pytest.raises(InputError, match=words):
        listed_of(tmp_path, "hateful_memes", n=8)


@pytest.fixture
def captioned(tmp_path):
    """A tar of three pictures and a caption file that names two of them, one twice."""
    files = {f"data/images/{name}.png": picture_bytes(i) for i, name in enumerate("abc")}
    write_tar(tmp_path / "images.tar", files)
    write_files(tmp_path / "images", files)
    return table_entry(tmp_path, "b.png,Two\na.png,One\nb.png,Two again\n")


def table_entry(folder, rows, images="images.tar"):
    (folder / "captions.csv").write_text(f"image,caption\n{rows}")
    return {
        "kind": "captions_table",
        "images": str(folder / images),
        "captions": str(folder / "captions.csv"),
    }


def listed(entry, on_bad_sample="stop"):
    return list_samples(entry, on_bad_sample=on_bad_sample)[0]


def test_scenes_have_the_columns_and_locations_of_the_format():
    entry = {"kind": "scenes", "n": 6, "seed": 1, "size": 48, "completeness": "full"}
    samples, pixels = draw_samples(entry, "results/samples/s.npy")
    assert list(samples.columns) == [*SAMPLE_COLUMNS, "size", "colour", "shape", "place"]
    assert pixels.shape == (6, 48, 48, 3)
    assert samples["image"][5] == "results/samples/s.npy#5"
    assert samples["sample_id"].is_unique
    assert (samples["label"] == samples["shape"]).all()
    assert (samples["caption_index"] == 0).all()


def test_digits_are_the_1797_with_their_names():
    samples, pixels = draw_samples({"kind": "digits"}, "d.npy")
    assert pixels.shape == (1797, 32, 32, 3)
    assert pixels.dtype == np.uint8
    assert samples["label"].nunique() == 10
    assert samples["label"][0] == "zero"
    assert samples["caption"][7] == "a photo of the number seven."
    assert set(samples["mentioned"]) == {"label"}
    # enlarged, not altered: the mean of each 4x4 block stays near the 8x8 original
    from sklearn.datasets import load_digits

    blocks = pixels[..., 0].reshape(1797, 8, 4, 8, 4).mean(axis=(2, 4))
    assert np.corrcoef(blocks.ravel(), load_digits().images.ravel())[0, 1] > 0.98


def test_digits_are_cut_into_a_training_and_a_held_out_part():
    every, pixels = draw_samples({"kind": "digits"}, "d.npy")
    learned, first = draw_samples({"kind": "digits", "n": 1437}, "d.npy")
    held_out, rest = draw_samples({"kind": "digits", "skip": 1437}, "d.npy")
    assert [*learned["sample_id"], *held_out["sample_id"]] == every["sample_id"].tolist()
    np.testing.assert_array_equal(np.concatenate([first, rest]), pixels)
    assert held_out["label"].tolist() == every["label"].tolist()[1437:]
    # Locations are rows of the array that is written, not of all digits.
    assert held_out["image"].iloc[0] == "d.npy#0"
    with pytest.raises(InputError, match="n is 400, but there are only 360"):
        draw_samples({"kind": "digits", "skip": 1437, "n": 400}, "d.npy")


def test_digits_settings():
    entry = {"kind": "digits", "n": 3, "size": 16, "template": "the digit {label}"}
    samples, pixels = draw_samples(entry, "d.npy")
    assert pixels.shape == (3, 16, 16, 3)
    assert list(samples["caption"]) == ["the digit zero", "the digit one", "the digit two"]
    with pytest.raises(InputError, match="n is 1798, but there are only 1797 pictures"):
        draw_samples({"kind": "digits", "n": 1798}, "d.npy")
    with pytest.raises(InputError, match=r"template: 'a digit' has no \{label\}"):
        draw_samples({"kind": "digits", "template": "a digit"}, "d.npy")


def test_noise_has_no_captions_and_keeps_its_types_on_disk(tmp_path):
    samples = listed({"kind": "noise", "n": 3, "seed": 0})
    assert list(samples["image"]) == ["noise#0", "noise#1", "noise#2"]
    write_table(samples, tmp_path / "noise.parquet")
    read = read_table(tmp_path / "noise.parquet")
    assert read["caption"].isna().all()
    assert read["caption"].dtype == samples["sample_id"].dtype
    assert read["caption_index"].dtype == np.int64


@pytest.mark.parametrize("pack", ["folder", "tar"])
def test_image_folder(tmp_path, pack):
    files = class_files({"cat": 2, "ant": 3})
    if pack == "tar":
        path = str(write_tar(tmp_path / "x.tar", files))
        joint = "#"
    else:
        path = str(write_files(tmp_path / "x", files))
        joint = "/"
    samples = listed({"kind": "image_folder", "path": path})
    names = ["ant/00.png", "cat/00.png", "ant/01.png", "cat/01.png", "ant/02.png"]
    assert list(samples["sample_id"]) == names
    assert list(samples["image"]) == [f"{path}{joint}{name}" for name in names]
    assert list(samples["label"]) == ["ant", "cat", "ant", "cat", "ant"]
    assert samples["caption"][3] == "a photo of a cat."
    assert set(samples["mentioned"]) == {"label"}


def test_n_is_spread_evenly_over_classes(tmp_path):
    path = str(write_files(tmp_path / "x", class_files({"ant": 5, "bee": 1, "cat": 4})))
    samples = listed({"kind": "image_folder", "path": path, "n": 6, "template": "{label}!"})
    assert list(samples["sample_id"]) == [
        *["ant/00.png", "bee/00.png", "cat/00.png"],
        *["ant/01.png", "cat/01.png"],
        "ant/02.png",
    ]
    assert samples["caption"][1] == "bee!"
    with pytest.raises(InputError, match="n is 11, but there are only 10 pictures") as caught:
        listed({"kind": "image_folder", "path": path, "n": 11})
    assert path in str(caught.value)


def test_captions_table_keeps_the_order_of_the_file(captioned):
    samples = listed(captioned)
    assert list(samples["sample_id"]) == [f"data/images/{name}.png" for name in "bba"]
    assert list(samples["caption"]) == ["Two", "Two again", "One"]
    assert list(samples["caption_index"]) == [0, 1, 0]
    assert samples["image"][0] == f"{captioned['images']}#data/images/b.png"
    assert samples["mentioned"].isna().all()
    assert samples["label"].isna().all()


def test_captions_table_with_n_takes_the_first_pictures(captioned):
    samples = listed({**captioned, "n": 1})
    assert list(samples["caption"]) == ["Two", "Two again"]
    with pytest.raises(InputError, match=r"captions\.csv: n is 3, but there are only 2 pictures"):
        listed({**captioned, "n": 3})


def test_captions_table_of_a_folder(captioned, tmp_path):
    folder = str(tmp_path / "images")
    samples = listed({**captioned, "images": folder + "/"})
    assert samples["image"][0] == f"{folder}/data/images/b.png"


def test_a_picture_that_is_not_there_is_named_with_its_row(tmp_path, captioned):
    entry = table_entry(tmp_path, "b.png,Two\nz.png,Gone\n")
    with pytest.raises(InputError, match=r"captions\.csv, row 3: image 'z\.png' is not in"):
        listed(entry)
    skipped = listed(entry, "skip")
    assert list(skipped["sample_id"]) == ["data/images/b.png", "z.png"]
    assert skipped["image"][1] == f"{entry['images']}#z.png"


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd"])
def test_captions_cannot_name_files_outside(tmp_path, captioned, name):
    entry = table_entry(tmp_path, f"{name},Two\n", images="images")
    with pytest.raises(InputError, match=r"row 2: image .* leads outside"):
        listed(entry, "skip")


def test_a_name_must_stand_for_one_picture(tmp_path):
    files = {"one/a.png": picture_bytes(0), "two/a.png": picture_bytes(1)}
    write_tar(tmp_path / "images.tar", files)
    entry = table_entry(tmp_path, "a.png,A\n")
    with pytest.raises(InputError, match=r"row 2: image 'a\.png' may be 'one/a\.png' or 'two/a"):
        listed(entry)
    entry = table_entry(tmp_path, "two/a.png,A\n")
    assert list(listed(entry)["sample_id"]) == ["two/a.png"]


def test_two_names_for_one_picture_are_refused(tmp_path, captioned):
    entry = table_entry(tmp_path, "b.png,Two\nimages/b.png,Again\n")
    with pytest.raises(InputError, match=r"row 3: image 'images/b\.png' is the picture that row 2"):
        listed(entry)


def test_flickr8k(shared):
    entry = {
        "kind": "captions_table",
        "images": str(shared("data/flickr8k/images.tar")),
        "captions": str(shared("data/flickr8k/captions.txt")),
    }
    samples = listed(entry)
    assert len(samples) == 5000
    assert samples["sample_id"].nunique() == 1000
    assert (samples.groupby("sample_id")["caption_index"].max() == 4).all()
    assert samples["sample_id"][0] == "data/images/1000268201_693b08cb0e.jpg"


def test_cifar10(shared):
    entry = {"kind": "image_folder", "path": str(shared("data/cifar10_jpeg/test.tar")), "n": 1005}
    samples = listed(entry)
    assert list(samples["label"].value_counts(sort=False)) == [101] * 5 + [100] * 5
    assert samples["sample_id"][0] == "test/airplane/0000.jpg"


def test_the_digest_follows_content_and_not_places(captioned, tmp_path):
    def digest(entry, array="a.npy"):
        if entry["kind"] in ("scenes", "digits"):
            return dataset_digest(*draw_samples(entry, array))
        return dataset_digest(*list_samples(entry, on_bad_sample="stop"))

    scenes = {"kind": "scenes", "n": 3, "seed": 1}
    noise = {"kind": "noise", "n": 3, "seed": 1}
    digests = [
        digest(scenes),
        digest({**scenes, "seed": 2}),
        digest({**scenes, "n": 4}),
        digest(noise),
        digest({**noise, "seed": 2}),
        digest(captioned),
        digest({**captioned, "n": 1}),
    ]
    assert len(set(digests)) == len(digests)
    assert digest(scenes, "elsewhere/b.npy") == digests[0]
    moved = {**captioned, "images": str(tmp_path / "images")}
    assert digest(moved) == digests[5]
    (tmp_path / "images/data/images/b.png").write_bytes(picture_bytes(9, width=30))
    assert digest(moved) != digests[5]


def test_the_digest_of_a_drawn_dataset_follows_its_pixels():
    samples, pixels = draw_samples({"kind": "scenes", "n": 2, "seed": 1}, "a.npy")
    changed = pixels.copy()
    changed[0, 0, 0, 0] ^= 1
    assert dataset_digest(samples, pixels) != dataset_digest(samples, changed)
