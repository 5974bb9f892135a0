"""Files from the network, fetched and checked one by one.

In: the table of downloads (config/downloads.csv) and the pinned weights (config/weights.yaml).
Out: the files below the folder of resources, each under its final name once it is whole.
"""


rule download_file:
    """Fetch one file of the table of downloads: resumed, retried, checked."""
    output:
        # Not removed before the job: another run may have brought it and read it by now.
        file=update("<resources>/{file}"),
    log:
        "<logs>/download_file/{file}.log",
    benchmark:
        "<benchmarks>/download_file/{file}.tsv"
    wildcard_constraints:
        file=PLAN["patterns"]["download"],
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=500,
        runtime=1440,
    params:
        # A function of `output` is no rerun trigger: what was fetched and checked stays, whatever
        # becomes of code and addresses. The readers check every file against the table again.
        code=lambda wc, output: code_version("download_file.py"),
        settings=lambda wc, output: PLAN["downloads"][wc.file],
    script:
        "../scripts/download_file.py"


rule remove_gzip:
    """Turn a fetched .tar.gz into a tar, whose members can be read by position."""
    input:
        archive=planned("plain_tars", "{archive}", "archive"),
    output:
        archive=update("<resources>/{archive}"),
    log:
        "<logs>/remove_gzip/{archive}.log",
    benchmark:
        "<benchmarks>/remove_gzip/{archive}.tsv"
    wildcard_constraints:
        archive=PLAN["patterns"]["plain_tar"],
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=500,
        runtime=120,
    params:
        # As above: no rerun triggers.
        code=lambda wc, output: code_version("remove_gzip.py"),
        settings=lambda wc, output: PLAN["plain_tars"][wc.archive]["settings"],
    script:
        "../scripts/remove_gzip.py"


rule prepare:
    """Everything that the configuration needs from the network (-n: what, how much, licence)."""
    input:
        PLAN["fetching"]["files"],
    localrule: True
    message:
        PLAN["fetching"]["message"]
