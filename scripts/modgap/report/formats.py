"""Tables for people: the same frame as CSV, Markdown and LaTeX."""

from modgap.files import atomic_path

# Significant digits of a printed number; the CSV has all.
DIGITS = 4


def write_formats(frame, csv, markdown, latex, *, columns=None, printed=None):
    """Write a frame as CSV in full precision, and rounded as Markdown and LaTeX.

    columns : those of the Markdown and LaTeX tables, where they exist; all if None.
    printed : mask of the rows of the Markdown and LaTeX tables; all if None.
    """
    with atomic_path(csv) as temporary:
        frame.to_csv(temporary, index=False)
    shown = frame[[name for name in columns or frame.columns if name in frame.columns]]
    shown = (shown if printed is None else shown[printed]).map(spell)
    with atomic_path(markdown) as temporary:
        text = shown.to_markdown(index=False, disable_numparse=True) + "\n"
        temporary.write_text(text, encoding="utf-8")
    with atomic_path(latex) as temporary:
        escaped = shown.map(escape_latex).rename(columns=escape_latex)
        temporary.write_text(escaped.to_latex(index=False, escape=False), encoding="utf-8")


def spell(value):
    """A number rounded for print, an absent one as a dash, anything else as text."""
    if isinstance(value, float):
        return "–" if value != value else f"{value:.{DIGITS}g}"
    return str(value)


def escape_latex(text):
    """Text with the characters that LaTeX takes for commands escaped."""
    special = {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "–": "--",
    }
    return "".join(special.get(letter, letter) for letter in text)


def reasons_not_judged(state, low, chance):
    """Why a result is not judged; empty where it is.

    Parameters
    ----------
    state : "random" or "trained", of the model's weights. low : lower end of the interval of the
        accuracy (or AUC) without a shift. chance : the share of the largest class, which the best
        constant answer reaches, or an AUC of one half.
    """
    reasons = ["random weights"] * (state == "random") + ["chance level"] * bool(low <= chance)
    return ", ".join(reasons)
