# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OLLAMA_* environment, read as the server reads it (envconfig/config.go)."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from . import go_duration
from .log import DEBUG, INFO, Logger

_MAX_UINT64 = 2**64 - 1
_TRUE = {"1", "t", "T", "TRUE", "true", "True"}
_FALSE = {"0", "f", "F", "FALSE", "false", "False"}
_APPLICATION_ORIGINS = ("app://*", "file://*", "tauri://*", "vscode-webview://*", "vscode-file://*")
_PASSED_ON = (
    "CUDA_VISIBLE_DEVICES",
    "GGML_VK_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL",
    "HIP_VISIBLE_DEVICES",
    "HSA_OVERRIDE_GFX_VERSION",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "LLAMA_ARG_FIT",
    "LLAMA_ARG_FIT_TARGET",
    "NO_PROXY",
    "OLLAMA_EDITOR",
    "OLLAMA_IGPU_ENABLE",
    "OLLAMA_KV_CACHE_TYPE",
    "OLLAMA_LLM_LIBRARY",
    "ROCR_VISIBLE_DEVICES",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)


@dataclass(frozen=True)
class Address:
    """Where to listen or connect: OLLAMA_HOST."""

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.netloc}" + (f"/{self.path}" if self.path else "")

    def connectable(self) -> Address:
        """The address for a client: the unspecified one becomes loopback."""
        loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return Address(self.scheme, loopback, self.port, self.path)


class Environment:
    """Typed access to the variables. Durations are nanoseconds, sizes bytes."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(os.environ if values is None else values)
        self._log = Logger(INFO)
        self._log = Logger(self.log_level)

    def var(self, key: str) -> str:
        """The value without surrounding spaces and quotes."""
        return self._values.get(key, "").strip().strip("\"'")

    @property
    def log_level(self) -> int:
        value = self.var("OLLAMA_DEBUG")
        if value in _TRUE:
            return DEBUG
        return int(value) * -4 if re.fullmatch(r"[+-]?[0-9]+", value) else INFO

    @property
    def host(self) -> Address:
        """OLLAMA_HOST with its defaults: http, 127.0.0.1, 11434 (or the scheme's port)."""
        scheme, hostport = self._scheme(self.var("OLLAMA_HOST"))
        default = {"http://": 80, "https://": 443}.get(scheme, 11434)
        hostport, dummy, path = hostport.partition("/")
        host, port_text = _split_host_port(hostport, default)
        port = int(port_text) if re.fullmatch(r"[0-9]+", port_text) else -1
        if not 0 <= port <= 65535:
            self._log.warn(
                "config.go:54", "invalid port, using default", port=port_text, default=default
            )
            port = default
        return Address(scheme.rstrip(":/") or "http", host, port, path)

    @staticmethod
    def _scheme(text: str) -> tuple[str, str]:
        if text == "ollama.com":
            return "https://", "ollama.com:443"
        head, separator, rest = text.partition("://")
        return (head + separator, rest) if separator else ("", text)

    @property
    def models(self) -> str:
        return self.var("OLLAMA_MODELS") or os.path.join(self.home, ".ollama", "models")

    @property
    def home(self) -> str:
        return self._values.get("HOME") or os.path.expanduser("~")

    @property
    def keep_alive(self) -> int:
        """Nanoseconds; negative means for ever, and what cannot be read means 5 minutes."""
        value = self._duration("OLLAMA_KEEP_ALIVE", 5 * go_duration.MINUTE)
        return go_duration.MAX if value < 0 else value

    @property
    def load_timeout(self) -> int:
        value = self._duration("OLLAMA_LOAD_TIMEOUT", 5 * go_duration.MINUTE)
        return go_duration.MAX if value <= 0 else value

    def _duration(self, key: str, default: int) -> int:
        text = self.var(key)
        if not text:
            return default
        try:
            return go_duration.parse(text)
        except go_duration.DurationError:
            pass
        if not re.fullmatch(r"[+-]?[0-9]+", text) or not -(2**63) <= int(text) < 2**63:
            return default
        wrapped = (int(text) * go_duration.SECOND) % 2**64
        return wrapped - 2**64 if wrapped >= 2**63 else wrapped

    def flag(self, key: str, default: bool = False) -> bool:
        """A boolean; what is not empty and not one counts as true."""
        value = self.var(key)
        if not value:
            return default
        return value not in _FALSE

    def number(self, key: str, default: int) -> int:
        """A natural number; anything else is warned about and replaced by the default."""
        value = self.var(key)
        if not value:
            return default
        if re.fullmatch(r"[0-9]+", value) and int(value) <= _MAX_UINT64:
            return int(value)
        self._log.warn(
            "config.go:257",
            "invalid environment variable, using default",
            key=key,
            value=value,
            default=default,
        )
        return default

    @property
    def max_loaded_models(self) -> int:
        return self.number("OLLAMA_MAX_LOADED_MODELS", 0)

    @property
    def max_queue(self) -> int:
        return self.number("OLLAMA_MAX_QUEUE", 512)

    @property
    def num_parallel(self) -> int:
        return self.number("OLLAMA_NUM_PARALLEL", 1)

    @property
    def context_length(self) -> int:
        return self.number("OLLAMA_CONTEXT_LENGTH", 0)

    @property
    def gpu_overhead(self) -> int:
        return self.number("OLLAMA_GPU_OVERHEAD", 0)

    @property
    def no_prune(self) -> bool:
        return self.flag("OLLAMA_NOPRUNE")

    @property
    def origins(self) -> list[str]:
        text = self.var("OLLAMA_ORIGINS")
        allowed = text.split(",") if text else []
        for host in ("localhost", "127.0.0.1", "0.0.0.0"):
            allowed += [f"http://{host}", f"https://{host}", f"http://{host}:*", f"https://{host}:*"]
        return allowed + list(_APPLICATION_ORIGINS)

    @property
    def remotes(self) -> list[str]:
        return (self.var("OLLAMA_REMOTES") or "ollama.com").split(",")

    @property
    def cloud(self) -> tuple[bool, str]:
        """Whether the cloud is disabled, and what says so: none, env, config or both."""
        by_variable, by_file = self.flag("OLLAMA_NO_CLOUD"), self._disabled_by_file()
        source = {(True, True): "both", (True, False): "env", (False, True): "config"}
        return by_variable or by_file, source.get((by_variable, by_file), "none")

    def _disabled_by_file(self) -> bool:
        try:
            with open(os.path.join(self.home, ".ollama", "server.json"), encoding="utf-8") as file:
                return json.load(file).get("disable_ollama_cloud") is True
        except (OSError, ValueError, AttributeError):
            return False

    def stand_in(self, name: str) -> str:
        """A setting that only the stand-in has: OLLAMA_STUB_NAME."""
        return self.var(f"OLLAMA_STUB_{name}")

    def printed(self) -> str:
        """The environment as `server config` prints it (a Go map, sorted by key)."""
        values = {key: self.var(key) for key in _PASSED_ON}
        values.update(self._printed_numbers())
        values.update(self._printed_flags())
        values["OLLAMA_DEBUG"] = {DEBUG: "DEBUG", INFO: "INFO"}.get(
            self.log_level, f"DEBUG{self.log_level - DEBUG:+d}"
        )
        values["OLLAMA_HOST"] = self.host.url
        values["OLLAMA_KEEP_ALIVE"] = go_duration.text(self.keep_alive)
        values["OLLAMA_LOAD_TIMEOUT"] = go_duration.text(self.load_timeout)
        values["OLLAMA_MODELS"] = self.models
        values["OLLAMA_ORIGINS"] = f"[{' '.join(self.origins)}]"
        values["OLLAMA_REMOTES"] = f"[{' '.join(self.remotes)}]"
        return f"map[{' '.join(f'{key}:{values[key]}' for key in sorted(values))}]"

    def _printed_numbers(self) -> dict[str, str]:
        return {
            "OLLAMA_CONTEXT_LENGTH": str(self.context_length),
            "OLLAMA_GPU_OVERHEAD": str(self.gpu_overhead),
            "OLLAMA_MAX_LOADED_MODELS": str(self.max_loaded_models),
            "OLLAMA_MAX_QUEUE": str(self.max_queue),
            "OLLAMA_MAX_TRANSFER_STREAMS": str(self.number("OLLAMA_MAX_TRANSFER_STREAMS", 4)),
            "OLLAMA_NUM_PARALLEL": str(self.num_parallel),
        }

    def _printed_flags(self) -> dict[str, str]:
        flags = {
            "OLLAMA_DEBUG_LOG_REQUESTS": False,
            "OLLAMA_FLASH_ATTENTION": False,
            "OLLAMA_GO_TEMPLATE": True,
            "OLLAMA_NOHISTORY": False,
            "OLLAMA_NOPRUNE": False,
            "OLLAMA_SCHED_SPREAD": False,
            "OLLAMA_VULKAN": True,
        }
        printed = {key: str(self.flag(key, default)).lower() for key, default in flags.items()}
        printed["OLLAMA_NO_CLOUD"] = str(self.cloud[0]).lower()
        return printed


def _split_host_port(text: str, default: int) -> tuple[str, str]:
    """Like Go's net.SplitHostPort, with the defaults for what is missing."""
    match = re.fullmatch(r"(?:\[([^\[\]]*)\]|([^:\[\]]*)):([^:]*)", text)
    if match:
        return match.group(1) or match.group(2) or "", match.group(3)
    bare = text.strip("[]")
    try:
        return str(ipaddress.ip_address(bare)), str(default)
    except ValueError:
        return text or "127.0.0.1", str(default)
