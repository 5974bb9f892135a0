"""A headless Chromium that opens files from disk; tests skip where there is none."""

import json
import re
import shutil
import subprocess

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

# Requests of the browser itself, not of a page.
OWN_REQUESTS = ("chrome", "devtools", "data:", "about:", "file:")


def chromium(folder, address, *flags):
    """Open an address; return what the browser printed and said, and the addresses it asked for."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no chromium: install Debian's package chromium")
    log = folder / "net.json"
    options = [*FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}", *flags]
    done = subprocess.run(
        [program, *options, address], capture_output=True, text=True, timeout=240, check=True
    )
    asked = set(re.findall(r'"url":"([^"]+)"', log.read_text()))
    return done.stdout, done.stderr, {url for url in asked if not url.startswith(OWN_REQUESTS)}


def console(messages):
    """Console messages among what the browser said."""
    return [line for line in messages.splitlines() if "CONSOLE" in line]


def answer(folder, page, script, *flags, width=DESKTOP):
    """What ``script`` (the body of a function) returns in a page of a given width.

    The page runs in a frame, as a window is never narrower than 500 pixels. Its policy forbids
    scripts of others, so it is a copy without the policy.
    """
    copy = folder / "copy.html"
    asking = f"<script>parent.postMessage(JSON.stringify((() => {{{script}}})()), '*')</script>"
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text())
    copy.write_text(text.replace("</body>", asking + "</body>"))
    outer = folder / "outer.html"
    outer.write_text(
        "<!doctype html><pre id=answer></pre><script>addEventListener('message', (event) => {"
        "document.getElementById('answer').textContent = btoa(encodeURIComponent(event.data))})"
        f"</script><iframe src='copy.html' style='border:0' width={width} height=900></iframe>"
    )
    printed, said, asked = chromium(
        folder, outer.as_uri(), "--virtual-time-budget=5000", "--dump-dom", *flags
    )
    assert console(said) == []
    assert asked == set()
    return decode(re.search(r'<pre id="answer">([^<]+)</pre>', printed)[1])


def decode(text):
    """JSON that went through the page's encodeURIComponent and btoa."""
    from base64 import b64decode
    from urllib.parse import unquote

    return json.loads(unquote(b64decode(text).decode()))
