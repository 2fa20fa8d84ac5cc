# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's Chromium without a window, and a page in it."""

from __future__ import annotations

import base64
import json
import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # root has none, and the page is ours
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--window-size=1440,1000",
)


@contextmanager
def chromium(profile: pathlib.Path) -> Iterator[webdriver.Chrome]:
    """A running one, which keeps its own files in the folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """An open page. `clock`, in seconds since 1970, is what its scripts take for the time."""

    def __init__(self, driver: webdriver.Chrome, path: pathlib.Path, clock: float) -> None:
        self.driver = driver
        self.path = path
        self.messages()  # what earlier pages did is theirs
        source = f"Date.now = () => {clock * 1000};"
        script = driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
        driver.get(path.as_uri())
        driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of a script's `return`."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> list[WebElement]:
        """All elements of a CSS selector."""
        found: list[WebElement] = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return found

    def column(self, place: int) -> list[str]:
        """The first line of each shown cell of a column, from 0, as it is read."""
        cells = f"tbody tr:not([hidden]) > :nth-child({place + 1})"
        return [str(text).splitlines()[0] for text in self.run("return [...document.querySelectorAll(arguments[0])].map((cell) => cell.innerText)", cells)]

    def sort(self, head: str) -> str:
        """Click on a column's head; gives its `aria-sort`."""
        (button,) = [found for found in self.find("thead button") if found.text == head]
        button.click()
        return str(self.run("return arguments[0].closest('th').getAttribute('aria-sort')", button))

    def choose(self, words: str) -> None:
        """Click on the button that shows hosts of that kind only."""
        (chip,) = [found for found in self.find(".chips button") if found.text.startswith(words)]
        chip.click()

    def filter(self, words: str) -> None:
        """Write into the search field."""
        (field,) = self.find("#search")
        field.send_keys(Keys.CONTROL, "a", Keys.NULL, Keys.BACKSPACE, words)

    def media(self, **features: str) -> None:
        """Emulate `type='print'`, or features such as `prefers_color_scheme='dark'`."""
        kind = features.pop("type", "")
        found = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": kind, "features": found})

    def picture(self) -> bytes:
        """A PNG of the whole page."""
        width, height = self.run("return [document.documentElement.clientWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        taken = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip})
        return base64.b64decode(taken["data"])

    def messages(self) -> list[dict[str, Any]]:
        """What the browser did since the last call, as the protocol of its developer tools says it."""
        return [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]

    def requests(self) -> list[str]:
        """The addresses that were asked since the last call."""
        return [message["params"]["request"]["url"] for message in self.messages() if message["method"] == "Network.requestWillBeSent"]
