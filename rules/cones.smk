"""Why the gap exists: activation and depth, random initialisations, layers, the two theorems."""


rule simulate_activations:
    """Mean cosine of random networks by activation, bias and depth."""
    output:
        table="<results>/statistics/depth_and_activation.parquet",
        summary=report(
            "<results>/tables/depth_and_activation.csv",
            category="Tables",
            labels={"table": "Depth and activation"},
            caption="../report/depth_and_activation.rst",
        ),
    log:
        "<logs>/simulate_activations.log",
    benchmark:
        "<benchmarks>/simulate_activations.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 2
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
        csv=report(
            "<results>/tables/theorems.csv",
            category="Tables",
            labels={"table": "Theorems"},
            caption="../report/theorems.rst",
        ),
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
        arrays=lambda wc: first_crops("initialisations", wc, "npy"),
        indices=lambda wc: first_crops("initialisations", wc, "parquet"),
        samples="<results>/samples/{dataset}.parquet",
    output:
        embeddings="<results>/seeds/{model}/{dataset}.parquet",
    log:
        "<logs>/embed_seeds/{model}/{dataset}.log",
    benchmark:
        "<benchmarks>/embed_seeds/{model}/{dataset}.tsv"
    wildcard_constraints:
        model=one_of(MODELS),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS_HERE,
        mem_mb=8000,
        runtime=240,
    params:
        code=code_version("embed_seeds.py"),
        settings=lambda wc: settings(
            "embeddings",
            entry=dataset_entry(wc.dataset),
            items=run_items("initialisations", wc),
            model=unseeded_entry(wc.model),
            model_name=wc.model,
            seeds=CONFIG["cone_study"]["seeds"],
            without_normalisation=run_option(
                "initialisations", wc, "without_normalisation", False
            ),
        ),
    script:
        "../scripts/embed_seeds.py"


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
        settings=lambda wc: settings(
            "projection",
            "min_dist",
            "n_neighbors",
            "seed",
            name=f"{wc.model}/{wc.dataset}",
        ),
    script:
        "../scripts/measure_seeds.py"


rule follow_layers:
    """Mean cosine after every layer of one model."""
    input:
        arrays=lambda wc: first_crops("layers", wc, "npy"),
        indices=lambda wc: first_crops("layers", wc, "parquet"),
        samples="<results>/samples/{dataset}.parquet",
        weights=lambda wc: catalogue.weight_files(MODELS[wc.model]),
    output:
        table="<results>/statistics/layers/{model}/{dataset}.parquet",
    log:
        "<logs>/follow_layers/{model}/{dataset}.log",
    benchmark:
        "<benchmarks>/follow_layers/{model}/{dataset}.tsv"
    wildcard_constraints:
        model=one_of(MODELS),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS_HERE,
        mem_mb=8000,
        runtime=120,
    params:
        code=code_version("measure_layers.py"),
        settings=lambda wc: settings(
            "embeddings",
            entry=dataset_entry(wc.dataset),
            groups=CONFIG["cone_study"]["layer_groups"],
            items=run_items("layers", wc),
            model=model_entry(wc.model),
            model_name=wc.model,
            without_normalisation=run_option(
                "layers", wc, "without_normalisation", False
            ),
        ),
    script:
        "../scripts/measure_layers.py"


rule cone_by_layer:
    """Table of the mean cosine after every layer of every model."""
    input:
        curves=run_tables("layers", "layers"),
    output:
        table="<results>/statistics/cone_by_layer.parquet",
        csv=report(
            "<results>/tables/cone_by_layer.csv",
            category="Tables",
            labels={"table": "Cone by layer"},
            caption="../report/cone_by_layer.rst",
        ),
    log:
        "<logs>/cone_by_layer.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_layers.py"),
        settings={"runs": described_runs("layers")},
    script:
        "../scripts/table_layers.py"


rule random_initialisations:
    """Table of the cones of random initialisations and of the gap at the start."""
    input:
        tables=run_tables("initialisations", "seeds"),
    output:
        csv=report(
            "<results>/tables/random_initialisations.csv",
            category="Tables",
            labels={"table": "Random initialisations"},
            caption="../report/random_initialisations.rst",
        ),
    log:
        "<logs>/random_initialisations.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_initialisations.py"),
    script:
        "../scripts/table_initialisations.py"


rule fig2b_depth_and_activation:
    """Figure 2(b): cone effect by activation, bias and depth."""
    input:
        curves="<results>/statistics/depth_and_activation.parquet",
    output:
        pdf="<results>/figures/fig2b_depth_and_activation.pdf",
        png=report(
            "<results>/figures/fig2b_depth_and_activation.png",
            category="Figures",
            labels={"figure": "2b", "subject": "Depth and activation"},
            caption="../report/fig2b_depth_and_activation.rst",
        ),
    log:
        "<logs>/fig2b_depth_and_activation.log",
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
        tables=run_tables("initialisations", "seeds"),
        values=run_tables("initialisations", "seed_values"),
        points=run_tables("initialisations", "seed_points"),
    output:
        pdf="<results>/figures/fig2c_random_initialisations.pdf",
        png=report(
            "<results>/figures/fig2c_random_initialisations.png",
            category="Figures",
            labels={"figure": "2c", "subject": "Random initialisations"},
            caption="../report/fig2c_random_initialisations.rst",
        ),
    log:
        "<logs>/fig2c_random_initialisations.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("fig2c_random_initialisations.py"),
        settings=settings("figures", "dpi", runs=described_runs("initialisations")),
    script:
        "../scripts/fig2c_random_initialisations.py"


rule figX_initial_gap:
    """Figure 2(d): the gap of untrained models against what independent cones predict."""
    input:
        tables=run_tables("initialisations", "seeds", towers=2),
        values=run_tables("initialisations", "seed_values", towers=2),
    output:
        pdf="<results>/figures/figX_initial_gap.pdf",
        png=report(
            "<results>/figures/figX_initial_gap.png",
            category="Figures",
            labels={"figure": "2d", "subject": "Gap at the start"},
            caption="../report/figX_initial_gap.rst",
        ),
    log:
        "<logs>/figX_initial_gap.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figX_initial_gap.py"),
        settings=settings(
            "figures", "dpi", runs=described_runs("initialisations", towers=2)
        ),
    script:
        "../scripts/figX_initial_gap.py"


rule figX_theorems:
    """Figure 8: both theorems, what was measured against the bounds."""
    input:
        rows="<results>/statistics/theorems.parquet",
    output:
        pdf="<results>/figures/figX_theorems.pdf",
        png=report(
            "<results>/figures/figX_theorems.png",
            category="Figures",
            labels={"figure": "8", "subject": "Theorems"},
            caption="../report/figX_theorems.rst",
        ),
    log:
        "<logs>/figX_theorems.log",
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
    """Figure 10: the cone from layer to layer in real networks."""
    input:
        rows="<results>/statistics/cone_by_layer.parquet",
    output:
        pdf="<results>/figures/figX_cone_by_layer.pdf",
        png=report(
            "<results>/figures/figX_cone_by_layer.png",
            category="Figures",
            labels={"figure": "10", "subject": "Cone by layer"},
            caption="../report/figX_cone_by_layer.rst",
        ),
    log:
        "<logs>/figX_cone_by_layer.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figX_cone_by_layer.py"),
        settings=settings("figures", "dpi"),
    script:
        "../scripts/figX_cone_by_layer.py"
