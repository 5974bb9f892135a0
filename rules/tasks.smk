"""What the gap does downstream: zero-shot classification and fairness while embeddings move.

In: embedded pictures, class prompts and labels of every task, and the gap that moves them.
Out: statistics/{zero_shot*,fairness*}/, then Tables 1 and 2 and Supplementary Figures 10 and 11.
"""


rule sweep_zero_shot:
    """Accuracy over shifts, published and corrected choice of a shift, control directions."""
    input:
        images=planned("zero_shot", "{task}", "images"),
        prompts=planned("zero_shot", "{task}", "prompts"),
        samples=planned("zero_shot", "{task}", "samples"),
        gap_first=planned("zero_shot", "{task}", "gap_first"),
        gap_second=planned("zero_shot", "{task}", "gap_second"),
        gap_samples=planned("zero_shot", "{task}", "gap_samples"),
    output:
        curve="<results>/statistics/zero_shot/{task}.parquet",
        selection="<results>/statistics/zero_shot_selection/{task}.parquet",
        controls="<results>/statistics/zero_shot_controls/{task}.parquet",
    log:
        "<logs>/sweep_zero_shot/{task}.log",
    benchmark:
        "<benchmarks>/sweep_zero_shot/{task}.tsv"
    conda:
        "../envs/analysis.yaml"
    # Tasks run side by side; --set-threads sweep_zero_shot=8 for a single large one.
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        code=code_version("sweep_zero_shot.py"),
        settings=settings(
            "downstream",
            "n_draws",
            "n_folds",
            "n_directions",
            "n_permutations",
            "seed",
            row=("zero_shot", "{task}", "settings"),
        ),
    script:
        "../scripts/sweep_zero_shot.py"


rule sweep_fairness:
    """Rates of harmful classes by group over shifts of the pictures, with paired tests."""
    input:
        images=planned("fairness", "{fairness}", "images"),
        prompts=planned("fairness", "{fairness}", "prompts"),
        samples=planned("fairness", "{fairness}", "samples"),
        gap_first=planned("fairness", "{fairness}", "gap_first"),
        gap_second=planned("fairness", "{fairness}", "gap_second"),
        gap_samples=planned("fairness", "{fairness}", "gap_samples"),
    output:
        rates="<results>/statistics/fairness/{fairness}.parquet",
        changes="<results>/statistics/fairness_changes/{fairness}.parquet",
    log:
        "<logs>/sweep_fairness/{fairness}.log",
    benchmark:
        "<benchmarks>/sweep_fairness/{fairness}.tsv"
    conda:
        "../envs/analysis.yaml"
    # Beside other jobs; --set-threads sweep_fairness=8 for many pictures.
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code_version("sweep_fairness.py"),
        settings=settings(row=("fairness", "{fairness}", "settings")),
    script:
        "../scripts/sweep_fairness.py"


rule table1_zero_shot:
    """Table 1: zero-shot classification with the best shift, as published and corrected."""
    input:
        selections=planned("tables", "table1_zero_shot", "selections"),
        controls=planned("tables", "table1_zero_shot", "controls"),
        curves=planned("tables", "table1_zero_shot", "curves"),
    output:
        csv=report(
            "<results>/tables/table1_zero_shot.csv",
            **planned("shown", "table1_zero_shot"),
        ),
        md="<results>/tables/table1_zero_shot.md",
        tex="<results>/tables/table1_zero_shot.tex",
    log:
        "<logs>/table1_zero_shot.log",
    benchmark:
        "<benchmarks>/table1_zero_shot.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table1_zero_shot.py"),
        settings=settings(row=("tables", "table1_zero_shot", "settings")),
    script:
        "../scripts/table1_zero_shot.py"


rule table2_fairness:
    """Table 2: rates of harmful classes by group, without and with shifts."""
    input:
        rates=planned("tables", "table2_fairness", "rates"),
        changes=planned("tables", "table2_fairness", "changes"),
    output:
        csv=report(
            "<results>/tables/table2_fairness.csv",
            **planned("shown", "table2_fairness"),
        ),
        md="<results>/tables/table2_fairness.md",
        tex="<results>/tables/table2_fairness.tex",
    log:
        "<logs>/table2_fairness.log",
    benchmark:
        "<benchmarks>/table2_fairness.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table2_fairness.py"),
        settings=settings(row=("tables", "table2_fairness", "settings")),
    script:
        "../scripts/table2_fairness.py"


rule figS10_zero_shot_shift:
    """Supplementary Figure 10: zero-shot accuracy over the remaining gap, and the gap among its controls."""
    input:
        curves=planned("figures", "figS10_zero_shot_shift", "curves"),
        selections=planned("figures", "figS10_zero_shot_shift", "selections"),
        controls=planned("figures", "figS10_zero_shot_shift", "controls"),
    output:
        pdf="<results>/figures/figS10_zero_shot_shift.pdf",
        pngs=report(
            planned("figures", "figS10_zero_shot_shift", "pngs"),
            **planned("shown", "figS10_zero_shot_shift"),
        ),
    log:
        "<logs>/figS10_zero_shot_shift.log",
    benchmark:
        "<benchmarks>/figS10_zero_shot_shift.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("figS10_zero_shot_shift.py"),
        settings=settings(
            "figures", row=("figures", "figS10_zero_shot_shift", "settings")
        ),
    script:
        "../scripts/figS10_zero_shot_shift.py"


rule figS11_fairness_shift:
    """Supplementary Figure 11: rates of harmful classes by group and accuracy over shifts of the pictures."""
    input:
        rates=planned("figures", "figS11_fairness_shift", "rates"),
    output:
        pdf="<results>/figures/figS11_fairness_shift.pdf",
        pngs=report(
            planned("figures", "figS11_fairness_shift", "pngs"),
            **planned("shown", "figS11_fairness_shift"),
        ),
    log:
        "<logs>/figS11_fairness_shift.log",
    benchmark:
        "<benchmarks>/figS11_fairness_shift.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("figS11_fairness_shift.py"),
        settings=settings(
            "figures", "dpi", row=("figures", "figS11_fairness_shift", "settings")
        ),
    script:
        "../scripts/figS11_fairness_shift.py"
