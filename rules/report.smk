"""The claims of the paper judged, and the page that shows everything."""


rule judge_claims:
    """A verdict on every claim of the paper, with what was measured."""
    input:
        imported=[parts(name, "first")[0] for name in READY],
        **CLAIM_FILES,
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
