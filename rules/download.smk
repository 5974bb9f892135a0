"""Files from the network, fetched and checked one by one."""


rule download_file:
    """Fetch one file of the table of downloads: resumed, retried, checked."""
    output:
        file="<resources>/{file}",
    log:
        "<logs>/download_file/{file}.log",
    wildcard_constraints:
        file=one_of(DOWNLOADS),
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
        settings=lambda wc, output: {
            "row": DOWNLOADS[wc.file],
            "folder": CONFIG["resources"],
            "mirror": CONFIG["mirror"],
        },
    script:
        "../scripts/download_file.py"


rule remove_gzip:
    """Turn a fetched .tar.gz into a tar, whose members can be read by position."""
    input:
        archive=lambda wc: f"<resources>/{made_from(wc.archive, DOWNLOADS)}",
    output:
        archive="<resources>/{archive}",
    log:
        "<logs>/remove_gzip/{archive}.log",
    wildcard_constraints:
        archive=one_of(PLAIN_TARS),
    localrule: True
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=500,
        runtime=120,
    params:
        code=lambda wc, output: code_version("remove_gzip.py"),
        settings=lambda wc, output: {
            "fetched": checksums([made_from(wc.archive, DOWNLOADS)]),
            "folder": CONFIG["resources"],
        },
    script:
        "../scripts/remove_gzip.py"
