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
    wildcard_constraints:
        cloud=PLAN["patterns"]["tensors"],
    conda:
        "../envs/torch.yaml"


rule index_shards:
    """Read the headers of all shards of a folder of ready embeddings, and nothing else."""
    input:
        planned("sharded", "{dataset}", "files"),
    output:
        index="<results>/moments/{dataset}/index.parquet",
    log:
        "<logs>/index_shards/{dataset}.log",
    wildcard_constraints:
        dataset=PLAN["patterns"]["sharded"],
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_version("index_shards.py"),
        settings=settings(row=("sharded", "{dataset}", "indexing")),
    script:
        "../scripts/index_shards.py"


rule sample_shards:
    """A random sample of one modality of a folder, for what compares all pairs or draws them."""
    input:
        planned("sampled", "{cloud}", "files"),
        index=planned("sampled", "{cloud}", "index"),
    output:
        cloud="<results>/embeddings/imported/{cloud}/part-0.parquet",
    log:
        "<logs>/sample_shards/{cloud}.log",
    wildcard_constraints:
        cloud=PLAN["patterns"]["sampled"],
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        code=code_version("sample_shards.py"),
        settings=settings(row=("sampled", "{cloud}", "settings")),
    script:
        "../scripts/sample_shards.py"


rule sum_shards:
    """One pass over some shards of a folder: the sums from which the statistics follow."""
    input:
        planned("sharded", "{dataset}", "jobs", "{part}", "files"),
        index="<results>/moments/{dataset}/index.parquet",
    output:
        moments=temp("<results>/moments/{dataset}/0-{part}.npz"),
    log:
        "<logs>/sum_shards/{dataset}/{part}.log",
    benchmark:
        "<benchmarks>/sum_shards/{dataset}/{part}.tsv"
    wildcard_constraints:
        dataset=PLAN["patterns"]["sharded"],
        part=r"\d+",
    # Products of matrices on a GPU need torch.
    conda:
        "../envs/torch.yaml"
        if CONFIG["statistics"]["device"] == "cuda"
        else "../envs/analysis.yaml"
    resources:
        **PLAN["resources"]["shards"],
        mem_mb=3000,
        runtime=120,
    params:
        code=code_version("sum_shards.py"),
        settings=settings(
            "statistics",
            "device",
            row=("sharded", "{dataset}", "jobs", "{part}", "settings"),
        ),
    script:
        "../scripts/sum_shards.py"


rule rank_shards:
    """Where the partners of a sample of queries stand among the rows of some shards."""
    input:
        planned("sharded", "{dataset}", "jobs", "{part}", "files"),
        index="<results>/moments/{dataset}/index.parquet",
        first=planned("sharded", "{dataset}", "clouds", "first"),
        second=planned("sharded", "{dataset}", "clouds", "second"),
    output:
        ranks=temp("<results>/moments/{dataset}/ranks-{part}.npy"),
    log:
        "<logs>/rank_shards/{dataset}/{part}.log",
    benchmark:
        "<benchmarks>/rank_shards/{dataset}/{part}.tsv"
    wildcard_constraints:
        dataset=PLAN["patterns"]["sharded"],
        part=r"\d+",
    # Products of matrices on a GPU need torch.
    conda:
        "../envs/torch.yaml"
        if CONFIG["statistics"]["device"] == "cuda"
        else "../envs/analysis.yaml"
    resources:
        **PLAN["resources"]["shards"],
        mem_mb=3000,
        runtime=600,
    params:
        code=code_version("rank_shards.py"),
        settings=settings(
            "statistics",
            "queries",
            "exact_rows",
            "seed",
            "block",
            "device",
            row=("sharded", "{dataset}", "jobs", "{part}", "ranking"),
        ),
    script:
        "../scripts/rank_shards.py"


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
