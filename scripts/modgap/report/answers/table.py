"""What was measured of an embedding set, in words: its gap, what it is like, what is odd about it.

Everything is read from the tidy measurements of a set (``statistics.measurements.COLUMNS``), of
which some may be missing, and every judgement from their 95 % intervals.
"""

import math

from modgap.statistics.headline import headline_gap, spell_gap

ANSWER_COLUMNS = [
    "embeddings",
    "label",
    "first",
    "second",
    "n",
    "dim",
    "gap",
    "low",
    "high",
    "like",
    "separable",
    "retrieval",
    "warning",
    "line",  # what the terminal says
]

# The same model on other pictures differs by as much: CLIP ViT-B/16 has 0.826 on COCO's 5,000
# pairs and 0.851 on the first 500.
CLOSE = 0.025

UNNAMED = ["first", "second"]  # what the sides of ready embeddings are called without names

RECALLS = (10, 5, 1)
# Above this share a hit by chance is so common that few pairs say nothing.
MOST_CHANCE = 0.25


def describe_answer(row, frame, references, notes=()):
    """The answer of one embedding set: a dict of ``ANSWER_COLUMNS``.

    Parameters
    ----------
    row : of ``plan.names.describe_sets`` (name, label, state, modalities).
    frame : tidy measurements of the set, one or several tables below each other.
    references : rows of ``plan.references.read_references``.
    notes : what was counted when the two sides were joined, one line each.
    """
    gap, names = headline_gap(frame), row["modalities"]
    like = place_gap(gap["value"], gap["low"], gap["high"], references)
    warning = warn_of_pairs(frame, row["state"])
    return {
        "embeddings": row["name"],
        "label": row["label"],
        "first": names[0],
        "second": names[1],
        "n": int(gap["n"]),
        "dim": int(gap["dim"]),
        "gap": gap["value"],
        "low": gap["low"],
        "high": gap["high"],
        "like": like,
        "separable": describe_separability(frame, names),
        "retrieval": describe_retrieval(frame, names),
        "warning": " ".join([*([warning] if warning else []), *map(end_sentence, notes)]),
        "line": f"{row['label']}: gap {spell_gap(gap)}, n = {int(gap['n'])}: {like}.",
    }


def find_measured(frame, statistic, side="both"):
    """The row of a statistic, or None where it was not measured."""
    rows = frame[(frame["statistic"] == statistic) & (frame["side"] == side)]
    return None if rows.empty else rows.iloc[0]


def has_interval(row):
    """Whether a row has an interval."""
    return not (math.isnan(row["low"]) or math.isnan(row["high"]))


def spell_estimate(row):
    """A value with its interval, or with the reason why it has none."""
    if has_interval(row):
        return f"{row['value']:.3f} [{row['low']:.3f}, {row['high']:.3f}]"
    reason = row["interval_method"].removeprefix("none").removeprefix(": ")
    return f"{row['value']:.3f} (no interval: {reason})"


def end_sentence(text):
    """Text with a full stop."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def spell_reference(reference):
    """A reference with its value: the published CLIP pairs (0.851)."""
    gap = reference["gap"]
    return f"{reference['name']} ({gap:.3f})" if gap else f"{reference['name']} (0)"


def place_gap(value, low, high, references):
    """Where a gap lies among known ones, as the end of a sentence.

    * **closed**: the interval reaches down to 0, and not above ``CLOSE``; **not told from closed**
      where it reaches further.
    * **close to** the nearest reference when the value is within ``CLOSE`` of it and no end of the
      interval is twice as far: an interval wider than that could be like anything.
    * **between** the nearest references that the whole interval lies between, otherwise. Only
      CLIP's and the closed gap count here: they are what people know.
    """
    sure = not (math.isnan(low) or math.isnan(high))
    if not sure:
        low = high = value
    elif low <= 0:
        return "closed" if high <= CLOSE else f"not told from closed, at most {high:.3f}"
    nearest = min(references, key=lambda reference: abs(reference["gap"] - value))
    reach = max(abs(nearest["gap"] - end) for end in (low, high))
    if sure and abs(nearest["gap"] - value) <= CLOSE and reach <= 2 * CLOSE:
        return f"close to {spell_reference(nearest)}"
    known = [r for r in references if r["state"] == "closed" or r["model"].startswith("CLIP")]
    below = [r for r in known if r["gap"] <= low]
    above = [r for r in known if r["gap"] >= high]
    by_value = "" if sure else "by its value alone "
    lower = spell_reference(max(below, key=lambda r: r["gap"]))
    if not above:
        return f"{by_value}above {lower}"
    return f"{by_value}between {lower} and {spell_reference(min(above, key=lambda r: r['gap']))}"


def join_names(names):
    """The two modalities in a sentence."""
    first, second = names
    return "the two modalities" if list(names) == UNNAMED else f"{first} and {second}"


def describe_separability(frame, names):
    """A sentence on how well a linear classifier tells the modalities apart, or nothing.

    By the interval of the held-out accuracy: above one half it is **partly** or, where no held-out
    row is wrong, **perfectly**; else it is **not** better than chance, or n too small to say where
    three quarters are within the interval as well.
    """
    accuracy = find_measured(frame, "separability_accuracy")
    if accuracy is None:
        return ""
    if accuracy["low"] > 0.5:
        verdict = f"tells {{}} apart {'perfectly' if accuracy['value'] == 1 else 'in part'}"
    elif accuracy["high"] < 0.75:
        verdict = "does not tell {} apart better than by chance"
    else:
        verdict = "may tell {} apart, n is too small to say"
    return (
        f"A linear classifier {verdict.format(join_names(names))}: held-out accuracy "
        f"{spell_estimate(accuracy)}, n = {accuracy['n']}."
    )


def judge_retrieval(frame):
    """Whether pairs find each other: a dict of ``verdict`` and ``k``, or None if not measured.

    One test of both directions together, on recall@k of the largest k of 10, 5 and 1 whose chance
    is at most a quarter. Recall@1 alone will not do: at chance one hit is expected whatever n is,
    and three hits, which come in 8 % of draws, already lie above it.

    * **above**: the mean of the two lower ends is above the mean of the two chances. However the
      directions depend on each other, chance passes for more in at most 2.5 % of sets.
    * **chance**: not above, and the mean of the upper ends stays below half the way from chance to
      perfect, so that pairs that do find each other would have shown.
    * **unclear**: n is too small for either.
    """
    for k in RECALLS:
        pairs = [
            (
                find_measured(frame, f"recall{k}", side),
                find_measured(frame, f"recall{k}_chance", side),
            )
            for side in ("first_to_second", "second_to_first")
        ]
        if any(row is None for pair in pairs for row in pair):
            return None
        chance = sum(row["value"] for _, row in pairs) / 2
        if chance <= MOST_CHANCE or k == min(RECALLS):
            break
    low, high = (sum(row[end] for row, _ in pairs) / 2 for end in ("low", "high"))
    if low > chance:
        verdict = "above"
    elif high < (1 + chance) / 2:
        verdict = "chance"
    else:
        verdict = "unclear"
    return {"verdict": verdict, "k": k}


VERDICTS = {
    "above": "above chance",
    "chance": "no better than chance",
    "unclear": "n is too small to tell from chance",
}


def describe_retrieval(frame, names):
    """A sentence on how pairs find each other, with recall@1 and chance both ways, or nothing."""
    judged = judge_retrieval(frame)
    if judged is None:
        return ""
    parts, chances = [], []
    for side, (start, end) in (("first_to_second", names), ("second_to_first", names[::-1])):
        parts.append(f"{start} to {end} {spell_estimate(find_measured(frame, 'recall1', side))}")
        chances.append(f"{find_measured(frame, 'recall1_chance', side)['value']:.2g}")
    chance = " and ".join(dict.fromkeys(chances))
    by = "" if judged["k"] == 1 else f" (by recall@{judged['k']})"
    return f"Recall@1 {parts[0]}, {parts[1]}, chance {chance}: {VERDICTS[judged['verdict']]}{by}."


def warn_of_pairs(frame, state):
    """A sentence where pairs do not find each other although they should; nothing otherwise.

    Nothing is expected of random weights, and nothing said unless ``judge_retrieval`` says chance.
    What is said depends on the cosines: matched pairs are more alike than unmatched ones when the
    intervals of the two means do not touch, as after training; then the order of rows, or the
    captions, may be wrong in part. If they are not, it may be wrong altogether.

    state : "trained", "random" or, of ready embeddings, "". Rows of a model's embeddings come from
        one table of samples and cannot be in different order; those of ready embeddings can.
    """
    judged = judge_retrieval(frame)
    if state == "random" or judged is None or judged["verdict"] != "chance":
        return ""
    matched, unmatched = (
        find_measured(frame, f"mean_{which}_cosine") for which in ("matched", "unmatched")
    )
    if matched is None or unmatched is None:
        found, apart = "Pairs", False
    else:
        apart = matched["low"] > unmatched["high"]
        found = (
            f"Matched pairs are {'more' if apart else 'no more'} alike than unmatched ones (mean "
            f"cosine {spell_estimate(matched)} and {spell_estimate(unmatched)})"
            f"{', as after training, but' if apart else ' and'}"
        )
    return f"{found} find each other no better than by chance: {SUSPECTED[bool(state), apart]}"


# By whether a model is known, and whether matched pairs are more alike than unmatched ones.
SUSPECTED = {
    (False, False): "are the rows in different order, or the weights untrained? "
    "Row i of both sides has to be one pair.",
    (False, True): "are some rows in different order? Row i of both sides has to be one pair.",
    (True, False): "too little training, or captions that belong to other pictures?",
    (True, True): "too little training, or some captions that belong to other pictures?",
}
