"""What tells addresses apart, what a fetched file is called, who asks."""

import base64
import hashlib

from modgap.fetch.addresses import (
    basic_authorisation,
    identify_address,
    name_fetched,
    redact_values,
    split_credentials,
)


def test_queries_tell_addresses_apart_and_passwords_do_not():
    first, second = (identify_address(f"https://h/get?file={name}") for name in "ab")
    assert first != second
    assert identify_address("https://me:word@h/get?file=a#part") == first
    assert first == hashlib.sha256(b"https://h/get?file=a").hexdigest()


def test_a_password_is_taken_off_and_decoded():
    assert split_credentials("https://me:a%40b@h:8/x") == ("https://h:8/x", ("me", "a@b"))
    assert split_credentials("https://h/a@b") == ("https://h/a@b", None)
    header = basic_authorisation(("me", "a:ü"))
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == "me:a:ü"


def test_names_have_no_query_but_differ_by_it():
    assert name_fetched("https://me:w@h/x/shard-000.tar") == "shard-000.tar"
    first, second = (name_fetched(f"https://h/get.tar?file={name}") for name in "ab")
    assert first != second
    assert first == f"get-{identify_address('https://h/get.tar?file=a')[:12]}.tar"
    assert name_fetched("https://h/?f=secret").startswith("file-")


def test_every_text_of_a_configuration_is_redacted():
    given = {"a": ["https://me:w@h/x?y", 3, None], "b": {"c": "plain"}}
    assert redact_values(given) == {"a": ["https://***@h/x?***", 3, None], "b": {"c": "plain"}}
