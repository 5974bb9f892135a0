"""Downloads against a server on loopback that does everything wrong, one thing at a time."""

import errno
import hashlib
import logging
import multiprocessing
import os
import ssl
import threading
import time
from urllib.error import URLError

import pytest

from faulty_server import faulty_server
from modgap.errors import InputError
from modgap.fetch.download import Patience, download
from modgap.fetch.table import plain_row

CONTENT = bytes(i * i % 251 for i in range(300_000))
DIGEST = hashlib.sha256(CONTENT).hexdigest()
QUICK = Patience(timeout=20, attempts=3, pause=0.01)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server of a folder with one file."""
    monkeypatch.setenv("no_proxy", "*")
    origin = tmp_path / "origin"
    origin.mkdir()
    (origin / "data.bin").write_bytes(CONTENT)
    with faulty_server(origin) as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    """Where downloads go."""
    return tmp_path / "resources"


def row_of(server, file="data.bin", content=CONTENT, **known):
    """A row with the address and, unless told otherwise, the sha256 of the file."""
    row = plain_row(f"set/{file}", f"{server.address}/{file}")
    if not known:
        known = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    return {**row, **known}


def fetch(row, folder, **more):
    return download(row, folder, **{"patience": QUICK, **more})


def names(folder):
    """Everything in the folder of downloads, hidden files included."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def failure(row, folder, **more):
    """The one line that a failed download prints; nothing has the final name."""
    with pytest.raises(InputError) as caught:
        fetch(row, folder, **more)
    assert "\n" not in str(caught.value)
    assert not (folder / row["file"]).exists()
    return str(caught.value)


def test_a_file_arrives_whole_and_alone(server, folder):
    path = fetch(row_of(server), folder)
    assert path.read_bytes() == CONTENT
    assert names(folder) == ["set/data.bin"]
    assert path.stat().st_mode & 0o444 == 0o444


@pytest.mark.parametrize("tenth", range(10))
def test_a_connection_cut_anywhere_is_resumed(server, folder, tenth):
    cut = len(CONTENT) * tenth // 10
    server.faults["data.bin"] = [("cut", cut)]
    assert fetch(row_of(server), folder).read_bytes() == CONTENT
    assert names(folder) == ["set/data.bin"]
    if tenth:
        assert server.requests[1] == ("data.bin", f"bytes={cut}-")


@pytest.mark.parametrize("known", [{}, {"sha256_start": DIGEST[:8]}, {"bytes": None}])
def test_a_connection_cut_at_every_tenth_ends_whole(server, folder, known):
    tenths = [len(CONTENT) * i // 10 for i in range(1, 10)]
    server.faults["data.bin"] = [("cut", cut) for cut in tenths]
    assert fetch(row_of(server, **known), folder).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, *(f"bytes={c}-" for c in tenths)]


def test_a_cut_that_brings_nothing_more_ends_the_attempts(server, folder):
    server.faults["data.bin"] = [("cut", 1000)] * 20
    line = failure(row_of(server), folder)
    assert "3 times in a row" in line
    assert len(server.requests) == QUICK.attempts
    # and the next run goes on from there
    server.faults["data.bin"].clear()
    fetch(row_of(server), folder)
    assert server.requests[-1] == ("data.bin", "bytes=1000-")


def test_a_server_without_ranges_starts_over(server, folder):
    server.faults["data.bin"] = [("cut", 200_000), "no ranges"]
    assert fetch(row_of(server), folder).read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_is_not_mixed(server, folder):
    """Without a known hash the rest is bound to the version of the beginning (If-Range)."""
    server.faults["data.bin"] = [("cut", 100_000)] * 4
    row = row_of(server, bytes=None)
    failure(row, folder)
    new = CONTENT[::-1]
    (server.folder / "data.bin").write_bytes(new)
    server.faults["data.bin"].clear()
    assert fetch(row, folder).read_bytes() == new


def test_without_hash_and_version_a_part_is_not_used(server, folder):
    server.etags = False
    server.faults["data.bin"] = [("cut", 100_000)]
    assert fetch(row_of(server, bytes=None), folder).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, None]


def test_a_wrong_beginning_of_another_version_is_thrown_away(server, folder):
    (folder / "set").mkdir(parents=True)
    (folder / "set" / ".data.bin.part").write_bytes(b"x" * 1000)
    assert fetch(row_of(server), folder).read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == ["bytes=1000-", None]


def test_a_complete_part_is_not_fetched_again(server, folder):
    (folder / "set").mkdir(parents=True)
    (folder / "set" / ".data.bin.part").write_bytes(CONTENT)
    assert fetch(row_of(server), folder).read_bytes() == CONTENT
    assert server.requests == []


def test_a_part_that_is_too_long(server, folder):
    (folder / "set").mkdir(parents=True)
    (folder / "set" / ".data.bin.part").write_bytes(CONTENT + b"x")
    row = row_of(server, sha256=hashlib.sha256(CONTENT).hexdigest())
    assert fetch(row, folder).read_bytes() == CONTENT


def test_a_wrong_body_names_both_hashes(server, folder):
    wrong = b"<html>log in first</html>".ljust(len(CONTENT))
    server.faults["data.bin"] = [("body", wrong)] * 3
    row = row_of(server)
    line = failure(row, folder)
    assert row["sha256"] in line
    assert hashlib.sha256(wrong).hexdigest() in line
    assert "config/downloads.csv" in line
    assert len(server.requests) == 1, "a wrong file is not a network error"
    assert names(folder) == []


def test_a_wrong_md5_names_both(server, folder):
    row = row_of(server, md5="0" * 32)
    line = failure(row, folder)
    assert "0" * 32 in line
    assert hashlib.md5(CONTENT).hexdigest() in line


def test_a_wrong_length_is_seen_before_anything_is_fetched(server, folder):
    server.faults["data.bin"] = [("body", b"short")]
    line = failure(row_of(server), folder)
    assert "has 5 bytes, expected 300,000" in line
    assert len(server.requests) == 1


def test_a_server_that_promises_more_than_it_sends(server, folder):
    server.faults["data.bin"] = [("length", len(CONTENT) + 10)] * 5
    line = failure(row_of(server, md5=hashlib.md5(CONTENT).hexdigest()), folder)
    assert "connection closed after 300,000 of 300,010 bytes" in line
    assert names(folder) != ["set/data.bin"]


def test_404_is_final_and_names_the_address(server, folder):
    row = {**row_of(server), "url": f"{server.address}/gone.bin"}
    line = failure(row, folder)
    assert f"{server.address}/gone.bin: HTTP 404" in line
    assert len(server.requests) == 1


def test_503_then_fine(server, folder):
    server.faults["data.bin"] = [503, 503]
    assert fetch(row_of(server), folder).read_bytes() == CONTENT
    assert len(server.requests) == 3


def test_503_for_ever(server, folder):
    server.faults["data.bin"] = [503] * 20
    assert "HTTP 503" in failure(row_of(server), folder)
    assert len(server.requests) == QUICK.attempts


def test_a_stalled_server_is_left_and_asked_again(server, folder):
    server.faults["data.bin"] = [("stall", 120_000)]
    begun = time.monotonic()
    patience = Patience(timeout=1, attempts=5, pause=0.01)
    assert fetch(row_of(server), folder, patience=patience).read_bytes() == CONTENT
    assert time.monotonic() - begun < 25, "the server would have been silent for 30 s"
    assert len(server.requests) >= 2


def test_a_reset_connection_is_asked_again(server, folder):
    server.faults["data.bin"] = [("reset", 120_000)] * 2
    assert fetch(row_of(server), folder).read_bytes() == CONTENT
    assert names(folder) == ["set/data.bin"]


def test_a_redirect_is_followed_and_the_range_with_it(server, folder):
    (server.folder / "there.bin").write_bytes(CONTENT)
    server.faults["data.bin"] = [("redirect", "/there.bin")] * 2
    server.faults["there.bin"] = [("cut", 90_000)]
    assert fetch(row_of(server), folder).read_bytes() == CONTENT
    assert server.requests[-1] == ("there.bin", "bytes=90000-")


def fetch_slowly(row, folder):
    """A download that waits for a silent server, to be killed."""
    os.environ["no_proxy"] = "*"
    download(row, folder, patience=Patience(timeout=30, attempts=1))


def test_a_killed_download_goes_on_where_it_was(server, folder):
    server.faults["data.bin"] = [("stall", 150_000)]
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=fetch_slowly, args=(row_of(server), folder))
    process.start()
    part = folder / "set" / ".data.bin.part"
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.join()
    kept = part.stat().st_size
    assert 0 < kept <= 150_000
    assert fetch(row_of(server), folder).read_bytes() == CONTENT
    assert server.requests[-1] == ("data.bin", f"bytes={kept}-")
    assert names(folder) == ["set/data.bin"]


def test_nobody_listens(server, folder, tmp_path):
    with faulty_server(tmp_path) as other:
        address = other.address
    line = failure({**row_of(server), "url": f"{address}/data.bin"}, folder)
    assert "Connection refused" in line


def test_a_certificate_that_is_not_trusted_is_not_tried_again(server, folder, monkeypatch):
    row = {**row_of(server), "url": server.address.replace("http", "https") + "/data.bin"}
    # plain HTTP answered to TLS: a failed handshake, which is retried ...
    assert "SSL" in failure(row, folder)
    # ... and a certificate refused, which is not
    error = ssl.SSLCertVerificationError("no")
    error.verify_message = "self-signed certificate"
    tried = []

    def open_network(*_, **__):
        tried.append(1)
        raise URLError(error)

    monkeypatch.setattr("modgap.fetch.network.open_network", open_network)
    assert "certificate refused: self-signed certificate" in failure(row, folder)
    assert len(tried) == 1


def test_the_next_address_is_tried(server, folder):
    row = {**row_of(server), "url": f"{server.address}/gone.bin"}
    row["mirrors"] = f"{server.address}/gone2.bin {server.address}/data.bin"
    assert fetch(row, folder).read_bytes() == CONTENT


def test_every_address_has_its_reason(server, folder):
    (server.folder / "other.bin").write_bytes(b"other")
    row = {**row_of(server), "url": f"{server.address}/gone.bin"}
    row["mirrors"] = f"{server.address}/other.bin"
    line = failure(row, folder)
    assert "gone.bin: HTTP 404 Not Found; " in line
    assert "other.bin: has 5 bytes" in line


@pytest.mark.parametrize("form", ["folder", "file", "http"])
def test_a_mirror_replaces_every_address(server, folder, tmp_path, form):
    mirror = tmp_path / "mirror"
    (mirror / "set").mkdir(parents=True)
    (mirror / "set" / "data.bin").write_bytes(CONTENT)
    row = {**row_of(server), "url": "http://127.0.0.1:9/never/asked"}
    with faulty_server(mirror) as running:
        where = {"folder": str(mirror), "file": mirror.as_uri() + "/", "http": running.address}
        assert fetch(row, folder, mirror=where[form]).read_bytes() == CONTENT
    assert server.requests == []
    assert names(folder) == ["set/data.bin"]


def test_a_mirror_without_the_file(server, folder, tmp_path):
    line = failure(row_of(server), folder, mirror=str(tmp_path / "mirror"))
    assert "mirror/set/data.bin: no such file or directory" in line
    assert server.requests == []


def test_a_mirror_with_a_wrong_file(server, folder, tmp_path):
    (tmp_path / "mirror" / "set").mkdir(parents=True)
    (tmp_path / "mirror" / "set" / "data.bin").write_bytes(b"y" * len(CONTENT))
    line = failure(row_of(server), folder, mirror=str(tmp_path / "mirror"))
    assert hashlib.sha256(b"y" * len(CONTENT)).hexdigest() in line
    assert names(folder) == []


def test_a_full_disk_is_named_and_leaves_no_file(server, folder, monkeypatch):
    def write_note(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("modgap.fetch.download.write_note", write_note)
    line = failure(row_of(server), folder)
    assert "set/data.bin: no space left on the disk" in line


def test_a_file_that_cannot_fit_is_not_begun(server, folder):
    huge = row_of(server, sha256="0" * 64)
    server.faults["data.bin"] = [("length", 10**18)]
    assert "only" in failure(huge, folder)
    assert len(server.requests) == 1


def test_no_address_says_where_to_get_it(folder):
    row = {**plain_row("faces/a.zip", ""), "page": "https://example.org", "licence": "CC BY 4.0"}
    line = failure(row, folder)
    assert "faces/a.zip: not there, and no address is known for it" in line
    assert "https://example.org (CC BY 4.0) and put it there" in line


def hold(path, ready, done):
    """Hold the lock of a part as another process would."""
    import fcntl

    with open(path, "ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        ready.set()
        done.wait(20)


def test_two_processes_do_not_write_one_part(server, folder, caplog):
    """The second waits; what the first leaves there is gone on with."""
    (folder / "set").mkdir(parents=True)
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    part = folder / "set" / ".data.bin.part"
    other = context.Process(target=hold, args=(part, ready, done))
    other.start()
    assert ready.wait(20)
    fetching = threading.Thread(target=fetch, args=(row_of(server), folder))
    with caplog.at_level(logging.WARNING):
        fetching.start()
        fetching.join(0.3)
    assert fetching.is_alive()
    assert server.requests == []
    assert "another process is fetching it; waiting for it" in caplog.text
    done.set()
    other.join()
    fetching.join(20)
    assert (folder / "set" / "data.bin").read_bytes() == CONTENT
    assert names(folder) == ["set/data.bin"]


def test_two_processes_fetch_a_file_once(server, folder):
    server.faults["data.bin"] = [("cut", 100_000), ("cut", 200_000)]
    fetching = [threading.Thread(target=fetch, args=(row_of(server), folder)) for _ in range(4)]
    for thread in fetching:
        thread.start()
    for thread in fetching:
        thread.join(20)
    assert (folder / "set" / "data.bin").read_bytes() == CONTENT
    assert [asked for _, asked in server.requests] == [None, "bytes=100000-", "bytes=200000-"]
    assert names(folder) == ["set/data.bin"]


def test_a_length_that_nobody_knows(folder, tmp_path, monkeypatch):
    """HTTP/1.0 without a length and without a hash: a cut would go unnoticed."""
    import http.server

    monkeypatch.setenv("no_proxy", "*")

    class Old(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *_):
            """Silence."""

    with http.server.HTTPServer(("127.0.0.1", 0), Old) as old:
        threading.Thread(target=old.serve_forever, kwargs={"poll_interval": 0.02}).start()
        row = plain_row("set/data.bin", f"http://127.0.0.1:{old.server_address[1]}/data.bin")
        assert "says no length" in failure(row, folder)
        known = {**row, "sha256": hashlib.sha256(CONTENT).hexdigest()}
        assert fetch(known, folder).read_bytes() == CONTENT
        old.shutdown()


def test_progress_says_size_and_speed(server, folder, caplog):
    with caplog.at_level(logging.INFO):
        fetch(row_of(server), folder)
    assert any("data.bin: 300.0 kB of 300.0 kB, " in r.getMessage() for r in caplog.records)
    assert any(r.getMessage().endswith("B/s") for r in caplog.records)
