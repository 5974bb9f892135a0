"""What to do about the gap: every method that moves or closes it, side by side on held-out pairs.

In: the clouds of embedding sets, and the pictures and prompts of their zero-shot tasks.
Out: statistics/method*/ and transforms/, then the table and the figures that compare methods.
"""


rule compare_methods:
    """All methods and controls on one embedding set: fitted, chosen and tested on other pictures."""
    input:
        first=planned("gap_methods", "{embeddings}", "first"),
        second=planned("gap_methods", "{embeddings}", "second"),
        samples=planned("gap_methods", "{embeddings}", "samples"),
        labels=planned("gap_methods", "{embeddings}", "labels"),
        images=planned("gap_methods", "{embeddings}", "images"),
        prompts=planned("gap_methods", "{embeddings}", "prompts"),
        task_samples=planned("gap_methods", "{embeddings}", "task_samples"),
        other_first=planned("gap_methods", "{embeddings}", "other_first"),
        other_second=planned("gap_methods", "{embeddings}", "other_second"),
        other_samples=planned("gap_methods", "{embeddings}", "other_samples"),
    output:
        methods="<results>/statistics/methods/{embeddings}.parquet",
        changes="<results>/statistics/method_changes/{embeddings}.parquet",
        queries="<results>/statistics/method_queries/{embeddings}.parquet",
        calibration="<results>/statistics/method_calibration/{embeddings}.parquet",
        paths="<results>/statistics/method_paths/{embeddings}.parquet",
    log:
        "<logs>/compare_methods/{embeddings}.log",
    benchmark:
        "<benchmarks>/compare_methods/{embeddings}.tsv"
    wildcard_constraints:
        embeddings=PLAN["patterns"]["methods"],
    conda:
        "../envs/analysis.yaml"
    # Sets run side by side; --set-threads compare_methods=8 for a single large one.
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        code=code_version("compare_methods.py"),
        settings=settings("methods", row=("gap_methods", "{embeddings}", "settings")),
    script:
        "../scripts/compare_methods.py"


rule fit_transforms:
    """The methods as they were compared, fitted and frozen, to be applied to other vectors."""
    input:
        first=planned("gap_methods", "{embeddings}", "first"),
        second=planned("gap_methods", "{embeddings}", "second"),
        samples=planned("gap_methods", "{embeddings}", "samples"),
        methods="<results>/statistics/methods/{embeddings}.parquet",
    output:
        transforms=expand(
            "<results>/transforms/{{embeddings}}/{method}.npz",
            method=PLAN["transforms"],
        ),
        told=expand(
            "<results>/transforms/{{embeddings}}/{method}.json",
            method=PLAN["transforms"],
        ),
    log:
        "<logs>/fit_transforms/{embeddings}.log",
    benchmark:
        "<benchmarks>/fit_transforms/{embeddings}.tsv"
    wildcard_constraints:
        embeddings=PLAN["patterns"]["methods"],
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=code_version("fit_transforms.py"),
        settings=settings(
            "methods",
            "max_test",
            "max_calibration",
            "seed",
        ),
    script:
        "../scripts/fit_transforms.py"


rule transforms:
    """The frozen transforms of every embedding set that methods are compared on."""
    input:
        PLAN["targets"]["transforms"],


rule table_gap_methods:
    """Table of methods that move or close the gap: needs, gap left, change in every task, cost."""
    input:
        methods=planned("tables", "table_gap_methods", "methods"),
        changes=planned("tables", "table_gap_methods", "changes"),
        calibration=planned("tables", "table_gap_methods", "calibration"),
    output:
        csv=report(
            "<results>/tables/gap_methods.csv", **planned("shown", "gap_methods")
        ),
        md="<results>/tables/gap_methods.md",
        tex="<results>/tables/gap_methods.tex",
    log:
        "<logs>/table_gap_methods.log",
    benchmark:
        "<benchmarks>/table_gap_methods.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_gap_methods.py"),
        settings=settings(row=("tables", "table_gap_methods", "settings")),
    script:
        "../scripts/table_gap_methods.py"


rule figX_gap_methods:
    """Figure X: what methods that close the gap do to each task."""
    input:
        methods=planned("figures", "figX_gap_methods", "methods"),
        changes=planned("figures", "figX_gap_methods", "changes"),
        paths=planned("figures", "figX_gap_methods", "paths"),
    output:
        pdf="<results>/figures/figX_gap_methods.pdf",
        pngs=report(
            planned("figures", "figX_gap_methods", "pngs"),
            **planned("shown", "figX_gap_methods"),
        ),
    log:
        "<logs>/figX_gap_methods.log",
    benchmark:
        "<benchmarks>/figX_gap_methods.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("figX_gap_methods.py"),
        settings=settings(
            "figures", "dpi", row=("figures", "figX_gap_methods", "settings")
        ),
    script:
        "../scripts/figX_gap_methods.py"


rule figX_mixed_search:
    """Figure X: search in a gallery of pictures and texts, by method."""
    input:
        changes=planned("figures", "figX_mixed_search", "changes"),
    output:
        pdf="<results>/figures/figX_mixed_search.pdf",
        pngs=report(
            planned("figures", "figX_mixed_search", "pngs"),
            **planned("shown", "figX_mixed_search"),
        ),
    log:
        "<logs>/figX_mixed_search.log",
    benchmark:
        "<benchmarks>/figX_mixed_search.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("figX_mixed_search.py"),
        settings=settings(
            "figures", "dpi", row=("figures", "figX_mixed_search", "settings")
        ),
    script:
        "../scripts/figX_mixed_search.py"


rule figX_calibration:
    """Figure X: what methods gain by the number of pictures they are fitted on."""
    input:
        calibration=planned("figures", "figX_calibration", "calibration"),
    output:
        pdf="<results>/figures/figX_calibration.pdf",
        pngs=report(
            planned("figures", "figX_calibration", "pngs"),
            **planned("shown", "figX_calibration"),
        ),
    log:
        "<logs>/figX_calibration.log",
    benchmark:
        "<benchmarks>/figX_calibration.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("figX_calibration.py"),
        settings=settings(
            "figures", "dpi", row=("figures", "figX_calibration", "settings")
        ),
    script:
        "../scripts/figX_calibration.py"
