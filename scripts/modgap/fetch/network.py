"""Ask a server for a file: who asks, which redirects are followed, how slow it may be.

Only http and https are spoken. An address written as https never ends at http, whatever a redirect
says; one written as http may (a mirror inside a closed network). Passwords go to the host that
they are written for and to no other.
"""

import http.client
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import NamedTuple

from modgap.fetch.addresses import basic_authorisation, split_credentials
from modgap.fetch.table import spell_bytes

CHUNK = 1 << 20

# The server may recover from these; any other status is final.
PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}


class NetworkError(Exception):
    """The connection failed in a way that may pass."""


class OriginError(Exception):
    """This address cannot give the file; another may."""


class Patience(NamedTuple):
    """How long to wait for a server."""

    timeout: float = 60.0  # seconds without a byte
    attempts: int = 6  # in a row that bring nothing
    pause: float = 2.0  # seconds before the second attempt, doubled each time
    slowest: float = 1000.0  # bytes a second ...
    stalled: float = 60.0  # ... over so many seconds


class Arriving(NamedTuple):
    """An open address: its bytes from ``start``, of ``total`` (None where it does not say)."""

    stream: object
    start: int
    total: int | None
    validator: str | None = None


class CarefulRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only, and none from https to http."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        scheme = urllib.parse.urlsplit(newurl).scheme
        if scheme not in ("http", "https") or (req.type == "https" and scheme == "http"):
            raise OriginError(f"redirects from {req.type} to {scheme} ({newurl}), which is refused")
        plain, credentials = split_credentials(newurl)
        request = super().redirect_request(req, fp, code, msg, headers, plain)
        known = req.unredirected_hdrs.get("Authorization")
        if credentials:
            known = basic_authorisation(credentials)
        elif (request.type, request.host) != (req.type, req.host):
            known = None
        if known:
            request.add_unredirected_header("Authorization", known)
        return request


def open_network(request, timeout):
    """The response to a request, through the environment's proxies; no other protocol than http(s).

    timeout : seconds without a byte.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        CarefulRedirects(),
    ):
        opener.add_handler(handler)
    return opener.open(request, timeout=timeout)


def make_request(address, start=0, validator=None):
    """A request for a file from byte ``start`` on, if it still has that validator.

    Raises
    ------
    OriginError : no address.
    """
    try:
        plain, credentials = split_credentials(address)
        request = urllib.request.Request(plain, headers={"User-Agent": "modality-gap-pipeline"})
    except ValueError as error:
        raise OriginError("is no address") from error
    if credentials:
        request.add_unredirected_header("Authorization", basic_authorisation(credentials))
    if start:
        request.add_header("Range", f"bytes={start}-")
        if validator:
            request.add_header("If-Range", validator)
    return request


def ask_server(request, timeout):
    """The server's response to a request.

    Raises
    ------
    NetworkError : what may pass. OriginError : what will not.
    """
    try:
        return open_network(request, timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:
            raise NetworkError("the file has become shorter") from error
        kind = NetworkError if error.code in PASSING_STATUS else OriginError
        raise kind(f"HTTP {error.code} {one_line(error.reason)}") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise OriginError(f"certificate refused: {error.reason.verify_message}") from error
        raise NetworkError(one_line(error.reason)) from error
    except (http.client.InvalidURL, UnicodeError) as error:
        raise OriginError("is no address") from error
    except (OSError, http.client.HTTPException) as error:
        raise NetworkError(one_line(error)) from error


def arriving_from(response, have, known):
    """What a response brings; OriginError where nothing could tell whether it is complete.

    have : bytes that are here already. known : whether a hash of the whole file is known.
    """
    headers = response.headers
    tag = headers.get("ETag", "")
    validator = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified")
    if response.status == 206:
        given = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", headers.get("Content-Range", ""))
        if not given or int(given[1]) != have:
            raise OriginError("answers a range request with another range")
        return Arriving(response, have, int(given[2]), validator)
    length = headers.get("Content-Length", "")
    if not length.isdigit() and not response.chunked and not known:
        raise OriginError("says no length, so nothing tells whether the file is complete")
    return Arriving(response, 0, int(length) if length.isdigit() else None, validator)


def one_line(error):
    """An error's message on one line, or its name."""
    return " ".join(str(error).split()) or type(error).__name__


def read_chunks(stream, patience):
    """Pieces of a stream until its end.

    Raises
    ------
    NetworkError : what the network does wrong. OriginError : slower than ``patience`` allows.
    """
    waited = arrived = 0
    while True:
        begun = time.monotonic()
        try:
            chunk = stream.read1(CHUNK)
        except TimeoutError as error:
            raise NetworkError("no byte for too long") from error
        except (OSError, http.client.HTTPException) as error:
            raise NetworkError(one_line(error)) from error
        if not chunk:
            return
        yield chunk
        arrived += len(chunk)
        waited += time.monotonic() - begun
        if waited >= patience.stalled:
            check_speed(arrived, waited, patience)
            waited = arrived = 0


def check_speed(arrived, seconds, patience):
    """Give a server up that sends next to nothing: the disk keeps what came, a later call goes on.

    Raises
    ------
    OriginError : fewer bytes a second than ``patience.slowest``.
    """
    if arrived < patience.slowest * seconds:
        raise OriginError(
            f"stalled: {spell_bytes(arrived)} in {seconds:.0f} s; what came is kept, "
            "and the same command goes on from there"
        )
