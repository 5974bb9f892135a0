"""Samples tables of pictures that exist already, or are noise: one function per kind of dataset.

Class folders, caption tables, COCO, FairFace, HatefulMemes, MixBench and noise. Torchvision's
datasets and webdatasets have modules, scripts and rules of their own.
"""

import os
import posixpath

import numpy as np
import pandas as pd

from modgap.data.folders import class_images, find_named, list_files
from modgap.data.kinds.annotations import GENDERS, read_coco, read_faces, read_memes, read_mixbench
from modgap.data.kinds.captions import choose_captioned, read_captions, refuse_empty_captions
from modgap.data.sources import count_items
from modgap.data.table import (
    check_available,
    check_published,
    class_captions,
    class_samples,
    location,
    numbered_ids,
    numbered_locations,
    samples_frame,
    take_in_turns,
)
from modgap.errors import InputError

# Labels 0 and 1 in the words of the paper's prompts (Supplementary Table 3).
MEMES = ("meme", "hatespeech meme")
MEMES_TEMPLATE = "a {label}."


def list_samples(entry, *, on_bad_sample):
    """Samples table of a dataset of one of these kinds.

    Returns
    -------
    samples : DataFrame, one row per picture and caption.
    content : dict for the fingerprint: the size in bytes of every picture by sample_id, or the
        seed of the noise.
    skipped : list of (sample_id, reason) of the captions that are left out because they are empty.
    """
    if entry["kind"] == "captions_table":
        return captions_samples(entry, on_bad_sample=on_bad_sample)
    if entry["kind"] == "mixbench":
        return mixbench_samples(entry, on_bad_sample=on_bad_sample)
    careful = {
        "coco_captions": coco_samples,
        "fairface": fairface_samples,
        "hateful_memes": memes_samples,
    }
    if entry["kind"] in careful:
        return *careful[entry["kind"]](entry, on_bad_sample=on_bad_sample), []
    listers = {
        "image_folder": folder_samples,
        "noise": noise_samples,
    }
    return *listers[entry["kind"]](entry), []


def noise_samples(entry):
    """Pictures of standard-normal noise, drawn when they are decoded."""
    n = count_items("noise", entry)
    return samples_frame(numbered_ids("noise", n), numbered_locations("noise", n)), {
        "seed": entry["seed"]
    }


def folder_samples(entry):
    """Class-named folders, or an archive of them."""
    path = entry["path"]
    files, folders = list_files(path)
    by_class = class_images(files, folders, path)
    named = [(name, label) for label, names in by_class.items() for name in names]
    return class_samples(named, files, path, entry)


def captions_samples(entry, *, on_bad_sample):
    """A caption file and the folder or archive of its pictures.

    Pictures come in the order in which the caption file first names them; with ``n`` the first n.
    What a name in the caption file stands for says ``find_named``. A picture that is not there is
    an error that names the row, or with ``on_bad_sample="skip"`` stays in the table, to be listed
    as bad when it is decoded. An empty caption is an error as well, or is left out, and with it a
    picture that has no other.
    """
    images, table = entry["images"], entry["captions"]
    rows = read_captions(table, entry.get("columns"))
    if on_bad_sample == "stop":
        refuse_empty_captions(rows, table)
    chosen = choose_captioned(rows, table)
    if "n" in entry:
        n = count_items("captions_table", entry)
        check_available(n, len(chosen), table)
        chosen = chosen[:n]
    first_row = {}
    for place, image, _ in rows:
        first_row.setdefault(image, place)
    named = list(first_row)[: list(first_row).index(chosen[-1]) + 1]
    files, _ = list_files(images)
    found = {}
    for image, (matches, name) in zip(named, find_named(named, files, images, table), strict=True):
        where = f"{table}, {first_row[image]}"
        found[image] = choose_file(image, matches, name, files, images, where, on_bad_sample)
    check_one_name_each(found, first_row, table)
    names = {image: found[image] for image in chosen}
    skipped = [
        (found[image], explain_empty(image in names, place, table))
        for place, image, caption in rows
        if image in found and not caption
    ]
    frame = pd.DataFrame(rows, columns=["row", "image", "caption"])
    frame = frame[frame["image"].isin(names) & (frame["caption"] != "")]
    order = frame["image"].map({image: i for i, image in enumerate(names)})
    frame = frame.iloc[np.argsort(order.to_numpy(), kind="stable")]
    ids = [names[image] for image in frame["image"]]
    samples = samples_frame(
        ids,
        [location(images, name) for name in ids],
        caption=frame["caption"].to_numpy(),
        caption_index=frame.groupby("image").cumcount().to_numpy(),
    )
    return samples, {name: files.get(name, -1) for name in names.values()}, skipped


def choose_file(image, matches, name, files, container, where, on_bad_sample):
    """The name in its folder or archive of the picture that a file names; see ``find_named``."""
    if name is None:
        raise InputError(f"{where}: image {image!r} leads outside {container}")
    if len(matches) > 1:
        raise InputError(
            f"{where}: image {image!r} may be {matches[0]!r} or {matches[1]!r} of {container}; "
            "write more of the path"
        )
    if not matches and on_bad_sample == "stop":
        near = similar_name(name, files)
        raise InputError(f"{where}: image {image!r} is not in {container}{near}")
    return matches[0] if matches else name


def explain_empty(has_other, place, table):
    """Why a caption is left out."""
    more = "" if has_other else ", and the picture has no other"
    return f"empty caption ({posixpath.basename(table)}, {place}){more}"


def similar_name(name, files):
    """A hint at the first file of the same name but for case and suffix, or nothing."""
    stem = posixpath.splitext(posixpath.basename(name))[0].lower()
    for file in files:
        if posixpath.splitext(posixpath.basename(file))[0].lower() == stem:
            return f"; there is {file!r}"
    return ""


def check_one_name_each(found, first_row, table):
    """Raise an InputError when two names in the caption file stand for one picture."""
    image_of = {}
    for image, name in found.items():
        if name in image_of:
            raise InputError(
                f"{table}, {first_row[image]}: image {image!r} is the picture that "
                f"{first_row[image_of[name]]} calls {image_of[name]!r}; use one name for it"
            )
        image_of[name] = image


def coco_samples(entry, *, on_bad_sample):
    """Pictures and captions of a ``coco_captions`` dataset.

    Pictures come in the ``order`` of the entry: that in which they first appear among the captions
    (the authors' Figure 1 has the first 500 of them), by id, or shuffled. ``n`` takes the first.
    Captions come in the order of the file.
    """
    table, order = entry["annotations"], entry.get("order", "annotations")
    captions = read_coco(table, entry["split"], "ids" if order == "ids" else "annotations")
    check_published(len(captions), entry, table)
    if order == "shuffled":
        captions = shuffle_captions(captions, entry.get("seed", 0))
    captions = dict(list(captions.items())[: entry.get("n")])
    images = entry["images"]
    places, sizes = find_pictures([images] if isinstance(images, str) else images)
    missing = [name for name in captions if name not in places]
    if missing and on_bad_sample == "stop":
        raise InputError(f"{table}: picture {missing[0]!r} is not in {images_text(images)}")
    first = images if isinstance(images, str) else images[0]
    rows = [(name, i, text) for name, texts in captions.items() for i, text in enumerate(texts)]
    samples = samples_frame(
        [name for name, _, _ in rows],
        [places.get(name) or location(first, name) for name, _, _ in rows],
        caption=[text for _, _, text in rows],
        caption_index=[i for _, i, _ in rows],
        split=entry["split"],
    )
    return samples, {name: sizes.get(name, -1) for name in captions}


def shuffle_captions(captions, seed):
    """The same pictures in a random order.

    The first n are those that ``numpy.random.seed(seed)`` and ``numpy.random.choice(N, n,
    replace=False)`` take, as the authors draw 50,000 training pictures; numpy keeps that generator
    as it was.
    """
    items = list(captions.items())
    return dict(items[i] for i in np.random.RandomState(seed).permutation(len(items)))


def images_text(images):
    """The containers of the pictures, for a message."""
    return images if isinstance(images, str) else " or ".join(images)


def find_pictures(containers):
    """Location and size of every file of some folders or archives, by its own name.

    COCO's file names are unique over all its splits.
    """
    places, sizes = {}, {}
    for container in containers:
        for name, size in list_files(container)[0].items():
            base = posixpath.basename(name)
            places[base] = location(container, name)
            sizes[base] = size
    return places, sizes


def fairface_samples(entry, *, on_bad_sample):
    """Faces with their attributes; label and caption as in the paper's prompts (Table 2).

    The label is race and gender as a phrase ("east asian woman"; ``Latino_Hispanic`` becomes
    "latino"), the columns race, gender and age are as in the file. Labels are taken in turns.
    """
    table, images = entry["annotations"], entry["images"]
    faces = read_faces(table)
    check_published(len(faces), entry, table)
    labels = [race_and_gender(face) for face in faces]
    keep = take_in_turns(labels, entry.get("n"))
    faces, labels = [faces[i] for i in keep], [labels[i] for i in keep]
    names = find_faces([face["file"] for face in faces], images, entry["split"])
    missing = next((face for face, name in zip(faces, names, strict=True) if name is None), None)
    if missing and on_bad_sample == "stop":
        raise InputError(f"{table}, row {missing['row']}: {missing['file']!r} is not in {images}")
    sizes = list_files(images)[0]
    ids = [short_name(face["file"], entry["split"]) for face in faces]
    samples = samples_frame(
        ids,
        [location(images, name or given) for name, given in zip(names, ids, strict=True)],
        caption=[f"a photo of {article(label)} {label}." for label in labels],
        label=labels,
        mentioned="race+gender",
        split=entry["split"],
        **{key: [face[key] for face in faces] for key in ("race", "gender", "age")},
    )
    return samples, {one: sizes.get(name, -1) for one, name in zip(ids, names, strict=True)}


def race_and_gender(face):
    """Race and gender in words; the race up to the first underscore, as the authors split it."""
    return f"{face['race'].split('_')[0].lower()} {GENDERS[face['gender']]}"


def article(label):
    """``an`` before a vowel, as in the paper's prompts."""
    return "an" if label[0] in "aeiou" else "a"


def short_name(file, split):
    """``val/1.jpg``, whatever folders the label file writes before it."""
    parts = file.split("/")
    return "/".join(parts[-2:]) if len(parts) > 1 else f"{split}/{file}"


def find_faces(files, images, split):
    """The name in the archive or folder of each file, or None.

    A face is ``val/1.jpg`` at the end of a name, or ``1.jpg`` directly in the folder.
    """
    by_name = {short_name(name, split): name for name in list_files(images)[0]}
    return [by_name.get(short_name(file, split)) for file in files]


def memes_samples(entry, *, on_bad_sample):
    """Memes with their label, 0 or 1 (hateful), and the text on them in the column ``text``."""
    table, folder = entry["annotations"], entry["path"]
    memes = read_memes(table)
    check_published(len(memes), entry, table)
    keep = take_in_turns([meme["label"] for meme in memes], entry.get("n"))
    memes = [memes[i] for i in keep]
    paths = [location(folder, meme["img"]) for meme in memes]
    sizes = [os.path.getsize(path) if os.path.exists(path) else -1 for path in paths]
    if -1 in sizes and on_bad_sample == "stop":
        raise InputError(
            f"{table}, row {memes[sizes.index(-1)]['row']}: no picture {paths[sizes.index(-1)]}"
        )
    words = [MEMES[meme["label"]] for meme in memes]
    ids = [meme["img"] for meme in memes]
    samples = samples_frame(
        ids,
        paths,
        caption=class_captions(entry.get("template", MEMES_TEMPLATE), words),
        label=[str(meme["label"]) for meme in memes],
        mentioned="label",
        split=entry["split"],
        text=[meme["text"] for meme in memes],
    )
    return samples, dict(zip(ids, sizes, strict=True))


def mixbench_samples(entry, *, on_bad_sample):
    """Queries of a mixed search with the document that answers each, a picture and its text.

    One picture for each query. Its first caption is the query, the second the text of the document,
    so that in a search over pictures and texts the one asks and the other is found; more are other
    queries for the same document. Documents that no query asks for are left out.
    """
    queries, corpus, qrels = entry["files"]
    images, asked = entry["images"], read_mixbench(queries, corpus, qrels)
    check_published(len(asked), entry, queries)
    asked = asked[: entry.get("n")]
    files, _ = list_files(images)
    names, rows, skipped = {}, [], []
    found = find_named([one["image"] or "." for one in asked], files, images, corpus)
    for one, (matches, name) in zip(asked, found, strict=True):
        where, query = f"{corpus}, row {one['row']}", one["query_id"]
        lacks = next((part for part in ("text", "image") if not one[part]), None)
        if lacks and on_bad_sample == "stop":
            raise InputError(
                f"{where}: a document without {lacks} answers query {query!r}; remove both, or set "
                "pixels.on_bad_sample: skip to leave it out"
            )
        if not one["text"]:
            skipped.append((query, explain_empty(True, f"row {one['row']}", corpus)))
        names[query] = choose_file(one["image"], matches, name, files, images, where, on_bad_sample)
        rows += [(query, i, text) for i, text in enumerate(one["texts"]) if text]
    samples = samples_frame(
        [query for query, _, _ in rows],
        [location(images, names[query]) for query, _, _ in rows],
        caption=[text for _, _, text in rows],
        caption_index=[i for _, i, _ in rows],
    )
    return samples, {query: files.get(name, -1) for query, name in names.items()}, skipped
