# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many words a page has, blocks of code left out and tables counted.

    python3 tests/tools/words.py README.md docs/*.md
"""

from __future__ import annotations

import pathlib
import re
import sys

_LEFT_OUT = re.compile(r"^```.*?^```$|<!--.*?-->|<[^>]*>|(?<=\])\([^)]*\)", re.MULTILINE | re.DOTALL)
_WORD = re.compile(r"\S*\w\S*")


def words(text: str) -> int:
    """Whatever stands between blanks and has a letter or a digit, the addresses of links left out."""
    return len(_WORD.findall(_LEFT_OUT.sub(" ", text)))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{words(pathlib.Path(name).read_text(encoding='utf-8')):6} {name}")
