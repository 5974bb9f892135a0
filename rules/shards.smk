"""Folders of ready embeddings in many files: indexed, summed shard by shard, merged, sampled.

In: the shards.
Out: moments/{dataset}.npz of all pairs, what is counted of every query, and a sample in the form of embeddings.
"""


rule index_shards:
    """Read the headers of all shards of a folder of ready embeddings, and nothing else."""
    input:
        planned("sharded", "{dataset}", "files"),
    output:
        index="<results>/moments/{dataset}/index.parquet",
    log:
        "<logs>/index_shards/{dataset}.log",
    benchmark:
        "<benchmarks>/index_shards/{dataset}.tsv"
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
    benchmark:
        "<benchmarks>/sample_shards/{cloud}.tsv"
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


rule merge_moments:
    """Add up the moments of some jobs: a branch of the tree over all shards of a folder."""
    input:
        parts=planned("sharded", "{dataset}", "levels", "{level}", "{part}"),
    output:
        moments=temp("<results>/moments/{dataset}/{level}-{part}.npz"),
    log:
        "<logs>/merge_moments/{dataset}/{level}-{part}.log",
    benchmark:
        "<benchmarks>/merge_moments/{dataset}/{level}-{part}.tsv"
    wildcard_constraints:
        dataset=PLAN["patterns"]["sharded"],
        level=r"[1-9]\d*",
        part=r"\d+",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=3000,
        runtime=30,
    params:
        code=code_version("merge_moments.py"),
    script:
        "../scripts/merge_moments.py"


use rule merge_moments as finish_moments with:
    """The moments of all shards of a folder: the root of the tree."""
    input:
        parts=planned("sharded", "{dataset}", "root"),
    output:
        moments="<results>/moments/{dataset}.npz",
    log:
        "<logs>/finish_moments/{dataset}.log",
    benchmark:
        "<benchmarks>/finish_moments/{dataset}.tsv"
    wildcard_constraints:
        dataset=PLAN["patterns"]["sharded"],


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
