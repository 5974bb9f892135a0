"""What happens when the modalities move along the gap: parquet in, parquet and figures out."""


rule sweep_loss:
    """Contrastive loss over shift, temperature and batch size, its minima and its slope."""
    input:
        first=lambda wc: set_parts(wc.embeddings, 0),
        second=lambda wc: set_parts(wc.embeddings, 1),
        samples=lambda wc: set_samples(wc.embeddings),
    output:
        landscape="<results>/statistics/loss_landscape/{embeddings}.parquet",
        extrema="<results>/statistics/loss_extrema/{embeddings}.parquet",
        gradient="<results>/statistics/loss_gradient/{embeddings}.parquet",
        clouds="<results>/statistics/shifted_clouds/{embeddings}.parquet",
    log:
        "<logs>/sweep_loss/{embeddings}.log",
    benchmark:
        "<benchmarks>/sweep_loss/{embeddings}.tsv"
    # Sums of exponentials on a GPU need torch, the one statistic that may.
    conda:
        "../envs/torch.yaml" if SWEEP_ON_GPU else "../envs/analysis.yaml"
    # Sets of a few thousand pairs are done fastest side by side; --set-threads for larger ones.
    threads: 1
    resources:
        gpu=int(SWEEP_ON_GPU),
        mem_mb=6000,
        runtime=240,
    params:
        code=code_version("sweep_loss.py"),
        settings=lambda wc: settings(
            "shift", caption=set_caption(wc.embeddings), name=wc.embeddings
        ),
    script:
        "../scripts/sweep_loss.py"


rule shift_minima:
    """Table of the shifts at which the loss is lowest, at every temperature."""
    input:
        extrema=collect("<results>/statistics/loss_extrema/{name}.parquet", name=SETS),
    output:
        csv=report(
            "<results>/tables/shift_minima.csv",
            category="Tables",
            labels={"table": "Loss-minimising shifts"},
            caption="../report/shift_minima.rst",
        ),
        md="<results>/tables/shift_minima.md",
        tex="<results>/tables/shift_minima.tex",
    log:
        "<logs>/shift_minima.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_shift_minima.py"),
        settings=sorted_keys({"states": {name: set_state(name) for name in SETS}}),
    script:
        "../scripts/table_shift_minima.py"


rule fig3_shift_landscape:
    """Figure 3(a-d): the loss along the gap, by both protocols, and how it depends on the batch."""
    input:
        landscapes=collect(
            "<results>/statistics/loss_landscape/{name}.parquet", name=FIGURE1_ORDER
        ),
        extrema=collect(
            "<results>/statistics/loss_extrema/{name}.parquet", name=FIGURE1_ORDER
        ),
        gradients=collect(
            "<results>/statistics/loss_gradient/{name}.parquet", name=FIGURE1_ORDER
        ),
        clouds=collect(
            "<results>/statistics/shifted_clouds/{name}.parquet", name=FIGURE1_ORDER
        ),
    output:
        pdf="<results>/figures/fig3_shift_landscape.pdf",
        png=report(
            "<results>/figures/fig3_shift_landscape.png",
            category="Figures",
            labels={"figure": "3a-d", "subject": "Loss along the gap"},
            caption="../report/fig3_shift_landscape.rst",
        ),
    log:
        "<logs>/fig3_shift_landscape.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("fig3_shift_landscape.py"),
        settings=settings("figures", rows=FIGURE1_ROWS),
    script:
        "../scripts/fig3_shift_landscape.py"
