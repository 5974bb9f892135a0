"""What the gap does downstream: zero-shot classification and fairness while embeddings move."""


rule embed_prompts:
    """Embed the class prompts of one prompt file with one model."""
    input:
        # Part of the project: its content counts (among the params), not its date.
        prompts=lambda wc: ancient(prompt_file(wc.model, wc.prompts)),
        weights=lambda wc: catalogue.weight_files(MODELS[wc.model]),
    output:
        embeddings="<results>/prompts/{model}/{prompts}.parquet",
    log:
        "<logs>/embed_prompts/{model}/{prompts}.log",
    wildcard_constraints:
        model=one_of(MODELS),
        prompts=one_of(prompt_name(entry["prompts"]) for entry in PROMPTED),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS_HERE,
        mem_mb=8000,
        runtime=30,
    params:
        code=code_version("embed_prompts.py"),
        content=lambda wc: sha256_of(prompt_file(wc.model, wc.prompts)),
        settings=lambda wc: settings(
            "embeddings",
            model=model_entry(wc.model),
            model_name=wc.model,
            templates=embedded_templates(wc.model, wc.prompts),
        ),
    script:
        "../scripts/embed_prompts.py"


rule sweep_zero_shot:
    """Accuracy over shifts, published and corrected choice of a shift, control directions."""
    input:
        images=lambda wc: task_pictures(TASKS[wc.task]),
        prompts=lambda wc: prompt_vectors(TASKS[wc.task]),
        samples=lambda wc: f"<results>/samples/{TASKS[wc.task]['dataset']}.parquet",
        gap_first=lambda wc: gap_parts(TASKS[wc.task], 0),
        gap_second=lambda wc: gap_parts(TASKS[wc.task], 1),
        gap_samples=lambda wc: gap_samples(TASKS[wc.task]),
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
    threads: 2
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        code=code_version("sweep_zero_shot.py"),
        settings=lambda wc: settings(
            "downstream",
            "n_folds",
            "n_directions",
            "n_permutations",
            "seed",
            sides=CONFIG["downstream"]["moved"],
            metric=TASKS[wc.task].get("metric", "accuracy"),
            templates=TASKS[wc.task].get("templates", GIVEN),
            **task_settings(wc.task, TASKS[wc.task]),
        ),
    script:
        "../scripts/sweep_zero_shot.py"


rule sweep_fairness:
    """Rates of harmful classes by group over shifts of the pictures, with paired tests."""
    input:
        images=lambda wc: task_pictures(FAIRNESS[wc.fairness]),
        prompts=lambda wc: prompt_vectors(FAIRNESS[wc.fairness]),
        samples=lambda wc: f"<results>/samples/{FAIRNESS[wc.fairness]['dataset']}.parquet",
        gap_first=lambda wc: gap_parts(FAIRNESS[wc.fairness], 0),
        gap_second=lambda wc: gap_parts(FAIRNESS[wc.fairness], 1),
        gap_samples=lambda wc: gap_samples(FAIRNESS[wc.fairness]),
    output:
        rates="<results>/statistics/fairness/{fairness}.parquet",
        changes="<results>/statistics/fairness_changes/{fairness}.parquet",
    log:
        "<logs>/sweep_fairness/{fairness}.log",
    conda:
        "../envs/analysis.yaml"
    threads: 2
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code_version("sweep_fairness.py"),
        settings=lambda wc: sorted_keys(
            {
                "groups": FAIRNESS[wc.fairness]["groups"],
                "templates": fairness_templates(FAIRNESS[wc.fairness]),
                "tested": sorted(CONFIG["downstream"]["fairness_shifts"]),
                **task_settings(wc.fairness, FAIRNESS[wc.fairness]),
            }
        ),
    script:
        "../scripts/sweep_fairness.py"


rule table1_zero_shot:
    """Table 1: zero-shot classification with the best shift, as published and corrected."""
    input:
        selections=collect(
            "<results>/statistics/zero_shot_selection/{name}.parquet", name=TASKS
        ),
        controls=collect(
            "<results>/statistics/zero_shot_controls/{name}.parquet", name=TASKS
        ),
        curves=collect("<results>/statistics/zero_shot/{name}.parquet", name=TASKS),
    output:
        csv=report(
            "<results>/tables/table1_zero_shot.csv",
            category="Tables",
            labels={"table": "1", "subject": "Zero-shot under shifts"},
            caption="../report/table1_zero_shot.rst",
        ),
        md="<results>/tables/table1_zero_shot.md",
        tex="<results>/tables/table1_zero_shot.tex",
    log:
        "<logs>/table1_zero_shot.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table1_zero_shot.py"),
        settings={"tasks": task_rows(TASKS)},
    script:
        "../scripts/table1_zero_shot.py"


rule table2_fairness:
    """Table 2: rates of harmful classes by group, without and with shifts."""
    input:
        rates=collect("<results>/statistics/fairness/{name}.parquet", name=FAIRNESS),
        changes=collect(
            "<results>/statistics/fairness_changes/{name}.parquet", name=FAIRNESS
        ),
    output:
        csv=report(
            "<results>/tables/table2_fairness.csv",
            category="Tables",
            labels={"table": "2", "subject": "Fairness under shifts"},
            caption="../report/table2_fairness.rst",
        ),
        md="<results>/tables/table2_fairness.md",
        tex="<results>/tables/table2_fairness.tex",
    log:
        "<logs>/table2_fairness.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table2_fairness.py"),
        settings={"tasks": task_rows(FAIRNESS)},
    script:
        "../scripts/table2_fairness.py"


rule figS10_zero_shot_shift:
    """Figure 6: zero-shot accuracy over the remaining gap, and the gap among its controls."""
    input:
        curves=collect("<results>/statistics/zero_shot/{name}.parquet", name=TASKS),
        selections=collect(
            "<results>/statistics/zero_shot_selection/{name}.parquet", name=TASKS
        ),
        controls=collect(
            "<results>/statistics/zero_shot_controls/{name}.parquet", name=TASKS
        ),
    output:
        pdf="<results>/figures/figS10_zero_shot_shift.pdf",
        png=report(
            "<results>/figures/figS10_zero_shot_shift.png",
            category="Figures",
            labels={"figure": "6", "subject": "Zero-shot under shifts"},
            caption="../report/figS10_zero_shot_shift.rst",
        ),
    log:
        "<logs>/figS10_zero_shot_shift.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("figS10_zero_shot_shift.py"),
        settings=settings("figures", "dpi", tasks=task_rows(TASKS)),
    script:
        "../scripts/figS10_zero_shot_shift.py"


rule figS11_fairness_shift:
    """Figure 7: rates of harmful classes by group and accuracy over shifts of the pictures."""
    input:
        rates=collect("<results>/statistics/fairness/{name}.parquet", name=FAIRNESS),
    output:
        pdf="<results>/figures/figS11_fairness_shift.pdf",
        png=report(
            "<results>/figures/figS11_fairness_shift.png",
            category="Figures",
            labels={"figure": "7", "subject": "Fairness under shifts"},
            caption="../report/figS11_fairness_shift.rst",
        ),
    log:
        "<logs>/figS11_fairness_shift.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("figS11_fairness_shift.py"),
        settings=settings(
            "figures",
            "dpi",
            tasks=task_rows(FAIRNESS),
            shifts=fairness_range(),
        ),
    script:
        "../scripts/figS11_fairness_shift.py"
