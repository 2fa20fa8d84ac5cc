# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of notifications, judged on the controller and never shown."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.keepwarm.ollama.plugins.filter.notification_problems import FilterModule

judge = FilterModule().filters()["notification_problems"]
RIGHT = "give an address in Apprise's form, such as mailtos://user:password@example.com"


@pytest.mark.parametrize("urls", [[], ["json://user:secret@example.org/path?x=1", "mailtos://a:b@example.org"], ("slack://a/b/c",)])
def test_addresses_are_let_through(urls: Any) -> None:
    assert judge(urls) == []


NONE = ["secret", "", "://secret", "json://", "json://a b/secret", "json://a\nb://secret", " json://secret", 7, None, True, {"url": "secret"}, ["secret"]]


@pytest.mark.parametrize("url", NONE)
def test_what_is_none_is_named_by_its_place(url: Any) -> None:
    assert judge(["json://fine", url]) == [f"ollama_warmup_notify_urls[1] is not an address: {RIGHT}"]


@pytest.mark.parametrize(("urls", "kind"), [("json://secret", "str"), (None, "NoneType"), ({"a": "secret"}, "dict"), (3, "int")])
def test_what_is_no_list_is_refused(urls: Any, kind: str) -> None:
    assert judge(urls) == [f"ollama_warmup_notify_urls is a {kind}, not a list: give a list of addresses, or [] for none"]


def test_an_address_given_twice_would_get_everything_twice() -> None:
    assert judge(["json://a", "json://b", "json://a"]) == ["ollama_warmup_notify_urls[2] is the same address as ollama_warmup_notify_urls[0]: keep one"]
