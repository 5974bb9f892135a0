"""Leaves of the DAG: one rule per figure or table."""


rule gap_statistics:
    """Tables of gap and cone statistics: one row per embedding set and per cloud."""
    input:
        gaps=collect("<results>/statistics/gap/{name}.parquet", name=SETS),
        cones=cone_tables("cone"),
    output:
        gap=report(
            "<results>/tables/gap_statistics.csv",
            category="Tables",
            labels={"table": "Gap statistics"},
            caption="../report/gap_statistics.rst",
        ),
        gap_md="<results>/tables/gap_statistics.md",
        gap_tex="<results>/tables/gap_statistics.tex",
        cone=report(
            "<results>/tables/cone_statistics.csv",
            category="Tables",
            labels={"table": "Cone statistics"},
            caption="../report/cone_statistics.rst",
        ),
        cone_md="<results>/tables/cone_statistics.md",
        cone_tex="<results>/tables/cone_statistics.tex",
    log:
        "<logs>/gap_statistics.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_statistics.py"),
    script:
        "../scripts/table_statistics.py"


rule skipped_samples:
    """List the pictures that could not be read (with on_bad_sample: skip)."""
    input:
        pixel_parts(),
    output:
        "<results>/tables/skipped_samples.csv",
    log:
        "<logs>/skipped_samples.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_skipped.py"),
    script:
        "../scripts/table_skipped.py"


rule fig1_modality_gap:
    """Figure 1: the gap of every embedding set in four projections."""
    input:
        projections=[
            f"<results>/statistics/projection/{row['name']}.parquet"
            for row in FIGURE1_ROWS
        ],
        gaps=[f"<results>/statistics/gap/{row['name']}.parquet" for row in FIGURE1_ROWS],
    output:
        pdf="<results>/figures/fig1_modality_gap.pdf",
        png=report(
            "<results>/figures/fig1_modality_gap.png",
            category="Figures",
            labels={"figure": "1", "subject": "Modality gap"},
            caption="../report/fig1_modality_gap.rst",
        ),
    log:
        "<logs>/fig1_modality_gap.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("fig1_modality_gap.py"),
        settings=settings("figures", rows=FIGURE1_ROWS),
    script:
        "../scripts/fig1_modality_gap.py"


rule fig2a_cone_histograms:
    """Figure 2(a): pairwise cosines within each cloud, encoders by weights and data."""
    input:
        cones=cone_tables("cone", figure2a_clouds()),
        histograms=cone_tables("cone_histogram", figure2a_clouds()),
    output:
        pdf="<results>/figures/fig2a_cone_histograms.pdf",
        png=report(
            "<results>/figures/fig2a_cone_histograms.png",
            category="Figures",
            labels={"figure": "2a", "subject": "Cone effect"},
            caption="../report/fig2a_cone_histograms.rst",
        ),
    log:
        "<logs>/fig2a_cone_histograms.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("fig2a_cone_histograms.py"),
        settings=settings("figures", clouds=described_clouds(figure2a_clouds())),
    script:
        "../scripts/fig2a_cone_histograms.py"
