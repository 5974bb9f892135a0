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
# Galleries of pictures alone and of texts alone are no mixed search.
UNMIXED = ("mixed, 0 % pictures", "mixed, 100 % pictures")


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
    """Sentences on one set: whether a method helps, then each task, then what is left open.

    methods : rows of ``comparing.tabulate_methods``. changes : of ``tabulate_changes``.
    """
    methods = methods.set_index("method")
    rows = changes[(changes["verdict"] != "") & ~changes["task"].isin(UNMIXED)]
    kinds = rows["method"].map(methods["kind"])
    tested, controls = rows[kinds == "method"], rows[kinds == "control"]
    n = f"over {methods['n_test'].iloc[0]:,} held-out pictures"
    helped = list(dict.fromkeys(tested.loc[tested["verdict"] == BETTER, "task"]))
    if helped:
        sentences = [f"some methods help {n}, in {join_words(helped)}"]
    else:
        sentences = [f"no method helps measurably {n}, in any task"]
    for task in dict.fromkeys(tested["task"]):
        of_task = tested[tested["task"] == task]
        sentences.append(describe_task(of_task, controls[controls["task"] == task], methods))
    sentences.append(describe_open(tested))
    return " ".join(f"{text}." for text in sentences)


def describe_task(rows, controls, methods):
    """What methods do to one task: the best, who else raises it, who lowers it."""
    task, unit = rows["task"].iloc[0], UNITS[rows["measure"].iloc[0]]
    better = rows[rows["verdict"] == BETTER].sort_values("change", ascending=False)
    worse = rows[rows["verdict"] == WORSE].sort_values("change")
    if len(better):
        text = describe_best(better.iloc[0], methods, f"{task} ({unit})")
        if len(better) > 1:
            others = count_methods(len(better) - 1, "other")
            text += f"; {others} raise{'s' * (len(better) == 2)} it too"
        fooled = controls[controls["verdict"] == BETTER]
        if len(fooled):
            names, several = name_methods(fooled, methods), len(fooled) > 1
            text += f", and so {'do' if several else 'does'} the control{'s' * several} {names}"
    else:
        found = rows["detectable"][rows["detectable"] > 0]
        least = f" (a change of {100 * found.median():.1f} points would be found)"
        least = least if len(found) else ""
        text = f"{task[0].upper()}{task[1:]} ({unit}) is raised by none{least}"
    if len(worse):
        text += (
            f"; {count_methods(len(worse))} lower{'s' * (len(worse) == 1)} it, most "
            f"{methods.loc[worse['method'].iloc[0], 'label']} "
            f"({100 * worse['change'].iloc[0]:+.1f} points)"
        )
    return text


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


def count_methods(n, word=""):
    """3 methods, 1 other method."""
    return f"{n} {word} method{'s' * (n != 1)}".replace("  ", " ")


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
