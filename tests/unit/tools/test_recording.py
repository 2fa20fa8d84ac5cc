# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorder of the demo: what is shown stays, what is waited for is cut; stills are taken from the right place."""

from __future__ import annotations

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "recording"))

import draw
import record


def test_what_comes_close_together_is_one_step_and_no_pause_is_long() -> None:
    shown = [(0.0, "a"), (0.1, "b"), (60.0, "c"), (60.6, "d")]
    assert list(record.steps(shown)) == [(0.0, "ab"), (1.5, "c"), (2.1, "d"), (2.1 + record.LAST_PAUSE, "")]


def test_everything_that_a_command_shows_in_a_terminal_of_its_own_is_recorded() -> None:
    shown = "".join(text for dummy, text in record.run([sys.executable, "-c", "import os; print('é', os.get_terminal_size().columns)"]))
    assert shown == f"é {record.COLUMNS}\r\n"


def test_nothing_tells_of_the_checkout() -> None:
    said = "included: /home/me/src/.cache/artefacts/0a1b/collections/ansible_collections/x.yml for keepwarm-0123abcd-demo: warm"
    assert record.without_checkout(said) == "included: ~/.ansible/collections/ansible_collections/x.yml for gpu1: warm"


def test_a_still_is_the_first_time_that_a_command_was_shown() -> None:
    text = "gpu1$ x status\nnow\nand this\n\n\x1b[1m==> Next\x1b[0m\ngpu1$ x status\nlater\n\ngpu1$ other\nno\n"
    assert draw.command(text, "x status") == "gpu1$ x status\nnow\nand this"
