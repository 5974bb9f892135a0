"""One self-contained page of what a run made: gaps, figures, tables, verdicts, provenance.

It also says how long jobs took and on which machine, so two runs of one configuration differ in
that; nothing is made from it, and nothing of that makes it run again.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import hashlib
import json
from pathlib import Path

from modgap.files import atomic_path
from modgap.job import start_log
from modgap.report.answers.opening import describe_opening, join_answers, tell_samples
from modgap.report.answers.points import data_block, gather_points
from modgap.report.answers.samples import describe_samples
from modgap.report.drawing import modality_colours
from modgap.report.facts import STATISTICS, read_facts, read_run_times
from modgap.report.machine import code_state, hardware, versions
from modgap.report.page import (
    MARKS,
    caption_sentence,
    count_by_scale,
    embed_png,
    read_table_view,
    read_verdicts,
    render_caption,
    render_page,
)
from modgap.report.sentences.figures import tell_figure
from modgap.report.verdicts.decide import JUDGED
from modgap.tables import PROVENANCE_KEYS, read_metadata

# The figure that repeats words which harm: where a run has it, the page says so.
HARMFUL = "figS11_fairness_shift"

# The table whose rows are samples of the user's.
PRIVATE = "skipped_samples"


def main(
    html,
    claims,
    embeddings,
    *,
    project,
    benchmarks,
    figures,
    tables,
    names,
    results,
    config,
    again,
    renamed="{}",
    is_private=True,
    sets=(),
    references=(),
    answers="",
    claim_figures=None,
    colours=("#D55E00", "#0072B2"),
):
    """Write the page.

    claims : csv of the verdicts. embeddings : one file of each cloud. project : Path with report/.
    benchmarks : Path of the benchmark files. figures, tables : dicts with name, title, caption
    (file name in report/), files and, of figures, pages (PNG files), sources (the parquet files
    behind them) and table (its numbers), and of a training study cells.
    names : what people call each embedding set, cloud and task. again : what follows a target in
        a command that makes it again, such as the run's configuration file. renamed : what the
        workflow calls the rule {}, where it has the pipeline's rules under other names.
    is_private : whether a dataset of the run keeps its samples out of the page.
    sets, references, claim_figures : of the plan. answers : path of the table of answers, which is
        read where it exists. colours : as configured, of the first and the second modality.
    """
    captions = project / "report"
    claim_figures = claim_figures or {}
    verdicts = [
        {**claim, "figure": claim_figures.get(claim["id"], "")} for claim in read_verdicts(claims)
    ]
    measured = join_answers(sets, answers)
    page = render_page(
        captions / "page",
        results=results,
        again=again,
        renamed=renamed,
        opening=describe_opening(measured, references),
        samples_line=tell_samples(sets),
        colours=modality_colours(measured, *colours),
        **describe_points(measured),
        claims=verdicts,
        by_scale=count_by_scale(verdicts),
        figures=[
            describe_figure(figure, captions, names, measured, verdicts) for figure in figures
        ],
        tables=[
            describe_table(table, captions, private=is_private and table["name"] == PRIVATE)
            for table in tables
        ],
        differences=render_caption(captions / "differences.rst"),
        content_note=any(figure["name"] == HARMFUL for figure in figures),
        config=config,
        config_digest=hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest(),
        clouds=[read_provenance(path) for path in embeddings],
        provenance_keys=PROVENANCE_KEYS,
        versions=versions(),
        hardware=hardware(),
        code=code_state(project),
        times=read_run_times(benchmarks).to_dict("records"),
    )
    with atomic_path(html) as temporary:
        temporary.write_text(page, encoding="utf-8")


def describe_points(sets):
    """Points of Figure 1 and what they show, as blocks of data for the page's script."""
    points, keys = gather_points(sets)
    items, positions = describe_samples(sets, keys)
    datasets = {row["name"]: row["dataset"] for row in sets}
    return {
        "items": data_block(items) if items else "",
        "points": {
            name: {
                **found,
                "data": data_block(
                    {**found, "dataset": datasets[name], "items": positions.get(name)}
                ),
            }
            for name, found in points.items()
        },
    }


def describe_figure(figure, captions, names, sets, claims):
    """A figure as the page shows it."""
    caption, name = captions / figure["caption"], figure["name"]
    seen = tell_figure(figure, names, sets)
    told = [seen.rstrip(".")] if seen else []
    told += [caption_sentence(caption)] if caption.is_file() else []
    table = figure.get("table", "")
    return {
        "name": name,
        "title": figure["title"],
        "pages": [
            {"image": embed_png(Path(page)), "file": f"../figures/{Path(page).name}"}
            for page in figure["pages"]
        ],
        "alternative": ". ".join([figure["title"].rstrip("."), *told]),
        "seen": seen,
        "caption": render_caption(caption),
        "facts": read_facts(
            [path for path in figure["sources"] if path.endswith(".parquet")],
            names,
            STATISTICS.get(name, ()),
        ),
        "files": [
            ("PDF", f"../figures/{name}.pdf"),
            *(("PNG", f"../figures/{Path(page).name}") for page in figure["pages"]),
            *([("CSV", f"../tables/{table}.csv")] if table else []),
        ],
        "claims": [
            {"id": claim["id"], "mark": MARKS[claim["verdict"]], "verdict": claim["verdict"]}
            for claim in claims
            if claim["figure"] == name and claim["verdict"] in JUDGED
        ],
    }


def describe_table(table, captions, *, private):
    """A table as the page shows it."""
    markdown = Path(table["md"]) if table.get("md") else None
    return {
        "name": table["name"],
        "title": table["title"],
        "caption": render_caption(captions / table["caption"]),
        "private": private,
        **read_table_view(Path(table["csv"]), markdown, private=private),
    }


def read_provenance(path):
    """Where one cloud of embeddings comes from."""
    about = read_metadata(path)
    return {key: str(about.get(key) or "–")[:24] for key in PROVENANCE_KEYS}


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.output.html,
        snakemake.input.claims,
        snakemake.input.embeddings,
        project=Path(snakemake.scriptdir).parent,
        benchmarks=Path(snakemake.params.benchmarks),
        **snakemake.params.settings,
    )
