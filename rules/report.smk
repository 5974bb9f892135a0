"""The claims of the paper judged, and the page that shows everything.

In: every table, figure and checkpoint of the run.
Out: tables/claims.*, report/index.html.
"""

if MAIN:

    report: "../report/workflow.rst"


onsuccess:
    print(
        console.summarise_run(CONFIG["results"], clouds=PLAN["report"]["clouds"]),
        file=sys.stderr,
    )


onerror:
    print(console.summarise_failure(log), file=sys.stderr)


rule judge_claims:
    """A verdict on every claim of the paper, with what was measured."""
    input:
        **PLAN["claims"]["files"],
        imported=PLAN["claims"]["imported"],
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
    benchmark:
        "<benchmarks>/judge_claims.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("judge_claims.py"),
        settings=settings(row=("claims", "settings")),
    script:
        "../scripts/judge_claims.py"


rule write_report:
    """The report: verdicts, figures, tables and provenance in one HTML file."""
    input:
        claims="<results>/tables/claims.csv",
        figures=PLAN["targets"]["figures"],
        tables=PLAN["targets"]["tables"],
        checkpoints=PLAN["targets"]["training"],
        # What captions and provenance are read from.
        sources=PLAN["report"]["sources"],
        # What the points of Figure 1 say, where samples are shown.
        samples=PLAN["report"]["samples"],
        embeddings=PLAN["report"]["embeddings"],
    output:
        html=report(
            "<results>/report/index.html",
            category="Report",
            labels={"page": "Everything on one page"},
            caption="../report/page.rst",
        ),
    log:
        "<logs>/write_report.log",
    benchmark:
        "<benchmarks>/write_report.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        # Templates and captions are part of the project: their content counts, not their date.
        content=PLAN["report"]["content"],
        code=code_version("write_report.py"),
        # Read where they are there; how long a job took makes nothing run again.
        benchmarks=PLAN["report"]["benchmarks"],
        settings=settings(row=("report", "settings")),
    script:
        "../scripts/write_report.py"


rule figures:
    """Every figure of the configuration."""
    input:
        PLAN["targets"]["figures"],


rule tables:
    """Every table of the configuration."""
    input:
        PLAN["targets"]["tables"],


rule report:
    """The report page, with everything it shows."""
    input:
        "<results>/report/index.html",


rule verify_cache:
    """Every cached file, download and file of yours against its digest; damaged ones are named."""
    log:
        "<logs>/verify_cache.log",
    benchmark:
        "<benchmarks>/verify_cache.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=240,
    params:
        code=code_version("verify_cache.py"),
        settings=PLAN["verified"],
    script:
        "../scripts/verify_cache.py"
