# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to download for a release of Ollama, and what it is verified with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.keepwarm.ollama.plugins.module_utils._release import SHA256, VERSION

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_OLDEST = (0, 10)  # whose /api/ps tells a model's context
_FIRST_ZSTD = (0, 14)
_LIST = "sha256sum.txt"


def release_archives(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What to download, or why not. Raises AnsibleFilterError where raw has the text of the release's own list, and that lacks a checksum."""
    problems = list(_problems(raw))
    if problems:
        return {"problems": problems}
    folder = f"{str(raw['url']).rstrip('/')}/v{raw['version']}"
    names, checksums = _names(raw), raw.get("checksums") or {}
    if raw.get("list") is not None:
        checksums = {**release_checksums(str(raw["list"]), [name for name in names if name not in checksums]), **checksums}
    archives = [{"name": name, "url": f"{folder}/{name}", "sha256": checksums.get(name)} for name in names]
    return {"problems": [], "archives": archives, "list_url": f"{folder}/{_LIST}"}


def release_checksums(text: str, names: list[str]) -> dict[str, str]:
    """Read a sha256sum.txt. Raises AnsibleFilterError for a name that it does not list."""
    pairs = (line.split() for line in text.splitlines())
    listed = {pair[1].lstrip("*").removeprefix("./"): pair[0].lower() for pair in pairs if len(pair) == 2 and SHA256.fullmatch(pair[0])}
    missing = [name for name in names if name not in listed]
    if missing:
        raise AnsibleFilterError(
            f"the release's sha256sum.txt has no checksum of {' and '.join(missing)}: give it in ollama_server_checksums, or take another version"
        )
    return {name: listed[name] for name in names}


def _problems(raw: Mapping[str, Any]) -> Iterator[str]:
    version, architecture = raw.get("version"), raw.get("architecture")
    found = VERSION.fullmatch(version) if isinstance(version, str) else None
    if not found:
        yield f"ollama_server_version {version!r} is no release of Ollama: give one such as '0.32.15', in quotes"
    elif (int(found[1]), int(found[2])) < _OLDEST:
        yield f"ollama_server_version {version!r} is too old, its /api/ps does not tell a model's context: take 0.10.0 or newer"
    if architecture not in _ARCHITECTURES:
        yield f"Ollama has no release for the architecture {architecture!r} of this host: there are x86_64 and aarch64"
    elif raw.get("rocm") and _ARCHITECTURES[architecture] != "amd64":
        yield f"Ollama has no ROCm libraries for the architecture {architecture!r}: set ollama_server_rocm to false"
    elif _jetpack(raw) and _ARCHITECTURES[architecture] != "arm64":
        yield f"ollama_server_jetpack is {_jetpack(raw)}, but this host is no Jetson: its architecture is {architecture!r}"
    if not re.match(r"(https?|file)://\S+\Z", str(raw.get("url"))):
        yield f"ollama_server_release_url {raw.get('url')!r} is no address: give one that begins with https://, http:// or file://"
    yield from _checksum_problems(raw.get("checksums") or {})


def _checksum_problems(raw: Any) -> Iterator[str]:
    if not isinstance(raw, Mapping):
        yield f"ollama_server_checksums is {raw!r}, not a mapping of file names to their sha256"
        return
    for name, checksum in raw.items():
        if not isinstance(checksum, str) or not SHA256.fullmatch(checksum):
            yield f"ollama_server_checksums has {checksum!r} for {name}, which is no sha256: give 64 hexadecimal digits"


def _jetpack(raw: Mapping[str, Any]) -> str:
    """Its major version, empty for none."""
    return str(raw.get("jetpack") or "").replace("none", "")


def _names(raw: Mapping[str, Any]) -> list[str]:
    parts = VERSION.fullmatch(raw["version"])
    form = "tar.zst" if parts and (int(parts[1]), int(parts[2])) >= _FIRST_ZSTD else "tgz"
    stem = f"ollama-linux-{_ARCHITECTURES[raw['architecture']]}"
    extras = [*(["rocm"] if raw.get("rocm") else []), *([f"jetpack{_jetpack(raw)}"] if _jetpack(raw) else [])]
    return [f"{stem}.{form}", *(f"{stem}-{extra}.{form}" for extra in extras)]
