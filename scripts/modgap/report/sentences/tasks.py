"""What one sees in figures of zero-shot and fairness tasks."""

from modgap.report.sentences.words import NAMED, find_ends, gather_rows, spell_share, spell_value
from modgap.tables import read_table

# The accuracy of a fairness task, and the rate of all its categories together.
ACCURACY, SUM = "accuracy", "sum"


def tell_zero_shot(paths, names):
    """Accuracy without a shift and the best on the grid, for each of the first tasks.

    The gain with the interval that allows for the choice of the shift, where a selection is there.

    paths : the curves and selections of the tasks (and other tables of theirs).
    names : task -> its name.
    """
    told, gains = [], tell_gains(paths)
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
                f"(δ = {best['delta']:g}{gains.get(task, '')})"
            )
    return "; ".join(told[:NAMED]) + "." if told else ""


def tell_gains(paths):
    """By task: the gain of the best shift of both sides, in points, with its interval."""
    rows = gather_rows(paths, ["task", "side", "procedure", "gain", "low", "high"])
    if not len(rows):
        return {}
    rows = rows[(rows["side"] == "both") & (rows["procedure"] == "corrected")]
    text = "{:.1f}"
    return {
        row["task"]: f", gain {spell_value(row.rename({'gain': 'value'}), text, scale=100)} points"
        for _, row in rows.iterrows()
    }


def tell_fairness(paths, names):
    """The rate of the categories without a shift, over all and by group, and over the shifts.

    paths : the rates of the tasks. names : task -> its name.
    """
    told = []
    for path in paths:
        columns = ["task", "grouping", "group", "measure", "delta", "templates", "value"]
        rows = gather_rows([path], [*columns, "low", "high", "n"])
        if len(rows):
            told.append(tell_rates(rows, names))
    return " ".join([text for text in told if text][:NAMED])


def tell_rates(rows, names):
    """One task: its first set of prompts, its first grouping."""
    task = rows["task"].iloc[0]
    rows = rows[rows["templates"] == rows["templates"].iloc[0]]
    measures = [name for name in rows["measure"].unique() if name != ACCURACY]
    if not measures:
        return ""
    measure = SUM if SUM in measures else measures[0]
    rates = rows[rows["measure"] == measure]
    unmoved = rates[rates["delta"] == 0]
    everyone = unmoved[unmoved["grouping"] == "all"]
    if not len(everyone):
        return ""
    what = "any of its categories" if measure == SUM else f"“{measure}”"
    whole = everyone.iloc[0]
    text = (
        f"{names.get(task, task)}: without a shift {spell_share(whole)} of {whole['n']:,} pictures "
        f"are assigned to {what}"
    )
    groups = unmoved[unmoved["grouping"] != "all"]
    if len(groups):
        grouping = groups["grouping"].iloc[0]
        low, high = find_ends(groups[groups["grouping"] == grouping])
        text += (
            f", and of every group by {grouping} {100 * low['value']:.1f} %"
            if low["value"] == high["value"]
            else f", by {grouping} from {spell_group(low)} to {spell_group(high)}"
        )
    moved = tell_moved(rates[rates["grouping"] == "all"])
    right = rows[(rows["measure"] == ACCURACY) & (rows["grouping"] == "all")]
    right = right[right["delta"] == 0]
    accuracy = f"; accuracy without a shift {spell_share(right.iloc[0])}" if len(right) else ""
    return f"{text}. Over the shifts tried it is {moved}{accuracy}."


def tell_moved(rates):
    """The lowest and the highest rate over the shifts."""
    low, high = find_ends(rates)
    if low["value"] == high["value"]:
        return f"{100 * low['value']:.1f} % throughout"
    return (
        f"{100 * low['value']:.1f} % (δ = {low['delta']:g}) to "
        f"{100 * high['value']:.1f} % (δ = {high['delta']:g})"
    )


def spell_group(row):
    """The rate of one group, with its interval and size."""
    return f"{spell_share(row)} ({row['group']}, n = {row['n']:,})"
