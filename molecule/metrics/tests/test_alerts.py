# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to a host's models is alerted by a real Prometheus, and the alert resolves."""

from __future__ import annotations

from conftest import Watched
from shared.gpu import PINS, SERVER, TIMER, eventually

COLD = ("OllamaModelCold", "tiny-a:latest")


def make_cold(watched: Watched) -> None:
    """A model leaves, and cannot be loaded again."""
    watched.door("load", "model=tiny-a", "count=1000", "failure=no")
    watched.ask("tiny-a", "0s")
    eventually(watched.alerts, {COLD})
    assert watched.pinned() == {"embed:latest"}


def test_prometheus_has_what_the_agent_tells_under_labels_of_its_own(watched: Watched) -> None:
    labels = {"__name__": "ollama_warmup_warm", "instance": "localhost:9100", "job": "node", "ollama_instance": "default"}
    eventually(lambda: [sample["metric"] for sample in watched.prometheus("query?query=ollama_warmup_warm")["result"]], [labels])
    eventually(lambda: watched.query("ollama_warmup_model_expiry_timestamp_seconds"), dict.fromkeys(PINS, float("inf")))
    eventually(lambda: watched.query("ollama_warmup_model_vram_ratio"), dict.fromkeys(PINS, 1.0))
    eventually(lambda: watched.query("node_textfile_scrape_error"), {"": 0.0})


def test_prometheus_has_taken_every_rule(watched: Watched) -> None:
    groups = watched.prometheus("rules")["groups"]
    assert {group["name"]: len(group["rules"]) for group in groups} == {"ollama-warmup": 6, "ollama-gateway": 3}
    eventually(lambda: {rule["health"] for group in watched.prometheus("rules")["groups"] for rule in group["rules"]}, {"ok"})


def test_a_cold_model_is_alerted_and_the_alert_resolves(watched: Watched) -> None:
    make_cold(watched)
    eventually(lambda: watched.query("ollama_warmup_warm", "ollama_instance"), {"default": 0.0})
    watched.door("clear")
    watched.ask("tiny-a", "10m")
    eventually(watched.is_well)


def test_a_hold_silences_what_goes_on_and_its_release_ends_the_silence(watched: Watched) -> None:
    make_cold(watched)
    watched.run("ollama-warmup hold 1h --reason test")
    eventually(watched.alerts, set())
    eventually(lambda: watched.query('ollama_warmup_last_pass_result{result="on_hold"}', "ollama_instance"), {"default": 1.0})
    eventually(lambda: watched.query("ollama_warmup_model_resident"), {"tiny-a:latest": 0.0, "embed:latest": 1.0})
    assert watched.pinned() == {"embed:latest"}
    watched.run("ollama-warmup release")
    eventually(watched.alerts, {COLD})


def test_incidents_are_counted_and_so_are_the_loads_that_end_them(watched: Watched) -> None:
    watched.run(f"systemctl stop {TIMER}")
    watched.make_pass()
    before = watched.counted()
    watched.ask("tiny-a", "0s")
    watched.make_pass()
    for then, now in zip(before, watched.counted()):
        assert {model: now[model] - then[model] for model in PINS} == {"tiny-a:latest": 1, "embed:latest": 0}


def test_a_server_that_an_operator_stopped_is_told_and_not_alerted(watched: Watched) -> None:
    watched.run(f"systemctl stop {SERVER}")
    eventually(lambda: watched.query('ollama_warmup_last_pass_result{result="server_stopped"}', "ollama_instance"), {"default": 1})
    eventually(lambda: watched.query("ollama_warmup_model_resident"), dict.fromkeys(PINS, 0.0))
    eventually(lambda: watched.query("ALERTS", "alertname"), {})


def test_a_timer_that_stands_still_is_alerted(watched: Watched) -> None:
    watched.run(f"systemctl stop {TIMER}")
    eventually(watched.alerts, {("OllamaWarmupNoPass", "")})
    watched.run(f"systemctl start {TIMER}")
    eventually(watched.is_well)


def test_the_agent_may_not_write_into_the_common_folder(watched: Watched) -> None:
    refused = watched.host.run("setpriv --reuid=ollama-warmup --clear-groups touch /var/lib/prometheus/node-exporter/other.prom")
    assert refused.rc == 1
    assert watched.run("stat --format='%U %a' /var/lib/prometheus/node-exporter /var/cache/ollama-warmup/default").split("\n") == [
        "root 755",
        "ollama-warmup 755",
    ]


def test_systemd_calls_the_exposure_low_with_metrics_too(watched: Watched) -> None:
    lines = watched.run("systemd-analyze security --no-pager ollama-warmup.service").splitlines()
    (line,) = [line for line in lines if "Overall" in line]
    assert float(line.split(":")[1].split()[0]) <= 2.0
