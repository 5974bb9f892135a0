"""Scripts read and write UTF-8 whatever the locale, and no open() leaves it to the locale."""

import os
import subprocess
import sys

import pytest

from faults.outcomes import classify_run
from modgap.tables import read_table
from picture_files import picture_bytes, write_files

CAPTION = "ein Kätzchen – 猫"

PROGRAM = """
import sys
import list_samples
entry = {"kind": "captions_table", "images": sys.argv[1], "captions": sys.argv[2]}
list_samples.main(sys.argv[3], name="s", entry=entry, on_bad_sample="stop")
from modgap.job import start_log
start_log(sys.argv[4])
print("ein Kätzchen – 猫 \\udce9", file=sys.stderr)
"""


def latin1_locale(folder):
    """Environment of a Latin-1 locale made here, or of ASCII where it cannot be made."""
    command = ["localedef", "-f", "ISO-8859-1", "-i", "en_US", str(folder / "en_US.ISO-8859-1")]
    try:
        made = subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        made = False
    if not made:
        return {"LC_ALL": "C", "PYTHONIOENCODING": "latin-1"}
    return {"LC_ALL": "en_US.ISO-8859-1", "LOCPATH": str(folder)}


@pytest.mark.parametrize("locale", ["ascii", "latin-1"])
def test_samples_are_listed_alike_in_any_locale(tmp_path, fault, root, locale):
    pictures = write_files(tmp_path / "pictures", {"1.png": picture_bytes()})
    captions = tmp_path / "captions.csv"
    captions.write_text(f"image,caption\n1.png,{CAPTION}\n", encoding="utf-8")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    table, log = tmp_path / "s.parquet", tmp_path / "s.log"
    chosen = {"LC_ALL": "C"} if locale == "ascii" else latin1_locale(tmp_path)
    environment = {
        **os.environ,
        **chosen,
        "PYTHONUTF8": "0",
        "PYTHONPATH": str(root / "scripts"),
        "PYTHONWARNDEFAULTENCODING": "1",
    }
    command = [sys.executable, "-W", "error::EncodingWarning:modgap", str(program)]
    ended = classify_run(
        [*command, pictures, captions, table, log],
        lambda _: (
            read_table(table)["caption"].tolist() == [CAPTION]
            and CAPTION in log.read_text(encoding="utf-8")
        ),
        env=environment,
    )
    fault("locale", ended)
    assert ended[0] == "survived", ended[1]
