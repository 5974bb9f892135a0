"""Addresses on the network: what tells two apart, who may ask, and what people may see of them.

``modgap.errors.redact`` hides user names, passwords and queries wherever a text is shown.
"""

import base64
import hashlib
import posixpath
import urllib.parse

from modgap.errors import redact

# Digits of a hash that tell apart files whose addresses differ in their query alone.
SHORT = 12


def identify_address(address):
    """Hex sha256 of an address without user, password and fragment: ``?file=a`` is not ``?file=b``.

    Raises
    ------
    ValueError : no address (an open bracket around the host).
    """
    plain, _ = split_credentials(address)
    return hashlib.sha256(urllib.parse.urldefrag(plain).url.encode()).hexdigest()


def split_credentials(address):
    """An address without its user and password, and these as (user, password) or None.

    Raises
    ------
    ValueError : no address (an open bracket around the host).
    """
    parts = urllib.parse.urlsplit(address)
    named, at, host = parts.netloc.rpartition("@")
    if not at:
        return address, None
    user, _, password = named.partition(":")
    plain = urllib.parse.urlunsplit(parts._replace(netloc=host))
    return plain, (urllib.parse.unquote(user), urllib.parse.unquote(password))


def basic_authorisation(credentials):
    """Value of the header that names a user (RFC 7617, in UTF-8)."""
    return "Basic " + base64.b64encode(":".join(credentials).encode()).decode()


def name_fetched(address):
    """The name that a file of an address gets: the last part of its path.

    With a query, which may be a secret and may be all that tells two files apart, also the first
    digits of the address's hash: ``https://host/get.tar?file=a`` is ``get-0123456789ab.tar``.
    """
    try:
        parts = urllib.parse.urlsplit(address)
    except ValueError:  # no address; whoever fetches it says so
        return posixpath.basename(address.partition("?")[0])
    name = posixpath.basename(parts.path)
    if not parts.query:
        return name
    stem, suffix = posixpath.splitext(name)
    return f"{stem or 'file'}-{identify_address(address)[:SHORT]}{suffix}"


def redact_values(value):
    """A configuration, or a part of one, with ``redact`` in every text."""
    if isinstance(value, dict):
        return {key: redact_values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redact_values(item) for item in value]
    return redact(value) if isinstance(value, str) else value
