# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pass every few minutes should cost next to nothing, and most of what it costs is importing the HTTP library."""

from __future__ import annotations

import gc
import importlib
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from types import ModuleType
from typing import Optional, cast

# What requests and urllib3 do without where it is not installed. Plain http needs no TLS, and reading all the system's certificates
# is a fifth of a pass; without the standard library's TLS they would look for pyOpenSSL's.
_TLS = ("ssl", "urllib3.contrib.pyopenssl")
# The slower of two detectors of a text's encoding; our answers are bytes. Another tenth.
_DETECTORS = ("chardet", "charset_normalizer")


def import_requests(url: str, first: Sequence[str] = ()) -> None:
    """Import what the engine asks C(url) with, and nothing else. A host without it is the engine's to tell of.

    C(first) are libraries that cannot do without what is withheld from it. A host without one of them is its user's to tell of.
    """
    hidden = [*(_TLS if url.startswith("http://") else ()), *(_DETECTORS[:1] if find_spec(_DETECTORS[1]) else ())]
    modules = cast(dict[str, Optional[ModuleType]], sys.modules)
    withheld = [name for name in hidden if name not in modules]
    gc.disable()  # nothing of what is imported is garbage: looking for some is a twentieth
    try:
        for library in first:
            with suppress(ImportError):
                importlib.import_module(library)
        modules.update(dict.fromkeys(withheld))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # requests 2.28 wants the other detector, too, in a version of its liking
            importlib.import_module("requests")
    except ImportError:  # an old version, which cannot do without one of them
        for name in withheld:
            del modules[name]
    finally:
        gc.enable()
