"""What a model in training looks like on held-out pairs: gap, retrieval, zero-shot, loss."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from modgap.embeddings.networks.light_imports import open_clip
from modgap.statistics import all_pairs, inference, measurements, pairwise, retrieval
from modgap.statistics.moments.groups import group_pictures, keeps_rows
from modgap.statistics.moments.sums import take_pairs
from modgap.training.norms import embedding_norm_rows, weight_norm_row

# Of everything ``modgap.statistics`` measures of two modalities, what a trajectory keeps.
KEPT = [
    "gap",
    "gap_unbiased_squared",
    "rmg",
    "alignment",
    "uniformity",
    "effective_rank",
    "mean_cosine",
    "recall1",
    "recall5",
    "recall1_chance",
    "recall5_chance",
    "recall1_ceiling",
    "recall5_ceiling",
]

PROPORTION = "Wilson over pictures"

# Training items that the authors measure the gap of section 4.4 on.
PUBLISHED_ITEMS = 500

# Draws the held-out pairs of a trajectory.
DRAW_SEED = 0


@dataclass(frozen=True)
class HeldOut:
    """Pairs that training never sees, one caption a picture, and the prompts of their classes.

    pixels : (n, size, size, 3) uint8; tokens : (n, context) ; captions : (n,) strings.
    relevance : codes and kinds of ``modgap.statistics.retrieval``.
    prompts : (classes, context) tokens, or None without labels; labels : (n,) class numbers.
    loss_name : what the contrastive loss on these pairs is called.
    """

    pixels: np.ndarray
    tokens: torch.Tensor
    captions: np.ndarray
    relevance: tuple
    prompts: torch.Tensor | None
    labels: np.ndarray | None
    loss_name: str = "held_out_loss"


def held_out_pairs(data, tokenize, *, n, caption, prompt):
    """``n`` pictures, drawn from a dataset, with their first or last caption.

    Drawn, because a dataset may be sorted by class or have its classes in turns; and the same ones
    for every run.

    Parameters
    ----------
    data : CaptionedPictures.
    tokenize : list of captions -> (m, context) int64.
    prompt : template of the class prompts, with ``{label}``.
    """
    n = min(n, len(data))
    pictures = np.sort(np.random.default_rng(DRAW_SEED).permutation(len(data))[:n])
    return pairs_of_pictures(data, pictures, tokenize, caption, prompt)


def first_training_pairs(data, tokenize, *, prompt):
    """The first 500 pictures that are trained on with their last captions, as the authors measure
    the gap of section 4.4. Parameters as of ``held_out_pairs``.
    """
    pictures = np.arange(min(PUBLISHED_ITEMS, len(data)))
    pairs = pairs_of_pictures(data, pictures, tokenize, "last", prompt)
    return replace(pairs, loss_name="training_items_loss")


def pairs_of_pictures(data, pictures, tokenize, caption, prompt):
    """Pictures by their number with one caption each; parameters as of ``held_out_pairs``."""
    rows = data.first[pictures] + (data.count[pictures] - 1 if caption == "last" else 0)
    texts = data.samples.iloc[rows].reset_index(drop=True)
    labels = prompts = None
    if texts["label"].notna().all():
        classes = sorted(texts["label"].unique())
        labels = texts["label"].map({name: i for i, name in enumerate(classes)}).to_numpy()
        prompts = torch.from_numpy(tokenize([prompt.replace("{label}", c) for c in classes]))
    captions = texts["caption"].to_numpy()
    return HeldOut(
        pixels=data.pixels(pictures),
        tokens=torch.from_numpy(tokenize(list(captions))),
        captions=captions,
        relevance=retrieval.caption_relevance(texts, np.arange(len(pictures)), "held-out captions"),
        prompts=prompts,
        labels=labels,
    )


def embed_held_out(towers, held_out, prepare, device, batch_size=256):
    """Unit embeddings of pictures, captions and class prompts, float64; prompts None without.
    Then the norms (n,) of pictures and captions before they were normalised.

    prepare : uint8 crops -> normalised images on the device.
    """
    was_training = towers.training
    towers.eval()
    with torch.inference_mode():
        images = [
            towers.project_images(prepare(held_out.pixels[start : start + batch_size]))
            for start in range(0, len(held_out.pixels), batch_size)
        ]
        texts = [
            towers.project_texts(part.to(device)) for part in held_out.tokens.split(batch_size)
        ]
        prompts = None
        if held_out.prompts is not None:
            prompts = towers.encode_texts(held_out.prompts.to(device)).double().cpu().numpy()
        images, texts = torch.cat(images), torch.cat(texts)
        norms = [side.double().norm(dim=1).cpu().numpy() for side in (images, texts)]
        sides = [towers.normalise_images(images), towers.normalise_texts(texts)]
    towers.train(was_training)
    return (*(side.double().cpu().numpy() for side in sides), prompts, *norms)


def zero_shot_row(images, prompts, labels):
    """Top-1 accuracy of the nearest class prompt."""
    hits = (np.argmax(images @ prompts.T, axis=1) == labels).astype(float)
    n = len(hits)
    influence = inference.mean_influence(hits, np.arange(n), n)
    interval = inference.proportion_interval(hits.mean(), influence, n)
    return measurements.measurement_row(
        "zero_shot", "first_to_second", hits.mean(), interval, PROPORTION, n
    )


def held_out_loss(images, texts, tau, batch_size):
    """Symmetric contrastive loss at τ, mean over whole batches of ``batch_size`` pairs."""
    loss = open_clip.ClipLoss()
    size = min(batch_size, len(images))
    values = [
        loss(
            torch.from_numpy(images[start : start + size]),
            torch.from_numpy(texts[start : start + size]),
            1 / tau,
        ).item()
        for start in range(0, len(images) - size + 1, size)
    ]
    return float(np.mean(values))


def measure_held_out(
    towers, held_out, prepare, device, *, tau, norm, batch_size, n_resamples, seed, block=1000
):
    """Rows (dicts, see ``measurements.measurement_row``) of a model at one step.

    norm : of the model's weights (``modgap.training.norms.weight_norm``).
    """
    X, Y, prompts, *norms = embed_held_out(towers, held_out, prepare, device)
    n, owner = len(X), np.arange(len(X))
    # The towers have normalised their rows, once and in single precision.
    moments = take_pairs(
        X, Y, None, *group_pictures(owner, n, seed), kept=keeps_rows(n, X.shape[1])
    )
    rows = [
        *measurements.gap_rows(moments, n_resamples, seed),
        *measurements.cross_rows(moments, n_resamples, seed),
        *all_pairs.retrieval_rows(X, Y, owner, held_out.captions, held_out.relevance, block),
    ]
    for side, rows_of_side, cloud in (("first", X, moments.first), ("second", Y, moments.second)):
        pairs = pairwise.within_pairs(rows_of_side, owner, bins=1, block=block)
        rows += [
            *measurements.moment_rows(side, cloud),
            *all_pairs.spread_rows(side, rows_of_side, owner, n, pairs),
            measurements.rank_row(side, cloud),
        ]
    rows = [row for row in rows if row["statistic"] in KEPT]
    if prompts is not None:
        rows.append(zero_shot_row(X, prompts, held_out.labels))
        chance = 1 / len(prompts)
        rows.append(
            measurements.measurement_row(
                "zero_shot_chance",
                "first_to_second",
                chance,
                None,
                "none: one over the number of classes",
                n,
            )
        )
    loss = held_out_loss(X, Y, tau, batch_size)
    rows.append(
        measurements.measurement_row(
            held_out.loss_name, "both", loss, None, "none: batches share their negatives", n
        )
    )
    rows.append(
        measurements.measurement_row("tau", "both", tau, None, "none: a setting of the model", n)
    )
    rows += [*embedding_norm_rows(*norms), weight_norm_row(norm, n)]
    return [{**row, "dim": X.shape[1], "seed": seed} for row in rows]
