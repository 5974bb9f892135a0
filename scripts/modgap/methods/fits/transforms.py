"""A fitted method: frozen arrays, applied unchanged to whatever comes, and stored as one ``.npz``.

A row of a side goes through the stages of that side, each x ↦ N((x − offset)·matrix + shift), and
then counts in a score by

    score = (q·x) · scale_x + bias_x

with scale and bias of the item x (1 and 0 for methods of embeddings), which depend on the modality
of the queries. Only QB-Norm also asks whether the query's raw first item is in a set of items, the
gate; where it is not, the score stays as it was. Only the dual softmax sees the batch of queries.

    roles   what a row is: first (pictures), second (texts), second_query (texts that are queries,
            where a method tells them from documents)
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from modgap.errors import InputError
from modgap.files import atomic_path
from modgap.inputs import check_file
from modgap.methods.fits.calibration import FIRST, SECOND, SIDES
from modgap.statistics.geometry import normalise

VERSION = 1
QUERY = "_query"
NO_PARTS = {}

# Similarities of a bank to items held at a time.
BANK_ENTRIES = 1 << 24


@dataclass(frozen=True)
class Stage:
    """x ↦ N((x − offset)·matrix + shift) + noise; what is None is left out.

    offset (dim,), matrix (dim, dim_out) or (dim,) for a factor a dimension, shift (dim_out,);
    noise: length of an isotropic vector that is added before N, the same for equal rows.
    """

    offset: np.ndarray | None = None
    matrix: np.ndarray | None = None
    shift: np.ndarray | None = None
    noise: float = 0.0
    seed: int = 0
    unit: bool = True


@dataclass(frozen=True)
class Scoring:
    """How items are scored: one of

    "bank_mean"     s − α·(mean of the item's k highest similarities to the bank); k = 0: of all
    "bank_exp"      (βs − log Σ_bank e^{β·similarity})/β, everywhere or, ``dynamic``, for queries
                    whose first item is in the activation set
    "standardise"   (s − location)/scale of the modalities of query and item
    "batch"         s · softmax over the queries of the batch, at inverse temperature β

    bank : of each side of queries the (n, dim) transformed rows that stand for queries.
    location, scale : (2, 2), side of the query by side of the item.
    """

    kind: str
    bank: dict = field(default_factory=dict)
    k: int = 0
    alpha: float = 1.0
    beta: float = 1.0
    dynamic: bool = False
    location: np.ndarray | None = None
    scale: np.ndarray | None = None


@dataclass(frozen=True)
class Transform:
    """A fitted method. stages : of each role the ``Stage`` objects in order, () for none.

    about : JSON-able: the method, its parameters, how many rows of what it was fitted on.
    """

    stages: dict
    scoring: Scoring | None = None
    about: dict = field(default_factory=dict)


class ItemTerms(NamedTuple):
    """What a score is multiplied by and added for each of n items, and the gate, (n,) or None."""

    scale: np.ndarray
    bias: np.ndarray
    gate: np.ndarray | None = None


def apply_stage(stage, rows):
    """Rows (n, dim) after one stage, (n, dim_out) float64."""
    if stage.offset is not None:
        rows = rows - stage.offset
    if stage.matrix is not None:
        rows = rows * stage.matrix if stage.matrix.ndim == 1 else rows @ stage.matrix
    if stage.shift is not None:
        rows = rows + stage.shift
    if stage.noise:
        rows = rows + stage.noise * isotropic_noise(rows, stage.seed)
    return normalise_or_keep(rows) if stage.unit else rows


def normalise_or_keep(rows):
    """Unit rows; a row that a method moved to the origin has no direction and stays there."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1)


def isotropic_noise(rows, seed):
    """A random unit vector for each row, told from the row itself and not from its place."""
    result = np.empty(rows.shape)
    for i, row in enumerate(np.ascontiguousarray(rows)):
        digest = hashlib.blake2b(row.tobytes(), digest_size=8, salt=seed.to_bytes(8, "big"))
        drawn = np.random.default_rng(int.from_bytes(digest.digest(), "big"))
        result[i] = drawn.standard_normal(len(row))
    return normalise(result)


def apply_transform(transform, rows, side, *, query=False):
    """Embeddings after a method.

    Parameters
    ----------
    rows : (n, dim) unit rows. side : "first" (pictures) or "second" (texts and class prompts).
    query : whether they are queries, for methods that tell queries from documents.

    Raises
    ------
    InputError : another number of dimensions than the method was fitted on.
    """
    stages = transform.stages.get(side, ())
    if query:
        stages = transform.stages.get(side + QUERY, stages)
    dim = transform.about.get("dim", rows.shape[1])
    if rows.shape[1] != dim:
        raise InputError(
            f"embeddings of {rows.shape[1]} dimensions for a transform that was fitted on {dim}; "
            "give the model's own"
        )
    for stage in stages:
        rows = apply_stage(stage, rows)
    return rows


def item_terms(transform, items, sides, query_side, *, gated=True):
    """``ItemTerms`` of a gallery.

    Parameters
    ----------
    items : (n, dim) transformed rows. sides : (n,) bool, whether an item is of the second
        modality. query_side : modality of the queries. gated : False for terms that are to be
        put together by ``mix_terms``; a gate is of a gallery as a whole, see ``gate_terms``.
    """
    scoring, n = transform.scoring, len(items)
    scale, bias = np.ones(n), np.zeros(n)
    if scoring is None or scoring.kind == "batch":
        return ItemTerms(scale, bias)
    if scoring.kind == "standardise":
        row = SIDES.index(query_side)
        column = np.asarray(sides, dtype=int)
        scale = 1 / scoring.scale[row, column]
        return ItemTerms(scale, -scoring.location[row, column] * scale)
    # In the precision of the items, as scores are.
    bank = scoring.bank[query_side].astype(items.dtype, copy=False)
    if scoring.kind == "bank_mean":
        return ItemTerms(scale, -scoring.alpha * bank_means(bank, items, scoring.k))
    terms = ItemTerms(scale, -bank_log_sums(bank, items, scoring.beta) / scoring.beta)
    return gate_terms(transform, items, terms, query_side) if gated else terms


def gate_terms(transform, items, terms, query_side):
    """``ItemTerms`` of a gallery with the gate, where the method has one."""
    scoring = transform.scoring
    if scoring is None or scoring.kind != "bank_exp" or not scoring.dynamic:
        return terms
    bank = scoring.bank[query_side].astype(items.dtype, copy=False)
    return terms._replace(gate=activation_set(bank, items))


def mix_terms(is_text, pictures, texts):
    """``ItemTerms`` of a gallery of both modalities, from those of each without a gate.

    is_text : (n,) bool, where the i-th item is ``texts[i]`` and not ``pictures[i]``.
    """
    return ItemTerms(
        np.where(is_text, texts.scale, pictures.scale),
        np.where(is_text, texts.bias, pictures.bias),
    )


def bank_blocks(bank, items):
    """Yield (slice of items, similarities (items of it, bank))."""
    step = max(1, BANK_ENTRIES // len(bank))
    for start in range(0, len(items), step):
        here = slice(start, start + step)
        yield here, items[here] @ bank.T


def bank_means(bank, items, k):
    """Mean of the k highest similarities of each item to the bank, (n,); k = 0: of all."""
    if not k:
        return items @ bank.mean(axis=0)
    k = min(k, len(bank))
    result = np.empty(len(items))
    for here, similarity in bank_blocks(bank, items):
        similarity.partition(len(bank) - k, axis=1)
        result[here] = similarity[:, -k:].mean(axis=1, dtype=float)
    return result


def bank_log_sums(bank, items, beta):
    """log Σ over the bank of e^{β·similarity} of each item, (n,)."""
    result = np.empty(len(items))
    for here, similarity in bank_blocks(bank, items):
        result[here] = log_of_sums(beta * similarity, axis=1)
    return result


def log_of_sums(values, axis):
    """log Σ e^value along an axis of (n, m) values that are finite."""
    highest = values.max(axis=axis, keepdims=True)
    sums = np.exp(values - highest).sum(axis=axis, dtype=float)
    return np.log(sums) + highest.squeeze(axis)


def activation_set(bank, items):
    """Which items are the first of any query of the bank, (n,) bool (QB-Norm)."""
    best, first = np.full(len(bank), -np.inf), np.zeros(len(bank), dtype=int)
    for here, similarity in bank_blocks(bank, items):
        highest = similarity.argmax(axis=0)
        value = similarity[highest, np.arange(len(bank))]
        first = np.where(value > best, highest + here.start, first)
        best = np.maximum(best, value)
    gate = np.zeros(len(items), dtype=bool)
    gate[first] = True
    return gate


def score_items(transform, similarity, terms):
    """Scores that order the items, from similarities (q, n) of transformed rows."""
    scoring = transform.scoring
    if scoring is None:
        return similarity
    if scoring.kind == "batch":
        return dual_softmax(similarity, scoring.beta)
    scores = similarity * terms.scale.astype(similarity.dtype)
    scores += terms.bias.astype(similarity.dtype)
    if terms.gate is None:
        return scores
    through = terms.gate[similarity.argmax(axis=1)]
    return np.where(through[:, None], scores, similarity)


def dual_softmax(similarity, beta):
    """s · softmax of β·s over the queries (Cheng et al. 2021); uses the test batch."""
    scaled = beta * similarity
    return similarity * np.exp(scaled - logsumexp(scaled, axis=0))


def save_transform(transform, path):
    """Write a transform as ``.npz``: its arrays, and a JSON that tells how they combine."""
    arrays, outline = {}, {"stages": {}, "scoring": None}

    def keep(name, value):
        if isinstance(value, np.ndarray):
            arrays[name] = value
            return {"array": name}
        return value

    for role, stages in transform.stages.items():
        outline["stages"][role] = [
            {key: keep(f"{role}_{i}_{key}", value) for key, value in vars(stage).items()}
            for i, stage in enumerate(stages)
        ]
    if transform.scoring is not None:
        told = {k: keep(f"score_{k}", v) for k, v in vars(transform.scoring).items() if k != "bank"}
        told["bank"] = {s: keep(f"bank_{s}", rows) for s, rows in transform.scoring.bank.items()}
        outline["scoring"] = told
    about = json.dumps(
        {"version": VERSION, "about": transform.about, **outline}, sort_keys=True, allow_nan=False
    )
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, about=np.array(about), **arrays)


def load_transform(path):
    """Read what ``save_transform`` wrote.

    Raises
    ------
    InputError : no such file, or no transform of this version.
    """
    try:
        with np.load(check_file(path), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        outline = json.loads(str(arrays.pop("about")))
        if outline["version"] != VERSION:
            raise ValueError(f"version {outline['version']}, this program reads {VERSION}")
        return build_transform(outline, arrays)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: not a transform of this pipeline ({error}); make it anew with "
            "`snakemake transforms`"
        ) from error


def build_transform(outline, arrays):
    """The transform that an outline (the stored JSON) makes of arrays."""

    def fill(told):
        return {
            key: arrays[value["array"]] if isinstance(value, dict) and "array" in value else value
            for key, value in told.items()
        }

    stages = {
        role: tuple(Stage(**fill(stage)) for stage in told)
        for role, told in outline["stages"].items()
    }
    scoring = outline["scoring"]
    if scoring is not None:
        scoring = Scoring(**{**fill(scoring), "bank": fill(scoring["bank"])})
    return Transform(stages, scoring, outline["about"])


def describe_fit(method, parameters, calibration):
    """The ``about`` of a transform: method, parameters, how many rows of how many dimensions."""
    return {
        "method": method,
        "parameters": parameters,
        "dim": int(calibration.first.shape[1]),
        "n_pictures": len(calibration.first),
        "n_texts": len(calibration.second),
        "pairs": calibration.owner is not None,
    }


def both_sides(first, second, scoring=None):
    """A transform with one stage a side."""
    return Transform({FIRST: (first,), SECOND: (second,)}, scoring)
