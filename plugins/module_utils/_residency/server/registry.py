# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a registry holds under a model's name, asked directly: the server has no request that would tell without fetching.

A model's digest is that of its manifest as the registry sends it (server/images.go: PullModel writes it down as it is).
"""

from __future__ import annotations

import hashlib
import sys
from http.client import HTTPException
from typing import Any
from urllib.parse import urljoin

from ..._base.background import Background
from ..._base.limits import LONG_ANSWER
from ..._base.readers import read_value
from ..._base.text import one_line
from ..decide.wanted_models import Upstream
from ..values.model_name import ModelName

try:
    import requests
    from urllib3.exceptions import HTTPError
except ImportError:
    _HAS_REQUESTS = False
else:
    _HAS_REQUESTS = True

    class _Session(requests.Session):
        """One that leaves redirects to its caller: requests would read the whole body of each, however long, before it goes on."""

        def get_redirect_target(self, resp: requests.Response) -> None:
            """Nowhere."""


_HEADERS = {"Accept": "application/vnd.docker.distribution.manifest.v2+json", "Accept-Encoding": "identity"}
_PIECE = 16 * 1024  # bytes
_MOVES = (301, 302, 303, 307, 308)
_MOST_MOVES = 5


class RegistryUnknown(Exception):
    """The registry could not be asked from here, or said what cannot be read; the server may fare better, through its proxy."""


class NotInRegistry(Exception):
    """The registry answers, and has no such model."""


class Registry:
    """Asks whichever registry a name says, through the proxies that the host's environment names, which is why it takes requests.
    An answer has the bounds that those of a server have; `connect` and `answer` are in seconds."""

    def __init__(self, connect: float = 5.0, answer: float = 20.0) -> None:
        self._timeouts = (connect, answer)

    def find(self, name: ModelName, insecure: bool) -> Upstream:
        """Raises `NotInRegistry` or `RegistryUnknown`."""
        if not _HAS_REQUESTS:
            raise RegistryUnknown(f"{name.host} could not be asked from this host: the Python library requests is not installed for {sys.executable}")
        scheme = "http" if insecure else "https"
        url = f"{scheme}://{name.host}/v2/{name.namespace}/{name.model}/manifests/{name.tag}"
        call = Background(lambda: self._fetch(url))
        try:
            if not call.wait(sum(self._timeouts)):
                raise RegistryUnknown(f"{name.host} did not answer within {sum(self._timeouts):g} s")
            return self._read(url, *call.result())
        except (requests.exceptions.RequestException, HTTPError, HTTPException, OSError, ValueError, RecursionError) as error:
            raise RegistryUnknown(f"{name.host} could not be asked from this host ({one_line(str(error))})") from error

    def _fetch(self, url: str) -> tuple[int, bytes]:
        """Status and content of what is there, or of where that has moved to."""
        with _Session() as session:
            for _move in range(_MOST_MOVES):
                with session.get(url, headers=_HEADERS, stream=True, allow_redirects=False, timeout=self._timeouts) as response:
                    if response.status_code not in _MOVES or "Location" not in response.headers:
                        return response.status_code, _content(response)
                    url = urljoin(url, response.headers["Location"])
        raise ValueError("it goes on sending elsewhere")

    def _read(self, url: str, status: int, content: bytes) -> Upstream:
        if status == 404:
            raise NotInRegistry(f"{url} answered 404: there is no such model or tag")
        if status != 200:
            raise RegistryUnknown(f"{url} answered {status}")
        return Upstream(hashlib.sha256(content).hexdigest(), _size(read_value(content)))


def _content(response: requests.Response) -> bytes:
    """As it was sent, which the digest is of. Not by iter_content: urllib3 takes lines between chunks however long they are, and
    undoes a compression however much comes out of it. Raises `ValueError`."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise ValueError("its answer is compressed, for which nobody asked")
    content = bytearray()
    while len(content) <= LONG_ANSWER:
        piece = response.raw.read(_PIECE, decode_content=False)
        if not piece:
            return bytes(content)
        content += piece
    raise ValueError(f"its answer is longer than {LONG_ANSWER} bytes")


def _size(manifest: Any) -> int:
    """Raises `ValueError`."""
    try:
        return sum(int(layer["size"]) for layer in (*manifest["layers"], manifest["config"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"a manifest without {error}") from error
