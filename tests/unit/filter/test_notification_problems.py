# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of notifications, judged on the controller and never shown."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._agent.addresses import read_addresses
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._notification_problems import notification_problems as judge

RIGHT = "give an address in Apprise's form, such as mailtos://user:password@example.com"


@pytest.mark.parametrize("urls", [[], ["json://user:secret@example.org/path?x=1", "mailtos://a:b@example.org"], ("slack://a/b/c",)])
def test_addresses_are_let_through(urls: Any) -> None:
    assert judge(urls) == []


NONE = ["secret", "", "://secret", "json://", "json://a b/secret", "json://a\nb://secret", " json://secret", 7, None, True, {"url": "secret"}, ["secret"]]


@pytest.mark.parametrize("url", NONE)
def test_what_is_none_is_named_by_its_place(url: Any) -> None:
    assert judge(["json://fine", url]) == [f"ollama_warmup_notify_urls[1] is not an address: {RIGHT}"]


@pytest.mark.parametrize(("urls", "kind"), [(b"json://secret", "bytes"), (None, "NoneType"), ({"a": "secret"}, "dict"), (3, "int")])
def test_what_is_no_list_is_refused(urls: Any, kind: str) -> None:
    assert judge(urls) == [f"ollama_warmup_notify_urls is a {kind}, not a list: give a list of addresses, or [] for none"]


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        ("", []),
        ("json://one.example", ["json://one.example"]),
        ("json://one.example,mailto://u:p@x?to=a,b  slack://t", ["json://one.example", "mailto://u:p@x?to=a,b", "slack://t"]),
        (["json://one.example", "json://two.example"], ["json://one.example", "json://two.example"]),
        (None, []),
    ],
)
def test_addresses_may_be_a_text(given: Any, addresses: list[str]) -> None:
    assert read_addresses(given) == addresses
    assert judge(given if given is not None else []) == []


def test_an_address_given_twice_would_get_everything_twice() -> None:
    assert judge(["json://a", "json://b", "json://a"]) == ["ollama_warmup_notify_urls[2] is the same address as ollama_warmup_notify_urls[0]: keep one"]
