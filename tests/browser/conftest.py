# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One browser for all tests, and pages in it."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator

import fleet
import pytest
from chromium import Page, chromium
from selenium import webdriver

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A running Chromium."""
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def show(browser: webdriver.Chrome, tmp_path: pathlib.Path) -> Iterator[Open]:
    """Opens a page `later` seconds after it was written."""

    def call(html: str, later: float = 8.0) -> Page:
        path = tmp_path / "fleet.html"
        path.write_text(html, encoding="utf-8")
        return Page(browser, path, fleet.NOW.timestamp() + later)

    yield call
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


@pytest.fixture
def page(show: Open) -> Page:
    """The fleet in every state."""
    return show(fleet.page(fleet.sample()))
