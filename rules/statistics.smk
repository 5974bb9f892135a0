"""Gap, cone and projections of embeddings: parquet in, parquet, tables and figures out, no torch.

In: the clouds of every embedding set and cone.
Out: statistics/{gap,pairs,cone,cone_histogram,projection,cloud_projection,comparison}/, then the tables and figures that show them.
"""


rule measure_gap:
    """The gap of one pair of clouds, and what else needs no comparison of all pairs."""
    input:
        first=planned("embedding_sets", "{embeddings}", "first"),
        second=planned("embedding_sets", "{embeddings}", "second"),
        samples=planned("embedding_sets", "{embeddings}", "samples"),
        # Of clouds that are read shard by shard the files above hold a sample.
        moments=planned("embedding_sets", "{embeddings}", "moments"),
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
        settings=settings(
            "statistics",
            "n_resamples",
            "seed",
            row=("embedding_sets", "{embeddings}", "settings"),
        ),
    script:
        "../scripts/measure_gap.py"


rule measure_pairs:
    """What compares all pairs of two clouds: spread of the cosines, uniformity, retrieval."""
    input:
        first=planned("embedding_sets", "{embeddings}", "first"),
        second=planned("embedding_sets", "{embeddings}", "second"),
        samples=planned("embedding_sets", "{embeddings}", "samples"),
        ranks=planned("embedding_sets", "{embeddings}", "ranks"),
    output:
        table="<results>/statistics/pairs/{embeddings}.parquet",
    log:
        "<logs>/measure_pairs/{embeddings}.log",
    benchmark:
        "<benchmarks>/measure_pairs/{embeddings}.tsv"
    wildcard_constraints:
        embeddings=PLAN["patterns"]["pairs"],
    conda:
        "../envs/analysis.yaml"
    # Sets run side by side; --set-threads measure_pairs=8 for a single large one.
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code_version("measure_pairs.py"),
        settings=settings(
            "statistics",
            "seed",
            "block",
            "exact_rows",
            row=("embedding_sets", "{embeddings}", "settings"),
        ),
    script:
        "../scripts/measure_pairs.py"


rule measure_cone:
    """Pairwise cosines within one cloud: moments, quantiles, histogram."""
    input:
        parts=planned("clouds", "{model}/{dataset}/{modality}", "parts"),
        moments=planned("clouds", "{model}/{dataset}/{modality}", "moments"),
    output:
        table="<results>/statistics/cone/{model}/{dataset}/{modality}.parquet",
        histogram="<results>/statistics/cone_histogram/{model}/{dataset}/{modality}.parquet",
    log:
        "<logs>/measure_cone/{model}/{dataset}/{modality}.log",
    benchmark:
        "<benchmarks>/measure_cone/{model}/{dataset}/{modality}.tsv"
    conda:
        "../envs/analysis.yaml"
    # Sets run side by side; --set-threads measure_cone=8 for a single large one.
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code_version("measure_cone.py"),
        settings=settings(
            "statistics",
            "caption",
            "n_resamples",
            "seed",
            "exact_rows",
            "block",
            "bins",
            row=("clouds", "{model}/{dataset}/{modality}", "settings"),
            name="{model}/{dataset}/{modality}",
        ),
    script:
        "../scripts/measure_cone.py"


rule project_pairs:
    """Two-dimensional pictures of one pair of clouds: UMAP, SVD, PCA, gap axis."""
    input:
        first=planned("embedding_sets", "{embeddings}", "first"),
        second=planned("embedding_sets", "{embeddings}", "second"),
        samples=planned("embedding_sets", "{embeddings}", "samples"),
    output:
        table="<results>/statistics/projection/{embeddings}.parquet",
    log:
        "<logs>/project_pairs/{embeddings}.log",
    benchmark:
        "<benchmarks>/project_pairs/{embeddings}.tsv"
    conda:
        "../envs/analysis.yaml"
    # A seeded UMAP runs on one thread.
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=code_version("project_pairs.py"),
        settings=settings(
            "projection", row=("embedding_sets", "{embeddings}", "settings")
        ),
    script:
        "../scripts/project_pairs.py"


rule project_clouds:
    """Two-dimensional picture of all modalities of a dataset of ready embeddings."""
    input:
        clouds=planned("matrix_clouds", "{dataset}", "clouds"),
    output:
        table="<results>/statistics/cloud_projection/{dataset}.parquet",
    log:
        "<logs>/project_clouds/{dataset}.log",
    benchmark:
        "<benchmarks>/project_clouds/{dataset}.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=10,
    params:
        code=code_version("project_clouds.py"),
        settings=settings(
            "projection",
            "max_pairs",
            "seed",
            row=("matrix_clouds", "{dataset}", "settings"),
        ),
    script:
        "../scripts/project_clouds.py"


rule compare_sets:
    """What differs between two embedding sets on the same pictures, paired over the pictures."""
    input:
        before_table=planned("comparisons", "{comparison}", "before_table"),
        before_first=planned("comparisons", "{comparison}", "before_first"),
        before_second=planned("comparisons", "{comparison}", "before_second"),
        before_samples=planned("comparisons", "{comparison}", "before_samples"),
        before_images=planned("comparisons", "{comparison}", "before_images"),
        before_prompts=planned("comparisons", "{comparison}", "before_prompts"),
        before_labels=planned("comparisons", "{comparison}", "before_labels"),
        after_table=planned("comparisons", "{comparison}", "after_table"),
        after_first=planned("comparisons", "{comparison}", "after_first"),
        after_second=planned("comparisons", "{comparison}", "after_second"),
        after_samples=planned("comparisons", "{comparison}", "after_samples"),
        after_images=planned("comparisons", "{comparison}", "after_images"),
        after_prompts=planned("comparisons", "{comparison}", "after_prompts"),
        after_labels=planned("comparisons", "{comparison}", "after_labels"),
    output:
        table="<results>/statistics/comparison/{comparison}.parquet",
    log:
        "<logs>/compare_sets/{comparison}.log",
    benchmark:
        "<benchmarks>/compare_sets/{comparison}.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code_version("compare_sets.py"),
        settings=settings(
            "statistics",
            "exact_rows",
            "n_resamples",
            "seed",
            "block",
            row=("comparisons", "{comparison}", "settings"),
        ),
    script:
        "../scripts/compare_sets.py"


rule table_statistics:
    """Tables of gap and cone statistics: one row per embedding set and per cloud."""
    input:
        gaps=planned("tables", "table_statistics", "gaps"),
        pairs=planned("tables", "table_statistics", "pairs"),
        cones=planned("tables", "table_statistics", "cones"),
    output:
        gap=report(
            "<results>/tables/gap_statistics.csv", **planned("shown", "gap_statistics")
        ),
        gap_md="<results>/tables/gap_statistics.md",
        gap_tex="<results>/tables/gap_statistics.tex",
        cone=report(
            "<results>/tables/cone_statistics.csv",
            **planned("shown", "cone_statistics"),
        ),
        cone_md="<results>/tables/cone_statistics.md",
        cone_tex="<results>/tables/cone_statistics.tex",
    log:
        "<logs>/table_statistics.log",
    benchmark:
        "<benchmarks>/table_statistics.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_statistics.py"),
    script:
        "../scripts/table_statistics.py"


rule table_answers:
    """The gap of every embedding set in words: what it is like, and what is odd about it."""
    input:
        measured=planned("tables", "table_answers", "measured"),
    output:
        csv=report("<results>/tables/answers.csv", **planned("shown", "answers")),
        md="<results>/tables/answers.md",
        tex="<results>/tables/answers.tex",
    log:
        "<logs>/table_answers.log",
    benchmark:
        "<benchmarks>/table_answers.tsv"
    # Whoever waits wants to see this before anything that takes long.
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_answers.py"),
        settings=settings(row=("tables", "table_answers", "settings")),
    script:
        "../scripts/table_answers.py"


rule table_models:
    """Table of gap, cone and zero-shot accuracy by architecture and training."""
    input:
        gaps=planned("tables", "table_models", "gaps"),
        pairs=planned("tables", "table_models", "pairs"),
        curves=planned("tables", "table_models", "curves"),
    output:
        csv=report(
            "<results>/tables/across_models.csv", **planned("shown", "across_models")
        ),
        md="<results>/tables/across_models.md",
        tex="<results>/tables/across_models.tex",
    log:
        "<logs>/table_models.log",
    benchmark:
        "<benchmarks>/table_models.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_models.py"),
        settings=settings(row=("tables", "table_models", "settings")),
    script:
        "../scripts/table_models.py"


rule table_associations:
    """Table of how gap, cone and logit scale go with accuracy and recall across models."""
    input:
        table="<results>/tables/across_models.csv",
    output:
        csv=report(
            "<results>/tables/model_associations.csv",
            **planned("shown", "model_associations"),
        ),
    log:
        "<logs>/table_associations.log",
    benchmark:
        "<benchmarks>/table_associations.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_associations.py"),
        settings=settings("statistics", "seed"),
    script:
        "../scripts/table_associations.py"


rule table_completeness:
    """What the completeness of captions does: gap, lowest loss, retrieval, zero-shot."""
    input:
        samples=planned("tables", "table_completeness", "samples"),
        gaps=planned("tables", "table_completeness", "gaps"),
        pairs=planned("tables", "table_completeness", "pairs"),
        extrema=planned("tables", "table_completeness", "extrema"),
        curves=planned("tables", "table_completeness", "curves"),
    output:
        csv=report(
            "<results>/tables/caption_completeness.csv",
            **planned("shown", "caption_completeness"),
        ),
        md="<results>/tables/caption_completeness.md",
        tex="<results>/tables/caption_completeness.tex",
    log:
        "<logs>/table_completeness.log",
    benchmark:
        "<benchmarks>/table_completeness.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_completeness.py"),
        settings=settings(row=("tables", "table_completeness", "settings")),
    script:
        "../scripts/table_completeness.py"


rule table_comparisons:
    """Table of what differs between two embedding sets on the same pictures."""
    input:
        comparisons=planned("tables", "table_comparisons", "comparisons"),
    output:
        csv=report(
            "<results>/tables/comparisons.csv", **planned("shown", "comparisons")
        ),
        md="<results>/tables/comparisons.md",
        tex="<results>/tables/comparisons.tex",
    log:
        "<logs>/table_comparisons.log",
    benchmark:
        "<benchmarks>/table_comparisons.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_comparisons.py"),
    script:
        "../scripts/table_comparisons.py"


rule fig1_modality_gap:
    """Figure 1: the gap of every embedding set in four projections."""
    input:
        projections=planned("figures", "fig1_modality_gap", "projections"),
        gaps=planned("figures", "fig1_modality_gap", "gaps"),
    output:
        pdf="<results>/figures/fig1_modality_gap.pdf",
        pngs=report(
            planned("figures", "fig1_modality_gap", "pngs"),
            **planned("shown", "fig1_modality_gap"),
        ),
    log:
        "<logs>/fig1_modality_gap.log",
    benchmark:
        "<benchmarks>/fig1_modality_gap.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("fig1_modality_gap.py"),
        settings=settings("figures", row=("figures", "fig1_modality_gap", "settings")),
    script:
        "../scripts/fig1_modality_gap.py"


rule figX_comparison:
    """Figure X: what differs between two embedding sets on the same pictures."""
    input:
        comparisons=planned("figures", "figX_comparison", "comparisons"),
    output:
        pdf="<results>/figures/figX_comparison.pdf",
        png=report(
            "<results>/figures/figX_comparison.png",
            **planned("shown", "figX_comparison"),
        ),
    log:
        "<logs>/figX_comparison.log",
    benchmark:
        "<benchmarks>/figX_comparison.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("figX_comparison.py"),
        settings=settings("figures", "dpi"),
    script:
        "../scripts/figX_comparison.py"


rule figX_modality_matrix:
    """Figure X: every pair of more than two modalities, and all their clouds in one projection."""
    input:
        projections=planned("figures", "figX_modality_matrix", "projections"),
        statistics=planned("figures", "figX_modality_matrix", "statistics"),
    output:
        pdf="<results>/figures/figX_modality_matrix.pdf",
        png=report(
            "<results>/figures/figX_modality_matrix.png",
            **planned("shown", "figX_modality_matrix"),
        ),
    log:
        "<logs>/figX_modality_matrix.log",
    benchmark:
        "<benchmarks>/figX_modality_matrix.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("figX_modality_matrix.py"),
        settings=settings(
            "figures", row=("figures", "figX_modality_matrix", "settings")
        ),
    script:
        "../scripts/figX_modality_matrix.py"


rule fig2a_cone_histograms:
    """Figure 2(a): pairwise cosines within each cloud, encoders by weights and data."""
    input:
        cones=planned("figures", "fig2a_cone_histograms", "cones"),
        histograms=planned("figures", "fig2a_cone_histograms", "histograms"),
    output:
        pdf="<results>/figures/fig2a_cone_histograms.pdf",
        pngs=report(
            planned("figures", "fig2a_cone_histograms", "pngs"),
            **planned("shown", "fig2a_cone_histograms"),
        ),
    log:
        "<logs>/fig2a_cone_histograms.log",
    benchmark:
        "<benchmarks>/fig2a_cone_histograms.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("fig2a_cone_histograms.py"),
        settings=settings(
            "figures", row=("figures", "fig2a_cone_histograms", "settings")
        ),
    script:
        "../scripts/fig2a_cone_histograms.py"


use rule fig2a_cone_histograms as figS14_second_picture_set with:
    """Supplementary Figure 14: the cones of a second set of pictures beside the first."""
    input:
        cones=planned("figures", "figS14_second_picture_set", "cones"),
        histograms=planned("figures", "figS14_second_picture_set", "histograms"),
    output:
        pdf="<results>/figures/figS14_second_picture_set.pdf",
        pngs=report(
            planned("figures", "figS14_second_picture_set", "pngs"),
            **planned("shown", "figS14_second_picture_set"),
        ),
    log:
        "<logs>/figS14_second_picture_set.log",
    benchmark:
        "<benchmarks>/figS14_second_picture_set.tsv"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("fig2a_cone_histograms.py"),
        settings=settings(
            "figures", row=("figures", "figS14_second_picture_set", "settings")
        ),


rule figX_across_models:
    """Figure X: gap, RMG, cone and zero-shot accuracy across models."""
    input:
        table=planned("figures", "figX_across_models", "table"),
        associations=planned("figures", "figX_across_models", "associations"),
    output:
        pdf="<results>/figures/figX_across_models.pdf",
        png=report(
            "<results>/figures/figX_across_models.png",
            **planned("shown", "figX_across_models"),
        ),
    log:
        "<logs>/figX_across_models.log",
    benchmark:
        "<benchmarks>/figX_across_models.tsv"
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
