"""Every benchmark at a size that fits ten minutes, in one table: ``make bench``.

    python benchmarks/run.py                 all files, results.csv and results.md beside them
    python benchmarks/run.py --only landscape zero_shot_sweep
    python benchmarks/run.py --full          the sizes of the paper everywhere, hours

A file takes part by a function ``rows(quick)`` that yields rows (``benchmarks/measuring.py``). Each
runs in a process of its own, with one thread where a row tells no other; what fails or takes too
long is a row that says so.
"""

import argparse
import csv
import importlib
import json
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "scripts")]

from measuring import COLUMNS  # noqa: E402

from modgap.files import atomic_path  # noqa: E402
from modgap.report.machine import hardware, versions  # noqa: E402

NOT_BENCHMARKS = ("run", "measuring")
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
# numba's other threads do not survive the fork in which memory is measured.
ENVIRONMENT = {**dict.fromkeys(ONE_THREAD, "1"), "NUMBA_THREADING_LAYER": "workqueue"}
# Seconds by the clock for one file: all take less than this together where a core is free.
EACH = 600
MARK = "row: "


def list_benchmarks(folder=FOLDER):
    """Names of the files that measure something."""
    found = sorted(path.stem for path in folder.glob("*.py"))
    return [name for name in found if name not in NOT_BENCHMARKS]


def print_rows(name, quick):
    """What the process of one benchmark does: a line of JSON for every row, as it comes."""
    module = importlib.import_module(name)
    if not hasattr(module, "rows"):
        print(MARK + json.dumps({"note": "has no rows(quick); see its first lines"}))
        return
    for row in module.rows(quick):
        print(MARK + json.dumps(row), flush=True)


def run_benchmark(name, quick, limit, folder=FOLDER):
    """Rows of one benchmark, run in a process of its own; the last says what went wrong."""
    command = [sys.executable, str(FOLDER / "run.py"), "--one", str(folder / name)]
    command += [] if quick else ["--full"]
    environment = {**os.environ, **ENVIRONMENT}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=limit, check=False
        )
        told, problem = done.stdout, ""
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
            problem = f"failed: {lines[-1]}"
    except subprocess.TimeoutExpired as late:
        told = (
            (late.stdout or b"").decode() if isinstance(late.stdout, bytes) else late.stdout or ""
        )
        problem = f"not finished within {limit:.0f} s"
    rows = [json.loads(line[len(MARK) :]) for line in told.splitlines() if line.startswith(MARK)]
    rows += [{"note": problem}] if problem else []
    return [{**dict.fromkeys(COLUMNS, ""), **row, "benchmark": name} for row in rows]


def shorten(value):
    """A cell as people read it."""
    if value is None or value == "":
        return ""
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def name_ratio(row):
    """The ratio with its spread."""
    if row["ratio"] in ("", None):
        return ""
    return "{} ({} to {})".format(
        *(shorten(row[key]) for key in ("ratio", "ratio_low", "ratio_high"))
    )


def name_floor(row):
    """The arithmetic and the traffic that no way can do without."""
    parts = [(row["floor_gflop"], "GFLOP"), (row["floor_mb"], "MB")]
    return ", ".join(f"{shorten(value)} {unit}" for value, unit in parts if value not in ("", None))


MARKDOWN = {
    "what": lambda row: row["what"] or f"`{row['benchmark']}.py`",
    "size": lambda row: row["size"],
    "reference": lambda row: row["reference"],
    "s": lambda row: shorten(row["seconds"]),
    "reference s": lambda row: shorten(row["reference_seconds"]),
    "ratio (spread)": name_ratio,
    "MB": lambda row: shorten(row["mb"]),
    "reference MB": lambda row: shorten(row["reference_mb"]),
    "floor": name_floor,
    "goal": lambda row: row["goal"],
    "reached": lambda row: row["reached"],
    "note": lambda row: row["note"],
}


def format_markdown(rows, about):
    """The table, and below it the machine and the versions."""
    lines = ["| " + " | ".join(MARKDOWN) + " |", "|" + "---|" * len(MARKDOWN)]
    for row in rows:
        cells = [str(show(row)).replace("|", "\\|") for show in MARKDOWN.values()]
        lines.append("| " + " | ".join(cells) + " |")
    told = "Processor time of one thread where the note tells no other; ratio: reference over ours"
    lines += ["", f"{told}, median of the rounds."]
    missed = [row for row in rows if row["reached"] == "no"]
    if missed:
        lines += ["", "Goals that are missed, and why:", ""]
        lines += [f"* {row['what']}, {row['size']}: {row['reason']}." for row in missed] + [""]
    return "\n".join([*lines, *(f"{name}: {value}. " for name, value in about.items())]) + "\n"


def write_results(rows, about, folder=FOLDER):
    """results.csv and results.md."""
    with (
        atomic_path(folder / "results.csv") as path,
        open(path, "w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.DictWriter(stream, [*COLUMNS, *about])
        writer.writeheader()
        writer.writerows({**row, **about} for row in rows)
    with atomic_path(folder / "results.md") as path:
        Path(path).write_text(format_markdown(rows, about), encoding="utf-8")


def describe_machine(began):
    """Machine, versions and the time that the whole suite took."""
    found = hardware()
    packages = {
        **versions(),
        **{name: version(name) for name in ("torch", "numba", "open_clip_torch")},
    }
    return {
        "machine": f"{found['processor']}, {found['memory']}, GPU {found['GPU']}",
        "versions": ", ".join(f"{name} {of}" for name, of in packages.items()),
        "took": f"{(time.time() - began) / 60:.1f} minutes by the clock",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="files without .py")
    parser.add_argument("--full", action="store_true", help="the sizes of the paper everywhere")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        sys.path.insert(0, str(Path(given.one).parent))
        print_rows(Path(given.one).name, not given.full)
        return
    names, known = given.only or list_benchmarks(), list_benchmarks()
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"Error: no benchmark {unknown[0]!r}; there are {', '.join(known)}")
    began, rows = time.time(), []
    for name in names:
        limit = 86_400 if given.full else EACH
        print(f"{name} …", flush=True)
        found = run_benchmark(name, not given.full, limit)
        for row in found:
            print("  " + "  ".join(filter(None, [row["what"], name_ratio(row), row["note"]])))
        rows += found
        write_results(rows, describe_machine(began))
    print(f"The table: {FOLDER / 'results.md'}")


if __name__ == "__main__":
    main()
