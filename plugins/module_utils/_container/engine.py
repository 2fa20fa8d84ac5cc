# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine of this host: its version, its images. Podman as root, or Docker: their commands about images are the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .._base.readers import printed_list
from .._base.systemctl import Run
from .._base.text import one_line

PODMAN = "podman"
_ERROR = "Error: "
_VERSION = re.compile(r"podman version (\d+)\.(\d+)")


class EngineError(Exception):
    """The engine does not do it; the message is one sentence."""


def podman_version(run: Run) -> tuple[int, int] | None:
    """None where there is no Podman."""
    status, output, _error = run(["env", "podman", "--version"])
    found = _VERSION.search(output)
    return (int(found.group(1)), int(found.group(2))) if status == 0 and found else None


def pinned(run: Run, image: str, engine: str = PODMAN) -> str | None:
    """The image by its digest, so that no tag that moves changes what a server restarts with; None where the engine does not have it."""
    status, output, _error = run([engine, "image", "inspect", "--format", "{{json .RepoDigests}}", image])
    if status != 0:
        return None
    name, declared = without_tag(image), image.partition("@")[2]
    # One that was pulled for several architectures has the digest of their list besides its own.
    digests = [f"{name}@{declared}"] if declared else printed_list(output)
    return next((str(one) for one in digests if str(one).partition("@")[0] == name), image)


def kept_name(image: str) -> str:
    """A tag of our own for an image by its digest; nothing for one without."""
    name, _at, digest = image.partition("@sha256:")
    return f"{name}:keepwarm-{digest[:12]}" if digest else ""


def keep(run: Run, image: str, name: str, engine: str = PODMAN) -> None:
    """Podman finds an image by its digest only as long as that has a tag of the same repository: one that moves to another image takes the last
    name away. Raises `EngineError`."""
    status, output, error = run([engine, "tag", image, name])
    if status != 0:
        raise EngineError(f"the image {image} cannot be kept as {name}: {last_line(error or output)}")


def argument_error(run: Run, arguments: Sequence[str]) -> str:
    """Why `podman run` does not take them, as Podman says; nothing where it does. The help comes first: whatever follows, nothing is run."""
    status, _output, error = run(["podman", "run", "--help", *arguments])
    said = [line[len(_ERROR) :] for line in error.split("\n") if line.startswith(_ERROR)]
    return one_line(said[0] if said else error) if status != 0 else ""


def without_tag(image: str) -> str:
    """Its name with the registry, which may have a port."""
    name = image.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def pull(run: Run, image: str, engine: str = PODMAN) -> None:
    """Raises `EngineError`."""
    status, output, error = run([engine, "pull", "--quiet", image])
    if status != 0:
        raise EngineError(f"the image {image} cannot be pulled: {last_line(error or output)}")


def load(run: Run, archive: str, image: str, engine: str = PODMAN) -> None:
    """From an archive of this host. Raises `EngineError`."""
    status, output, error = run([engine, "load", "--quiet", "--input", archive])
    if status != 0:
        raise EngineError(f"{archive} is no archive of an image: {last_line(error or output)}")
    if pinned(run, image, engine) is None:
        raise EngineError(f"the archive of ollama_server_container_archive has not the image {image}, but {one_line(output)}")


def last_line(text: str) -> str:
    """The line that says why; those before it are of attempts."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return one_line(lines[-1]).removeprefix(_ERROR) if lines else "it does not say why"
