"""COCO captions, FairFace, HatefulMemes: small archives, the real tables, and what is wrong."""

import json
import re

import pytest

from modgap.annotations import read_coco, read_faces
from modgap.counting import count_items
from modgap.errors import InputError
from modgap.samples import list_samples
from modgap.sources import COCO, FAIRFACE, HATEFUL_MEMES, with_sources
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


def listed(folder, kind, on_bad_sample="stop", **entry):
    return list_samples(resolved(folder, kind, **entry), on_bad_sample=on_bad_sample)[0]


@pytest.fixture
def coco(tmp_path):
    write_coco(tmp_path)
    return tmp_path


def test_coco_pictures_come_in_the_order_of_the_captions(coco):
    samples = listed(coco, "coco_captions", n=4)
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
        listed(coco, "coco_captions")


def test_a_users_own_coco_folder_and_json(coco):
    extract_all(coco / "coco" / "val2017.zip", coco / "pictures")
    extract_all(coco / "coco" / "annotations_trainval2017.zip", coco)
    entry = {
        "images": str(coco / "pictures"),
        "annotations": str(coco / "annotations" / "captions_val2017.json"),
    }
    assert count_items("coco_captions", resolved(coco, "coco_captions", **entry)) == 6
    samples = listed(coco, "coco_captions", **entry)
    assert len(samples) == 12
    assert samples["image"][0] == f"{coco}/pictures/val2017/000000000105.jpg"


def test_a_picture_that_coco_has_not(coco):
    import zipfile

    path = coco / "coco" / "val2017.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("val2017/000000000105.jpg", b"x")
    with pytest.raises(InputError, match=r"picture '000000000104\.jpg' is not in .*val2017\.zip"):
        listed(coco, "coco_captions", n=2)
    samples = listed(coco, "coco_captions", on_bad_sample="skip", n=2)
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
    samples = listed(tmp_path, "coco_captions", split=f"karpathy-{split}", n=n)
    assert samples["sample_id"].nunique() == n
    assert len(samples) == 5 * n
    places = {re.search(r"(\w+)\.zip#", image)[1] for image in samples["image"]}
    assert places == ({"train2014", "val2014"} if split == "train" else {"val2014"})


def test_faces_have_the_papers_labels(tmp_path):
    write_fairface(tmp_path)
    samples = listed(tmp_path, "fairface", n=14)
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
    plain = listed(tmp_path, "fairface", n=14)
    table = tmp_path / "fairface" / "fairface_label_val.csv"
    table.write_text(table.read_text().replace("val/", "fairface/val/"))
    assert listed(tmp_path, "fairface", n=14).equals(plain)
    extract_all(tmp_path / "fairface" / "images-padding025.zip", tmp_path / "faces")
    own = {"images": str(tmp_path / "faces" / "val"), "annotations": str(table)}
    samples = listed(tmp_path, "fairface", **own)
    assert list(samples["sample_id"]) == list(plain["sample_id"])
    assert samples.set_index("sample_id")["image"]["val/1.jpg"] == f"{tmp_path}/faces/val/1.jpg"


def test_a_face_that_is_not_there(tmp_path):
    write_fairface(tmp_path, n=14)
    table = tmp_path / "fairface" / "fairface_label_val.csv"
    table.write_text(table.read_text().replace("val/3.jpg", "val/33.jpg"))
    with pytest.raises(InputError, match=r"row 4: 'val/33\.jpg' is not in .*padding025\.zip"):
        listed(tmp_path, "fairface", n=14)
    skipped = listed(tmp_path, "fairface", on_bad_sample="skip", n=14)
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
    samples = listed(tmp_path, "hateful_memes", n=4)
    assert list(samples["label"]) == ["0", "1"] * 2
    assert list(samples["caption"][:2]) == ["a meme.", "a hatespeech meme."]
    assert samples["text"][1] == "text 1"
    assert samples["image"][0] == f"{tmp_path}/hateful-memes/img/00000.png"
    assert len(listed(tmp_path, "hateful_memes", path=str(tmp_path / "hateful-memes"))) == 8


def test_counts_of_memes_without_any_file(tmp_path):
    for split, n in HATEFUL_MEMES.items():
        entry = resolved(tmp_path, "hateful_memes", split=split)
        assert count_items("hateful_memes", entry) == n


def test_a_meme_without_its_picture(tmp_path):
    write_memes(tmp_path / "hateful-memes")
    (tmp_path / "hateful-memes" / "img" / "00002.png").unlink()
    with pytest.raises(InputError, match=r"row 3: no picture .*img/00002\.png"):
        listed(tmp_path, "hateful_memes", n=8)
    assert len(listed(tmp_path, "hateful_memes", on_bad_sample="skip", n=8)) == 8


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
        listed(tmp_path, "hateful_memes", n=8)
