"""The claims of the paper judged, and the page that shows everything; after every other rule."""

# Figures and tables of this run as the page shows them: the rules of their names say what they are.
PAGE_FIGURES = [page_figure(name) for name, wanted in FIGURE_NAMES.items() if wanted]
PAGE_TABLES = [
    page_table(name, printed)
    for names, printed in ((TABLE_NAMES, True), (LIST_NAMES, False))
    for name, wanted in names.items()
    if wanted and name != "claims"
]


rule judge_claims:
    """A verdict on every claim of the paper, with what was measured."""
    input:
        **CLAIM_FILES,
        imported=[parts(name, "first")[0] for name in READY],
    output:
        csv=report(
            "<results>/tables/claims.csv",
            category="Claims",
            labels={"table": "Verdicts on the paper's claims"},
            caption="../report/claims.rst",
        ),
        md="<results>/tables/claims.md",
        tex="<results>/tables/claims.tex",
    log:
        "<logs>/judge_claims.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("judge_claims.py"),
        settings={"claims": sorted_keys(CLAIMS), "described": CLAIM_SUBJECTS},
    script:
        "../scripts/judge_claims.py"


rule write_report:
    """The report: verdicts, figures, tables and provenance in one HTML file."""
    input:
        claims="<results>/tables/claims.csv",
        figures=FIGURES,
        tables=TABLES,
        checkpoints=CHECKPOINTS,
        # What captions and provenance are read from.
        sources=[path for figure in PAGE_FIGURES for path in figure["sources"]],
        embeddings=shards_with_provenance(),
    output:
        html=report(
            "<results>/report/index.html",
            category="Report",
            labels={"page": "Everything on one page"},
            caption="../report/page.rst",
        ),
    log:
        "<logs>/write_report.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        # Templates and captions are part of the project: their content counts, not their date.
        content=page_content(),
        code=code_version("write_report.py"),
        # Read where they are there; how long a job took makes nothing run again.
        benchmarks=f"{CONFIG['results']}/benchmarks",
        settings=sorted_keys(
            {
                "config": CONFIG,
                "figures": PAGE_FIGURES,
                "names": SPOKEN_NAMES,
                "results": CONFIG["results"],
                "tables": PAGE_TABLES,
            }
        ),
    script:
        "../scripts/write_report.py"
