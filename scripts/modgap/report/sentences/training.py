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
from modgap.training.effects import BOTH, EXPLAINED, UNDECIDED, explain_widening

MEASURED = ["stage", "statistic", "side", "value", "low", "high", "n", "n_seeds"]

RECIPES = {"published": "by the published recipe", "corrected": "by the corrected one"}

# Levels of the optimiser's study, as figures and sentences call them.
DECAYS = {"none": "no decay", "l2": "L2 in Adam", "decoupled": "decoupled (AdamW)"}
LOSSES = {
    "contrastive": "contrastive loss",
    "reshuffled": "on reshuffled pairs",
    "none": "no loss",
}
SCALES = {
    "frozen": "logit scale frozen",
    "trained": "logit scale trained",
    "decayed": "logit scale trained and decayed",
}

STARTS = {"as_is": "a plain start", "gap_removed": "a start with the gap removed"}


# What the gap of a recipe is measured on, where it is not held-out pairs.
ITEMS = {"published": "training items"}

WIDENING = {
    ("none", "contrastive"): "the contrastive loss and no decay",
    ("l2", "contrastive"): "both the loss and L2",
    ("l2", "reshuffled"): "L2 on reshuffled pairs",
}
ANSWERS = {
    EXPLAINED: "L2 explains the widening",
    BOTH: "both the loss and L2 widen it",
    UNDECIDED: "what widens it is undecided",
}


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
    """The gap before and after training from both starts, by every recipe."""
    rows = gather_rows(paths, ["recipe", "start", *MEASURED])
    rows = rows[rows["statistic"] == "gap"]
    told = []
    for recipe, found in rows.groupby("recipe", sort=False):
        courses = []
        for start, label in STARTS.items():
            ends = found[found["start"] == start].drop_duplicates("stage").set_index("stage")
            if {"start", "end"} <= set(ends.index):
                courses.append(
                    f"from {label} it goes from {ends.loc['start', 'value']:.3f} to "
                    f"{spell_value(ends.loc['end'])}"
                )
        if courses:
            items = f"{found['n'].iloc[0]:,} {ITEMS.get(recipe, 'held-out pairs')}"
            seeds = count(int(found["n_seeds"].iloc[0]), "seed")
            told.append(f"{RECIPES.get(recipe, recipe)} {', '.join(courses)} ({items}, {seeds})")
    return f"The gap in training: {'; '.join(told)}." if told else ""


def tell_optimisers(paths):
    """Whether it is L2 that widens the gap, at every rate from a plain start."""
    columns = ["effect", "decay", "loss", "rate_times_steps", "start", "logit_scale", "value"]
    rows = gather_rows(paths, [*columns, "n_seeds", "collapsed"])
    effects = rows[(rows["effect"] == "main") & (rows["decay"] == "l2 − none")]
    effects = effects.set_index("rate_times_steps")
    rows = rows[(rows["effect"] == "change") & (rows["start"] == "as_is")]
    told = []
    for rate, found in rows.groupby("rate_times_steps", sort=False):
        if rate not in effects.index:
            continue
        answers = {
            explain_widening(cells, effects.loc[rate])
            for _, cells in found.groupby("logit_scale", sort=False)
        } - {None}
        if not answers:
            continue
        answer = answers.pop() if len(answers) == 1 else UNDECIDED
        cells = found.drop_duplicates(["decay", "loss"]).set_index(["decay", "loss"])
        changes = [
            f"{spell_change(cells.loc[key])} with {what}"
            for key, what in WIDENING.items()
            if key in cells.index
        ]
        seeds = int(found["n_seeds"].max())
        only = "" if seeds > 1 else "; one seed, so the direction only"
        told.append(
            f"At learning rate × steps = {rate:g} the gap changes by {', '.join(changes)}: "
            f"{ANSWERS[answer]}{only}"
        )
    if not told:
        return ""
    return f"{'. '.join(told)}. A small model cannot decide it for ViT-B/16."


def spell_change(row):
    """The change of a gap with its sign; a collapsed run has none."""
    if row["value"] != row["value"]:
        return "nothing that can be told (collapsed)"
    return spell_value(row, "{:+.3f}")


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
