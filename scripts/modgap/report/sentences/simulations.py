"""What one sees in figures of simulations, which need no data."""

import numpy as np

from modgap.report.sentences.comparisons import join_words
from modgap.report.sentences.words import (
    count,
    find_ends,
    gather_rows,
    spell_temperature,
    spell_value,
)

BIASES = {
    "normal": "with bias N(0, 1/width)",
    "uniform": "with uniform bias",
    "none": "without bias",
}


def tell_depth(paths):
    """The mean cosine after the last layer of random networks, by bias and activation."""
    rows = gather_rows(
        paths, ["activation", "bias", "architecture", "depth", "seed", "mean_cosine"]
    )
    rows = rows[rows["architecture"] == "plain"]
    if not len(rows):
        return ""
    depth = rows["depth"].max()
    before = rows.loc[rows["depth"] == 0, "mean_cosine"]
    start = f", {before.mean():z.2f} before the first," if len(before) else ""
    after = rows[rows["depth"] == depth]
    told = []
    for bias, found in after.groupby("bias", sort=False):
        means = found.groupby("activation", sort=False)["mean_cosine"].mean().rename("value")
        low, high = find_ends(means.reset_index())
        ends = [f"{row['value']:z.2f} ({row['activation']})" for row in (low, high)]
        told.append(f"{' to '.join(dict.fromkeys(ends))} {BIASES.get(bias, bias)}")
    return (
        f"The mean cosine of two random inputs{start} is after {count(int(depth), 'layer')}, by "
        f"activation, {'; '.join(told)} (means over {count(after['seed'].nunique(), 'seed')})."
    )


def tell_sphere(paths):
    """Where the loss of matched and mismatched pairs on a sphere is lowest."""
    arcs = gather_rows(paths, ["spacing", "share", "n", "tau", "statistic", "value"])
    drawn = gather_rows(paths, ["dim", "share", "n", "statistic", "value", "low", "high"])
    texts = [tell_arcs(arcs), tell_drawn_pairs(drawn)]
    return " ".join(text for text in texts if text)


def tell_arcs(rows):
    """The pairs of the paper, at the first spacing: from which temperature on the gap closes."""
    rows = rows[rows["statistic"] == "gap_closing_temperature"]
    rows = rows[rows["spacing"] == rows["spacing"].iloc[0]] if len(rows) else rows
    told = []
    for row in rows.sort_values("share", ascending=False).to_dict("records"):
        mismatched = f"{100 * row['share']:.0f} % are mismatched" if row["share"] else "all match"
        told.append(f"{spell_closing(row['value'])} where {mismatched}")
    if not told:
        return ""
    first = rows.iloc[0]
    return (
        f"The loss of {first['n']:.0f} pairs {first['spacing']:g}° apart is lowest at a closed gap "
        f"{join_words(told)}."
    )


def spell_closing(tau):
    """From which temperature on a gap closes, in words."""
    if not np.isfinite(tau):
        return "at no temperature"
    return f"from τ = {spell_temperature(tau)} on" if tau > 0 else "at every temperature"


def tell_drawn_pairs(rows):
    """Pairs drawn at random: the largest share mismatched, in the fewest and most dimensions."""
    rows = rows[rows["statistic"] == "gap_closing_temperature"]
    rows = rows[rows["dim"].notna() & np.isfinite(rows["value"].astype(float))]
    if not len(rows):
        return ""
    rows = rows[(rows["n"] == rows["n"].iloc[0]) & (rows["share"] == rows["share"].max())]
    rows = rows.sort_values("dim")
    ends = [rows.iloc[0], rows.iloc[-1]] if len(rows) > 1 else [rows.iloc[0]]
    told = [
        f"from τ = {spell_value(row, of='over the draws')} on in {row['dim']:.0f} dimensions"
        for row in ends
    ]
    return (
        f"With {100 * ends[0]['share']:.0f} % of {ends[0]['n']:.0f} random pairs mismatched it "
        f"closes {' and '.join(told)}."
    )


def tell_theorems(paths):
    """How many measurements lie within the bound of each theorem that claims something of them."""
    rows = gather_rows(paths, ["theorem", "bias", "holds"])
    rows = rows[rows["holds"] != "no claim"]
    told = []
    for (theorem, bias), found in rows.groupby(["theorem", "bias"], sort=False):
        within, undecided = (int((found["holds"] == word).sum()) for word in ("yes", "undecided"))
        text = f"{within} of {len(found)} for {theorem[0].upper()}{theorem[1:]}"
        text += " without the bias that it assumes" if bias == "none" else ""
        told.append(text + (f" ({undecided} undecided)" if undecided else ""))
    if not told:
        return ""
    return f"Cases in which what was found agrees with what is stated: {'; '.join(told)}."
