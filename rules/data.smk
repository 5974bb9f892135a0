"""Datasets become one samples table each; pictures become crops, once per pixel geometry."""


rule draw_samples:
    """Draw a dataset of the pipeline's own: pictures and their samples table."""
    output:
        table="<results>/samples/{dataset}.parquet",
        array="<results>/samples/{dataset}.npy",
    log:
        "<logs>/draw_samples/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(DRAWN),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        code=code_version("draw_samples.py"),
        settings=lambda wc: {"entry": dataset_entry(wc.dataset), "name": wc.dataset},
    script:
        "../scripts/draw_samples.py"


rule list_samples:
    """List the pictures and captions of a dataset as a samples table."""
    input:
        lambda wc: source_files(wc.dataset),
    output:
        table="<results>/samples/{dataset}.parquet",
    log:
        "<logs>/list_samples/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(LISTED),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_version("list_samples.py"),
        settings=lambda wc: settings(
            "pixels",
            "on_bad_sample",
            entry=dataset_entry(wc.dataset),
            name=wc.dataset,
            **fetched_settings(wc.dataset),
        ),
    script:
        "../scripts/list_samples.py"


rule unpack_samples:
    """Read a downloaded dataset that comes as arrays: pictures and their samples table."""
    input:
        lambda wc: source_files(wc.dataset),
    output:
        table="<results>/samples/{dataset}.parquet",
        array="<results>/samples/{dataset}.npy",
    log:
        "<logs>/unpack_samples/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(UNPACKED),
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=6000,
        runtime=60,
    params:
        code=code_version("unpack_samples.py"),
        settings=lambda wc: {
            "entry": dataset_entry(wc.dataset),
            "name": wc.dataset,
            **fetched_settings(wc.dataset),
        },
    script:
        "../scripts/unpack_samples.py"


rule decode_pixels:
    """Decode and crop one shard of pictures, once for all models of a pixel geometry."""
    input:
        samples="<results>/samples/{dataset}.parquet",
        array=branch(
            lambda wc: wc.dataset in DRAWN + UNPACKED,
            then="<results>/samples/{dataset}.npy",
            otherwise=[],
        ),
    output:
        array="<results>/pixels/{dataset}/{geometry}/part-{shard}.npy",
        index="<results>/pixels/{dataset}/{geometry}/part-{shard}.parquet",
    log:
        "<logs>/decode_pixels/{dataset}/{geometry}/{shard}.log",
    conda:
        "../envs/analysis.yaml"
    # Shards run side by side; --set-threads decode_pixels=8 for a single large one.
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code_version("decode_pixels.py"),
        settings=lambda wc: settings(
            "pixels",
            entry=dataset_entry(wc.dataset),
            geometry=wc.geometry,
            shard=int(wc.shard),
            shard_size=shard_size(wc.dataset),
        ),
    script:
        "../scripts/decode_pixels.py"
