"""Damaged and deleted caches in a real run: one line, and the same command makes them anew."""

import pytest

from faults.outcomes import classify_call
from modgap.digests import check_digest, verify_digests
from modgap.files import atomic_path, damaged_name, digest_file
from workflow.runs import copy_project, snakemake

SMALL = """
results: results/small
datasets: {noise: {kind: noise, n: 4, seed: 1}}
models: {vit: {source: random, architecture: scenes-vit}}
cones: [{model: vit, dataset: noise}]
theorems:
  theorem_1: {cosines: [0.0], norm_ratios: [1.0], widths: [16], trials: 20}
  lemma_3: {cosines: [0.0], norm_ratios: [1.0], norms: [1]}
  theorem_2: {cosines: [0.5], widths: [16], depth: 2, networks: 10, n_bootstrap: 100}
"""

FIGURE, TABLE = (
    "results/small/figures/figX_theorems.pdf",
    "results/small/statistics/theorems.parquet",
)


def flip_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def run_small(project, target):
    return snakemake(project, target, "--cores", 1, "--configfile", "small.yaml", check=False)


@pytest.fixture(scope="module")
def project(root, tmp_path_factory):
    """A project in which one figure was drawn from one cached table."""
    project = copy_project(root, tmp_path_factory.mktemp("caches") / "project")
    (project / "small.yaml").write_text(SMALL)
    done = run_small(project, FIGURE)
    assert done.returncode == 0, done.stdout
    return project


def test_a_damaged_cache_is_named_and_the_same_command_makes_it_anew(project, fault):
    table, figure = project / TABLE, project / FIGURE
    whole, drawn = table.read_bytes(), figure.read_bytes()
    assert digest_file(table).is_file()
    flip_bit(table)
    figure.unlink()
    first = run_small(project, FIGURE)
    assert first.returncode != 0
    assert f"{TABLE}: damaged" in first.stdout
    assert "Traceback" not in first.stdout
    assert damaged_name(table).is_file()
    assert not table.exists()
    ended = classify_call(
        lambda: run_small(project, FIGURE),
        right=lambda done: done.returncode == 0 and table.read_bytes() == whole,
    )
    fault("caches", ended)
    assert figure.read_bytes() == drawn
    assert not damaged_name(table).exists()


def test_every_damaged_cache_is_listed_and_made_anew_for_what_needs_it(project, fault):
    table = project / TABLE
    flip_bit(table)
    done = run_small(project, "verify_cache")
    ended = "refused" if done.returncode and "Traceback" not in done.stdout else "silent"
    fault("caches", (ended, done.stdout))
    assert f"{TABLE}: damaged" in done.stdout
    # What was set aside is not there, as if it had been deleted.
    (project / FIGURE).unlink()
    ended = classify_call(
        lambda: run_small(project, FIGURE),
        right=lambda done: done.returncode == 0 and table.is_file(),
    )
    fault("caches", ended)


@pytest.mark.parametrize(
    "content", [b"", b" \n", bytes(range(256))], ids=["empty", "blank", "bytes"]
)
def test_a_damaged_digest_hides_no_damage(tmp_path, fault, content):
    path = tmp_path / "x.npy"
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"written")
    digest_file(path).write_bytes(content)
    path.write_bytes(b"changed")
    fault("caches", classify_call(lambda: check_digest(path), lambda path: False))
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"anew")
    assert check_digest(path).read_bytes() == b"anew"


def test_a_folder_in_place_of_a_digest(tmp_path, fault):
    path = tmp_path / "x.npy"
    digest_file(path).mkdir()

    def write():
        with atomic_path(path) as temporary:
            temporary.write_bytes(b"written")

    said = fault("caches", classify_call(write, lambda _: False))
    assert f"{digest_file(path)}: a folder stands where" in said
    assert not path.exists()
    path.write_bytes(b"read")
    fault("caches", classify_call(lambda: check_digest(path), lambda _: False))
    (tmp_path / "y.npy").write_bytes(b"another")
    assert verify_digests(tmp_path, adopt=True) == (0, 1, [said])
    assert path.read_bytes() == b"read"
