"""One self-contained page of everything a run made: verdicts, figures, tables, provenance.

It also says how long jobs took and on which machine, so two runs of one configuration differ in
that; nothing is made from it, and nothing of that makes it run again.
"""

import hashlib
import json
from pathlib import Path

from modgap.files import atomic_path
from modgap.job import start_log
from modgap.report.facts import facts, run_times
from modgap.report.machine import code_state, hardware, versions
from modgap.report.page import (
    caption_html,
    claim_rows,
    data_uri,
    plain_caption,
    render,
    table_view,
    verdict_counts,
)
from modgap.tables import PROVENANCE_KEYS, read_metadata


def main(html, claims, embeddings, *, project, benchmarks, figures, tables, names, results, config):
    """Write the page.

    claims : csv of the verdicts. embeddings : one file of each cloud. project : Path with report/.
    benchmarks : Path of the benchmark files. figures, tables : dicts with name, title, caption
    (file name in report/), files and, of figures, sources (the parquet files behind them).
    names : what people call each embedding set, cloud and task.
    """
    captions = project / "report"
    verdicts = claim_rows(claims)
    counts, by_scale = verdict_counts(verdicts)
    page = render(
        captions / "page",
        results=results,
        claims=verdicts,
        counts=counts,
        by_scale=by_scale,
        figures=[figure_view(figure, captions, names) for figure in figures],
        tables=[table_section(table, captions) for table in tables],
        differences=caption_html(captions / "differences.rst"),
        content_note=any(figure["name"].startswith("fig7") for figure in figures),
        config=config,
        config_digest=hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest(),
        clouds=[cloud(path) for path in embeddings],
        provenance_keys=PROVENANCE_KEYS,
        versions=versions(),
        hardware=hardware(),
        code=code_state(project),
        times=run_times(benchmarks).to_dict("records"),
    )
    with atomic_path(html) as temporary:
        temporary.write_text(page, encoding="utf-8")


def figure_view(figure, captions, names):
    """A figure as the page shows it."""
    caption = captions / figure["caption"]
    told = [plain_caption(caption)] if caption.is_file() else []
    return {
        "name": figure["name"],
        "title": figure["title"],
        "image": data_uri(Path(figure["png"])),
        "alternative": ". ".join([figure["title"].rstrip("."), *told]),
        "caption": caption_html(caption),
        "facts": facts([path for path in figure["sources"] if path.endswith(".parquet")], names),
    }


def table_section(table, captions):
    """A table as the page shows it."""
    markdown = Path(table["md"]) if table.get("md") else None
    return {
        "name": table["name"],
        "title": table["title"],
        "caption": caption_html(captions / table["caption"]),
        **table_view(Path(table["csv"]), markdown),
    }


def cloud(path):
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
