# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host, and what it differs in from what it was before anything was done to it."""

from __future__ import annotations

import json
from typing import Any

from shared.machine import Machine

HOSTS = ("gpu1", "vendors")


class Host(Machine):
    """One that knows what it was."""

    def difference(self) -> dict[str, tuple[Any, Any]]:
        """Before and now of every path that is another, and of the accounts, which are files; and of the units. Of packages, nothing."""
        before, now = json.loads(self.run("cat /var/tmp/before.json")), json.loads(self.run("python3 /var/tmp/snapshot.py"))
        packaged = {*before["owned"], *now["owned"]}
        paths = sorted({*before["files"], *now["files"]} - packaged)
        seen = {path: (before["files"].get(path), now["files"].get(path)) for path in paths}
        seen.update({key: (before[key], now[key]) for key in ("units", "runtime")})
        return {key: pair for key, pair in seen.items() if pair[0] != pair[1]}

    def property(self, unit: str, name: str) -> str:
        """One of systemd's."""
        return self.run(f"systemctl show --property={name} --value {unit}").strip()

    def environment(self) -> str:
        """That of the server's process."""
        return self.run(f"tr '\\0' '\\n' < /proc/{self.property('ollama.service', 'MainPID')}/environ")
