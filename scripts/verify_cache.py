"""Every cached file, download and file of the user against the digest that it had when it came.

Prints how many there were; ends with an error of a line for each that is another one.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from pathlib import Path

from modgap.digests import verify_digests
from modgap.embeddings.ready import file_digest
from modgap.errors import InputError
from modgap.fetch.integrity import difference, has_hash, read_lock
from modgap.fetch.table import expected
from modgap.files import sha256_of
from modgap.job import LOG, start_log
from modgap.tables import read_metadata


def main(*, results, resources, rows):
    """results, resources : folders. rows : of the table of downloads, those that are planned."""
    checked, new, problems = verify_digests(results, adopt=True)
    made, _, damaged = verify_digests(resources)
    fetched, wrong = verify_downloads(rows, resources)
    own, changed = verify_sources(Path(results, "embeddings"))
    problems += damaged + wrong + changed
    LOG.info(
        "%d files of ours, %d downloads, %d files of yours checked", checked + made, fetched, own
    )
    if new:
        LOG.info("%d files had no digest and have one from now on", new)
    if problems:
        raise InputError("\n".join(problems))
    LOG.info("all are what they were")


def verify_downloads(rows, folder):
    """Number of downloads with a known hash that are there, and a line for each wrong one."""
    checked, problems, lock = 0, [], read_lock(folder)
    for row in rows:
        path, wanted = Path(folder, row["file"]), expected(row, folder, lock)
        if not path.is_file() or not has_hash(wanted):
            continue
        checked += 1
        if problem := difference(path, wanted):
            problems.append(f"{path}: {problem}; remove it and run the same command again")
    return checked, problems


def verify_sources(folder):
    """Number of files of the user that embeddings were made from, and a line for each changed one.

    The digest of a file is in the provenance of what was made from it first. A file that is gone
    is not counted.
    """
    recorded = {}
    for path in sorted(folder.rglob("part-*.parquet")):
        about = read_metadata(path)
        if about.get("model") == "imported":
            recorded.setdefault(about["source"], (about["dataset_sha256"], path, imported_digest))
        elif "weights_file" in about:
            digest = about["weights_file_sha256"]
            recorded.setdefault(about["weights_file"], (digest, path, sha256_of))
    there = {source: known for source, known in recorded.items() if Path(source).is_file()}
    problems = [
        f"{source}: is not the file that {made} was made from (SHA-256 differs); put that one "
        f"back, or remove {made.parent} and give the same command again"
        for source, (digest, made, digest_of) in there.items()
        if digest_of(source) != digest
    ]
    return len(there), problems


def imported_digest(path):
    """What the provenance of imported embeddings has of their file."""
    return file_digest({"path": path})


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(**snakemake.params.settings)
