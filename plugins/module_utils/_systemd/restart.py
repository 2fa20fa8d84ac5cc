# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a running server must be restarted, decided from what it is, not from what just changed. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from .masking import masked

_FAMILIES = (
    "OLLAMA_",
    "CUDA_",
    "NVIDIA_",
    "HIP_",
    "ROCR_",
    "HSA_",
    "GGML_",
    "GPU_DEVICE_ORDINAL",
    "LLAMA_ARG_",
)
_PROXY = re.compile(r"(https?|no|all)_proxy", re.IGNORECASE)


@dataclass(frozen=True)
class Restart:
    """In which ways a running server is not what its unit would start, one sentence each. `due`: to be acted on, since somebody declared
    it; `pending`: counts at the next start, and is no reason for one. `defaults` are those of them
    that only defaults of the role have changed."""

    due: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Program:
    """A program file: its path as the kernel or the unit names it, and which file that is (device, inode)."""

    path: str
    identity: tuple[int, int] | None
    is_script: bool = False


def is_relevant(key: str) -> bool:
    """Whether the server or its runners read this variable: Ollama's own, the GPU libraries', the proxies."""
    return key.startswith(_FAMILIES) or _PROXY.fullmatch(key) is not None


def environment_differences(
    running: Mapping[str, str], wanted: Mapping[str, str | None], own_keys: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Each variable in which the running process is not what its unit would start, with a sentence.

    `own_keys` are the drop-in's, compared whatever their name; a wanted value of None is not known, so not compared.
    """
    keys = {key for key in (*running, *wanted) if is_relevant(key)} | set(own_keys)
    for key in sorted(keys):
        if key in wanted and wanted[key] is None:
            continue
        if running.get(key) != wanted.get(key):
            yield key, _difference(key, running.get(key), wanted.get(key))


def program_reasons(running: Program | None, configured: Program | None) -> Iterator[str]:
    """A sentence when the process runs another program file than the unit would start.

    A script's process is its interpreter, and a wrapper such as env(1) becomes the program it starts: neither can be
    compared by path, but a file that is gone is gone for both.
    """
    if running is None:
        return
    path = running.path.removesuffix(" (deleted)")
    if path != running.path:
        yield f"the process runs {path}, which has since been replaced"
    elif configured and _comparable(path, configured) and running.identity != configured.identity:
        yield f"the process runs {path}, while the unit's ExecStart is now another file ({configured.path})"


def _comparable(path: str, configured: Program) -> bool:
    same_name = os.path.basename(path) == os.path.basename(configured.path)
    return same_name and not configured.is_script and configured.identity is not None


def _difference(key: str, running: str | None, wanted: str | None) -> str:
    if running is None:
        return f"{key} is not set in the running server and is {masked(key, wanted)!r} in its unit"
    if wanted is None:
        return f"{key} is {masked(key, running)!r} in the running server and not set in its unit"
    return f"{key} is {masked(key, running)!r} in the running server and {masked(key, wanted)!r} in its unit"
