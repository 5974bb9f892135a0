"""What one sees in figures of training studies."""

from modgap.report.sentences.words import (
    NAMED,
    count,
    find_ends,
    gather_rows,
    spell_temperature,
    spell_value,
)
from modgap.tables import read_metadata, read_table

MEASURED = ["stage", "statistic", "side", "value", "low", "high", "n", "n_seeds"]

STARTS = {"as_is": "a plain start", "gap_removed": "a start with the gap removed"}


def tell_temperatures(paths):
    """The gap before fine-tuning, and the smallest and largest after it, with recall@1 there."""
    rows = gather_rows(paths, ["recipe", "tau", *MEASURED])
    gaps = rows[rows["statistic"] == "gap"]
    before, after = (gaps[gaps["stage"] == stage] for stage in ("start", "end"))
    if not len(after):
        return ""
    recalls = rows[(rows["statistic"] == "recall1") & (rows["stage"] == "end")]
    start = f"Before fine-tuning the gap is {spell_mean(before)}; a" if len(before) else "A"
    told = []
    for recipe, found in after.groupby("recipe", sort=False):
        ends = [
            f"{spell_value(row)} at τ = {spell_temperature(row['tau'])}{tell_recall(row, recalls)}"
            for row in find_ends(found)
        ]
        # Where it is not fixed, τ is what fine-tuning starts from.
        how = "τ fixed" if recipe == "fixed" else f"τ {recipe}, starting there"
        told.append(f"{' to '.join(dict.fromkeys(ends))} ({how})")
    return f"{start}fter it, it is {'; '.join(told)}; {spell_sample(after)}."


def spell_mean(rows):
    """The mean of values; where all are one value, that with its interval."""
    same = rows["value"].nunique() == 1
    return spell_value(rows.iloc[0]) if same else f"{rows['value'].mean():.3f}"


def tell_recall(row, recalls):
    """Recall@1 from pictures to texts of the same cell, as words behind its gap."""
    same = (recalls["recipe"] == row["recipe"]) & (recalls["tau"] == row["tau"])
    found = recalls[same & (recalls["side"] == "first_to_second")]
    if not len(found):
        return ""
    return f", recall@1 from image to text {100 * found['value'].iloc[0]:.1f} %"


def spell_sample(rows):
    """Held-out pairs and seeds that rows are about, in words."""
    first = rows.iloc[0]
    return f"{first['n']:,} held-out pairs, {count(int(first['n_seeds']), 'seed')}"


def tell_starts(paths):
    """The gap before and after training from both starts."""
    rows = gather_rows(paths, ["start", *MEASURED])
    rows = rows[rows["statistic"] == "gap"]
    told = []
    for start, label in STARTS.items():
        ends = rows[rows["start"] == start].drop_duplicates("stage").set_index("stage")
        if {"start", "end"} <= set(ends.index):
            told.append(
                f"from {label} it goes from {ends.loc['start', 'value']:.3f} to "
                f"{spell_value(ends.loc['end'])}"
            )
    return f"The gap in training: {'; '.join(told)}; {spell_sample(rows)}." if told else ""


def tell_widths(paths):
    """The gap at every embedding width, after training and before it."""
    rows = gather_rows(paths, ["dim", *MEASURED])
    rows = rows[rows["statistic"] == "gap"].sort_values("dim")
    after, before = (rows[rows["stage"] == stage] for stage in ("end", "start"))
    if not len(after):
        return ""
    shown = after.to_dict("records")
    if len(shown) > NAMED + 1:
        low, high = find_ends(after)
        told = [f"{spell_value(row)} at width {row['dim']}" for row in (low, high)]
        text = f"between {' and '.join(told)}, over {len(shown)} widths"
    else:
        text = "; ".join(f"{spell_value(row)} at width {row['dim']}" for row in shown)
    start = ""
    if len(before):
        ends = [f"{row['value']:.3f}" for row in find_ends(before)]
        start = f"; before it, {' to '.join(dict.fromkeys(ends))}"
    return f"After training the gap is {text}{start}; {spell_sample(after)}."


def tell_courses(paths, cells):
    """The gap at the start and the end of the runs of each cell of a study.

    paths : trajectories. cells : dicts of the factors of a cell, its seed and run.
    """
    runs = {read_metadata(path).get("run"): read_table(path) for path in paths}
    models, by_label = {cell["model"] for cell in cells}, {}
    for cell in cells:
        if cell["run"] in runs:
            gaps = runs[cell["run"]].query("statistic == 'gap'").sort_values("step")
            by_label.setdefault(cell_label(cell, models), []).append(gaps)
    ended = [describe_course(label, gaps) for label, gaps in by_label.items()]
    if not ended:
        return ""
    size = f"{ended[0]['n']:,} held-out pairs, {count(sum(map(len, by_label.values())), 'run')}"
    if len(ended) <= NAMED:
        told = [
            f"from {row['start']:.3f} to {spell_value(row)} with {row['label']}" for row in ended
        ]
        return f"In training the gap goes {'; '.join(told)}; {size}."
    starts = [row["start"] for row in ended]
    low, high = (choose(ended, key=lambda row: row["value"]) for choose in (min, max))
    return (
        f"The gap starts at {min(starts):.3f} to {max(starts):.3f} and ends between "
        f"{spell_value(low)} ({low['label']}) and {spell_value(high)} ({high['label']}) in "
        f"{len(ended)} settings; {size}."
    )


def describe_course(label, courses):
    """Mean gap over the seeds of a setting at both ends; the interval is that of a single run."""
    firsts, lasts = ([gaps.iloc[place] for gaps in courses] for place in (0, -1))
    single = lasts[0] if len(lasts) == 1 else {"low": float("nan"), "high": float("nan")}
    return {
        "label": label,
        "start": sum(row["value"] for row in firsts) / len(firsts),
        "value": sum(row["value"] for row in lasts) / len(lasts),
        "low": single["low"],
        "high": single["high"],
        "n": int(lasts[0]["n"]),
    }


def cell_label(cell, models):
    """What a cell is, in words."""
    tau = f"1/{1 / cell['tau']:.3g}"
    how = f"τ = {tau}" if cell["temperature"] == "fixed" else f"τ {cell['temperature']} from {tau}"
    parts = [f"{cell['captions']} captions", how]
    if cell["mismatched"]:
        parts.append(f"{100 * cell['mismatched']:g} % mismatched")
    if len(models) > 1:
        parts.append(cell["model"])
    return ", ".join(parts)
