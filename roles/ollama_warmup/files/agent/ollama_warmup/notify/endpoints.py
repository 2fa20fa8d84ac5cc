# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where messages go: Apprise, which is kept from ever printing an address.

Imports nothing of the agent: the role runs this file's text on hosts that do not have the agent yet, with one address a line on
standard input, to learn which of them Apprise does not understand.
"""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import sys
from collections.abc import Sequence
from typing import Any, TextIO

_LONGEST = 120  # seconds for one address; Apprise's own timeouts are per read
_STATUS = re.compile(r"\berror=(\d{3})\b")
_GIVEN_UP = f"it did not answer within {_LONGEST} s"


def silence(descriptor: int) -> TextIO:
    """From here on nobody's words, a library's and a traceback's included, reach the journal, since they may hold an address.

    Returns what is left for our own: whatever `descriptor` was.
    """
    own = os.fdopen(os.dup(descriptor), "w", encoding="utf-8", buffering=1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return own


def version() -> str | None:
    """Apprise's; None where this interpreter does not find it."""
    try:
        import apprise
    except ImportError:
        return None
    return str(apprise.__version__)


def refused(urls: Sequence[str]) -> list[int]:
    """The places, from 0, of the addresses that Apprise does not understand."""
    return [place for place, url in enumerate(urls) if _plugin(url) is None]


def send(url: str, kind: str, title: str, body: str) -> str | None:
    """Why the message did not arrive, in words that never hold the address; None where it did."""
    signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(_LONGEST)
    try:
        return _send(url, kind, title, body)
    except TimeoutError:
        return _GIVEN_UP
    except Exception as error:  # a plugin's: whatever it is, the next address is not to suffer, and its text may hold this one
        return f"Apprise failed ({type(error).__name__})"
    finally:
        signal.alarm(0)


def _send(url: str, kind: str, title: str, body: str) -> str | None:
    if version() is None:
        return f"{sys.executable} does not find Apprise"
    import apprise

    plugin = _plugin(url)
    if plugin is None:
        return f"Apprise {version()} does not understand it"
    only = apprise.Apprise(asset=_asset())
    only.add(plugin)
    heard = _Statuses()
    logger = logging.getLogger("apprise")
    logger.addHandler(heard)
    try:
        sent = only.notify(body=body, title=title, notify_type=kind, body_format="text")
    finally:
        logger.removeHandler(heard)
    return None if sent else heard.reason


def _plugin(url: str) -> Any:
    import apprise

    return apprise.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)


def _asset() -> Any:
    import apprise

    asset = apprise.AppriseAsset()
    asset.async_mode = False  # in this thread, which the alarm reaches
    asset.app_id = "keepwarm"
    asset.app_desc = "keepwarm.ollama"
    return asset


def _give_up(*dummy: object) -> None:
    raise TimeoutError


class _Statuses(logging.Handler):
    """Apprise tells why only to its log, along with much else: of that, an HTTP status is all that is taken."""

    reason = "it did not answer, or refused"

    def emit(self, record: logging.LogRecord) -> None:
        """Remember the status in one line of Apprise's log."""
        found = _STATUS.search(record.getMessage())
        if found:
            self.reason = f"it answered HTTP {found.group(1)}"


def main() -> None:
    """Judge the addresses of standard input: `apprise`, its version or null, and `refused`, places from 0, as JSON."""
    urls = [line for line in sys.stdin.read().split("\n") if line]
    own = silence(1)
    found = version()
    print(json.dumps({"apprise": found, "refused": refused(urls) if found else []}), file=own)


if __name__ == "__main__":
    main()
