# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateway costs a request: first byte and throughput, beside the same requests sent directly. Started by `make bench-gateway`, on the
host of the scenario gateway.

    python3 gateway_speed.py [ROUNDS]
"""

from __future__ import annotations

import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "hosts"))

import container  # noqa: E402  (found by the line above)


def main() -> None:
    """Two lines for people."""
    host = f"{os.environ['KEEPWARM_HOSTS']}-gateway-gpu1"
    container.podman("cp", str(HERE / "on_host/gateway_speed.py"), f"{host}:/root/gateway_speed.py")
    found = json.loads(container.podman("exec", host, "python3", "-I", "/root/gateway_speed.py", sys.argv[1] if len(sys.argv) > 1 else "30").stdout)
    (first, whole), (later, longer) = found["direct"], found["gateway"]
    print(f"first byte: {first * 1000:.1f} ms direct, {later * 1000:.1f} ms through the gateway ({(later - first) * 1000:+.1f} ms)")
    print(f"whole answer: {whole * 1000:.0f} ms direct, {longer * 1000:.0f} ms through the gateway ({longer / whole:.3f} x)")


if __name__ == "__main__":
    main()
