"""Models trained here: checkpoints, losses and trajectories, and the studies made of them."""


rule train:
    """Train one run and write its checkpoint; a killed job continues from its last one."""
    input:
        weights=lambda wc: catalogue.weight_files(MODELS[RUNS[wc.run]["model"]]),
        pixels=lambda wc: run_pixels(wc.run, "datasets", "npy"),
        indexes=lambda wc: run_pixels(wc.run, "datasets", "parquet"),
        samples=lambda wc: run_samples(wc.run, "datasets"),
        held_out_pixels=lambda wc: run_pixels(wc.run, "held_out", "npy"),
        held_out_indexes=lambda wc: run_pixels(wc.run, "held_out", "parquet"),
        held_out_samples=lambda wc: run_samples(wc.run, "held_out"),
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
        gpu=PROCESSES * (CONFIG["training"]["device"] == "cuda"),
        nodes=CONFIG["training"]["nodes"],
        # Slurm gives a node to a task; with GPUs it counts those instead.
        tasks=CONFIG["training"]["nodes"] * (CONFIG["training"]["device"] == "cpu"),
        mem_mb=16000,
        runtime=1440,
    params:
        code=code_version("train.py"),
        settings=lambda wc: settings(
            "training",
            "device",
            "processes",
            "nodes",
            "checkpoint_every",
            "evaluation",
            name=wc.run,
            model_name=RUNS[wc.run]["model"],
            model=model_entry(RUNS[wc.run]["model"]),
            recipe=RUNS[wc.run]["recipe"],
            seed=RUNS[wc.run]["seed"],
        ),
    script:
        "../scripts/train.py"


rule train_classifier:
    """Train a ResNet on class labels."""
    input:
        pixels=lambda wc: run_pixels(wc.classifier, "datasets", "npy"),
        indexes=lambda wc: run_pixels(wc.classifier, "datasets", "parquet"),
        samples=lambda wc: run_samples(wc.classifier, "datasets"),
        held_out_pixels=lambda wc: run_pixels(wc.classifier, "held_out", "npy"),
        held_out_indexes=lambda wc: run_pixels(wc.classifier, "held_out", "parquet"),
        held_out_samples=lambda wc: run_samples(wc.classifier, "held_out"),
    output:
        weights="<results>/training/{classifier}/model.safetensors",
        losses="<results>/training/{classifier}/losses.parquet",
    log:
        "<logs>/train_classifier/{classifier}.log",
    benchmark:
        "<benchmarks>/train_classifier/{classifier}.tsv"
    wildcard_constraints:
        classifier=one_of(CLASSIFIERS),
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        code=code_version("train_classifier.py"),
        settings=lambda wc: classifier_settings(wc.classifier),
    script:
        "../scripts/train_classifier.py"


rule training_study:
    """Summarise the runs of a study over seeds, before and after training."""
    input:
        trajectories=lambda wc: study_trajectories(STUDY_OF_TABLE[wc.study]),
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
        "<logs>/training_study/{study}.log",
    wildcard_constraints:
        study=one_of(STUDY_OF_TABLE),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_training.py"),
        settings=lambda wc: {"cells": CELLS[STUDY_OF_TABLE[wc.study]]},
    script:
        "../scripts/table_training.py"


rule figS8_temperature_finetuning:
    """Figure 4: gap, retrieval and zero-shot after fine-tuning at several temperatures."""
    input:
        summary="<results>/statistics/training/temperature_finetuning.parquet",
    output:
        pdf="<results>/figures/figS8_temperature_finetuning.pdf",
        png=report(
            "<results>/figures/figS8_temperature_finetuning.png",
            category="Figures",
            labels={"figure": "4", "subject": "Fine-tuning at temperatures"},
            caption="../report/figS8_temperature_finetuning.rst",
        ),
    log:
        "<logs>/figS8_temperature_finetuning.log",
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
    """Figure 5: the gap that a plain start and a closed start end with."""
    input:
        summary="<results>/statistics/training/initialisation_vs_optimisation.parquet",
        trajectories=lambda wc: study_trajectories("initialisation"),
    output:
        pdf="<results>/figures/figX_initialisation_vs_optimisation.pdf",
        png=report(
            "<results>/figures/figX_initialisation_vs_optimisation.png",
            category="Figures",
            labels={"figure": "5", "subject": "Initialisation and optimisation"},
            caption="../report/figX_initialisation_vs_optimisation.rst",
        ),
    log:
        "<logs>/figX_initialisation_vs_optimisation.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figX_initialisation_vs_optimisation.py"),
        settings=lambda wc: settings("figures", "dpi", cells=CELLS["initialisation"]),
    script:
        "../scripts/figX_initialisation_vs_optimisation.py"


rule figX_gap_during_training:
    """Figure 9: what opens and closes the gap in training."""
    input:
        trajectories=lambda wc: study_trajectories("gap_triggers"),
    output:
        pdf="<results>/figures/figX_gap_during_training.pdf",
        png=report(
            "<results>/figures/figX_gap_during_training.png",
            category="Figures",
            labels={"figure": "9", "subject": "Gap during training"},
            caption="../report/figX_gap_during_training.rst",
        ),
    log:
        "<logs>/figX_gap_during_training.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figX_gap_during_training.py"),
        settings=lambda wc: settings("figures", "dpi", cells=CELLS["gap_triggers"]),
    script:
        "../scripts/figX_gap_during_training.py"


rule figX_embedding_width:
    """Supplementary Figure 16: the gap of models of different embedding width."""
    input:
        summary="<results>/statistics/training/embedding_width.parquet",
    output:
        pdf="<results>/figures/figX_embedding_width.pdf",
        png=report(
            "<results>/figures/figX_embedding_width.png",
            category="Figures",
            labels={"figure": "S16", "subject": "Embedding width"},
            caption="../report/figX_embedding_width.rst",
        ),
    log:
        "<logs>/figX_embedding_width.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("figX_embedding_width.py"),
        settings=settings("figures", "dpi"),
    script:
        "../scripts/figX_embedding_width.py"
