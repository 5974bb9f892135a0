"""Supplementary Figures 13 to 15: trained models' cones, other pictures, no normalisation."""


rule embed_independent:
    """Embed the same items with several models that were trained independently."""
    input:
        arrays=lambda wc: independent_crops(wc, "npy"),
        indices=lambda wc: independent_crops(wc, "parquet"),
        samples=lambda wc: (
            f"<results>/samples/{INDEPENDENT[wc.independent]['dataset']}.parquet"
        ),
        weights=independent_weights,
    output:
        embeddings="<results>/independent/{independent}.parquet",
    log:
        "<logs>/embed_independent/{independent}.log",
    benchmark:
        "<benchmarks>/embed_independent/{independent}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS_HERE,
        mem_mb=8000,
        runtime=240,
    params:
        code=code_version("embed_independent.py"),
        settings=lambda wc: settings(
            "embeddings",
            entry=dataset_entry(INDEPENDENT[wc.independent]["dataset"]),
            items=independent_items(wc),
            models=independent_models(wc),
        ),
    script:
        "../scripts/embed_independent.py"


use rule measure_seeds as measure_independent with:
    input:
        embeddings="<results>/independent/{independent}.parquet",
    output:
        table="<results>/statistics/independent/{independent}.parquet",
        values="<results>/statistics/independent_values/{independent}.parquet",
        points="<results>/statistics/independent_points/{independent}.parquet",
    log:
        "<logs>/measure_independent/{independent}.log",
    benchmark:
        "<benchmarks>/measure_independent/{independent}.tsv"
    params:
        code=code_version("measure_seeds.py"),
        settings=lambda wc: settings(
            "projection",
            "min_dist",
            "n_neighbors",
            "seed",
            name=independent_description(wc.independent)["name"],
        ),


rule independent_models:
    """Table of the cones of models trained independently."""
    input:
        tables=collect(
            "<results>/statistics/independent/{independent}.parquet",
            independent=INDEPENDENT,
        ),
    output:
        csv=report(
            "<results>/tables/independent_models.csv",
            category="Tables",
            labels={"table": "Models trained independently"},
            caption="../report/independent_models.rst",
        ),
    log:
        "<logs>/independent_models.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_initialisations.py"),
    script:
        "../scripts/table_initialisations.py"


rule figS13_independent_models:
    """Supplementary Figure 13: models trained independently, each its own cone."""
    input:
        tables=collect(
            "<results>/statistics/independent/{independent}.parquet",
            independent=INDEPENDENT,
        ),
        points=collect(
            "<results>/statistics/independent_points/{independent}.parquet",
            independent=INDEPENDENT,
        ),
        random=random_twins(),
    output:
        pdf="<results>/figures/figS13_independent_models.pdf",
        png=report(
            "<results>/figures/figS13_independent_models.png",
            category="Figures",
            labels={"figure": "S13", "subject": "Models trained independently"},
            caption="../report/figS13_independent_models.rst",
        ),
    log:
        "<logs>/figS13_independent_models.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figS13_independent_models.py"),
        settings=settings("figures", "dpi", groups=described_independent()),
    script:
        "../scripts/figS13_independent_models.py"


rule figS14_second_picture_set:
    """Supplementary Figure 14: the cones of a second set of pictures beside the first."""
    input:
        cones=cone_tables("cone", picture_clouds()),
        histograms=cone_tables("cone_histogram", picture_clouds()),
    output:
        pdf="<results>/figures/figS14_second_picture_set.pdf",
        png=report(
            "<results>/figures/figS14_second_picture_set.png",
            category="Figures",
            labels={"figure": "S14", "subject": "Cones of a second picture set"},
            caption="../report/figS14_second_picture_set.rst",
        ),
    log:
        "<logs>/figS14_second_picture_set.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("fig2a_cone_histograms.py"),
        settings=settings("figures", clouds=described_clouds(picture_clouds())),
    script:
        "../scripts/fig2a_cone_histograms.py"


rule embed_without_normalisation:
    """Embed the same items with a model as it is and with what normalises in it disabled."""
    input:
        arrays=lambda wc: first_crops("without_normalisation", wc, "npy"),
        indices=lambda wc: first_crops("without_normalisation", wc, "parquet"),
        samples="<results>/samples/{dataset}.parquet",
        weights=lambda wc: catalogue.weight_files(MODELS[wc.model]),
    output:
        embeddings="<results>/without_normalisation/{model}/{dataset}.parquet",
    log:
        "<logs>/embed_without_normalisation/{model}/{dataset}.log",
    benchmark:
        "<benchmarks>/embed_without_normalisation/{model}/{dataset}.tsv"
    wildcard_constraints:
        model=one_of(MODELS),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS_HERE,
        mem_mb=8000,
        runtime=120,
    params:
        code=code_version("embed_without_normalisation.py"),
        settings=lambda wc: settings(
            "embeddings",
            entry=dataset_entry(wc.dataset),
            items=run_items("without_normalisation", wc),
            model=model_entry(wc.model),
            model_name=wc.model,
        ),
    script:
        "../scripts/embed_without_normalisation.py"


rule measure_without_normalisation:
    """Gap and cones of a model as it is and with what normalises in it disabled."""
    input:
        embeddings="<results>/without_normalisation/{model}/{dataset}.parquet",
    output:
        table="<results>/statistics/without_normalisation/{model}/{dataset}.parquet",
        points="<results>/statistics/without_normalisation_points/{model}/{dataset}.parquet",
    log:
        "<logs>/measure_without_normalisation/{model}/{dataset}.log",
    benchmark:
        "<benchmarks>/measure_without_normalisation/{model}/{dataset}.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code_version("measure_without_normalisation.py"),
        settings=lambda wc: settings(
            "projection",
            "min_dist",
            "n_neighbors",
            name=f"{wc.model}/{wc.dataset}",
            umap_seed=CONFIG["projection"]["seed"],
            n_resamples=CONFIG["statistics"]["n_resamples"],
            resample_seed=CONFIG["statistics"]["seed"],
            block=CONFIG["statistics"]["block"],
        ),
    script:
        "../scripts/measure_without_normalisation.py"


rule without_normalisation:
    """Table of the gap with and without what normalises, in three experiments."""
    input:
        disabled=run_tables("without_normalisation", "without_normalisation"),
        seeds=unnormalised_seeds(),
        summary=study_summary("without_normalisation"),
    output:
        table="<results>/statistics/without_normalisation.parquet",
        csv=report(
            "<results>/tables/without_normalisation.csv",
            category="Tables",
            labels={"table": "Without normalisation"},
            caption="../report/without_normalisation.rst",
        ),
    log:
        "<logs>/without_normalisation.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_normalisation.py"),
        settings=sorted_keys(unnormalised_settings()),
    script:
        "../scripts/table_normalisation.py"


rule figS15_without_normalisation:
    """Supplementary Figure 15: does the gap persist without normalisation?"""
    input:
        table="<results>/statistics/without_normalisation.parquet",
        points=run_tables("without_normalisation", "without_normalisation_points"),
    output:
        pdf="<results>/figures/figS15_without_normalisation.pdf",
        png=report(
            "<results>/figures/figS15_without_normalisation.png",
            category="Figures",
            labels={"figure": "S15", "subject": "Without normalisation"},
            caption="../report/figS15_without_normalisation.rst",
        ),
    log:
        "<logs>/figS15_without_normalisation.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figS15_without_normalisation.py"),
        settings=settings("figures", **unnormalised_names()),
    script:
        "../scripts/figS15_without_normalisation.py"
