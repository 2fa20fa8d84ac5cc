# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a server is: what may be asked of a URL without asking the server."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..._base.readers import InvalidValue
from ..._base.text import one_line, short_repr


class AddressError(InvalidValue):
    """A URL that names no server; the message is one sentence."""


def check_url(raw: str) -> str:
    """The base URL without a trailing slash. Raises `AddressError`."""
    wanted = "write it as http://127.0.0.1:11434"
    try:
        parts = urlsplit(raw)
        port = parts.port
    except ValueError as error:
        raise AddressError(f"url {short_repr(raw)} is not an address ({one_line(str(error))}): {wanted}") from error
    if parts.scheme not in ("http", "https") or not _is_host(parts.hostname) or port == 0 or parts.query or parts.fragment:
        raise AddressError(f"url {short_repr(raw)} is not the address of an HTTP server: {wanted}")
    if not raw.isprintable() or " " in raw:  # which urlsplit drops, and the connection would not
        raise AddressError(f"url {short_repr(raw)} holds a blank: {wanted}")
    if parts.username is not None:
        raise AddressError(f"url of {parts.hostname!r} holds a user name, which would end up in logs: {wanted}")
    return raw.rstrip("/")


def _is_host(name: str | None) -> bool:
    """Whether it could be resolved: the encoding refuses empty labels and those of more than 63 characters."""
    try:
        return bool(name and name.encode("idna"))
    except UnicodeError:
        return False
