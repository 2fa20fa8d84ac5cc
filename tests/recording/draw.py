# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw demo.cast: demo.svg is the whole of it, animated; status.svg and doctor.svg are stills of one command each.

python3 tests/recording/draw.py docs/images
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

TERMTOSVG = pathlib.Path(sys.executable).parent / "termtosvg"
STILLS = {"status": "ollama-warmup status", "doctor": "ollama-warmup doctor"}
NEXT = re.compile(r"^(?:\x1b\[1m==>|gpu1\$|\$ )", re.MULTILINE)


def said(cast: pathlib.Path) -> str:
    """All that was shown."""
    lines = cast.read_text(encoding="utf-8").splitlines()[1:]
    return "".join(json.loads(line)[2] for line in lines).replace("\r\n", "\n")


def command(text: str, name: str) -> str:
    """The first time that the command was shown, with its output."""
    found = text.partition(f"gpu1$ {name}\n")[2]
    end = NEXT.search(found)
    return f"gpu1$ {name}\n{found[: end.start()] if end else found}".rstrip()


def draw(cast: pathlib.Path, picture: pathlib.Path) -> None:
    subprocess.run([str(TERMTOSVG), "render", str(cast), str(picture), "--template", "window_frame"], check=True)


def still(text: str, picture: pathlib.Path, columns: int) -> None:
    """One frame, as high as the text; long lines are broken where a terminal breaks them."""
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, columns, subsequent_indent="    ", replace_whitespace=False) or [""]]
    head = {"version": 2, "width": columns, "height": len(lines)}
    with tempfile.TemporaryDirectory() as scratch:
        cast = pathlib.Path(scratch) / "still.cast"
        cast.write_text("\n".join(json.dumps(entry) for entry in (head, [0.0, "o", "\r\n".join(lines)], [1.0, "o", ""])) + "\n", encoding="utf-8")
        draw(cast, picture)


def main() -> None:
    """Draw all three."""
    folder = pathlib.Path(sys.argv[1])
    cast = folder / "demo.cast"
    columns = json.loads(cast.read_text(encoding="utf-8").splitlines()[0])["width"]
    draw(cast, folder / "demo.svg")
    for name, shown in STILLS.items():
        still(command(said(cast), shown), folder / f"{name}.svg", columns)


if __name__ == "__main__":
    main()
