"""One run at a time in a folder and in a folder of results."""

import os
from types import SimpleNamespace

import pytest

from modgap.report.holding import HELD, RESULTS, WORKING, hold_before_planning, hold_folders


@pytest.fixture(autouse=True)
def free():
    """Give free what a test has held, as the end of its process would."""
    yield
    while HELD:
        HELD.popitem()[1].close()


def as_another():
    """The run of before is another process's: its lock files stay open."""
    kept = dict(HELD)
    HELD.clear()
    return kept


def test_a_folder_of_results_is_held_by_one_run_wherever_it_was_started(tmp_path):
    warnings, results = [], tmp_path / "results"
    hold_folders(results, warnings.append, RuntimeError, tmp_path / "one")
    hold_folders(results, warnings.append, RuntimeError, tmp_path / "one")  # held already
    kept = as_another()
    with pytest.raises(RuntimeError) as caught:
        hold_folders(results, warnings.append, RuntimeError, tmp_path / "two")
    assert str(caught.value).startswith(
        f"another run is at work in {results} (process {os.getpid()} on"
    )
    for stream in kept.values():
        stream.close()
    HELD.popitem()[1].close()
    HELD.clear()
    hold_folders(results, warnings.append, RuntimeError, tmp_path / "two")
    assert warnings == []


def test_a_folder_is_held_by_one_run(tmp_path):
    hold_folders(tmp_path / "a", print, RuntimeError, tmp_path)
    kept = as_another()
    with pytest.raises(RuntimeError, match="another run is at work in"):
        hold_folders(tmp_path / "b", print, RuntimeError, tmp_path)
    assert list(kept) == [tmp_path / WORKING, tmp_path / "a" / RESULTS]
    HELD.update(kept)


def test_a_disk_without_locks_is_said_and_no_hindrance(tmp_path, monkeypatch):
    def have_no_locks(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("modgap.files.fcntl.flock", have_no_locks)
    warnings = []
    hold_folders(tmp_path / "results", warnings.append, RuntimeError, tmp_path)
    assert len(warnings) == 2
    assert "has no file locks ([Errno 37] No locks available)" in warnings[1]


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / RESULTS).symlink_to(victim)
    with pytest.raises(RuntimeError, match="a link, folder or device stands"):
        hold_folders(tmp_path / "results", print, RuntimeError, tmp_path)
    assert victim.read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "results").write_text("a file")
    with pytest.raises(RuntimeError, match="cannot be written"):
        hold_folders(tmp_path / "results", print, RuntimeError, tmp_path)


@pytest.mark.parametrize(
    ("plugin", "dryrun", "main", "held"),
    [
        ("local", False, True, True),
        ("dryrun", True, True, False),
        (None, False, True, False),  # --list-rules, --unlock, --report
        ("local", False, False, False),  # a job on a cluster
    ],
)
def test_only_a_run_of_jobs_holds_and_does_so_before_it_plans(plugin, dryrun, main, held):
    calls = []
    workflow = SimpleNamespace(
        _build_dag=lambda: calls.append("plan"),
        executor_plugin=plugin,
        dryrun=dryrun,
        is_main_process=main,
    )
    hold_before_planning(workflow, lambda: calls.append("hold"))
    workflow._build_dag()
    assert calls == ["hold", "plan"] if held else ["plan"]
