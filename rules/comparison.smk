"""Models side by side: what their weights are, and what sets them apart."""


rule verify_weights:
    """Hash, activation, preprocessing, tokenizer and numbers of every model with weights."""
    input:
        [path for name in WEIGHTED for path in catalogue.weight_files(MODELS[name])],
    output:
        csv=report(
            "<results>/tables/verify_weights.csv",
            category="Tables",
            labels={"table": "Weights"},
            caption="../report/verify_weights.rst",
        ),
        md="<results>/tables/verify_weights.md",
        tex="<results>/tables/verify_weights.tex",
    log:
        "<logs>/verify_weights.log",
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=16000,
        runtime=60,
    params:
        code=code_version("verify_weights.py"),
        settings=weights_settings(),
    script:
        "../scripts/verify_weights.py"


rule across_models:
    """Table of gap, cone and zero-shot accuracy by architecture and training."""
    input:
        gaps=collect("<results>/statistics/gap/{name}.parquet", name=EMBEDDED_SETS),
        curves=collect(
            "<results>/statistics/zero_shot/{name}.parquet", name=EMBEDDED_TASKS
        ),
    output:
        csv=report(
            "<results>/tables/across_models.csv",
            category="Tables",
            labels={"table": "Across models"},
            caption="../report/across_models.rst",
        ),
        md="<results>/tables/across_models.md",
        tex="<results>/tables/across_models.tex",
    log:
        "<logs>/across_models.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_models.py"),
        settings=across_settings(),
    script:
        "../scripts/table_models.py"


rule figX_across_models:
    """Figure 11: gap, RMG, cone and zero-shot accuracy across models."""
    input:
        table="<results>/tables/across_models.csv",
    output:
        pdf="<results>/figures/figX_across_models.pdf",
        png=report(
            "<results>/figures/figX_across_models.png",
            category="Figures",
            labels={"figure": "11", "subject": "Across models"},
            caption="../report/across_models.rst",
        ),
    log:
        "<logs>/figX_across_models.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("figX_across_models.py"),
        settings=settings("figures"),
    script:
        "../scripts/figX_across_models.py"
