"""Samples tables of every kind of dataset."""

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.samples import dataset_digest, draw_samples, list_samples
from modgap.tables import SAMPLE_COLUMNS, read_table, write_table
from picture_files import class_files, picture_bytes, write_files, write_tar


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
