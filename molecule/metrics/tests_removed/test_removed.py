# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics that were taken off the variables leave nothing behind, and their end does not go unnoticed."""

from __future__ import annotations

import json
import time
from typing import Any


def test_nothing_is_left_of_them(host: Any) -> None:
    left = "find / -xdev -path /proc -prune -o -name '*.prom' -print -o -path '/var/cache/ollama-warmup/*' -print"
    assert host.check_output(left) == ""
    assert "CacheDirectory" not in host.check_output("systemctl cat ollama-warmup.service")
    assert "textfile_directory" not in host.check_output("cat /etc/ollama-warmup/default.json")


def test_the_agent_goes_on(host: Any) -> None:
    assert host.check_output("systemctl is-active ollama-warmup.timer") == "active"
    assert host.run("ollama-warmup run").rc == 0
    assert not host.file("/var/cache/ollama-warmup/default").exists


def test_node_exporter_has_no_trouble_and_prometheus_misses_them(host: Any) -> None:
    end = time.monotonic() + 60
    while True:
        answer = json.loads(host.check_output("curl --fail --silent 'http://127.0.0.1:9090/api/v1/alerts'"))["data"]["alerts"]
        seen = [(alert["labels"]["alertname"], alert["state"]) for alert in answer]
        if seen == [("OllamaWarmupMetricsGone", "pending")]:
            break
        assert time.monotonic() < end, seen
        time.sleep(0.5)  # between two looks, not instead of one
    assert "node_textfile_scrape_error 0" in host.check_output("curl --fail --silent 'http://127.0.0.1:9100/metrics?collect[]=textfile'")
