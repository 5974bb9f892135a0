"""Pictures and captions become embeddings; ready embeddings are checked and take the same form."""


rule import_embeddings:
    """Check ready embeddings and store them like extracted ones."""
    input:
        lambda wc: source_files(wc.dataset),
    output:
        first="<results>/embeddings/imported/{dataset}/first/part-0.parquet",
        second="<results>/embeddings/imported/{dataset}/second/part-0.parquet",
    log:
        "<logs>/import_embeddings/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(READY),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        code=code_version("import_embeddings.py"),
        settings=lambda wc: {
            "entry": dataset_entry(wc.dataset),
            "name": wc.dataset,
            **fetched_settings(wc.dataset),
        },
    script:
        "../scripts/import_embeddings.py"


rule import_classes:
    """Check the labels and class prompts of ready embeddings and store them like our own."""
    input:
        embeddings="<results>/embeddings/imported/{dataset}/first/part-0.parquet",
        labels=lambda wc: DATASETS[wc.dataset]["labels"],
        class_prompts=lambda wc: DATASETS[wc.dataset]["class_prompts"],
    output:
        samples="<results>/samples/{dataset}.parquet",
        prompts="<results>/prompts/imported/{dataset}.parquet",
    log:
        "<logs>/import_classes/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(LABELLED),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("import_classes.py"),
        settings=lambda wc: {
            "class_prompts": DATASETS[wc.dataset]["class_prompts"],
            "classes": DATASETS[wc.dataset].get("classes"),
            "labels": DATASETS[wc.dataset]["labels"],
        },
    script:
        "../scripts/import_classes.py"


rule embed_images:
    """Embed one shard of pictures."""
    input:
        array=lambda wc: f"<results>/pixels/{wc.dataset}/{geometry(wc.model)}/part-{wc.shard}.npy",
        index=lambda wc: f"<results>/pixels/{wc.dataset}/{geometry(wc.model)}/part-{wc.shard}.parquet",
        weights=lambda wc: catalogue.weight_files(MODELS[wc.model]),
    output:
        embeddings="<results>/embeddings/{model}/{dataset}/images/part-{shard}.parquet",
    log:
        "<logs>/embed_images/{model}/{dataset}/{shard}.log",
    benchmark:
        "<benchmarks>/embed_images/{model}/{dataset}/{shard}.tsv"
    wildcard_constraints:
        model=one_of(MODELS),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS_HERE,
        mem_mb=8000,
        runtime=120,
    params:
        code=code_version("embed_images.py"),
        settings=lambda wc: settings(
            "embeddings",
            model=model_entry(wc.model),
            model_name=wc.model,
        ),
    script:
        "../scripts/embed_images.py"


rule embed_texts:
    """Embed the captions of one shard of pictures."""
    input:
        samples="<results>/samples/{dataset}.parquet",
        index=crops_of_texts,
        weights=lambda wc: catalogue.weight_files(MODELS[wc.model]),
    output:
        embeddings="<results>/embeddings/{model}/{dataset}/texts/part-{shard}.parquet",
    log:
        "<logs>/embed_texts/{model}/{dataset}/{shard}.log",
    benchmark:
        "<benchmarks>/embed_texts/{model}/{dataset}/{shard}.tsv"
    wildcard_constraints:
        model=one_of(MODELS),
    conda:
        "../envs/torch.yaml"
    resources:
        gpu=GPUS_HERE,
        mem_mb=8000,
        runtime=120,
    params:
        code=code_version("embed_texts.py"),
        settings=lambda wc: settings(
            "embeddings",
            entry=dataset_entry(wc.dataset),
            model=model_entry(wc.model),
            model_name=wc.model,
            shard=int(wc.shard),
            shard_size=shard_size(wc.dataset),
        ),
    script:
        "../scripts/embed_texts.py"
