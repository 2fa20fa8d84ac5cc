# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers on one host, each asked by itself."""

from __future__ import annotations

import json
from typing import Any

from shared.gpu import FOR_EVER, Gpu

NAMES = ("chat", "code")
PORTS = {"chat": 11434, "code": 11440}
UNITS = "/etc/systemd/system"
# What somebody made by hand under names that several servers take, as systemctl shows it.
OTHERS = {"ollama.target": "[Unit]\nDescription=All of mine\n", "ollama-warmup@chat.timer": "[Timer]\nOnActiveSec=1h\nUnit=systemd-tmpfiles-clean.service\n"}
PINS = {"chat": {"tiny-a:latest", "embed:latest"}, "code": {"tiny-b:latest"}}


class Server:
    """One of them. C(gpu): the host."""

    def __init__(self, gpu: Gpu, name: str) -> None:
        self.gpu = gpu
        self.name = name
        self.unit = f"ollama@{name}.service"

    def pinned(self) -> set[str]:
        """What its own /api/ps lists for ever; nothing while it does not answer."""
        answer = self.gpu.host.run(f"curl --fail --silent http://127.0.0.1:{PORTS[self.name]}/api/ps")
        models: list[dict[str, Any]] = json.loads(answer.stdout)["models"] if answer.rc == 0 else []
        return {model["name"] for model in models if model["expires_at"][:4] > FOR_EVER}

    def ask(self, path: str, **body: Any) -> Any:
        """An answer of its own; a question with a body is a client's."""
        data = f"--data '{json.dumps(body)}'" if body else ""
        return json.loads(self.gpu.run(f"curl --fail --silent --show-error http://127.0.0.1:{PORTS[self.name]}/api/{path} {data}"))

    def load(self, model: str, context: int) -> None:
        """What a client may ask for that keeps a model of its own there."""
        self.ask("generate", model=model, keep_alive="2h", options={"num_ctx": context})

    def unload(self, model: str) -> None:
        """The client has done."""
        self.ask("generate", model=model, keep_alive=0)

    def contexts(self) -> dict[str, int]:
        """The context of each model in memory."""
        return {model["name"]: model["context_length"] for model in self.ask("ps")["models"]}

    def is_warm(self) -> bool:
        """By its own list and its own target, with a process for each model."""
        targets = [self.gpu.show(f"ollama-{word}@{self.name}.target", "ActiveState")[0] for word in ("warm", "cold")]
        return self.pinned() == PINS[self.name] and targets == ["active", "inactive"] and len(self.runners()) == len(PINS[self.name])

    def runners(self) -> list[str]:
        """The processes that serve its models."""
        return str(self.gpu.host.run(f"pgrep --parent {self.main()} --full '[l]lama-server'").stdout).split()

    def main(self) -> str:
        """The process of the server itself, 0 when there is none."""
        return self.gpu.show(self.unit, "MainPID")[0]

    def environment(self) -> dict[str, str]:
        """That of its process."""
        text = self.gpu.run(f"tr '\\0' '\\n' < /proc/{self.main()}/environ")
        return dict(line.split("=", 1) for line in text.splitlines())
