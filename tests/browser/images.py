# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take the pictures of the fleet page that the documentation shows.

python3 tests/browser/images.py docs/images
"""

from __future__ import annotations

import pathlib
import sys
import tempfile

import fleet
from chromium import Page, chromium


def main() -> None:
    """Write fleet-light.png and fleet-dark.png into the folder, and of which page they are."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, chromium(pathlib.Path(scratch) / "profile") as driver:
        path = pathlib.Path(scratch) / "fleet.html"
        path.write_text(fleet.page(fleet.sample()), encoding="utf-8")
        page = Page(driver, path, fleet.NOW.timestamp() + 8)
        for scheme in ("light", "dark"):
            page.media(prefers_color_scheme=scheme)
            (folder / f"fleet-{scheme}.png").write_bytes(page.picture())
    (folder / "fleet.sha256").write_text(fleet.fingerprint() + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
