"""A headless Chromium that opens files from disk; tests skip where there is none."""

import json
import re
import shutil
import subprocess
from base64 import b64decode
from urllib.parse import unquote

import pytest

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
]
PHONE, DESKTOP = 390, 1200


def chromium(folder, address, *flags):
    """Open an address; return what the browser printed and what it said."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no chromium: install Debian's package chromium")
    options = [*FLAGS, f"--user-data-dir={folder / 'profile'}", *flags]
    done = subprocess.run(
        [program, *options, address], capture_output=True, text=True, timeout=240, check=True
    )
    return done.stdout, done.stderr


def console(messages):
    """Console messages among what the browser said; a forbidden load is one of them."""
    return [line for line in messages.splitlines() if "CONSOLE" in line]


def answer(folder, page, script, *flags, width=DESKTOP):
    """What ``script`` (the body of a function) returns in a page of a given width.

    The page runs in a frame, as a window is never narrower than 500 pixels. Its policy forbids
    scripts of others, so it is a copy without the policy.
    """
    copy = folder / "copy.html"
    asking = (
        f"<script>parent.postMessage(JSON.stringify([(() => {{{script}}})(), "
        "performance.getEntriesByType('resource').map((entry) => entry.name)]), '*')</script>"
    )
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    copy.write_text(text.replace("</body>", asking + "</body>"))
    outer = folder / "outer.html"
    outer.write_text(
        "<!doctype html><pre id=answer></pre><script>addEventListener('message', (event) => {"
        "document.getElementById('answer').textContent = btoa(encodeURIComponent(event.data))})"
        f"</script><iframe src='copy.html' style='border:0' width={width} height=900></iframe>"
    )
    printed, said = chromium(
        folder, outer.as_uri(), "--virtual-time-budget=5000", "--dump-dom", *flags
    )
    assert console(said) == []
    returned, loaded = decode(re.search(r'<pre id="answer">([^<]+)</pre>', printed)[1])
    assert [address for address in loaded if not address.startswith("data:")] == []
    return returned


def decode(text):
    """JSON that went through the page's encodeURIComponent and btoa."""
    return json.loads(unquote(b64decode(text).decode()))
