"""Why the gap exists: random networks, initialisations, layers, normalisation, the two theorems.

In: the first crops and captions of a dataset, models of many seeds or kinds; or nothing (simulations).
Out: statistics/{seeds,independent,without_normalisation,layers}/, then their tables and figures.
"""


rule simulate_activations:
    """Mean cosine of random networks by activation, bias and depth."""
    output:
        table="<results>/statistics/depth_and_activation.parquet",
        summary=report(
            "<results>/tables/depth_and_activation.csv",
            **planned("shown", "depth_and_activation"),
        ),
    log:
        "<logs>/simulate_activations.log",
    benchmark:
        "<benchmarks>/simulate_activations.tsv"
    conda:
        "../envs/analysis.yaml"
    # Beside other jobs; --set-threads simulate_activations=8 for many seeds.
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_version("simulate_activations.py"),
        settings=settings("random_networks"),
    script:
        "../scripts/simulate_activations.py"


rule check_theorems:
    """Both theorems and Lemma 3 against the bounds they state."""
    output:
        table="<results>/statistics/theorems.parquet",
        csv=report("<results>/tables/theorems.csv", **planned("shown", "theorems")),
    log:
        "<logs>/check_theorems.log",
    benchmark:
        "<benchmarks>/check_theorems.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_version("check_theorems.py"),
        settings=settings("theorems"),
    script:
        "../scripts/check_theorems.py"


rule embed_seeds:
    """Embed the same items with many random initialisations of one model."""
    input:
        arrays=planned("initialisations", "{model}/{dataset}", "arrays"),
        indices=planned("initialisations", "{model}/{dataset}", "indices"),
        samples=planned("initialisations", "{model}/{dataset}", "samples"),
    output:
        embeddings="<results>/seeds/{model}/{dataset}.parquet",
    log:
        "<logs>/embed_seeds/{model}/{dataset}.log",
    benchmark:
        "<benchmarks>/embed_seeds/{model}/{dataset}.tsv"
    wildcard_constraints:
        model=PLAN["patterns"]["model"],
    conda:
        "../envs/torch.yaml"
    resources:
        **PLAN["resources"]["embeddings"],
        mem_mb=8000,
        runtime=240,
    params:
        code=code_version("embed_variants.py"),
        settings=settings(
            "embeddings", row=("initialisations", "{model}/{dataset}", "settings")
        ),
    script:
        "../scripts/embed_variants.py"


use rule embed_seeds as embed_independent with:
    """Embed the same items with several models that were trained independently."""
    input:
        arrays=planned("independent_models", "{independent}", "arrays"),
        indices=planned("independent_models", "{independent}", "indices"),
        samples=planned("independent_models", "{independent}", "samples"),
        weights=planned("independent_models", "{independent}", "weights"),
    output:
        embeddings="<results>/independent/{independent}.parquet",
    log:
        "<logs>/embed_independent/{independent}.log",
    benchmark:
        "<benchmarks>/embed_independent/{independent}.tsv"
    params:
        code=code_version("embed_variants.py"),
        settings=settings(
            "embeddings", row=("independent_models", "{independent}", "settings")
        ),


use rule embed_seeds as embed_without_normalisation with:
    """Embed the same items with a model as it is and with what normalises in it disabled."""
    input:
        arrays=planned("without_normalisation", "{model}/{dataset}", "arrays"),
        indices=planned("without_normalisation", "{model}/{dataset}", "indices"),
        samples=planned("without_normalisation", "{model}/{dataset}", "samples"),
        weights=planned("without_normalisation", "{model}/{dataset}", "weights"),
    output:
        embeddings="<results>/without_normalisation/{model}/{dataset}.parquet",
    log:
        "<logs>/embed_without_normalisation/{model}/{dataset}.log",
    benchmark:
        "<benchmarks>/embed_without_normalisation/{model}/{dataset}.tsv"
    resources:
        **PLAN["resources"]["embeddings"],
        mem_mb=8000,
        runtime=120,
    params:
        code=code_version("embed_variants.py"),
        settings=settings(
            "embeddings",
            row=("without_normalisation", "{model}/{dataset}", "settings"),
        ),


rule measure_seeds:
    """Cones of random initialisations, and the gap that they make."""
    input:
        embeddings="<results>/seeds/{model}/{dataset}.parquet",
    output:
        table="<results>/statistics/seeds/{model}/{dataset}.parquet",
        values="<results>/statistics/seed_values/{model}/{dataset}.parquet",
        points="<results>/statistics/seed_points/{model}/{dataset}.parquet",
    log:
        "<logs>/measure_seeds/{model}/{dataset}.log",
    benchmark:
        "<benchmarks>/measure_seeds/{model}/{dataset}.tsv"
    conda:
        "../envs/analysis.yaml"
    # A seeded UMAP runs on one thread.
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        code=code_version("measure_seeds.py"),
        settings=settings(
            "projection", "min_dist", "n_neighbors", "seed", name="{model}/{dataset}"
        ),
    script:
        "../scripts/measure_seeds.py"


use rule measure_seeds as measure_independent with:
    """Cones of models trained independently, and the gaps between them."""
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
        settings=settings(
            "projection",
            "min_dist",
            "n_neighbors",
            "seed",
            row=("independent_models", "{independent}", "measured"),
        ),


rule measure_without_normalisation:
    """Gap and cones of a model as it is and with what normalises in it disabled."""
    input:
        embeddings="<results>/without_normalisation/{model}/{dataset}.parquet",
        samples=planned("without_normalisation", "{model}/{dataset}", "samples"),
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
        settings=settings(
            "projection",
            "min_dist",
            "n_neighbors",
            row=("without_normalisation", "{model}/{dataset}", "measured"),
            name="{model}/{dataset}",
        ),
    script:
        "../scripts/measure_without_normalisation.py"


rule measure_layers:
    """Mean cosine after every layer of one model."""
    input:
        arrays=planned("layers", "{model}/{dataset}", "arrays"),
        indices=planned("layers", "{model}/{dataset}", "indices"),
        samples=planned("layers", "{model}/{dataset}", "samples"),
        weights=planned("layers", "{model}/{dataset}", "weights"),
    output:
        table="<results>/statistics/layers/{model}/{dataset}.parquet",
    log:
        "<logs>/measure_layers/{model}/{dataset}.log",
    benchmark:
        "<benchmarks>/measure_layers/{model}/{dataset}.tsv"
    wildcard_constraints:
        model=PLAN["patterns"]["model"],
    conda:
        "../envs/torch.yaml"
    resources:
        **PLAN["resources"]["embeddings"],
        mem_mb=8000,
        runtime=120,
    params:
        code=code_version("measure_layers.py"),
        settings=settings("embeddings", row=("layers", "{model}/{dataset}", "settings")),
    script:
        "../scripts/measure_layers.py"


rule table_layers:
    """Table of the mean cosine after every layer of every model."""
    input:
        curves=planned("tables", "table_layers", "curves"),
    output:
        table="<results>/statistics/cone_by_layer.parquet",
        csv=report(
            "<results>/tables/cone_by_layer.csv", **planned("shown", "cone_by_layer")
        ),
    log:
        "<logs>/table_layers.log",
    benchmark:
        "<benchmarks>/table_layers.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_layers.py"),
        settings=planned("tables", "table_layers", "settings"),
    script:
        "../scripts/table_layers.py"


rule table_initialisations:
    """Table of the cones of random initialisations and of the gap at the start."""
    input:
        tables=planned("tables", "table_initialisations", "tables"),
    output:
        csv=report(
            "<results>/tables/random_initialisations.csv",
            **planned("shown", "random_initialisations"),
        ),
    log:
        "<logs>/table_initialisations.log",
    benchmark:
        "<benchmarks>/table_initialisations.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_initialisations.py"),
    script:
        "../scripts/table_initialisations.py"


use rule table_initialisations as table_independent with:
    """Table of the cones of models trained independently."""
    input:
        tables=planned("tables", "table_independent", "tables"),
    output:
        csv=report(
            "<results>/tables/independent_models.csv",
            **planned("shown", "independent_models"),
        ),
    log:
        "<logs>/table_independent.log",
    benchmark:
        "<benchmarks>/table_independent.tsv"


rule table_normalisation:
    """Table of the gap with and without what normalises, in three experiments."""
    input:
        disabled=planned("tables", "table_normalisation", "disabled"),
        seeds=planned("tables", "table_normalisation", "seeds"),
        summary=planned("tables", "table_normalisation", "summary"),
    output:
        table="<results>/statistics/without_normalisation.parquet",
        csv=report(
            "<results>/tables/without_normalisation.csv",
            **planned("shown", "without_normalisation"),
        ),
    log:
        "<logs>/table_normalisation.log",
    benchmark:
        "<benchmarks>/table_normalisation.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_normalisation.py"),
        settings=settings(row=("tables", "table_normalisation", "settings")),
    script:
        "../scripts/table_normalisation.py"


rule fig2b_depth_and_activation:
    """Figure 2(b): cone effect by activation, bias and depth."""
    input:
        curves=planned("figures", "fig2b_depth_and_activation", "curves"),
    output:
        pdf="<results>/figures/fig2b_depth_and_activation.pdf",
        png=report(
            "<results>/figures/fig2b_depth_and_activation.png",
            **planned("shown", "fig2b_depth_and_activation"),
        ),
    log:
        "<logs>/fig2b_depth_and_activation.log",
    benchmark:
        "<benchmarks>/fig2b_depth_and_activation.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("fig2b_depth_and_activation.py"),
        settings=settings("figures", "dpi"),
    script:
        "../scripts/fig2b_depth_and_activation.py"


rule fig2c_random_initialisations:
    """Figure 2(c): every random initialisation makes its own cone."""
    input:
        tables=planned("figures", "fig2c_random_initialisations", "tables"),
        values=planned("figures", "fig2c_random_initialisations", "values"),
        points=planned("figures", "fig2c_random_initialisations", "points"),
    output:
        pdf="<results>/figures/fig2c_random_initialisations.pdf",
        pngs=report(
            planned("figures", "fig2c_random_initialisations", "pngs"),
            **planned("shown", "fig2c_random_initialisations"),
        ),
    log:
        "<logs>/fig2c_random_initialisations.log",
    benchmark:
        "<benchmarks>/fig2c_random_initialisations.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("fig2c_random_initialisations.py"),
        settings=settings(
            "figures",
            "dpi",
            row=("figures", "fig2c_random_initialisations", "settings"),
        ),
    script:
        "../scripts/fig2c_random_initialisations.py"


rule figX_initial_gap:
    """Figure X: the gap of untrained models against what independent cones predict."""
    input:
        tables=planned("figures", "figX_initial_gap", "tables"),
        values=planned("figures", "figX_initial_gap", "values"),
    output:
        pdf="<results>/figures/figX_initial_gap.pdf",
        png=report(
            "<results>/figures/figX_initial_gap.png",
            **planned("shown", "figX_initial_gap"),
        ),
    log:
        "<logs>/figX_initial_gap.log",
    benchmark:
        "<benchmarks>/figX_initial_gap.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figX_initial_gap.py"),
        settings=settings(
            "figures", "dpi", row=("figures", "figX_initial_gap", "settings")
        ),
    script:
        "../scripts/figX_initial_gap.py"


rule figS13_independent_models:
    """Supplementary Figure 13: models trained independently, each its own cone."""
    input:
        tables=planned("figures", "figS13_independent_models", "tables"),
        points=planned("figures", "figS13_independent_models", "points"),
        random=planned("figures", "figS13_independent_models", "random"),
    output:
        pdf="<results>/figures/figS13_independent_models.pdf",
        pngs=report(
            planned("figures", "figS13_independent_models", "pngs"),
            **planned("shown", "figS13_independent_models"),
        ),
    log:
        "<logs>/figS13_independent_models.log",
    benchmark:
        "<benchmarks>/figS13_independent_models.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figS13_independent_models.py"),
        settings=settings(
            "figures", "dpi", row=("figures", "figS13_independent_models", "settings")
        ),
    script:
        "../scripts/figS13_independent_models.py"


rule figS15_without_normalisation:
    """Supplementary Figure 15: does the gap persist without normalisation?"""
    input:
        table=planned("figures", "figS15_without_normalisation", "table"),
        points=planned("figures", "figS15_without_normalisation", "points"),
    output:
        pdf="<results>/figures/figS15_without_normalisation.pdf",
        pngs=report(
            planned("figures", "figS15_without_normalisation", "pngs"),
            **planned("shown", "figS15_without_normalisation"),
        ),
    log:
        "<logs>/figS15_without_normalisation.log",
    benchmark:
        "<benchmarks>/figS15_without_normalisation.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figS15_without_normalisation.py"),
        settings=settings(
            "figures", row=("figures", "figS15_without_normalisation", "settings")
        ),
    script:
        "../scripts/figS15_without_normalisation.py"


rule figX_theorems:
    """Figure X: both theorems, what was measured against the bounds."""
    input:
        rows=planned("figures", "figX_theorems", "rows"),
    output:
        pdf="<results>/figures/figX_theorems.pdf",
        png=report(
            "<results>/figures/figX_theorems.png",
            **planned("shown", "figX_theorems"),
        ),
    log:
        "<logs>/figX_theorems.log",
    benchmark:
        "<benchmarks>/figX_theorems.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figX_theorems.py"),
        settings=settings("figures", "dpi"),
    script:
        "../scripts/figX_theorems.py"


rule figX_cone_by_layer:
    """Figure X: the cone from layer to layer in real networks."""
    input:
        rows=planned("figures", "figX_cone_by_layer", "rows"),
    output:
        pdf="<results>/figures/figX_cone_by_layer.pdf",
        pngs=report(
            planned("figures", "figX_cone_by_layer", "pngs"),
            **planned("shown", "figX_cone_by_layer"),
        ),
    log:
        "<logs>/figX_cone_by_layer.log",
    benchmark:
        "<benchmarks>/figX_cone_by_layer.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figX_cone_by_layer.py"),
        settings=settings(
            "figures", "dpi", row=("figures", "figX_cone_by_layer", "settings")
        ),
    script:
        "../scripts/figX_cone_by_layer.py"
