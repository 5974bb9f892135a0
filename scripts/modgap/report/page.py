"""The report: one HTML file with everything inside, from the templates in ``report/page``.

Whatever comes from data or configuration is escaped by the template; captions are the project's own
reStructuredText and become HTML through docutils. The page states by its own policy that it loads
nothing and runs one script only.
"""

import base64
import hashlib
import json

import pandas as pd
from docutils.core import publish_parts
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from modgap.report.formats import read_for_jobs, spell
from modgap.report.verdicts.decide import ILLUSTRATION, JUDGED, NOT_RUN, VERDICTS

# Rows of a table that the page shows; the file has all.
SHOWN_ROWS = 60

# Colour alone never tells a verdict.
MARKS = dict(zip(VERDICTS, ("✓", "↗", "?", "✗", "○", "–"), strict=True))

# What claims are about, from the paper's own models to those of the run, and what a run without it
# lacks. Their verdicts are never added up: a verdict on small models is none on the paper's.
SCALES = {
    "paper": ("The paper's own models and data", "weights and data needed"),
    "published features": ("The authors' published embeddings", "their files needed"),
    "printed numbers": ("Numbers that the paper prints, computed again", "not computed"),
    "simulation": ("Simulations of the paper's size", "not among this run's simulations"),
    "embedded": (
        "This run's own models and data, which say nothing of the paper's",
        "models, data or studies of the default needed",
    ),
}

DOCUTILS = {
    "raw_enabled": False,
    "file_insertion_enabled": False,
    "report_level": 5,
    "initial_header_level": 3,
}


def render_page(folder, **content):
    """The page as text; ``folder`` holds page.html, style.css and the scripts, run as one."""
    script = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.js")))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["spell"] = spell
    environment.filters["pretty"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    return environment.get_template("page.html").render(
        style=Markup((folder / "style.css").read_text(encoding="utf-8")),
        script=Markup(script),
        script_digest=digest,
        verdicts=VERDICTS,
        marks=MARKS,
        **content,
    )


def render_caption(path):
    """A caption file as HTML; nothing where there is none."""
    if not path.is_file():
        return ""
    parts = publish_parts(
        path.read_text(encoding="utf-8"), writer="html5", settings_overrides=DOCUTILS
    )
    return Markup(parts["body"])


def caption_sentence(path):
    """The first sentence of a caption without its markup, for those who cannot see the figure."""
    if not path.is_file():
        return ""
    text = " ".join(path.read_text(encoding="utf-8").replace("*", "").replace("``", "").split())
    return text.split(". ")[0].rstrip(".")


def embed_png(png):
    """An image file as an address that holds the image itself."""
    return "data:image/png;base64," + base64.b64encode(png.read_bytes()).decode()


def read_table_view(csv, markdown=None, *, private=False):
    """Columns and rows of a table for the page.

    markdown : the table as printed, whose columns are shown; all columns without it. private :
    whether the page shows no row of it.

    Returns
    -------
    dict: columns, rows (lists of text), total (rows of the file).
    """
    frame = read_for_jobs(csv)
    if markdown is not None:
        header = markdown.read_text(encoding="utf-8").split("\n", 1)[0]
        printed = [name.strip() for name in header.strip("|").split("|")]
        frame = frame[[name for name in printed if name in frame]]
    shown = frame.head(0 if private else SHOWN_ROWS).astype(object)
    rows = [["–" if pd.isna(cell) else spell(cell) for cell in row] for row in shown.to_numpy()]
    return {"columns": list(frame.columns), "rows": rows, "total": len(frame)}


def read_verdicts(csv):
    """Verdicts as dicts, those that were judged first and by scale; numbers spelled, or a dash."""
    frame = read_for_jobs(csv, dtype={"n": str, "seed": str}).astype(object)
    records = frame.where(frame.notna(), "–").to_dict("records")
    for record in records:
        for key in ("measured", "low", "high"):
            record[key] = spell(record[key])
        record["interval"] = "" if record["low"] == "–" else f"{record['low']} to {record['high']}"
    order = list(SCALES)
    return sorted(records, key=lambda one: (one["verdict"] == NOT_RUN, order.index(one["scale"])))


def count_by_scale(claims):
    """What each scale's claims came to, as dicts in the order of ``SCALES``; never over scales.

    Keys: scale, title, total (without illustrations), judged, counts (verdict -> how many, of those
    that judge), illustrations, lacks (why not all are judged, "" where they are).
    """
    summed = []
    for scale, (title, lacks) in SCALES.items():
        verdicts = [claim["verdict"] for claim in claims if claim["scale"] == scale]
        if verdicts:
            counts = {verdict: verdicts.count(verdict) for verdict in JUDGED}
            summed.append(
                {
                    "scale": scale,
                    "title": title,
                    "total": len(verdicts) - verdicts.count(ILLUSTRATION),
                    "judged": sum(counts.values()),
                    "counts": counts,
                    "illustrations": verdicts.count(ILLUSTRATION),
                    "lacks": lacks if NOT_RUN in verdicts else "",
                }
            )
    return summed
