"""The command ``modgap``: a gap, two of them compared, a configuration checked; from a shell.

Exit codes: 0 all is well, 1 what was given cannot be measured (or a configuration has problems),
2 a command that does not exist.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from modgap.errors import InputError
from modgap.project import project_folder, project_version

GAP = """\
The modality gap of two sets of embeddings, with its 95 % interval and what is known to be like it.

FIRST and SECOND are .npy, .npz, .csv, .tsv, .parquet, .arrow, .pt, .pth or .safetensors, or
folders of HuggingFace datasets; row i of both is a pair, unless --groups says otherwise. One file
may hold both: an array of shape (2, n, dim), or two arrays that --names names."""

COMPARE = """\
What differs between two pairs of embeddings of the same items: gap, cones, retrieval, with
intervals that are paired over the items.

BEFORE and AFTER are each a folder with two files of embeddings (images.npy and texts.npy, say), a
file that holds both as `modgap gap` takes it, or the results folder of a run of the workflow."""

CHECK = """\
All problems of a configuration of the workflow, one line each, without running anything."""

# How files in a folder are called that hold the first modality and the second one.
SIDES = (
    ("image", "img", "picture", "vision", "video", "audio", "first"),
    ("text", "txt", "caption", "language", "prompt", "second"),
)
DRAWN = (".png", ".pdf", ".svg")
DPI = 200  # of a .png
ENDINGS = (".npy", ".npz", ".csv", ".tsv", ".parquet", ".arrow", ".pt", ".pth", ".safetensors")


def build_parser():
    """What the command takes."""
    parser = argparse.ArgumentParser(
        prog="modgap", description="The modality gap of your own embeddings."
    )
    parser.add_argument("--version", action="version", version=f"modgap {project_version()}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    look = {"formatter_class": argparse.RawDescriptionHelpFormatter}

    gap = commands.add_parser("gap", help="measure a gap", description=GAP, **look)
    gap.add_argument("files", nargs="+", metavar="FILE", help="FIRST and SECOND, or one of both")
    gap.add_argument("--names", nargs=2, metavar="NAME", help="of the arrays or columns in them")
    gap.add_argument(
        "--groups",
        metavar="FILE",
        help="for each row of SECOND its row of FIRST; or the item of each row",
    )
    gap.add_argument(
        "--caption",
        choices=["first", "last", "all"],
        default="first",
        help="which of several texts of a picture (default: first)",
    )
    gap.add_argument("--label", default="your embeddings", help="what the line calls them")
    gap.add_argument(
        "--modalities", nargs=2, metavar="NAME", default=("first", "second"), help="what they are"
    )
    gap.add_argument("--seed", type=int, default=0, help="of resampling (default: 0)")
    gap.add_argument("--figure", metavar="FILE", help="draw Figure 1 of the paper (.png, .pdf)")
    gap.add_argument("--table", metavar="FILE", help="write all statistics (.csv)")
    gap.add_argument("--json", action="store_true", help="print value, interval, all statistics")

    compare = commands.add_parser("compare", help="compare two gaps", description=COMPARE, **look)
    compare.add_argument("before", metavar="BEFORE")
    compare.add_argument("after", metavar="AFTER")
    compare.add_argument("--set", metavar="NAME", help="embedding set, where a run has several")
    compare.add_argument("--json", action="store_true", help="print the table as JSON")

    check = commands.add_parser("check", help="check a configuration", description=CHECK, **look)
    check.add_argument("files", nargs="+", metavar="FILE", help="as given to --configfile")
    return parser


def main(words=None):
    """Run the command; the exit code."""
    options = build_parser().parse_args(words)
    if "numpy" not in sys.modules:
        # As a job of the workflow: sums in the same order, so that the last digit is the same.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    run = {"gap": print_gap, "compare": print_comparison, "check": check_configuration}
    try:
        run[options.command](options)
    except InputError as error:
        print(f"modgap: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `modgap gap … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def print_gap(options):
    """Measure a gap; say it, and write what was asked for."""
    from modgap import api
    from modgap.embeddings.ready import read_owners
    from modgap.report.formats import write_for_people

    if len(options.files) > 2:
        raise InputError(f"{len(options.files)} files; give one or two")
    check_writable(options.figure, DRAWN)
    check_writable(options.table, (".csv",))
    blocks = load_sides(options.files, options.names)
    groups = as_rows(read_owners(options.groups)) if options.groups else None
    look = {key: getattr(options, key) for key in ("label", "modalities", "caption", "seed")}
    found = api.gap(*blocks, groups, **look)
    if options.json:
        print(json.dumps(spell_gap_json(found), indent=2))
    else:
        print(found, flush=True)  # first, for the rest takes longer
        print("\n".join(found.sentences()))
    if options.table:
        write_for_people(found.table(), options.table)
    if options.figure:
        save_figure(found.plot(), options.figure)


def as_rows(owners):
    """Owners as numbers of rows where all are whole numbers, else as they are: ids of items."""
    return [int(key) for key in owners] if all(key.isdecimal() for key in owners) else owners


def load_sides(files, names):
    """The two arrays of one file or of two."""
    from modgap import api

    if len(files) == 1:
        names = names or (0, 1)
    paths = files * 2 if len(files) == 1 else files
    return [api.load(path, name) for path, name in zip(paths, names or (None, None), strict=True)]


def spell_gap_json(found):
    """A gap as a mapping for JSON; what is no number is null."""
    low, high = found.interval
    return {
        "modgap": project_version(),
        "gap": found.value,
        "low": low,
        "high": high,
        "n": found.n,
        "seed": found.seed,
        "statistics": list_rows(found.table()),
    }


def list_rows(frame):
    """Rows of a table for JSON, in full precision; NaN, which JSON has not, is null."""
    return [
        {key: None if value != value else value for key, value in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]


def print_comparison(options):
    """Compare two pairs of embeddings; print the table."""
    from modgap.interface.lines import align_columns

    before, after = (open_pair(path, options.set) for path in (options.before, options.after))
    compared = before.compare(after)
    if options.json:
        print(json.dumps(list_rows(compared.table()), indent=2))
    else:
        print("\n".join([repr(compared), "", *align_columns(*compared.spell())]))


def open_pair(path, name):
    """The gap of a folder with two files, of a file of both, or of a run's results folder."""
    from modgap import api

    if not os.path.isdir(path):
        return api.gap(*load_sides([path], None), label=path)
    if Path(path, "statistics", "gap").is_dir():
        return api.open_set(choose_table(path, name))
    return api.gap(*load_sides(find_sides(path), None), label=path.rstrip("/"))


def choose_table(results, name):
    """The table of a set of a run: the one named, or the only one."""
    tables = {
        path.stem: path for path in sorted(Path(results, "statistics", "gap").glob("*.parquet"))
    }
    if name is None and len(tables) == 1:
        (name,) = tables
    if name not in tables:
        known = ", ".join(tables) or "none"
        said = "name one with --set" if name is None else f"no embedding set {name!r}"
        raise InputError(f"{results}: {said} (there: {known})")
    return tables[name]


def find_sides(folder):
    """The two files of embeddings in a folder, told apart by their names."""
    there = sorted(path.name for path in Path(folder).iterdir() if path.suffix in ENDINGS)
    sides = [
        [name for name in there if any(word in name.lower() for word in side)] for side in SIDES
    ]
    if any(len(found) != 1 for found in sides) or sides[0] == sides[1]:
        raise InputError(
            f"{folder}: needs one file named after images and one after texts (images.npy and "
            f"texts.npy, say); there: {', '.join(there) or 'no embeddings'}"
        )
    return [str(Path(folder, found[0])) for found in sides]


def check_configuration(options):
    """Print that a configuration is right, or raise with all of its problems."""
    from modgap.extras import extra

    with extra("workflow"):
        from modgap.plan.checks.values import read_config_file
        from modgap.plan.config import load_config, merge

    given = {}
    for path in options.files:
        if not os.path.exists(path):
            raise InputError(f"{path}: no such file")
        given = merge(given, read_config_file(path))
    config = load_config(given, project_folder(), options.files)
    counts = [f"{len(config[key])} {key.replace('_', ' ')}" for key in COUNTED if config[key]]
    print(f"{', '.join(options.files)}: no problems ({', '.join(counts)})")


COUNTED = ("datasets", "models", "embedding_sets", "comparisons", "zero_shot", "fairness")


def check_writable(path, endings=()):
    """Refuse a file whose folder or format there is not, before anything is computed."""
    if path and not Path(path).absolute().parent.is_dir():
        raise InputError(f"{path}: no such folder: {Path(path).parent}")
    if path and endings and Path(path).suffix not in endings:
        raise InputError(f"{path}: its ending has to be one of {', '.join(endings)}")


def save_figure(figure, path):
    """Write a figure; its ending says in what format."""
    from modgap.files import atomic_path

    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=DPI)
