"""What one sees in a figure, in a sentence made from the data behind it."""

from pathlib import Path

from modgap.report.drawing import fraction
from modgap.tables import read_metadata, read_table

# Sets or clouds that a sentence names one by one.
NAMED = 3


def spell_ends(low, high, text="{low:.3f} to {high:.3f}"):
    """An interval in words, or nothing where there is none."""
    return text.format(low=low, high=high) if low == low and high == high else ""


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


def tell_cones(paths, names):
    """How alike the items of a cloud are, from its tables of cosines.

    names : cloud -> what people call it.
    """
    means = {}
    for path in paths:
        frame = read_table(path)
        if "statistic" not in frame:
            continue
        rows = frame[frame["statistic"] == "mean_cosine"]
        means |= dict(zip(rows["embeddings"], rows["value"], strict=True))
    if not means:
        return ""
    called = {name: names.get(name, name) for name in means}
    if len(means) <= NAMED:
        told = "; ".join(f"{value:.2f} for {called[name]}" for name, value in means.items())
        return f"Mean cosine of two items of one cloud: {told}. Without a cone it would be 0."
    low, high = min(means, key=means.get), max(means, key=means.get)
    return (
        f"Two items of one cloud have a mean cosine between {means[low]:.2f} ({called[low]}) and "
        f"{means[high]:.2f} ({called[high]}) in these {len(means)} clouds; without a cone it would "
        "be 0."
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


def tell_zero_shot(paths, names):
    """Accuracy without a shift and the best on the grid, for each of the first tasks.

    paths : the curves of the tasks (and other tables of theirs). names : task -> its name.
    """
    told = []
    for path in paths:
        frame = read_table(path)
        if not {"task", "delta", "side", "statistic"} <= set(frame.columns):
            continue
        rows = frame[(frame["statistic"] == "top1") & (frame["side"] == "both")]
        zero = rows[rows["delta"] == 0]
        if len(zero):
            best, task = rows.loc[rows["value"].idxmax()], rows["task"].iloc[0]
            told.append(
                f"{names.get(task, task)}: {100 * zero['value'].iloc[0]:.1f} % right with the gap "
                f"as it is, {100 * best['value']:.1f} % at the best shift tried "
                f"(δ = {best['delta']:g})"
            )
    return "; ".join(told[:NAMED]) + "." if told else ""
