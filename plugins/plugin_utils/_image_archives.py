# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether archives of the controller hold the images that servers are to run, before anything is copied to a host."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from typing import Any

_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
"""gzip, bzip2, xz, zstd. Their tables of contents could be read only by unpacking gigabytes: the engine tells of these."""
_DOCKER, _OCI = "manifest.json", "index.json"
_LIMIT = 1 << 20  # bytes


def image_archives(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`servers`: as M(keepwarm.ollama.ollama_container) takes them; `archives`: those of them that are to be loaded."""
    loaded = {one.get("container_archive"): str(one.get("container_image") or "") for one in raw["servers"]}
    found = (_problem(archive, loaded.get(archive, "")) for archive in raw["archives"])
    return {"problems": [f"ollama_server_container_archive is {problem}" for problem in found if problem]}


def _problem(path: str, image: str) -> str:
    try:
        with open(path, "rb") as file:
            if file.read(6).startswith(_COMPRESSED):
                return ""
        with tarfile.open(path, "r:") as archive:
            names = _names(archive)
    except OSError as error:
        return f"{path}, which cannot be read on the controller: {error.strerror}"
    except tarfile.TarError:
        names = None
    if names is None:
        return f"{path}, which is no archive of an image: make one with podman save or docker save"
    if names and "@" not in image and not any(_same(image, name) for name in names):
        return f"{path}, which has not the image {image} but {' and '.join(names)}: name that in ollama_server_container_image, or take another archive"
    return ""


def _names(archive: tarfile.TarFile) -> list[str] | None:
    """Of the images in it, none where it does not tell; None where it holds no image."""
    members = {member.name.removeprefix("./"): member for member in archive}
    if _DOCKER in members:
        return [str(name) for image in _images(archive, members[_DOCKER]) for name in image.get("RepoTags") or ()]
    return [] if _OCI in members else None


def _images(archive: tarfile.TarFile, member: tarfile.TarInfo) -> list[dict[str, Any]]:
    """What the table of contents lists; nothing where it cannot be read."""
    file = archive.extractfile(member)
    try:
        found = json.loads(file.read(_LIMIT)) if file else []
    except ValueError:
        return []
    return [image for image in found if isinstance(image, dict)] if isinstance(found, list) else []


def _same(one: str, other: str) -> bool:
    """Docker leaves its own registry out of names, so that one without a registry is of whichever the other names."""
    (registry, image), (others, wanted) = _parts(one), _parts(other)
    return image == wanted and (registry == others or "" in (registry, others))


def _parts(name: str) -> tuple[str, str]:
    """The registry, empty where it is left out, and the rest with its tag."""
    first, slash, rest = name.partition("/")
    if slash and (set(first) & set(".:") or first == "localhost"):
        registry, image = first, rest
    else:
        registry, image = "", name if slash else f"library/{name}"
    return registry, image if ":" in image.rpartition("/")[2] else f"{image}:latest"
