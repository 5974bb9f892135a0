"""What happens to the contrastive loss when the modalities move along the gap.

In: the clouds of every embedding set; or nothing (the simulated sphere).
Out: statistics/{loss_landscape,loss_extrema,loss_gradient,shifted_clouds}/, sphere_*, Figure 3.
"""


rule sweep_loss:
    """Contrastive loss over shift, temperature and batch size, its minima and its slope."""
    input:
        first=planned("embedding_sets", "{embeddings}", "first"),
        second=planned("embedding_sets", "{embeddings}", "second"),
        samples=planned("embedding_sets", "{embeddings}", "samples"),
        # Of clouds that are read shard by shard the files above hold a sample.
        moments=planned("embedding_sets", "{embeddings}", "moments"),
    output:
        landscape="<results>/statistics/loss_landscape/{embeddings}.parquet",
        extrema="<results>/statistics/loss_extrema/{embeddings}.parquet",
        gradient="<results>/statistics/loss_gradient/{embeddings}.parquet",
        clouds="<results>/statistics/shifted_clouds/{embeddings}.parquet",
    log:
        "<logs>/sweep_loss/{embeddings}.log",
    benchmark:
        "<benchmarks>/sweep_loss/{embeddings}.tsv"
    wildcard_constraints:
        embeddings=PLAN["patterns"]["pairs"],
    # Sums of exponentials on a GPU need torch, the one statistic that may.
    conda:
        "../envs/torch.yaml"
        if CONFIG["shift"]["device"] == "cuda"
        else "../envs/analysis.yaml"
    # Sets of a few thousand pairs are done fastest side by side; --set-threads for larger ones.
    threads: 1
    resources:
        **PLAN["resources"]["shift"],
        mem_mb=6000,
        runtime=240,
    params:
        code=code_version("sweep_loss.py"),
        settings=settings("shift", row=("embedding_sets", "{embeddings}", "swept")),
    script:
        "../scripts/sweep_loss.py"


rule table_shift_minima:
    """Table of the shifts at which the loss is lowest, at every temperature."""
    input:
        extrema=planned("tables", "table_shift_minima", "extrema"),
    output:
        csv=report(
            "<results>/tables/shift_minima.csv", **planned("shown", "shift_minima")
        ),
        md="<results>/tables/shift_minima.md",
        tex="<results>/tables/shift_minima.tex",
    log:
        "<logs>/table_shift_minima.log",
    benchmark:
        "<benchmarks>/table_shift_minima.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_shift_minima.py"),
        settings=settings(row=("tables", "table_shift_minima", "settings")),
    script:
        "../scripts/table_shift_minima.py"


rule fig3_shift_landscape:
    """Figure 3(a-d): the loss along the gap, by both protocols, and how it depends on the batch."""
    input:
        landscapes=planned("figures", "fig3_shift_landscape", "landscapes"),
        extrema=planned("figures", "fig3_shift_landscape", "extrema"),
        gradients=planned("figures", "fig3_shift_landscape", "gradients"),
        clouds=planned("figures", "fig3_shift_landscape", "clouds"),
    output:
        pdf="<results>/figures/fig3_shift_landscape.pdf",
        pngs=report(
            planned("figures", "fig3_shift_landscape", "pngs"),
            **planned("shown", "fig3_shift_landscape"),
        ),
    log:
        "<logs>/fig3_shift_landscape.log",
    benchmark:
        "<benchmarks>/fig3_shift_landscape.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("fig3_shift_landscape.py"),
        settings=settings(
            "figures", row=("figures", "fig3_shift_landscape", "settings")
        ),
    script:
        "../scripts/fig3_shift_landscape.py"


rule simulate_sphere:
    """Mismatched pairs on a sphere: landscapes, minima, gap-closing temperature."""
    output:
        landscape="<results>/statistics/sphere_landscape.parquet",
        minima="<results>/statistics/sphere_minima.parquet",
        bifurcation="<results>/statistics/sphere_bifurcation.parquet",
    log:
        "<logs>/simulate_sphere.log",
    benchmark:
        "<benchmarks>/simulate_sphere.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        code=code_version("simulate_sphere.py"),
        settings=settings("sphere"),
    script:
        "../scripts/simulate_sphere.py"


rule fig3_sphere_simulation:
    """Figure 3(e-g): mismatched pairs on a sphere keep the modalities apart."""
    input:
        landscape=planned("figures", "fig3_sphere_simulation", "landscape"),
        minima=planned("figures", "fig3_sphere_simulation", "minima"),
        bifurcation=planned("figures", "fig3_sphere_simulation", "bifurcation"),
    output:
        pdf="<results>/figures/fig3_sphere_simulation.pdf",
        png=report(
            "<results>/figures/fig3_sphere_simulation.png",
            **planned("shown", "fig3_sphere_simulation"),
        ),
    log:
        "<logs>/fig3_sphere_simulation.log",
    benchmark:
        "<benchmarks>/fig3_sphere_simulation.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("fig3_sphere_simulation.py"),
        settings=settings(
            "figures", row=("figures", "fig3_sphere_simulation", "settings")
        ),
    script:
        "../scripts/fig3_sphere_simulation.py"
