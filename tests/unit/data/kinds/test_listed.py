"""Folders, caption tables and published datasets: what is listed, and what is refused."""

import re

import numpy as np
import pandas as pd
import pytest

from modgap.data.kinds.drawn import draw_samples
from modgap.data.kinds.listed import list_samples
from modgap.data.sources import complete_entry, count_items
from modgap.data.table import dataset_digest
from modgap.errors import InputError
from modgap.tables import read_table, write_table
from picture_files import class_files, picture_bytes, write_files, write_tar
from published_formats import (
    RACES,
    extract_all,
    write_coco,
    write_fairface,
    write_karpathy,
    write_memes,
    write_mixbench,
)


def resolved(folder, kind, **entry):
    return complete_entry("d", {"kind": kind, **entry}, str(folder))


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


def test_coco_in_the_order_of_torchvisions_coco_captions(coco):
    """CocoCaptions takes ``sorted(coco.imgs)``; captions stay in the order of the file."""
    samples = listed_of(coco, "coco_captions", n=4, order="ids")
    assert list(samples["sample_id"].drop_duplicates()) == [f"{100 + i:012d}.jpg" for i in range(4)]
    assert list(samples["caption_index"]) == [0, 1] * 4
    assert list(samples["caption"][:2]) == [
        "Caption 5 of picture 100.",
        "Caption 6 of picture 100.",
    ]


def test_karpathys_pictures_by_number(tmp_path):
    write_karpathy(tmp_path)
    samples = listed_of(tmp_path, "coco_captions", split="karpathy-train", n=6, order="ids")
    numbers = [int(name[-10:-4]) for name in samples["sample_id"].drop_duplicates()]
    assert numbers == [0, 1, 2, 100, 101, 102]


def test_the_draw_of_the_authors(coco):
    """``numpy.random.seed(1234)``, then ``numpy.random.choice`` without replacement, as theirs."""
    in_file = listed_of(coco, "coco_captions", n=6)["sample_id"].drop_duplicates().to_numpy()
    before = np.random.get_state()
    try:
        np.random.seed(1234)
        theirs = in_file[np.random.choice(len(in_file), size=4, replace=False)]
    finally:
        np.random.set_state(before)
    samples = listed_of(coco, "coco_captions", n=4, order="shuffled", seed=1234)
    assert list(samples["sample_id"].drop_duplicates()) == list(theirs)
    assert list(samples["caption_index"]) == [0, 1] * 4
    other = listed_of(coco, "coco_captions", n=4, order="shuffled", seed=1)
    assert list(other["sample_id"].drop_duplicates()) != list(theirs)


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


def test_memes(tmp_path):
    write_memes(tmp_path / "hateful-memes")
    samples = listed_of(tmp_path, "hateful_memes", n=4)
    assert list(samples["label"]) == ["0", "1"] * 2
    assert list(samples["caption"][:2]) == ["a meme.", "a hatespeech meme."]
    assert samples["text"][1] == "text 1"
    assert samples["image"][0] == f"{tmp_path}/hateful-memes/img/00000.png"
    assert len(listed_of(tmp_path, "hateful_memes", path=str(tmp_path / "hateful-memes"))) == 8


def test_a_meme_without_its_picture(tmp_path):
    write_memes(tmp_path / "hateful-memes")
    (tmp_path / "hateful-memes" / "img" / "00002.png").unlink()
    with pytest.raises(InputError, match=r"row 3: no picture .*img/00002\.png"):
        listed_of(tmp_path, "hateful_memes", n=8)
    assert len(listed_of(tmp_path, "hateful_memes", on_bad_sample="skip", n=8)) == 8


def test_a_mixed_search_lists_a_picture_for_each_query(tmp_path):
    """The query asks, the text of its document is found: captions 0 and 1."""
    write_mixbench(tmp_path / "mixbench")
    samples = listed_of(tmp_path, "mixbench", name="MSCOCO", n=2)
    assert list(samples["sample_id"]) == ["q0", "q0", "q1", "q1"]
    assert list(samples["caption_index"]) == [0, 1, 0, 1]
    texts = ["Query 0.", "Document 0.", "Query 1.", "Document 1."]
    assert list(samples["caption"]) == texts
    assert samples["image"][0] == f"{tmp_path}/mixbench/MSCOCO/images.tar#images/0000.jpg"


def test_a_clone_of_a_mixed_search_has_its_pictures_in_a_folder(tmp_path):
    write_mixbench(tmp_path / "clone", packed=False)
    entry = {"name": "MSCOCO", "path": str(tmp_path / "clone")}
    samples = listed_of(tmp_path, "mixbench", **entry)
    assert samples["sample_id"].nunique() == 6
    assert samples["image"][0] == f"{tmp_path}/clone/MSCOCO/images/0000.jpg"
    assert count_items("mixbench", resolved(tmp_path, "mixbench", **entry)) == 6
    # The published set has 984 queries, known before anything is fetched.
    assert count_items("mixbench", resolved(tmp_path, "mixbench", name="MSCOCO")) == 984
    (tmp_path / "clone" / "MSCOCO" / "images" / "0002.jpg").unlink()
    with pytest.raises(InputError, match=r"corpus\.jsonl, row 6: image '0002\.jpg' is not in"):
        listed_of(tmp_path, "mixbench", **entry)
    skipped = listed_of(tmp_path, "mixbench", on_bad_sample="skip", **entry)
    assert skipped["sample_id"].nunique() == 6  # listed as bad when it is decoded


@pytest.mark.parametrize("part", ["text", "image"])
def test_a_document_that_lacks_something_is_named_or_left_out(tmp_path, part):
    write_mixbench(tmp_path / "clone", packed=False)
    corpus = tmp_path / "clone" / "MSCOCO" / "corpus.jsonl"
    old = {"text": '"Document 0."', "image": '"0000.jpg"'}[part]
    corpus.write_text(corpus.read_text().replace(old, "null"))
    entry = {"name": "MSCOCO", "path": str(tmp_path / "clone")}
    with pytest.raises(InputError, match=f"row 8: a document without {part} answers query 'q0'"):
        listed_of(tmp_path, "mixbench", **entry)
    given = resolved(tmp_path, "mixbench", **entry)
    samples, _, skipped = list_samples(given, on_bad_sample="skip")
    assert samples["sample_id"].nunique() == 6
    assert [one for one, _ in skipped] == (["q0"] if part == "text" else [])


def test_a_published_search_of_another_size_is_refused(tmp_path):
    write_mixbench(tmp_path / "mixbench")
    with pytest.raises(InputError, match="984"):
        listed_of(tmp_path, "mixbench", name="MSCOCO")


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


@pytest.mark.parametrize("pack", ["images", "images.tar"])
@pytest.mark.parametrize(
    "name", ["images/data/images/b.png", "./images/data/images/b.png", "/images/data/images/b.png"]
)
def test_a_path_may_start_with_the_folder_itself(tmp_path, captioned, monkeypatch, pack, name):
    monkeypatch.chdir(tmp_path)
    name = f"{tmp_path}{name}" if name.startswith("/") else name
    (tmp_path / "captions.csv").write_text(f"image,caption\n{name},Two\nimages/gone.png,Gone\n")
    entry = {"kind": "captions_table", "images": pack, "captions": "captions.csv"}
    samples = listed(entry, "skip")
    assert list(samples["sample_id"]) == ["data/images/b.png", "gone.png"]
    with pytest.raises(InputError, match=f"row 3: image 'images/gone.png' is not in {pack}"):
        listed(entry)


def test_the_same_picture_with_and_without_its_folder_is_refused(tmp_path, captioned):
    entry = table_entry(tmp_path, "b.png,Two\nimages/data/images/b.png,Again\n")
    with pytest.raises(InputError, match=r"row 3: image .* is the picture that row 2 calls"):
        listed(entry)


def test_a_picture_of_another_suffix_is_suggested(tmp_path, captioned):
    entry = table_entry(tmp_path, "B.jpg,Two\n", images="images")
    with pytest.raises(InputError, match=r"is not in .*images; there is 'data/images/b\.png'"):
        listed(entry)


def test_empty_captions_stop_or_are_left_out(tmp_path, captioned):
    rows = "a.png,\nc.png,\nb.png,Two\nb.png, \nb.png,Three\nc.png,\na.png,One\n"
    entry = table_entry(tmp_path, rows)
    with pytest.raises(InputError, match=r"captions\.csv, row 2: empty caption; "):
        listed(entry)
    samples, content, skipped = list_samples(entry, on_bad_sample="skip")
    # in the order in which the file names the pictures, with captions numbered anew
    assert list(samples["sample_id"]) == [f"data/images/{name}.png" for name in "abb"]
    assert list(samples["caption"]) == ["One", "Two", "Three"]
    assert list(samples["caption_index"]) == [0, 0, 1]
    assert list(content) == ["data/images/a.png", "data/images/b.png"]
    assert skipped == [
        ("data/images/a.png", "empty caption (captions.csv, row 2)"),
        ("data/images/c.png", "empty caption (captions.csv, row 3), and the picture has no other"),
        ("data/images/b.png", "empty caption (captions.csv, row 5)"),
        ("data/images/c.png", "empty caption (captions.csv, row 7), and the picture has no other"),
    ]
    assert count_items("captions_table", entry) == 2


def test_n_counts_pictures_that_have_a_caption(tmp_path, captioned):
    entry = {**table_entry(tmp_path, "c.png,\nb.png,Two\na.png,\na.png,One\n"), "n": 1}
    samples, _, skipped = list_samples(entry, on_bad_sample="skip")
    assert list(samples["sample_id"]) == ["data/images/b.png"]
    assert [name for name, _ in skipped] == ["data/images/c.png"]
    with pytest.raises(InputError, match="n is 3, but there are only 2 pictures"):
        listed({**entry, "n": 3}, "skip")


def test_captions_of_other_columns_and_layouts(tmp_path, captioned):
    (tmp_path / "c.tsv").write_text("text\tfile\nTwo\tb.png\nOne\ta.png\nTwo again\tb.png\n")
    entry = {
        **captioned,
        "captions": str(tmp_path / "c.tsv"),
        "columns": {"image": "file", "caption": "text"},
    }
    pd.testing.assert_frame_equal(listed(entry), listed(captioned))
    assert count_items("captions_table", entry) == 2


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
        return dataset_digest(*list_samples(entry, on_bad_sample="stop")[:2])

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
