# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet page as people use it, in a real browser."""

from __future__ import annotations

import base64
import pathlib
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import fleet
import pytest
from chromium import Page
from conftest import Open
from selenium.webdriver.common.keys import Keys

HOST, RESULT, MODEL, STATE, UNTIL, VRAM, WHY, LOOKED = range(8)
WORST_FIRST = ["gpu-c2", "gpu-c3", "gpu-b2", "gpu-b1", "gpu-b1", "gpu-a3", "gpu-a3", "gpu-b3", "gpu-c4", "gpu-a1", "gpu-a1", "gpu-a2", "gpu-a2"]
CONTRAST = """
const parse = (colour) => colour.match(/[0-9.]+/g).map(Number);
const light = (colour) => {
  const [r, g, b] = parse(colour).slice(0, 3).map((part) => part / 255).map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if ((parse(colour)[3] ?? 1) === 1) return colour;
  }
  return "rgb(255, 255, 255)";
};
const found = {};
for (const element of document.querySelectorAll("body *")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !element.checkVisibility()) continue;
  const [one, other] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
  found[`${element.tagName} ${element.className}`] = (one + 0.05) / (other + 0.05);
}
return found;
"""


def test_the_worst_host_comes_first_and_says_so(page: Page) -> None:
    assert page.column(HOST)[: len(WORST_FIRST)] == WORST_FIRST
    assert page.column(RESULT)[:4] == ["no status", "no status", "server unreachable", "not warm"]
    assert page.driver.title == "5 of 11 hosts warm - Ollama fleet"
    assert page.run("return document.querySelectorAll('th')[1].getAttribute('aria-sort')") == "ascending"


@pytest.mark.parametrize(
    ("head", "column", "ascending", "last"),
    [
        ("Host", HOST, ["gpu-a1", "gpu-a1", "gpu-a2", "gpu-a2", "gpu-a3", "gpu-a3", "gpu-a10"], "gpu-c4"),
        ("Model", MODEL, ["-", "-", "-", "llama3:8b", "llama3.1:70b", "nomic-embed-text"], "qwen3:32b"),
        ("Model is", STATE, ["-", "-", "-", "was resident", "not resident", "resident", "not resident", "resident"], "resident"),
        ("In VRAM", VRAM, ["-", "-", "was 100 % of 6.4 GB", "did not fit beside mixtral:8x7b", "-", "-", "82 % of 24.1 GB"], "100 % of 6.4 GB"),
        ("In memory until", UNTIL, [*["-"] * 6, "2026-11-30 10:02 UTC", "for ever"], "for ever"),
    ],
)
def test_a_column_is_sorted_and_turned_round_by_its_head(page: Page, head: str, column: int, ascending: list[str], last: str) -> None:
    lines = len(page.column(HOST))
    assert page.sort(head) == "ascending"
    assert page.column(column)[: len(ascending)] == ascending
    assert page.sort(head) == "descending"
    assert page.column(column)[0] == last
    assert len(page.column(HOST)) == lines
    assert page.run("return document.querySelectorAll('th[aria-sort$=cending]').length") == 1


def test_a_head_can_be_reached_and_used_by_the_keyboard(page: Page) -> None:
    page.find("thead button")[0].send_keys(Keys.ENTER)
    assert page.column(HOST)[0] == "gpu-a1"


def test_words_filter_by_host_model_and_cause(page: Page) -> None:
    page.filter("EVICTED mixtral")
    assert (page.column(HOST), page.column(MODEL)) == (["gpu-b1"], ["llama3.1:70b"])
    assert page.find("#shown")[0].text == "1 host, 1 line"
    page.filter("no such thing")
    assert page.find("#shown")[0].text == "0 hosts, 0 lines"
    page.filter("")
    assert page.find("#shown")[0].text == "11 hosts, 17 lines"


def test_a_button_shows_the_hosts_of_one_kind_and_says_how_many(page: Page) -> None:
    assert [chip.text for chip in page.find(".chips button")] == [
        "all11", "not warm4", "degraded1", "on hold or stopped1", "nothing declared1", "warm4",
    ]  # fmt: skip
    page.choose("on hold")
    assert page.column(HOST) == ["gpu-b3"]
    page.choose("warm")
    page.filter("coder")
    assert page.column(HOST) == ["gpu-c1"]
    assert page.run("return [...document.querySelectorAll('[aria-pressed=true]')].map((chip) => chip.dataset.kind)") == ["warm"]


def test_the_host_is_written_strongly_once_for_its_lines_whatever_the_order(page: Page) -> None:
    count = "return document.querySelectorAll('tbody tr:not(.again):not([hidden])').length"
    assert page.run(count) == 12, "11 hosts, one of them with two servers"
    page.sort("Model")
    assert page.run(count) > 12


def test_ages_grow_while_the_page_is_open_and_an_old_page_says_so(show: Open) -> None:
    page = show(fleet.page(fleet.sample()), later=7200)
    assert page.column(LOOKED)[2] == "2 hours ago"
    assert page.find("#old")[0].text == "This page is old: run the play again before you rely on it."
    assert "over since 1 hour" in page.find("main")[0].text
    assert show(fleet.page(fleet.sample())).find("#old")[0].text == ""


def test_whatever_a_host_says_is_text(show: Open) -> None:
    page = show(fleet.page(fleet.hostile()))
    assert page.run("return [window.ran, document.scripts.length, document.images.length]") == [None, 1, 0]
    shown = page.find("main")[0].text
    assert "<script>window.ran = 1</script></script><img src=x onerror='window.ran = 2'>\"'{{ 7 * 7 }} is not in memory" in shown
    page.sort("Model")
    page.filter("</script>")
    assert page.run("return window.ran") is None
    assert page.find("#shown")[0].text == "3 hosts, 4 lines"


def test_even_a_script_that_got_into_the_page_would_not_run(page: Page) -> None:
    page.run("const script = document.createElement('script'); script.textContent = 'window.ran = 3'; document.body.append(script)")
    assert page.run("return window.ran") is None


@pytest.fixture
def web_server() -> Iterator[tuple[str, list[str]]]:
    """Its address, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def test_no_request_leaves(show: Open, web_server: tuple[str, list[str]]) -> None:
    address, asked = web_server
    page = show(fleet.page(fleet.sample()))
    page.run(f"const image = new Image(); image.src = '{address}/image'; document.body.append(image); fetch('{address}/fetch').catch(() => 0)")
    assert [request for request in page.requests() if not request.startswith(address)] == [page.path.as_uri()]
    assert asked == [], "the page forbids what it does not do itself"


def test_a_page_that_asks_for_something_would_be_noticed(show: Open, web_server: tuple[str, list[str]]) -> None:
    address, asked = web_server
    page = show(f"<!DOCTYPE html><img src='{address}/image'>")
    assert (page.requests()[1:], asked) == ([f"{address}/image"], ["/image"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(page: Page, scheme: str) -> None:
    page.media(prefers_color_scheme=scheme)
    ratios = page.run(CONTRAST)
    assert len(ratios) > 10
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}


def test_light_and_dark_are_different(page: Page) -> None:
    grounds = set()
    for scheme in ("light", "dark"):
        page.media(prefers_color_scheme=scheme)
        grounds.add(page.run("return getComputedStyle(document.body).backgroundColor"))
    assert grounds == {"rgb(255, 255, 255)", "rgb(20, 23, 26)"}


def test_nothing_is_wider_than_the_window(page: Page) -> None:
    table, window = page.run("return [document.querySelector('table').scrollWidth, innerWidth]")
    assert table < window


def test_a_narrow_window_scrolls_the_table_and_not_the_page(page: Page) -> None:
    page.driver.set_window_size(700, 800)
    try:
        assert page.run("return document.documentElement.scrollWidth <= innerWidth")
        assert page.run("const region = document.querySelector('.scroll'); return region.scrollWidth > region.clientWidth")
    finally:
        page.driver.set_window_size(1440, 1000)


def test_a_print_has_the_table_and_no_controls(page: Page) -> None:
    page.media(type="print")
    assert [found.is_displayed() for found in (*page.find(".controls"), *page.find("table"))] == [False, True]
    printed = base64.b64decode(page.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    assert printed.startswith(b"%PDF-")


def test_without_scripts_the_table_is_there(show: Open, page: Page) -> None:
    page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        plain = show(fleet.page(fleet.sample()))
        assert plain.find("tbody tr")[0].text.startswith("gpu-c2 no status")
        assert not plain.find(".controls")[0].is_displayed()
    finally:
        page.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_five_hundred_hosts_stay_usable(show: Open) -> None:
    html = fleet.page(fleet.large())
    page = show(html)
    assert len(html) < 2_000_000
    assert page.find("#shown")[0].text == "500 hosts, 950 lines"
    seconds = page.run("""
        const began = performance.now();
        document.querySelectorAll('thead button')[2].click();
        document.querySelector('#search').value = 'nomic';
        document.querySelector('#search').dispatchEvent(new Event('input'));
        document.body.getBoundingClientRect();
        return (performance.now() - began) / 1000;
    """)
    assert page.find("#shown")[0].text == "450 hosts, 450 lines"
    assert seconds < 2


def test_the_pictures_of_the_documentation_show_the_page_as_it_is() -> None:
    images = pathlib.Path(__file__).parents[2] / "docs/images"
    assert all((images / f"fleet-{scheme}.png").read_bytes().startswith(b"\x89PNG") for scheme in ("light", "dark"))
    assert (images / "fleet.sha256").read_text(encoding="ascii").strip() == fleet.fingerprint(), "make images"
