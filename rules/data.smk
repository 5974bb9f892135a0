"""Datasets become one samples table each; pictures become crops, once per pixel geometry.

In: the user's files, fetched archives, or nothing (drawn pictures, noise).
Out: samples/{dataset}.parquet, then pixels/{dataset}/{geometry}/part-{shard}.npy with an index.
"""


rule draw_samples:
    """Draw a dataset of the pipeline's own: pictures and their samples table."""
    output:
        table="<results>/samples/{dataset}.parquet",
        array="<results>/samples/{dataset}.npy",
    log:
        "<logs>/draw_samples/{dataset}.log",
    benchmark:
        "<benchmarks>/draw_samples/{dataset}.tsv"
    wildcard_constraints:
        dataset=PLAN["patterns"]["drawn"],
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        code=code_version("draw_samples.py"),
        settings=settings(row=("datasets", "{dataset}", "settings")),
    script:
        "../scripts/draw_samples.py"


rule list_samples:
    """List the pictures and captions of a dataset as a samples table."""
    input:
        planned("datasets", "{dataset}", "files"),
    output:
        table="<results>/samples/{dataset}.parquet",
    log:
        "<logs>/list_samples/{dataset}.log",
    benchmark:
        "<benchmarks>/list_samples/{dataset}.tsv"
    wildcard_constraints:
        dataset=PLAN["patterns"]["listed"],
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_version("list_samples.py"),
        settings=settings(
            "pixels", "on_bad_sample", row=("datasets", "{dataset}", "settings")
        ),
    script:
        "../scripts/list_samples.py"


# Rules of their own, so that an edit of one reader lists no other kind again.
rule list_torchvision:
    """List a dataset of torchvision whose pictures are files in an archive."""
    input:
        planned("datasets", "{dataset}", "files"),
    output:
        table="<results>/samples/{dataset}.parquet",
    log:
        "<logs>/list_torchvision/{dataset}.log",
    benchmark:
        "<benchmarks>/list_torchvision/{dataset}.tsv"
    wildcard_constraints:
        dataset=PLAN["patterns"]["torchvision"],
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_version("list_torchvision.py"),
        settings=settings(row=("datasets", "{dataset}", "settings")),
    script:
        "../scripts/list_torchvision.py"


rule list_webdataset:
    """List the pictures and captions of a webdataset's tars in one samples table."""
    input:
        planned("datasets", "{dataset}", "files"),
    output:
        table="<results>/samples/{dataset}.parquet",
    log:
        "<logs>/list_webdataset/{dataset}.log",
    benchmark:
        "<benchmarks>/list_webdataset/{dataset}.tsv"
    wildcard_constraints:
        dataset=PLAN["patterns"]["webdataset"],
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_version("list_webdataset.py"),
        settings=settings(row=("datasets", "{dataset}", "settings")),
    script:
        "../scripts/list_webdataset.py"


rule unpack_samples:
    """Read a downloaded dataset that comes as arrays: pictures and their samples table."""
    input:
        planned("datasets", "{dataset}", "files"),
    output:
        table="<results>/samples/{dataset}.parquet",
        array="<results>/samples/{dataset}.npy",
    log:
        "<logs>/unpack_samples/{dataset}.log",
    benchmark:
        "<benchmarks>/unpack_samples/{dataset}.tsv"
    wildcard_constraints:
        dataset=PLAN["patterns"]["unpacked"],
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=6000,
        runtime=60,
    params:
        code=code_version("unpack_samples.py"),
        settings=settings(row=("datasets", "{dataset}", "settings")),
    script:
        "../scripts/unpack_samples.py"


rule decode_pixels:
    """Decode and crop one shard of pictures, once for all models of a pixel geometry."""
    input:
        samples="<results>/samples/{dataset}.parquet",
        array=planned("datasets", "{dataset}", "array"),
    output:
        array="<results>/pixels/{dataset}/{geometry}/part-{shard}.npy",
        index="<results>/pixels/{dataset}/{geometry}/part-{shard}.parquet",
    log:
        "<logs>/decode_pixels/{dataset}/{geometry}/{shard}.log",
    benchmark:
        "<benchmarks>/decode_pixels/{dataset}/{geometry}/{shard}.tsv"
    conda:
        "../envs/analysis.yaml"
    # Shards run side by side; --set-threads decode_pixels=8 for a single large one.
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code_version("decode_pixels.py"),
        settings=settings(
            "pixels", row=("crops", "{dataset}/{geometry}", "settings", "{shard}")
        ),
    script:
        "../scripts/decode_pixels.py"


rule table_skipped:
    """Table of the pictures and captions that were left out (with on_bad_sample: skip)."""
    input:
        indexes=planned("tables", "table_skipped", "indexes"),
        samples=planned("tables", "table_skipped", "samples"),
    output:
        "<results>/tables/skipped_samples.csv",
    log:
        "<logs>/table_skipped.log",
    benchmark:
        "<benchmarks>/table_skipped.tsv"
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code_version("table_skipped.py"),
    script:
        "../scripts/table_skipped.py"
