# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record what a command shows in a terminal, as an asciinema cast (version 2). Started by `make recording`.

    python3 tests/recording/record.py demo.cast COMMAND ...

Where nothing is shown for long, the recording goes on sooner than the command did; what comes within a fraction of a second is one step.
"""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterable, Iterator, Sequence

COLUMNS, LINES = 118, 30
LONGEST_PAUSE = 1.5  # seconds
SHORTEST_STEP = 0.4  # seconds
LAST_PAUSE = 4.0  # seconds, before an animation begins anew
ARTEFACT = re.compile(r"/\S*/\.cache/artefacts/\w+/collections/")
HOST = re.compile(r"keepwarm-[0-9a-f]{8}-demo")
Shown = tuple[float, str]


def run(command: Sequence[str]) -> Iterator[Shown]:
    """Run it in a terminal of its own: what it shows, and when, in seconds since its start. Ends this program where it fails."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "ANSIBLE_FORCE_COLOR": "true", "COLUMNS": str(COLUMNS), "LINES": str(LINES)}
    started, decode = time.monotonic(), codecs.getincrementaldecoder("utf-8")("replace").decode
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        for chunk in _chunks(ours):
            sys.stdout.buffer.write(chunk)
            sys.stdout.flush()
            yield time.monotonic() - started, decode(chunk)
    if process.returncode:
        sys.exit(f"record: {command[0]} ended with {process.returncode}; nothing was recorded.")


def _chunks(terminal: int) -> Iterator[bytes]:
    """Until the other side is closed, which Linux tells as an error."""
    while True:
        try:
            yield os.read(terminal, 65536)
        except OSError:
            return


def steps(shown: Iterable[Shown]) -> Iterator[Shown]:
    """Steps far enough apart to be seen, and near enough to be waited for."""
    clock, before, gathered = 0.0, 0.0, ""
    for at, text in shown:
        if gathered and at - before >= SHORTEST_STEP:
            yield round(clock, 2), gathered
            clock, before, gathered = clock + min(at - before, LONGEST_PAUSE), at, ""
        gathered += text
    yield round(clock, 2), gathered
    yield round(clock + LAST_PAUSE, 2), ""


def without_checkout(text: str) -> str:
    """As a user would see it, who has the collection from Galaxy; the host's name and the paths say which checkout this is."""
    return HOST.sub("gpu1", ARTEFACT.sub("~/.ansible/collections/", text))


def main() -> None:
    """Record, and write the file when all went well."""
    target, *command = sys.argv[1:]
    lines = [json.dumps([at, "o", without_checkout(text)], ensure_ascii=False) for at, text in steps(run(command))]
    head = json.dumps({"version": 2, "width": COLUMNS, "height": LINES, "title": "keepwarm.ollama: make demo"})
    pathlib.Path(target).write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
