# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which URLs name a server, and which of them is this machine's own."""

from __future__ import annotations

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._residency.values.address import AddressError, check_url
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("written", "base"),
    [
        ("http://127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("http://127.0.0.1:11434/", "http://127.0.0.1:11434"),
        ("https://gateway.example/ollama/", "https://gateway.example/ollama"),
        ("http://[::1]:11434", "http://[::1]:11434"),
        ("http://gpu-1", "http://gpu-1"),
    ],
)
def test_a_servers_address_is_kept_without_its_last_slash(written: str, base: str) -> None:
    assert check_url(written) == base


@pytest.mark.parametrize(
    "written",
    [
        "",
        "127.0.0.1:11434",
        "localhost",
        "ftp://host",
        "http://",
        "http://:11434",
        "http://host:0",
        "http://host:70000",
        "http://host:port",
        "http://host:11434 ",
        " http://host:11434",
        "http://ho st:11434",
        "http://host:11434\n",
        "http://[::1",
        "http://host?x=1",
        "http://host#x",
        "http://" + "a" * 64 + ".example",
        "http://a..b",
    ],
)
def test_any_other_is_refused_with_one_sentence(written: str) -> None:
    with pytest.raises(AddressError, match=r"^url .*: write it as http://127\.0\.0\.1:11434$") as refused:
        check_url(written)
    assert repr(written) in str(refused.value)


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(AddressError, match="holds a user name") as refused:
        check_url("http://me:secret@host:11434")
    assert "secret" not in str(refused.value)


@given(st.one_of(st.text(), st.text(max_size=20).map("http://{}".format), st.text(max_size=10).map("http://h:{}/".format)))
def test_no_text_makes_it_raise_anything_else(written: str) -> None:
    try:
        check_url(written)
    except AddressError as refusal:
        assert "\n" not in str(refusal)
