# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README is short, in its order, right wherever it is shown, and an old link into it still leads somewhere."""

from __future__ import annotations

import pathlib
import re
import sys

import pytest
from support.markdown import TOP, anchors, prose

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "tools"))

from words import words

README = (TOP / "README.md").read_text(encoding="utf-8")
CHINESE = (TOP / "README.zh-CN.md").read_text(encoding="utf-8")
MOST_WORDS = 900
# What the README had before it was split.
OLD_ANCHORS = {
    "README.md": "two-commands use-it before-the-application several-servers-on-one-host words what-it-does-to-a-host content requirements tested-with"
    " versions how-it-compares myths more",
    "roles/ollama_server/README.md": "variables whose-value-counts when-the-server-restarts installing-ollama waiting-for-gpus several-servers"
    " what-it-does-to-a-host what-other-roles-and-plays-may-read tags removing-it",
    "roles/ollama_warmup/README.md": "models variables what-it-does-to-a-host running-a-part-of-it what-other-roles-and-plays-may-read what-others-made"
    " removing-it watching the-command metrics-alerts-dashboard notifications gates the-journal new-weights-under-a-name where-processes-cannot-be-seen"
    " what-it-does-not-do-for-ever an-operators-word on-hold a-restart-when-nothing-else-helps suspend",
}


def test_the_readme_is_short() -> None:
    assert 300 < words(README) <= MOST_WORDS


def test_words_of_tables_count_and_those_of_code_and_addresses_do_not() -> None:
    assert words("| one | two |\n|---|---|\n[three](https://a.example/b) - `four`\n\n```sh\nfive six\n```\n<!-- seven -->") == 4


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_all_links_are_absolute(page: str) -> None:
    targets = re.findall(r"\]\(([^()\s]+)\)", prose(page))
    assert len(targets) > 20
    assert [target for target in targets if not target.startswith("https://")] == []


def test_its_commands_stand_where_they_belong() -> None:
    parts = dict(re.findall(r"^## (.+)\n((?:(?!^## ).*\n)*)", README, re.MULTILINE))
    assert "$ make demo" in parts["Try it without a GPU"]
    assert "$ make test" in parts["Develop"]
    assert [name for name in parts if "ansible-galaxy collection install keepwarm.ollama" in parts[name]] == ["Install"]
    assert list(parts)[-3:] == ["Requirements and tested versions", "Communication and Code of Conduct", "Licence"]


@pytest.mark.parametrize("page", OLD_ANCHORS)
def test_an_old_link_still_leads_somewhere(page: str) -> None:
    assert set(OLD_ANCHORS[page].split()) - anchors(page) == set()
