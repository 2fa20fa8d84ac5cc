# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry holds under a model's name, asked directly: the server has no request that would tell without fetching.

A model's digest is that of its manifest as the registry sends it (server/images.go: PullModel writes it down as it is).
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .._base.text import one_line
from .model_name import ModelName
from .wanted_models import Upstream

try:
    import requests
    from urllib3.exceptions import HTTPError
except ImportError:
    pass  # server.REQUESTS_IMPORT_ERROR tells

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_LARGEST_MANIFEST = 4 * 1024 * 1024  # bytes


class RegistryUnknown(Exception):
    """The registry could not be asked from here, or said what cannot be read; the server may fare better, through its proxy."""


class NotInRegistry(Exception):
    """The registry answers, and has no such model."""


class Registry:
    """Asks whichever registry a name says, through the proxies that the host's environment names."""

    def __init__(self, connect: float = 5.0, answer: float = 20.0) -> None:
        self._timeouts = (connect, answer)

    def find(self, name: ModelName, insecure: bool) -> Upstream:
        """Raises C(NotInRegistry) or C(RegistryUnknown)."""
        scheme = "http" if insecure else "https"
        url = f"{scheme}://{name.host}/v2/{name.namespace}/{name.model}/manifests/{name.tag}"
        try:
            with requests.get(url, headers={"Accept": _MANIFEST}, stream=True, timeout=self._timeouts) as response:
                content = response.raw.read(_LARGEST_MANIFEST, decode_content=True)
                return self._read(url, response.status_code, content)
        except (requests.exceptions.RequestException, HTTPError, OSError, ValueError, RecursionError) as error:
            raise RegistryUnknown(f"{name.host} could not be asked from this host ({one_line(str(error))})") from error

    def _read(self, url: str, status: int, content: bytes) -> Upstream:
        if status == 404:
            raise NotInRegistry(f"{url} answered 404: there is no such model or tag")
        if status != 200:
            raise RegistryUnknown(f"{url} answered {status}")
        return Upstream(hashlib.sha256(content).hexdigest(), _size(json.loads(content.decode("utf-8"))))


def _size(manifest: Any) -> int:
    """Raises C(ValueError)."""
    try:
        return sum(int(layer["size"]) for layer in (*manifest["layers"], manifest["config"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"a manifest without {error}") from error
