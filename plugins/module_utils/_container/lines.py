# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the drop-in of a server says of its container. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .wanted import Wanted


def container_lines(wanted: Wanted, image: str, devices: Sequence[str], is_ours: bool) -> list[str]:
    """What was declared; of somebody else's unit what nobody declared stays. `image`: as it is pinned."""
    return list(_lines(wanted, image, devices if is_ours or wanted.devices is not None else (), is_ours))


def _lines(wanted: Wanted, image: str, devices: Sequence[str], is_ours: bool) -> Iterator[str]:
    if image:
        yield f"Image={_plain(image)}"
    if wanted.folder:
        yield f"Volume={_quoted(f'{wanted.folder}:{wanted.folder}')}"
    elif is_ours:
        yield "Volume=ollama:/root/.ollama"
    yield from (f"AddDevice={_plain(device)}" for device in devices)
    arguments = [*([f"--memory={wanted.memory}"] if wanted.memory else []), *wanted.arguments]
    yield from (f"PodmanArgs={_quoted(argument)}" for argument in arguments)
    if is_ours or wanted.restart != "always":
        yield f"Restart={wanted.restart}"


def _plain(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(text: str) -> str:
    """One word, which Quadlet and then systemd read back as it is."""
    escaped = _plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if set(escaped) & set(" \t'\"\\;") else escaped
