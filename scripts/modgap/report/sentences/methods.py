"""Does any method against the gap help here, which, by how much, at what cost: from the numbers."""

from modgap.methods.contrasts import BETTER, MARGIN, NO_HARM, UNDECIDED, WORSE
from modgap.report.sentences.comparisons import join_words
from modgap.tables import read_metadata, read_table

UNITS = {"recall1": "recall@1", "ndcg10": "NDCG@10", "accuracy": "accuracy"}
NEEDS = {
    "nothing": "needs nothing",
    "moments": "needs means and covariances of unpaired data",
    "rows": "needs unpaired data",
    "pairs": "needs pairs",
    "bank": "needs a bank of queries",
}
# Of the mixed search the sentences are on the even gallery; its own figure has all.
MIXED, EVEN = "mixed, ", "mixed, 50 % pictures"


def tell_methods(paths):
    """What one sees in the figure of methods, of all its sets."""
    of = {folder: pick_folder(paths, folder) for folder in ("methods", "method_changes")}
    texts = []
    for methods, changes in zip(of["methods"], of["method_changes"], strict=True):
        about = read_metadata(methods)
        if "left_out" in about:
            texts.append(f"{about['left_out']}.")
        else:
            told = describe_methods(read_table(methods), read_table(changes))
            texts.append(f"{about['embeddings']}: {told}")
    return " ".join(texts)


def pick_folder(paths, folder):
    """Those of the paths that lie in a folder of this name."""
    return [path for path in paths if path.split("/")[-2] == folder]


def describe_methods(methods, changes):
    """Sentences on one set: which methods help in what, what none helps, the harm, what is open.

    methods : rows of ``comparing.tabulate_methods``. changes : of ``tabulate_changes``.
    """
    methods = methods.set_index("method")
    told = ~changes["task"].str.startswith(MIXED) | (changes["task"] == EVEN)
    rows = changes[(changes["verdict"] != "") & told]
    kinds = rows["method"].map(methods["kind"])
    tested, controls = rows[kinds == "method"], rows[kinds == "control"]
    helped = tested["task"].isin(tested.loc[tested["verdict"] == BETTER, "task"])
    n = f"over {methods['n_test'].iloc[0]:,} held-out pictures"
    if not helped.any():
        tasks = count_words(tested["task"].nunique(), "task")
        detectable = say_detectable(tested)
        sentences = [f"no method helps measurably {n}, in any of {tasks}{detectable}"]
    else:
        sentences = [f"some methods help {n}"]
    for task in dict.fromkeys(tested.loc[helped, "task"]):
        of_task = tested[tested["task"] == task]
        sentences.append(describe_gain(of_task, controls[controls["task"] == task], methods))
    if helped.any() and not helped.all():
        tasks = join_words(list(dict.fromkeys(tested.loc[~helped, "task"])))
        sentences.append(f"None raises {tasks}{say_detectable(tested[~helped])}")
    if (tested["verdict"] == WORSE).any():
        sentences.append(describe_harm(tested, methods))
    sentences.append(describe_open(tested))
    return " ".join(f"{text}." for text in sentences)


def describe_gain(rows, controls, methods):
    """What raises one task: the best, how many others, and controls that do so too."""
    task, unit = rows["task"].iloc[0], UNITS[rows["measure"].iloc[0]]
    better = rows[rows["verdict"] == BETTER].sort_values("change", ascending=False)
    text = describe_best(better.iloc[0], methods, f"{task} ({unit})")
    if len(better) > 1:
        others = count_words(len(better) - 1, "other method")
        text += f"; {others} raise{'s' * (len(better) == 2)} it too"
    fooled = controls[controls["verdict"] == BETTER]
    if len(fooled):
        names, several = name_methods(fooled, methods), len(fooled) > 1
        text += f", and so {'do' if several else 'does'} the control{'s' * several} {names}"
    return text


def say_detectable(rows):
    """How large a change would have been found in these tasks, in brackets."""
    found = 100 * rows[rows["detectable"] > 0].groupby("task")["detectable"].median()
    if found.empty:
        return ""
    low, high = f"{found.min():.1f}", f"{found.max():.1f}"
    if low == high:
        return f" (a change of {low} points would be found)"
    return f" (changes of {low} to {high} points would be found, by task)"


def describe_harm(rows, methods):
    """How many methods lower a task, and the largest loss."""
    worse = rows[rows["verdict"] == WORSE].sort_values("change")
    row, n = worse.iloc[0], worse["method"].nunique()
    who = f"{count_words(n, 'method')} lower{'s' * (n == 1)} some task"
    most = f"{methods.loc[row['method'], 'label']}, in {row['task']}"
    return f"{who}, most {most} ({100 * row['change']:+.1f} points)"


def describe_best(row, methods, task):
    """The method that raises a task most, by how much, what it needs and costs."""
    method = methods.loc[row["method"]]
    before, after = 100 * (row["value"] - row["change"]), 100 * row["value"]
    low, high = 100 * row["low_refitted"], 100 * row["high_refitted"]
    cost = f"{NEEDS[method['needs']]}, {method['microseconds']:.2g} µs an item"
    return (
        f"{task[0].upper()}{task[1:]} rises most by {method['label']}, from {before:.1f} to "
        f"{after:.1f} ({100 * row['change']:+.1f} points [{low:+.1f}, {high:+.1f}]; {cost})"
    )


def describe_open(rows):
    """How many cells are no harm and how many are undecided."""
    counts = rows["verdict"].value_counts()
    calm, open_ = int(counts.get(NO_HARM, 0)), int(counts.get(UNDECIDED, 0))
    return (
        f"Of {len(rows)} changes (methods times tasks) {calm} are no change, within "
        f"±{100 * MARGIN:g} points; {open_} are undecided, their intervals are wider than that"
    )


def count_words(n, word):
    """3 methods, 1 method."""
    return f"{n} {word}{'s' * (n != 1)}"


def name_methods(rows, methods):
    """Labels of methods, joined."""
    return join_words([methods.loc[name, "label"] for name in rows["method"]])


def tell_mixed(paths):
    """What one sees in the figure of mixed search."""
    texts = []
    for path in pick_folder(paths, "method_changes"):
        about = read_metadata(path)
        if "left_out" not in about:
            texts += describe_mixed(about["embeddings"], read_table(path))
    return " ".join(texts)


def describe_mixed(name, changes):
    """One sentence on the even gallery: raw, mean removal, both, and the merge baseline."""
    rows = changes[(changes["task"] == "mixed, 50 % pictures") & (changes["measure"] == "ndcg10")]
    if rows.empty:
        return []
    values = rows.set_index("method")["value"]
    chosen = (changes["task"] == rows["task"].iloc[0]) & (changes["measure"] == "pictures10")
    pictures = changes[chosen].set_index("method")["value"]
    raw, moved, both, merged = (
        f"{values[method]:.3f}" for method in ("raw", "mean_removal", "mean_score_z", "merged")
    )
    return [
        f"{name}: in a gallery of as many pictures as texts NDCG@10 is {raw} as it is "
        f"({100 * pictures['raw']:.0f} % of the first ten are pictures), {moved} after mean "
        f"removal, {both} where scores are standardised after it, and {merged} where each modality "
        "is ranked by itself and the lists are merged."
    ]


def tell_calibration(paths):
    """What one sees in the figure of calibration: where the curves end, in and out of domain."""
    texts = []
    for path in pick_folder(paths, "method_calibration"):
        about = read_metadata(path)
        if "left_out" not in about:
            texts.append(describe_calibration(about["embeddings"], read_table(path)))
    return " ".join(texts)


def describe_calibration(name, rows):
    """One or two sentences on recall of pictures by text after mean removal and NNN."""
    rows = rows[rows["task"] == "text to picture"]
    parts = []
    for method, label in (("mean_removal", "mean removal"), ("nnn", "NNN")):
        of_method = rows[rows["method"] == method].sort_values("n_calibration")
        inside = of_method[of_method["source"] == "in domain"]
        few, all_ = inside.iloc[0], inside.iloc[-1]
        text = (
            f"{label} changes text to picture by {100 * few['change']:+.1f} points when fitted on "
            f"{few['n_calibration']:,} pictures and by {100 * all_['change']:+.1f} on "
            f"{all_['n_calibration']:,}"
        )
        outside = of_method[of_method["source"] != "in domain"]
        if len(outside):
            text += f" ({100 * outside['change'].iloc[-1]:+.1f} on those of another set)"
        parts.append(text)
    return f"{name}: {join_words(parts)}."
