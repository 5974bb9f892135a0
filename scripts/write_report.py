"""One self-contained page of everything a run made: verdicts, figures, tables, provenance.

It also says how long jobs took and on which machine, so two runs of one configuration differ in
that; nothing is made from it, and nothing of that makes it run again.
"""

import hashlib
import json
from pathlib import Path

from modgap.files import atomic_path
from modgap.job import start_log
from modgap.report.facts import read_facts, read_run_times
from modgap.report.machine import code_state, hardware, versions
from modgap.report.page import (
    caption_sentence,
    count_verdicts,
    embed_png,
    read_table_view,
    read_verdicts,
    render_caption,
    render_page,
)
from modgap.tables import PROVENANCE_KEYS, read_metadata

# The figure that repeats words which harm: where a run has it, the page says so.
HARMFUL = "figS11_fairness_shift"


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
):
    """Write the page.

    claims : csv of the verdicts. embeddings : one file of each cloud. project : Path with report/.
    benchmarks : Path of the benchmark files. figures, tables : dicts with name, title, caption
    (file name in report/), files and, of figures, sources (the parquet files behind them).
    names : what people call each embedding set, cloud and task. again : what follows a target in
        a command that makes it again, such as the run's configuration file.
    """
    captions = project / "report"
    verdicts = read_verdicts(claims)
    counts, by_scale = count_verdicts(verdicts)
    page = render_page(
        captions / "page",
        results=results,
        again=again,
        claims=verdicts,
        counts=counts,
        by_scale=by_scale,
        figures=[describe_figure(figure, captions, names) for figure in figures],
        tables=[describe_table(table, captions) for table in tables],
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


def describe_figure(figure, captions, names):
    """A figure as the page shows it."""
    caption = captions / figure["caption"]
    told = [caption_sentence(caption)] if caption.is_file() else []
    return {
        "name": figure["name"],
        "title": figure["title"],
        "image": embed_png(Path(figure["png"])),
        "alternative": ". ".join([figure["title"].rstrip("."), *told]),
        "caption": render_caption(caption),
        "facts": read_facts(
            [path for path in figure["sources"] if path.endswith(".parquet")], names
        ),
    }


def describe_table(table, captions):
    """A table as the page shows it."""
    markdown = Path(table["md"]) if table.get("md") else None
    return {
        "name": table["name"],
        "title": table["title"],
        "caption": render_caption(captions / table["caption"]),
        **read_table_view(Path(table["csv"]), markdown),
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
