"""What a comparison of two embedding sets found, in plain words."""

from modgap.tables import read_metadata, read_table

# Below this, after Holm's correction, a difference counts as measured.
LEVEL = 0.05

# What sentences call statistics that are shares of pictures (or texts), in their order.
SHARES = {
    ("recall1", "first_to_second"): "recall@1 from {first} to {second}",
    ("recall1", "second_to_first"): "recall@1 from {second} to {first}",
    ("separability_accuracy", "both"): "how well a line tells the modalities apart",
}


def read_comparison(path):
    """What the report says of one comparison: its name, both sets, the sentence, and notes."""
    rows, about = read_table(path), read_metadata(path)
    return {
        "name": rows["comparison"].iloc[0],
        "sets": about["sets"],
        "text": describe_comparison(rows, about["sets"], about["modalities"]),
        "notes": about["notes"],
    }


def tell_comparisons(paths):
    """What one sees in the figure of all comparisons."""
    texts = [read_comparison(path)["text"] for path in paths]
    return " ".join(text[0].upper() + text[1:] for text in texts)


def describe_comparison(rows, sets=("before", "after"), modalities=("first", "second")):
    """One to three sentences on the gap, recall@1 and zero-shot accuracy of one comparison.

    rows : its rows (``statistics.comparison.COLUMNS``). sets : what to call the two sets.
    modalities : what to call their sides.
    """
    rows = rows.set_index(["statistic", "side"], drop=False)
    sides = dict(zip(("first", "second"), modalities, strict=True))
    shown = [
        (row, SHARES[place].format(**sides)) for place, row in rows.iterrows() if place in SHARES
    ]
    shown += [
        (row, f"zero-shot accuracy on {row['side']}")
        for _, row in rows[rows["statistic"] == "zero_shot"].iterrows()
    ]
    changed = [describe_share(row, name) for row, name in shown if row["p_holm"] < LEVEL]
    same = [name for row, name in shown if not row["p_holm"] < LEVEL]
    sentences = [describe_gap(rows.loc[("gap_unbiased", "both")], *sets)]
    if changed:
        sentences.append("; ".join(changed))
    if same:
        sentences.append(f"{join_words(same)} did not change measurably")
    return " ".join(
        f"{text[0].upper() if i else text[0]}{text[1:]}." for i, text in enumerate(sentences)
    )


def describe_gap(row, before, after):
    """How much smaller or larger the gap of the set ``after`` is."""
    same = f"over the same {row['n']:,} pictures"
    if not row["p_holm"] < LEVEL:
        return (
            f"the gaps of {after} and {before} do not differ measurably {same} "
            f"({row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}])"
        )
    low, high = sorted((abs(row["low"]), abs(row["high"])))
    way = "smaller" if row["difference"] < 0 else "larger"
    return (
        f"{after} has a gap {abs(row['difference']):.3f} {way} [{low:.3f}, {high:.3f}] than "
        f"{before} {same}"
    )


def describe_share(row, name):
    """How a share rose or fell, in percent and percentage points."""
    way = "rose" if row["difference"] > 0 else "fell"
    before, after, difference, low, high = (
        100 * row[key] for key in ("before", "after", "difference", "low", "high")
    )
    return (
        f"{name} {way} from {before:.1f} % to {after:.1f} % "
        f"({difference:+.1f} points [{low:+.1f}, {high:+.1f}])"
    )


def join_words(words):
    """Words with commas and a last "and"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
