# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: release_archives
short_description: Names the archives of a release of Ollama, or says what is wrong with the settings
version_added: 0.1.0
author:
  - the keepwarm.ollama contributors (@keepwarm)
description:
  - Ollama publishes C(.tar.zst) archives from 0.14 on and C(.tgz) before, for C(amd64) and C(arm64), with the libraries for
    AMD's GPUs in an overlay of their own.
  - Only the roles and playbooks of this collection use it. It may change in any release.
options:
  _input:
    description:
      - C(version), C(architecture) (the fact C(ansible_architecture)), C(rocm) (whether the overlay is wanted), C(url) (the
        folder of the versions), and C(checksums), a mapping of file names to their sha256 in place of the release's own list.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Name the archives
  ansible.builtin.debug:
    msg: "{{ {'version': '0.32.15', 'architecture': 'x86_64', 'url': 'https://mirror.example.org/ollama'}
             | keepwarm.ollama.release_archives }}"
"""

RETURN = r"""
_value:
  description:
    - C(problems), one sentence for each setting that is wrong. Without any, also C(archives), each with its C(name), C(url)
      and C(sha256) (null where the release's own list has to tell), and C(list_url), where that list is.
  type: dict
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Callable

from ansible_collections.keepwarm.ollama.plugins.module_utils._release import SHA256, VERSION

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_OLDEST = (0, 10)  # whose /api/ps tells a model's context
_FIRST_ZSTD = (0, 14)
_LIST = "sha256sum.txt"


def release_archives(raw: Mapping[str, Any]) -> dict[str, Any]:
    """What to download, or why not."""
    problems = list(_problems(raw))
    if problems:
        return {"problems": problems}
    folder = f"{str(raw['url']).rstrip('/')}/v{raw['version']}"
    checksums = raw.get("checksums") or {}
    archives = [{"name": name, "url": f"{folder}/{name}", "sha256": checksums.get(name)} for name in _names(raw)]
    return {"problems": [], "archives": archives, "list_url": f"{folder}/{_LIST}"}


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


def _names(raw: Mapping[str, Any]) -> list[str]:
    parts = VERSION.fullmatch(raw["version"])
    form = "tar.zst" if parts and (int(parts[1]), int(parts[2])) >= _FIRST_ZSTD else "tgz"
    stem = f"ollama-linux-{_ARCHITECTURES[raw['architecture']]}"
    return [f"{stem}.{form}", *([f"{stem}-rocm.{form}"] if raw.get("rocm") else [])]


class FilterModule:
    """Releases of Ollama."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters of this file by name."""
        return {"release_archives": release_archives}
