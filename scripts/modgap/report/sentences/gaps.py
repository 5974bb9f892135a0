"""What one sees in figures of embedding sets: their gaps, and the loss along them."""

from pathlib import Path

import pandas as pd

from modgap.report.drawing import fraction
from modgap.report.facts import spell_range
from modgap.report.formats import read_for_jobs
from modgap.report.sentences.words import (
    NAMED,
    find_ends,
    gather_rows,
    spell_ends,
    spell_share,
    spell_value,
)
from modgap.tables import read_metadata, read_table


def tell_gaps(sets):
    """How far the two clouds of each set lie apart.

    sets : dicts with title, gap, low and high (not a number where there is no interval).
    """
    if not sets:
        return ""
    if len(sets) <= NAMED:
        first, *others = sets
        text = f"The two clouds of {first['title']} are {first['gap']:.3f} apart"
        text += spell_ends(first["low"], first["high"], " (95 %: {low:.3f} to {high:.3f})")
        return (
            "; those of ".join([text, *(f"{row['title']} {row['gap']:.3f}" for row in others)])
            + "."
        )
    low, high = (choose(sets, key=lambda row: row["gap"]) for choose in (min, max))
    return (
        f"The two clouds of {len(sets)} embedding sets lie apart by {low['gap']:.3f} "
        f"({low['title']}) to {high['gap']:.3f} ({high['title']})."
    )


def read_lowest(path):
    """Where the symmetric loss over the largest batch is lowest, by temperature.

    path : the extrema of one set. Returns a list of dicts, the lowest temperature first: tau,
    distance (the gap left), share (of the gap as it is), at_end, batch, n.
    """
    if not path or not Path(path).is_file():
        return []
    frame, gap = read_table(path), read_metadata(path)["gap"]
    rows = frame[
        (frame["extremum"] == "minimum")
        & (frame["statistic"] == "distance")
        & (frame["moved"] == "both")
        & (frame["protocol"] == "corrected")
    ]
    rows = rows[rows["batch_size"] == rows["batch_size"].max()].sort_values("tau")
    return [
        {
            "tau": row.tau,
            "distance": row.value,
            "share": row.value / gap,
            "at_end": bool(row.boundary),
            "n": int(row.n),
        }
        for row in rows.itertuples()
    ]


def tell_lowest(lowest):
    """Where the contrastive loss is lowest along the gap; ``lowest`` as in ``read_lowest``."""
    if not lowest:
        return ""
    chosen = [lowest[0], lowest[-1]] if len(lowest) > 1 else lowest
    by_place = {}
    for row in chosen:
        by_place.setdefault(tell_minimum(row), []).append(f"at τ = {fraction(row['tau'])}")
    told = " and ".join(f"{place} {' and '.join(taus)}" for place, taus in by_place.items())
    return f"Moved along the gap, the contrastive loss over all pairs is lowest {told}."


def tell_minimum(row):
    """The place of one minimum in words."""
    if row["at_end"]:
        return "beyond the shifts that were tried"
    if abs(row["share"] - 1) < 0.02:
        return "where the clouds already are"
    if row["share"] < -0.02:
        return f"with the clouds moved past each other (gap −{abs(row['distance']):.2f})"
    change = "closed" if row["share"] < 0.05 else ("narrower" if row["share"] < 1 else "wider")
    if change == "closed":
        return "with the gap closed"
    return f"with a {change} gap of {row['distance']:.2f} ({100 * row['share']:.0f} % of today's)"


def tell_landscapes(sets):
    """The lowest losses of Figure 3; sets : dicts with title and extrema."""
    told = [(row["title"], tell_lowest(read_lowest(row["extrema"]))) for row in sets]
    told = [(title, text) for title, text in told if text]
    if len(told) == 1:
        return told[0][1]
    return " ".join(f"{title}: {text[0].lower()}{text[1:]}" for title, text in told[:NAMED])


def tell_matrices(paths, sets):
    """The closest and the farthest pair of modalities of each dataset, and their recall@1.

    sets : dicts with name, dataset, data (what people call it) and modalities.
    """
    rows = gather_rows(paths, ["embeddings", "statistic", "side", "value", "low", "high", "n"])
    datasets = {}
    for row in sets:
        datasets.setdefault(row["dataset"], []).append(row)
    told = []
    for described in datasets.values():
        pairs = {row["name"]: row["modalities"] for row in described}
        here = rows[rows["embeddings"].isin(list(pairs))]
        gaps = here[here["statistic"] == "gap"].reset_index(drop=True)
        if len(gaps) < 2:
            continue
        near, far = find_ends(gaps)
        near_pair, far_pair = (" and ".join(pairs[row["embeddings"]]) for row in (near, far))
        text = (
            f"Of {len(gaps)} pairs of modalities of {described[0]['data']}, {near_pair} lie "
            f"closest, with a gap of {spell_value(near)}, and {far_pair} farthest apart, with "
            f"{spell_value(far)}"
        )
        told.append(f"{text}{tell_recalls(here, pairs)} (n = {spell_range(set(gaps['n']))}).")
    return " ".join(told)


def tell_recalls(rows, pairs):
    """Between which shares the recall@1 of several pairs lies, as the end of a sentence."""
    recalls = rows[rows["statistic"] == "recall1"].reset_index(drop=True)
    if not len(recalls):
        return ""
    ends = []
    for row in find_ends(recalls):
        first, second = pairs[row["embeddings"]]
        if row["side"] == "second_to_first":
            first, second = second, first
        ends.append(f"from {first} to {second}, {spell_share(row)}")
    return f"; recall@1 is lowest {ends[0]}, and highest {ends[1]}"


def tell_models(paths):
    """The gap of every model on every dataset, zero-shot accuracy, and what goes with what.

    paths : the csv of the models, then that of their associations.
    """
    path, *others = [path for path in paths if str(path).endswith(".csv")] or [""]
    rows = read_for_jobs(path) if Path(path).is_file() else pd.DataFrame()
    wanted = {"model", "weights", "dataset", "gap", "gap_low", "gap_high", "n"}
    if not len(rows) or not wanted <= set(rows.columns):
        return ""
    told = (tell_model_gaps(rows), tell_accuracies(rows), *map(tell_associations, others))
    return " ".join(text for text in told if text)


# What sentences call the measures and outcomes of the associations across models.
ASSOCIATED = {
    "rmg": "RMG",
    "cone_images": "mean cosine of images",
    "cone_texts": "mean cosine of texts",
    "logit_scale": "logit scale",
    "recall1_images": "recall@1 from images",
    "recall1_texts": "recall@1 from texts",
}


def tell_associations(path):
    """What goes with accuracy and recall across models, or why nothing can be said."""
    rows = read_for_jobs(path) if Path(path).is_file() else pd.DataFrame()
    if not len(rows):
        return ""
    held = rows[rows["verdict"].isin(["positive", "negative"])]
    if len(held):
        told = [
            f"{ASSOCIATED.get(row.measure, row.measure)} with "
            f"{ASSOCIATED.get(row.outcome, row.outcome)} (τ = {row.tau:.2f}, "
            f"{row.tau_lowest:.2f} to {row.tau_highest:.2f} without one family; "
            f"p = {row.p_holm:.2g} for {rows['p'].notna().sum()} tests; {row.n_models} models)"
            for row in held.sort_values("p_holm").head(NAMED).itertuples()
        ]
        more = f" and {len(held) - NAMED} more" if len(held) > NAMED else ""
        return f"Across models, what goes together is {'; '.join(told)}{more}."
    judged = rows[~rows["verdict"].str.startswith("too few")]
    if not len(judged):
        most = int(rows["n_models"].max())
        return f"For associations across models there are too few models ({most} of at least 10)."
    if (judged["verdict"] == "no test possible").all():
        return (
            "Associations across models cannot be tested: the families of these models permit no "
            "p-value of 0.05."
        )
    smallest = judged["p_holm"].min()
    return (
        f"Across {int(judged['n_models'].max())} models no association of gap, cone or logit scale "
        f"with accuracy or recall is shown (smallest p = {smallest:.2g} for "
        f"{rows['p'].notna().sum()} tests)."
    )


def tell_model_gaps(rows):
    """The gap of each model, or the smallest and the largest of many."""
    rows = rows[rows["gap"].notna()].drop_duplicates(["model", "weights", "dataset"])
    rows = rows.assign(value=rows["gap"], low=rows["gap_low"], high=rows["gap_high"])
    if not len(rows):
        return ""
    if len(rows) <= NAMED:
        told = [
            f"{spell_value(row)} for {name_origin(row)} (n = {int(row['n']):,})"
            for row in rows.to_dict("records")
        ]
        return f"The gap is {'; '.join(told)}."
    low, high = find_ends(rows)
    return (
        f"The gap of {len(rows)} models and datasets goes from {spell_value(low)} "
        f"({name_origin(low)}) to {spell_value(high)} ({name_origin(high)})."
    )


def tell_accuracies(rows):
    """The lowest and the highest zero-shot accuracy, each with its chance level."""
    wanted = {"task", "zero_shot", "zero_shot_low", "zero_shot_high", "zero_shot_metric", "chance"}
    if not wanted <= set(rows.columns):
        return ""
    rows = rows[rows["zero_shot"].notna() & (rows["zero_shot_metric"] == "accuracy")]
    rows = rows.rename(
        columns={"zero_shot": "value", "zero_shot_low": "low", "zero_shot_high": "high"}
    )
    if not len(rows):
        return ""
    ends = [
        f"{spell_share(row)} ({name_origin(row)}, {row['task']}; chance "
        f"{100 * row['chance']:.1f} %)"
        for row in find_ends(rows)
    ]
    return f"Zero-shot accuracy is {' to '.join(dict.fromkeys(ends))}."


def name_origin(row):
    """A model, its weights and its data in words."""
    weights = "random weights" if row["weights"] == "random" else f"weights {row['weights']}"
    return f"{row['model']} with {weights} on {row['dataset']}"
