"""An HTTP server on loopback that serves a folder and misbehaves as told."""

import contextlib
import os
import re
import socket
import struct
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# Faults after which less than the file has come.
ENDS = ("cut", "reset", "stall", "drip")


class FaultyServer(ThreadingHTTPServer):
    """Serves ``folder``; ``faults[path]`` is a list of faults, one taken per request.

    Faults: an int (HTTP status), ``("cut", n)`` (connection closed after n bytes), ``("reset", n)``
    (the same, so abruptly that bytes on their way are lost), ``("stall", n)`` (silence after n
    bytes), ``("body", content)`` (another body), ``("length", n)`` (a false
    Content-Length), ``("redirect", address)``, ``("drip", n)`` (a byte now and then after n bytes),
    ``"no ranges"`` (ignores the range asked for). A query names the same file.
    """

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = Path(folder)
        self.faults = defaultdict(list)
        self.requests = []  # (path, Range header or None)
        self.users = []  # Authorization header of each request, or None
        self.etags = True
        self.closing = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address):
        """Clients that hang up are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Silence."""

    def do_GET(self):
        path = self.path.lstrip("/")
        asked = self.headers.get("Range")
        self.server.requests.append((path, asked))
        self.server.users.append(self.headers.get("Authorization"))
        faults = self.server.faults[path]
        fault = faults.pop(0) if faults else None
        file = self.server.folder / path.partition("?")[0]
        if isinstance(fault, int) or not file.is_file():
            self.send_error(fault or 404)
            return
        content = file.read_bytes()
        if isinstance(fault, tuple) and fault[0] == "redirect":
            self.send_response(302)
            self.send_header("Location", fault[1])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        kind, value = fault if isinstance(fault, tuple) else (fault, None)
        if kind == "body":
            content = value
        tag = f'"{hash(content)}"'
        start = int(re.match(r"bytes=(\d+)-", asked)[1]) if asked else 0
        bound = self.headers.get("If-Range")
        if kind == "no ranges" or (bound and bound != tag):
            start = 0
        if start >= len(content) > 0:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        length = value if kind == "length" else len(content) - start
        self.send_header("Content-Length", str(length))
        if self.server.etags:
            self.send_header("ETag", tag)
        self.end_headers()
        self.wfile.write(content[start : value if kind in ENDS else None])
        self.wfile.flush()
        if kind == "stall":
            self.server.closing.wait(30)
        if kind == "drip":
            for i in range(value, len(content)):
                if self.server.closing.wait(0.05):
                    break
                self.wfile.write(content[i : i + 1])
        if kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        if kind in (*ENDS, "length"):
            self.close_connection = True


@contextlib.contextmanager
def faulty_server(folder):
    """A running server of a folder."""
    server = FaultyServer(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
