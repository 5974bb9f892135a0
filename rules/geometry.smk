"""Gap, cone and projections of embeddings: parquet in, parquet out, no torch."""


rule measure_gap:
    """Every statistic of one pair of clouds, with intervals."""
    input:
        first=lambda wc: set_parts(wc.embeddings, 0),
        second=lambda wc: set_parts(wc.embeddings, 1),
        samples=lambda wc: set_samples(wc.embeddings),
    output:
        table="<results>/statistics/gap/{embeddings}.parquet",
    log:
        "<logs>/measure_gap/{embeddings}.log",
    benchmark:
        "<benchmarks>/measure_gap/{embeddings}.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code_version("measure_gap.py"),
        settings=lambda wc: settings(
            "statistics",
            "n_resamples",
            "seed",
            "block",
            caption=set_caption(wc.embeddings),
            name=wc.embeddings,
        ),
    script:
        "../scripts/measure_gap.py"


rule measure_cone:
    """Pairwise cosines within one cloud: moments, quantiles, histogram."""
    input:
        parts=lambda wc: parts(wc.dataset, wc.modality, wc.model),
    output:
        table="<results>/statistics/cone/{model}/{dataset}/{modality}.parquet",
        histogram="<results>/statistics/cone_histogram/{model}/{dataset}/{modality}.parquet",
    log:
        "<logs>/measure_cone/{model}/{dataset}/{modality}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code_version("measure_cone.py"),
        settings=lambda wc: settings(
            "statistics", name=f"{wc.model}/{wc.dataset}/{wc.modality}"
        ),
    script:
        "../scripts/measure_cone.py"


rule project_pairs:
    """Two-dimensional pictures of one pair of clouds: UMAP, SVD, PCA, gap axis."""
    input:
        first=lambda wc: set_parts(wc.embeddings, 0),
        second=lambda wc: set_parts(wc.embeddings, 1),
        samples=lambda wc: set_samples(wc.embeddings),
    output:
        table="<results>/statistics/projection/{embeddings}.parquet",
    log:
        "<logs>/project_pairs/{embeddings}.log",
    conda:
        "../envs/analysis.yaml"
    # A seeded UMAP runs on one thread.
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=code_version("project_pairs.py"),
        settings=lambda wc: settings(
            "projection", caption=set_caption(wc.embeddings), name=wc.embeddings
        ),
    script:
        "../scripts/project_pairs.py"
