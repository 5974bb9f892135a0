"""Pictures and texts become embeddings; ready embeddings are checked and take the same form.

In: crops, samples tables, prompt files, weights; or files of ready embeddings.
Out: embeddings/{model}/{dataset}/{modality}/part-{shard}.parquet and prompts/{model}/{prompts}.parquet.
"""


rule import_embeddings:
    """Check one modality of ready embeddings and store it like extracted ones."""
    input:
        planned("imported", "{cloud}", "files"),
    output:
        cloud="<results>/embeddings/imported/{cloud}/part-0.parquet",
    log:
        "<logs>/import_embeddings/{cloud}.log",
    benchmark:
        "<benchmarks>/import_embeddings/{cloud}.tsv"
    wildcard_constraints:
        cloud=PLAN["patterns"]["arrays"],
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=4000,
        runtime=20,
    params:
        code=code_version("import_embeddings.py"),
        settings=settings(row=("imported", "{cloud}", "settings")),
    script:
        "../scripts/import_embeddings.py"


use rule import_embeddings as import_tensors with:
    """The same for files that take torch: .pt, .pth, .safetensors."""
    log:
        "<logs>/import_tensors/{cloud}.log",
    benchmark:
        "<benchmarks>/import_tensors/{cloud}.tsv"
    wildcard_constraints:
        cloud=PLAN["patterns"]["tensors"],
    conda:
        "../envs/torch.yaml"


rule import_classes:
    """Check the labels and class prompts of ready embeddings and store them like our own."""
    input:
        embeddings=planned("labelled", "{dataset}", "embeddings"),
        labels=planned("labelled", "{dataset}", "labels"),
        class_prompts=planned("labelled", "{dataset}", "class_prompts"),
    output:
        samples="<results>/samples/{dataset}.parquet",
        prompts="<results>/prompts/imported/{dataset}.parquet",
    log:
        "<logs>/import_classes/{dataset}.log",
    benchmark:
        "<benchmarks>/import_classes/{dataset}.tsv"
    wildcard_constraints:
        dataset=PLAN["patterns"]["labelled"],
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_version("import_classes.py"),
        settings=settings(row=("labelled", "{dataset}", "settings")),
    script:
        "../scripts/import_classes.py"


rule embed_images:
    """Embed one shard of pictures."""
    input:
        array=planned("images", "{model}/{dataset}", "arrays", "{shard}"),
        index=planned("images", "{model}/{dataset}", "indexes", "{shard}"),
        weights=planned("images", "{model}/{dataset}", "weights"),
    output:
        embeddings="<results>/embeddings/{model}/{dataset}/images/part-{shard}.parquet",
    log:
        "<logs>/embed_images/{model}/{dataset}/{shard}.log",
    benchmark:
        "<benchmarks>/embed_images/{model}/{dataset}/{shard}.tsv"
    wildcard_constraints:
        model=PLAN["patterns"]["model"],
    conda:
        "../envs/torch.yaml"
    # Shards run side by side; --set-threads embed_images=8 for a single large one.
    resources:
        **PLAN["resources"]["embeddings"],
        mem_mb=8000,
        runtime=120,
    params:
        code=code_version("embed_images.py"),
        settings=settings("embeddings", row=("images", "{model}/{dataset}", "settings")),
    script:
        "../scripts/embed_images.py"


rule embed_texts:
    """Embed the captions of one shard of pictures."""
    input:
        samples="<results>/samples/{dataset}.parquet",
        index=planned("texts", "{model}/{dataset}", "indexes", "{shard}"),
        weights=planned("texts", "{model}/{dataset}", "weights"),
    output:
        embeddings="<results>/embeddings/{model}/{dataset}/texts/part-{shard}.parquet",
    log:
        "<logs>/embed_texts/{model}/{dataset}/{shard}.log",
    benchmark:
        "<benchmarks>/embed_texts/{model}/{dataset}/{shard}.tsv"
    wildcard_constraints:
        model=PLAN["patterns"]["model"],
    conda:
        "../envs/torch.yaml"
    resources:
        **PLAN["resources"]["embeddings"],
        mem_mb=8000,
        runtime=120,
    params:
        code=code_version("embed_texts.py"),
        settings=settings(
            "embeddings", row=("texts", "{model}/{dataset}", "settings", "{shard}")
        ),
    script:
        "../scripts/embed_texts.py"


rule embed_prompts:
    """Embed the class prompts of one prompt file with one model."""
    input:
        # Part of the project: its content counts (among the params), not its date.
        prompts=ancient(planned("prompts", "{model}/{prompts}", "file")),
        weights=planned("prompts", "{model}/{prompts}", "weights"),
    output:
        embeddings="<results>/prompts/{model}/{prompts}.parquet",
    log:
        "<logs>/embed_prompts/{model}/{prompts}.log",
    benchmark:
        "<benchmarks>/embed_prompts/{model}/{prompts}.tsv"
    wildcard_constraints:
        model=PLAN["patterns"]["model"],
        prompts=PLAN["patterns"]["prompts"],
    conda:
        "../envs/torch.yaml"
    resources:
        **PLAN["resources"]["embeddings"],
        mem_mb=8000,
        runtime=30,
    params:
        code=code_version("embed_prompts.py"),
        content=planned("prompts", "{model}/{prompts}", "content"),
        settings=settings(
            "embeddings", row=("prompts", "{model}/{prompts}", "settings")
        ),
    script:
        "../scripts/embed_prompts.py"


rule verify_weights:
    """Hash, activation, preprocessing, tokenizer and numbers of every model with weights."""
    input:
        planned("verification", "weights"),
    output:
        csv=report(
            "<results>/tables/verify_weights.csv", **planned("shown", "verify_weights")
        ),
        md="<results>/tables/verify_weights.md",
        tex="<results>/tables/verify_weights.tex",
    log:
        "<logs>/verify_weights.log",
    benchmark:
        "<benchmarks>/verify_weights.tsv"
    conda:
        "../envs/torch.yaml"
    threads: 2
    resources:
        mem_mb=16000,
        runtime=60,
    params:
        code=code_version("verify_weights.py"),
        settings=settings(row=("verification", "settings")),
    script:
        "../scripts/verify_weights.py"


rule embeddings:
    """Embeddings of every cloud, and nothing downstream."""
    input:
        PLAN["targets"]["embeddings"],
