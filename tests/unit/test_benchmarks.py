"""The runner of ``benchmarks/``: turns, ratios, goals, and files that fail."""

import ast
import csv
import os
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture
def runner(root, monkeypatch):
    """benchmarks/run.py and benchmarks/measuring.py."""
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    import measuring
    import run

    yield run, measuring
    for name in ("run", "measuring"):
        sys.modules.pop(name, None)


def spin(seconds):
    """Work for so many processor seconds."""
    start = time.process_time()
    while time.process_time() - start < seconds:
        pass


def test_both_ways_take_turns_and_the_ratio_is_of_processor_time(runner, monkeypatch):
    _, measuring = runner
    order, clock = [], [0.0]
    monkeypatch.setattr(measuring, "processor_seconds", lambda: clock[0])

    def ours():
        order.append("A")
        clock[0] += 0.25

    def reference():
        clock[0] += (0.5, 0.75, 2.0)[order.count("B")]
        order.append("B")

    row = measuring.compare("x", "1", ours, reference, by="plain", rounds=3, memory=False, goal=2)
    assert "".join(order) == "ABABAB"
    assert [row[key] for key in ("ratio_low", "ratio", "ratio_high")] == [2, 3, 8]
    assert [row[key] for key in ("seconds", "reference_seconds")] == [0.25, 0.75]
    assert row["reached"] == "yes"
    assert set(row) == set(measuring.COLUMNS) - {"benchmark"}


def test_processor_time_is_work_here_and_in_children_and_no_waiting(runner):
    def work():
        spin(0.1)
        child = os.fork()
        if not child:
            spin(0.1)
            os._exit(0)
        os.waitpid(child, 0)
        time.sleep(1)

    assert 0.19 < runner[1].timed(work)[0] < 0.9


def test_processor_time_is_the_sum_of_this_process_and_its_children(runner, monkeypatch):
    _, measuring = runner
    own, children = iter([10, 13]), iter([(1, 0.5), (3, 1)])

    def usage(of):
        assert of == measuring.resource.RUSAGE_CHILDREN
        user, system = next(children)
        return SimpleNamespace(ru_utime=user, ru_stime=system)

    monkeypatch.setattr(measuring.resource, "getrusage", usage)
    monkeypatch.setattr(measuring.time, "process_time", lambda: next(own))
    assert measuring.timed(lambda: "found") == (3 + 2 + 0.5, "found")


def test_another_clock_is_read_around_each_call(runner):
    clock = iter([1.0, 3.0, 10.0, 14.0])
    row = runner[1].compare(
        "x", "1", lambda: None, lambda: None, rounds=1, memory=False, clock=lambda: next(clock)
    )
    assert [row[key] for key in ("seconds", "reference_seconds", "ratio")] == [2, 4, 2]
    clock = iter([1.0, 3.0])
    row = runner[1].compare("x", "1", lambda: None, rounds=1, memory=False, clock=clock.__next__)
    assert row["seconds"] == 2


def test_memory_is_that_of_one_call(runner):
    _, measuring = runner
    small = measuring.peak_memory(lambda: None)
    large = measuring.peak_memory(lambda: np.ones(25_000_000).sum())
    assert 180 < large - small < 260


def test_a_call_that_fails_has_no_memory(runner):
    assert runner[1].peak_memory(lambda: 1 / 0) is None


@pytest.mark.parametrize(
    ("asked", "goal", "reached", "reason"),
    [
        ({}, "", "", ""),
        ({"goal": 4, "reason": "why"}, "4 times", "yes", ""),
        ({"goal": 6, "reason": "why"}, "6 times", "no", "why"),
        ({"most": 1, "most_mb": 100}, "1 s, 100 MB", "no", "not looked into"),
        ({"most": 2, "most_mb": 200}, "2 s, 200 MB", "yes", ""),
    ],
)
def test_goals(runner, asked, goal, reached, reason):
    row = {"ratio": 5.0, "seconds": 1.5, "mb": 150.0}
    found = {"goal": goal, "reached": reached, "reason": reason}
    assert runner[1].judge_goal(row, asked) == found


def test_memory_that_could_not_be_measured_reaches_no_goal(runner):
    found = runner[1].judge_goal({"seconds": 1.0, "mb": None}, {"most_mb": 500})
    assert found["reached"] == "no"


def test_memory_is_measured_after_loops_that_numba_runs_in_parallel(runner, tmp_path):
    """A thread that waits in the parent is not there in the child."""
    (tmp_path / "parallel.py").write_text(
        "import numba\n"
        "from measuring import compare\n\n"
        "@numba.njit(parallel=True)\n"
        "def add(n):\n"
        "    total = 0.0\n"
        "    for i in numba.prange(n):\n"
        "        total += i\n"
        "    return total\n\n"
        "def rows(quick):\n"
        "    add(10)\n"
        "    yield compare('sum', '10', lambda: add(10), rounds=1)\n"
    )
    (row,) = runner[0].run_benchmark("parallel", True, 120, tmp_path)
    assert row["mb"] > 10, row["note"]


def test_a_benchmark_that_fails_or_takes_too_long_is_a_row_that_says_so(runner, tmp_path):
    run, _ = runner
    (tmp_path / "broken.py").write_text(
        "def rows(quick):\n"
        "    yield {'what': 'first', 'size': str(quick)}\n"
        "    raise ValueError('why')\n"
    )
    (tmp_path / "silent.py").write_text("x = 1\n")
    (tmp_path / "slow.py").write_text(
        "import time\n\ndef rows(quick):\n    yield {'what': 'first'}\n    time.sleep(60)\n"
    )
    assert run.list_benchmarks(tmp_path) == ["broken", "silent", "slow"]
    first, failed = run.run_benchmark("broken", True, 60, tmp_path)
    assert (first["what"], first["size"], first["benchmark"]) == ("first", "True", "broken")
    assert failed["note"] == "failed: ValueError: why"
    (none,) = run.run_benchmark("silent", True, 60, tmp_path)
    assert "no rows" in none["note"]
    *_, late = run.run_benchmark("slow", True, 6, tmp_path)
    assert late["note"] == "not finished within 6 s"


def test_the_table_for_people_and_for_programs(runner, tmp_path):
    run, measuring = runner
    row = measuring.compare(
        "a | b", "3", lambda: spin(0.01), memory=False, gflop=2.5, megabytes=1200.0, note="why"
    )
    rows = [{**dict.fromkeys(measuring.COLUMNS, ""), **row, "benchmark": "x"}]
    run.write_results(rows, {"machine": "one core"}, tmp_path)
    table = (tmp_path / "results.md").read_text().splitlines()
    assert table[2].startswith("| a \\| b | 3 |")
    assert "2.5 GFLOP, 1,200 MB" in table[2]
    assert "machine: one core. " in table
    with open(tmp_path / "results.csv", encoding="utf-8", newline="") as stream:
        (read,) = csv.DictReader(stream)
    assert float(read["seconds"]) == row["seconds"]
    assert read["ratio"] == ""
    assert read["machine"] == "one core"


def test_only_goals_that_are_missed_have_a_reason_below_the_table(runner):
    run, measuring = runner
    missed, reached = (
        {"what": what, "size": "3", "goal": "9 times", "reached": found, "reason": reason}
        for what, found, reason in (("slow", "no", "all of it is products"), ("fast", "yes", ""))
    )
    empty = dict.fromkeys(measuring.COLUMNS, "")
    told = run.format_markdown([{**empty, **missed}, {**empty, **reached}], {"machine": "mine"})
    assert "* slow, 3: all of it is products.\n" in told
    assert "* fast" not in told
    assert "missed" not in run.format_markdown([{**empty, **reached}], {})


def test_every_benchmark_takes_part(root, runner):
    for name in runner[0].list_benchmarks():
        tree = ast.parse((root / "benchmarks" / f"{name}.py").read_text())
        assert "rows" in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (
            name
        )


@pytest.fixture
def on_gpu(runner):
    """benchmarks/on_gpu.py and what it shares with others."""
    import on_gpu

    yield on_gpu
    for name in ("on_gpu", "extraction", "training_speed"):
        sys.modules.pop(name, None)


def test_rows_of_a_gpu_are_right_on_a_processor(on_gpu, monkeypatch):
    """All of it but the copies and streams of CUDA, on pictures of 32 px, 40 of them distinct."""
    for name, value in {"BATCH": 40, "SIZE": 64, "SECONDS": 0.01}.items():
        monkeypatch.setattr(on_gpu, name, value)
    monkeypatch.setattr(on_gpu, "PER_SECOND", {"scenes-vit": 1e-3})
    bf16, fp32 = on_gpu.picture_rows(on_gpu.torch.device("cpu"), {"scenes-vit": 100}, 1)
    assert [row["what"][-4:] for row in (bf16, fp32)] == ["bf16", "fp32"]
    assert (bf16["goal"], bf16["reached"]) == ("100000 s", "yes")
    assert (fp32["goal"], fp32["reached"]) == ("equal to 1e-05", "yes")
    least = float(bf16["note"].split("least ")[1].split(",")[0])
    assert 0.999 < least < 1
    assert f"; {100 / fp32['seconds']:,.0f} a second, " in fp32["note"]


def test_embeddings_of_a_gpu_that_differ_are_no_success(on_gpu, monkeypatch):
    for name, value in {"SIZE": 64, "SECONDS": 0.01, "EXACT": {"pictures": 1e-12}}.items():
        monkeypatch.setattr(on_gpu, name, value)
    _, fp32 = on_gpu.picture_rows(on_gpu.torch.device("cpu"), {"scenes-vit": 8}, 1)
    assert (fp32["goal"], fp32["reached"]) == ("equal to 1e-12", "no")


def test_the_share_of_a_product_is_a_time_to_reach(on_gpu, monkeypatch):
    monkeypatch.setattr(on_gpu, "SHARE", {"scenes-vit": 0.4})
    monkeypatch.setattr(on_gpu, "matrix_rate", lambda device, dtype: 1e15)
    bf16, _ = on_gpu.picture_rows(on_gpu.torch.device("cpu"), {"scenes-vit": 8}, 1)
    assert bf16["reached"] == "no"
    share = float(bf16["note"].split("a second, ")[1].split("%")[0]) / 100
    assert share < 0.4
    assert float(bf16["goal"].removesuffix(" s")) == pytest.approx(
        bf16["floor_gflop"] * 1e9 / (0.4 * 1e15), rel=1e-5
    )


def test_operations_of_a_tower_are_those_of_its_products(on_gpu):
    """Counted one by one for scenes-vit: 4 blocks of width 64, 17 tokens, patches of 8 px."""
    layers = 4 * 64 * 64 + 2 * 64 * 256  # queries, keys, values, out; MLP
    first = 3 * 17 * (2 * layers + 4 * 17 * 64)
    last = 17 * 2 * 2 * 64 * 64 + 2 * (layers - 2 * 64 * 64) + 4 * 17 * 64
    patches = 16 * 2 * 192 * 64
    model = on_gpu.create_model(
        "mine", {"source": "random", "architecture": "scenes-vit", "seed": 0}, device="cpu"
    )
    assert on_gpu.tower_operations(model.network.visual) == first + last + patches


def test_training_steps_are_timed_alone_and_on_the_device_that_is_given(on_gpu, monkeypatch):
    made, order = [], []

    def record(name):
        def make(data, steps, pairs, device):
            made.append((name, data, steps, pairs, device))
            return lambda: order.append(name)

        return make

    monkeypatch.setattr(on_gpu, "draw", lambda folder, n: n)
    for name in ("ours", "theirs"):
        monkeypatch.setattr(on_gpu, name, record(name))
    waits = []
    monkeypatch.setattr(on_gpu.torch.cuda, "synchronize", lambda device: waits.append(len(order)))
    device = on_gpu.torch.device("cuda")
    row = on_gpu.training_row(device, 3, 16, 2)
    assert made == [(name, 2000, 3, 16, device) for name in ("ours", "theirs")]
    assert order == ["ours", "theirs"] * 3
    # Before and after each call that is timed, none of the first two.
    assert waits == [2, 3, 3, 4, 4, 5, 5, 6]
    assert f"{3 / row['seconds']:.3g} a second" in row["note"]


def test_one_step_of_training_is_taken_either_way(on_gpu, tmp_path):
    data = on_gpu.draw(tmp_path, 40)
    for way in (on_gpu.ours, on_gpu.theirs):
        way(data, 1, 16)()


def test_without_a_gpu_the_row_says_so(on_gpu, monkeypatch):
    monkeypatch.setattr(on_gpu.torch.cuda, "is_available", lambda: False)
    (row,) = on_gpu.rows(True)
    assert row["note"] == "no GPU here"
