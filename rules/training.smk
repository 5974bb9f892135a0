"""Models trained here: checkpoints, losses and trajectories, and the studies made of them.

In: crops and samples of training and held-out pictures, weights to start from.
Out: training/{run}/ with weights, losses and trajectory; a table and a figure for each study.
"""


rule train:
    """Train one run and write its checkpoint; a killed job continues from its last one."""
    input:
        weights=planned("training", "{run}", "weights"),
        pixels=planned("training", "{run}", "pixels"),
        indexes=planned("training", "{run}", "indexes"),
        samples=planned("training", "{run}", "samples"),
        held_out_pixels=planned("training", "{run}", "held_out_pixels"),
        held_out_indexes=planned("training", "{run}", "held_out_indexes"),
        held_out_samples=planned("training", "{run}", "held_out_samples"),
    output:
        weights="<results>/training/{run}/open_clip_model.safetensors",
        config="<results>/training/{run}/open_clip_config.json",
        losses="<results>/training/{run}/losses.parquet",
        trajectory="<results>/training/{run}/trajectory.parquet",
    log:
        "<logs>/train/{run}.log",
    benchmark:
        "<benchmarks>/train/{run}.tsv"
    conda:
        "../envs/torch.yaml"
    # One thread for each process: two runs side by side are faster than one on two threads.
    threads: CONFIG["training"]["processes"]
    resources:
        **PLAN["resources"]["training"],
        mem_mb=16000,
        runtime=1440,
    params:
        code=code_version("train.py"),
        settings=settings(
            "training",
            "device",
            "processes",
            "nodes",
            "checkpoint_every",
            "evaluation",
            row=("training", "{run}", "settings"),
        ),
    script:
        "../scripts/train.py"


rule train_classifier:
    """Train a ResNet on class labels."""
    input:
        pixels=planned("classifiers", "{classifier}", "pixels"),
        indexes=planned("classifiers", "{classifier}", "indexes"),
        samples=planned("classifiers", "{classifier}", "samples"),
        held_out_pixels=planned("classifiers", "{classifier}", "held_out_pixels"),
        held_out_indexes=planned("classifiers", "{classifier}", "held_out_indexes"),
        held_out_samples=planned("classifiers", "{classifier}", "held_out_samples"),
    output:
        weights="<results>/training/{classifier}/model.safetensors",
        losses="<results>/training/{classifier}/losses.parquet",
    log:
        "<logs>/train_classifier/{classifier}.log",
    benchmark:
        "<benchmarks>/train_classifier/{classifier}.tsv"
    wildcard_constraints:
        classifier=PLAN["patterns"]["classifier"],
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        code=code_version("train_classifier.py"),
        settings=settings(row=("classifiers", "{classifier}", "settings")),
    script:
        "../scripts/train_classifier.py"


rule table_training:
    """Table of the runs of a study over seeds, before and after training."""
    input:
        trajectories=planned("studies", "{study}", "trajectories"),
    output:
        summary="<results>/statistics/training/{study}.parquet",
        csv=report(
            "<results>/tables/{study}.csv",
            category="Tables",
            labels={"table": "Training: {study}"},
            caption="../report/training_study.rst",
        ),
        md="<results>/tables/{study}.md",
        tex="<results>/tables/{study}.tex",
    log:
        "<logs>/table_training/{study}.log",
    benchmark:
        "<benchmarks>/table_training/{study}.tsv"
    wildcard_constraints:
        study=PLAN["patterns"]["study"],
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_training.py"),
        settings=planned("studies", "{study}", "settings"),
    script:
        "../scripts/table_training.py"


rule figS8_temperature_finetuning:
    """Supplementary Figure 8: gap, retrieval and zero-shot after fine-tuning at several temperatures."""
    input:
        summary=planned("figures", "figS8_temperature_finetuning", "summary"),
    output:
        pdf="<results>/figures/figS8_temperature_finetuning.pdf",
        png=report(
            "<results>/figures/figS8_temperature_finetuning.png",
            **planned("shown", "figS8_temperature_finetuning"),
        ),
    log:
        "<logs>/figS8_temperature_finetuning.log",
    benchmark:
        "<benchmarks>/figS8_temperature_finetuning.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figS8_temperature_finetuning.py"),
        settings=settings("figures", "dpi"),
    script:
        "../scripts/figS8_temperature_finetuning.py"


rule figX_initialisation_vs_optimisation:
    """Figure X: the gap that a plain start and a closed start end with."""
    input:
        summary=planned("figures", "figX_initialisation_vs_optimisation", "summary"),
        trajectories=planned(
            "figures", "figX_initialisation_vs_optimisation", "trajectories"
        ),
    output:
        pdf="<results>/figures/figX_initialisation_vs_optimisation.pdf",
        png=report(
            "<results>/figures/figX_initialisation_vs_optimisation.png",
            **planned("shown", "figX_initialisation_vs_optimisation"),
        ),
    log:
        "<logs>/figX_initialisation_vs_optimisation.log",
    benchmark:
        "<benchmarks>/figX_initialisation_vs_optimisation.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figX_initialisation_vs_optimisation.py"),
        settings=settings(
            "figures",
            "dpi",
            row=("figures", "figX_initialisation_vs_optimisation", "settings"),
        ),
    script:
        "../scripts/figX_initialisation_vs_optimisation.py"


rule table_optimiser:
    """Effects of decay and loss on the change of the gap"""
    input:
        trajectories=planned("tables", "table_optimiser", "trajectories"),
    output:
        effects="<results>/statistics/training/optimiser_effects.parquet",
        csv=report(
            "<results>/tables/optimiser_effects.csv",
            category="Tables",
            labels={"table": "Training: effects of decay and loss"},
            caption="../report/optimiser_effects.rst",
        ),
        md="<results>/tables/optimiser_effects.md",
        tex="<results>/tables/optimiser_effects.tex",
    log:
        "<logs>/table_optimiser.log",
    benchmark:
        "<benchmarks>/table_optimiser.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_optimiser.py"),
        settings=planned("tables", "table_optimiser", "settings"),
    script:
        "../scripts/table_optimiser.py"


rule figX_optimiser:
    """Figure X: is it the loss or weight decay that widens the gap?"""
    input:
        effects=planned("figures", "figX_optimiser", "effects"),
        trajectories=planned("figures", "figX_optimiser", "trajectories"),
    output:
        pdf="<results>/figures/figX_optimiser.pdf",
        png=report(
            "<results>/figures/figX_optimiser.png",
            **planned("shown", "figX_optimiser"),
        ),
    log:
        "<logs>/figX_optimiser.log",
    benchmark:
        "<benchmarks>/figX_optimiser.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figX_optimiser.py"),
        settings=settings(
            "figures", "dpi", row=("figures", "figX_optimiser", "settings")
        ),
    script:
        "../scripts/figX_optimiser.py"


rule figX_gap_during_training:
    """Figure X: what opens and closes the gap in training."""
    input:
        trajectories=planned("figures", "figX_gap_during_training", "trajectories"),
    output:
        pdf="<results>/figures/figX_gap_during_training.pdf",
        png=report(
            "<results>/figures/figX_gap_during_training.png",
            **planned("shown", "figX_gap_during_training"),
        ),
    log:
        "<logs>/figX_gap_during_training.log",
    benchmark:
        "<benchmarks>/figX_gap_during_training.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figX_gap_during_training.py"),
        settings=settings(
            "figures", "dpi", row=("figures", "figX_gap_during_training", "settings")
        ),
    script:
        "../scripts/figX_gap_during_training.py"


rule figS16_embedding_width:
    """Supplementary Figure 16: the gap of models of different embedding width."""
    input:
        summary=planned("figures", "figS16_embedding_width", "summary"),
    output:
        pdf="<results>/figures/figS16_embedding_width.pdf",
        png=report(
            "<results>/figures/figS16_embedding_width.png",
            **planned("shown", "figS16_embedding_width"),
        ),
    log:
        "<logs>/figS16_embedding_width.log",
    benchmark:
        "<benchmarks>/figS16_embedding_width.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figS16_embedding_width.py"),
        settings=settings("figures", "dpi"),
    script:
        "../scripts/figS16_embedding_width.py"


rule training:
    """Every training run, and nothing downstream."""
    input:
        PLAN["targets"]["training"],
