# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many clients at once, and the log that they leave: counted, rotated, counted on."""

from __future__ import annotations

import asyncio
import collections
import json
import os
import pathlib
import re
import ssl

from conftest import CA, LOG, Gateway

CLIENTS, EACH, RELOADS = 300, 3 if os.environ.get("FULL") else 1, 3
BODY = json.dumps({"model": "tiny-a", "prompt": "hi", "stream": False, "keep_alive": 0, "options": {"num_predict": 2}}).encode()
REQUEST = (
    b"POST /api/generate HTTP/1.1\r\nHost: gateway.example\r\nAuthorization: Bearer laptop-0123456789abcdef\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)
PATIENCE = 600  # seconds: the machine of the test may have much else to do
METRICS = "systemctl start ollama-gateway-metrics.service && cat /var/lib/prometheus/node-exporter/ollama-gateway.prom"


async def ask(address: str, context: ssl.SSLContext) -> list[str]:
    """The status of each answer to one client, which is whole."""
    found = []
    for _number in range(EACH):
        tls = {"ssl": context, "server_hostname": address, "ssl_handshake_timeout": PATIENCE}
        reader, writer = await asyncio.open_connection(address, 11443, **tls)
        writer.write(REQUEST)
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
        writer.close()
        found.append(answer.split()[1].decode() if answer.rstrip().endswith((b"}", b"0")) else "cut")
    return found


async def all_at_once(gateway: Gateway, context: ssl.SSLContext) -> collections.Counter[str]:
    """Every status, while nginx loads its configuration anew."""
    clients = [asyncio.create_task(ask(gateway.address, context)) for _client in range(CLIENTS)]
    for _number in range(RELOADS):
        await asyncio.to_thread(gateway.run, "systemctl reload nginx")
    return collections.Counter(status for answers in await asyncio.gather(*clients) for status in answers)


def test_three_hundred_clients_and_loads_of_the_configuration_lose_no_request(gateway: Gateway, tmp_path: pathlib.Path) -> None:
    (tmp_path / "ca.pem").write_text(gateway.run(f"cat {CA}"))
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    assert asyncio.run(all_at_once(gateway, context)) == {"200": CLIENTS * EACH}
    assert gateway.is_warm()


def counted(gateway: Gateway) -> int:
    """How many requests the metrics tell of."""
    rows = re.findall(r"^ollama_gateway_requests_total\{.*\} (\d+)$", gateway.run(METRICS), re.MULTILINE)
    return sum(map(int, rows))


def test_every_request_is_counted_once_and_on_after_the_log_was_rotated(gateway: Gateway) -> None:
    before = counted(gateway)
    assert before >= len(gateway.log()) > 0
    gateway.ask("/api/version")
    gateway.run("rm --force /var/log/nginx/*.1 && logrotate --force /etc/logrotate.d/nginx")
    assert gateway.ask("/api/generate", {"model": "tiny-a", "keep_alive": 0})[0] == 403
    gateway.run(f"timeout 20 sh -c 'until test -s {LOG}; do sleep 0.1; done'")
    assert [counted(gateway), counted(gateway)] == [before + 2, before + 2]
    said = gateway.run(METRICS)
    assert 'ollama_gateway_refused_total{client="laptop",reason="unload"}' in said
    assert 'ollama_gateway_rewritten_total{client="laptop",reason="keep_alive"}' in said
    assert "\nollama_gateway_log_gaps_total 0\n" in said
    assert "0123456789" not in said


def test_nginx_and_what_counts_run_confined(gateway: Gateway) -> None:
    said = gateway.run("systemd-analyze security --no-pager nginx.service ollama-gateway-metrics.service; grep CapBnd /proc/$(cat /run/nginx.pid)/status")
    levels = [float(level) for level in re.findall(r"Overall exposure level for \S+: ([0-9.]+)", said)]
    assert [level <= most for level, most in zip(levels, (3.3, 0.6))] == [True, True], levels
    assert bin(int(said.split()[-1], 16)).count("1") <= 7
