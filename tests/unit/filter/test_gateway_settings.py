# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a gateway is set up with: refused in a sentence without any token in it, or prepared for nginx."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from ansible.utils.display import Display
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._gateway import gateway_settings

LAPTOP = {"name": "laptop", "token": "laptop-0123456789abcdef"}
GIVEN: dict[str, Any] = {
    "clients": [LAPTOP],
    "listen": ["0.0.0.0:11443", "[::1]:8080"],
    "tls_certificate": "/etc/ssl/gateway.pem",
    "tls_key": "/etc/ssl/gateway.key",
    "allow": ["10.0.0.0/8"],
    "deny": [],
    "origins": ["https://chat.example"],
    "models": [{"name": "Pin"}, {"name": "warm:8b", "policy": "warm", "keep_alive": "30m", "num_ctx": 2048}],
    "server_keep_alive": "45m",
    "keep_alive": "clamp",
    "unload": "drop",
    "options": "refuse",
    "undeclared": "refuse",
    "routes": ["GET /api/status"],
    "body_size": "8m",
    "timeout": 1800,
    "connections": "0",
    "metrics_directory": None,
    "upstream": "",
    "ready_path": "/ready",
    "ready_instance": "a",
    "unit": "ollama.service",
    "resident": [],
    "instances": [],
    "deployment": "systemd",
    "host": None,
    "server_unit": "ollama.service",
}


def client(**changed: Any) -> dict[str, Any]:
    return {"clients": [{**LAPTOP, **changed}]}


def test_what_the_script_reads() -> None:
    found = gateway_settings(GIVEN)
    assert found["problems"] == []
    assert found["settings"]["models"] == {
        "registry.ollama.ai/library/pin:latest": {"keep_alive": "-1", "num_ctx": None},
        "registry.ollama.ai/library/warm:8b": {"keep_alive": '"1800s"', "num_ctx": 2048},
    }
    assert found["settings"]["server_keep_alive"] == '"45m"'
    assert {key: found["settings"][key] for key in ("keep_alive", "unload", "options", "undeclared", "routes")} == {
        key: GIVEN[key] for key in ("keep_alive", "unload", "options", "undeclared", "routes")
    }
    assert found["listen"] == [{"address": "0.0.0.0", "port": 11443}, {"address": "::1", "port": 8080}]


def test_a_token_is_kept_as_the_hash_that_the_script_makes_of_it() -> None:
    digest = hashlib.sha256(LAPTOP["token"].encode())
    wanted = base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")
    hashed = {"name": "laptop", "token_sha256": digest.hexdigest().upper()}
    for given in (LAPTOP, hashed):
        found = gateway_settings({**GIVEN, "clients": [given]})
        assert found["tokens"] == [{"hash": wanted, "client": "laptop"}]
        assert "0123456789abcdef" not in str(found["settings"])


def test_what_a_client_may_do() -> None:
    clients = [{**LAPTOP, "roles": ["admin"], "rate": "5r/s", "burst": 7}, {"name": "phone", "token": "p" * 16, "models": ["Pin"], "rate": "5r/s", "burst": 7}]
    found = gateway_settings({**GIVEN, "clients": clients})
    assert found["settings"]["clients"] == {
        "laptop": {"admin": True, "models": None},
        "phone": {"admin": False, "models": ["registry.ollama.ai/library/pin:latest"]},
    }
    assert found["rates"] == [{"rate": "5r/s", "burst": 7, "clients": ["laptop", "phone"]}]


@pytest.mark.parametrize(("value", "wanted"), [("", None), (-1, "-1"), ("-1", "-1"), (" 300", "300"), ("-5m", '"-5m"')])
def test_the_server_s_own_keep_alive_as_a_request_has_it(value: Any, wanted: str | None) -> None:
    assert gateway_settings({**GIVEN, "server_keep_alive": value})["settings"]["server_keep_alive"] == wanted


PROBLEMS = [
    ({"clients": []}, "ollama_gateway_clients is empty: nobody could use the gateway"),
    (client(name="Laptop"), "ollama_gateway_clients has no name that could be used at entry 1"),
    (client(name="n" * 41), "ollama_gateway_clients has no name that could be used at entry 1: give it one of at most 40 small letters"),
    (client(name="default"), "ollama_gateway_clients has no name that could be used at entry 1"),
    (client(token="short"), "ollama_gateway_clients has for laptop a token that is none"),
    (client(token="with a blank in it 0123456789"), "ollama_gateway_clients has for laptop a token that is none"),
    (client(token_sha256="00"), "ollama_gateway_clients has for laptop no token, or two"),
    ({"clients": [{"name": "a"}]}, "ollama_gateway_clients has for a no token, or two"),
    ({"clients": [{"name": "a", "token_sha256": "00"}]}, "ollama_gateway_clients has for a a token_sha256 that is none"),
    ({"clients": [LAPTOP, {**LAPTOP, "name": "b"}]}, "ollama_gateway_clients has the same token for laptop and b: give each its own"),
    ({"clients": [LAPTOP, {"name": "laptop", "token": "p" * 16}]}, "ollama_gateway_clients has the name laptop twice"),
    (client(roles=["root"]), "ollama_gateway_clients has the role 'root' for laptop: there is only 'admin'"),
    (client(models=["a b"]), "ollama_gateway_clients has for laptop a model name 'a b'"),
    (client(rate="fast"), "ollama_gateway_clients has the rate 'fast' for laptop"),
    (client(burst=-1), "ollama_gateway_clients has the burst -1 for laptop"),
    (client(colour="red"), "ollama_gateway_clients has the key 'colour' for laptop"),
    ({"listen": []}, "ollama_gateway_listen is empty"),
    ({"listen": ["here:1"]}, "ollama_gateway_listen has 'here:1'"),
    ({"listen": ["10.0.0.1:70000"]}, "ollama_gateway_listen has '10.0.0.1:70000'"),
    ({"tls_key": ""}, "ollama_gateway_tls_certificate and ollama_gateway_tls_key go together"),
    ({"tls_certificate": "", "tls_key": ""}, "ollama_gateway_listen has 0.0.0.0:11443 without TLS"),
    ({"tls_key": "/a;b"}, "ollama_gateway_tls_key is '/a;b', which is no absolute path"),
    ({"allow": ["10.0.0.1/8"]}, "ollama_gateway_allow has '10.0.0.1/8', which is no network"),
    ({"deny": ["all"]}, "ollama_gateway_deny has 'all', which is no network"),
    ({"origins": ["*"]}, "ollama_gateway_origins has '*'"),
    ({"origins": ["https://" + "o" * 33]}, "ollama_gateway_origins has "),
    ({"routes": ["/api/status"]}, "ollama_gateway_routes has '/api/status'"),
    ({"body_size": "8 MB"}, "ollama_gateway_body_size is '8 MB'"),
    ({"upstream": "127.0.0.1"}, "ollama_gateway_upstream is '127.0.0.1'"),
    ({"allow": "10.0.0.0/8"}, "ollama_gateway_allow is '10.0.0.0/8', not a list: write ['10.0.0.0/8']"),
    ({"listen": None}, "ollama_gateway_listen is None, not a list: write ['0.0.0.0:11443']"),
    ({"timeout": 0}, "ollama_gateway_timeout is 0: give whole seconds, at least 1"),
    ({"connections": "-1"}, "ollama_gateway_connections is '-1': give a whole number, 0 for any"),
    ({"metrics_directory": "metrics"}, "ollama_gateway_metrics_directory is 'metrics', which is no absolute path"),
    ({"models": [{"name": "a"}, {"name": "a:latest"}]}, "ollama_gateway_models: "),
]


@pytest.mark.parametrize(("changed", "sentence"), PROBLEMS)
def test_what_is_wrong_is_one_sentence_without_a_token(changed: dict[str, Any], sentence: str) -> None:
    found = gateway_settings({**GIVEN, **changed})
    assert len(found["problems"]) == 1
    assert found["problems"][0].startswith(sentence)
    assert "0123456789" not in found["problems"][0]
    assert list(found) == ["problems"]


def test_the_longest_names_and_origins_are_taken() -> None:
    assert gateway_settings({**GIVEN, **client(name="n" * 40), "origins": ["https://" + "o" * 32]})["problems"] == []


@pytest.mark.parametrize(("changed", "warned"), [({}, 1), ({"options": "drop"}, 1), ({"options": "pass"}, 0), ({"models": [{"name": "Pin"}]}, 0)])
def test_a_declared_context_is_warned_of_since_requests_below_v1_cannot_ask_for_it(
    changed: dict[str, Any], warned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _display, text: said.append(text))
    gateway_settings({**GIVEN, **changed})
    assert len(said) == warned
    assert all(sentence.startswith("registry.ollama.ai/library/warm:8b is declared with num_ctx: a request below /v1") for sentence in said)


INSTANCES = [{"name": "chat", "port": 11435, "models": ["big"]}, {"name": "embed", "port": 11436}]


@pytest.mark.parametrize(
    ("unit", "models", "wanted"),
    [
        ("ollama@chat.service", [{"name": "flat"}], "big"),
        ("ollama@chat.service", [{"name": "own"}], "own"),
        ("ollama@embed.service", [{"name": "flat"}], "flat"),
    ],
)
def test_of_several_servers_the_models_are_those_of_the_one_behind_the_gateway(unit: str, models: list[dict[str, str]], wanted: str) -> None:
    found = gateway_settings({**GIVEN, "unit": unit, "models": models, "resident": [{"name": "flat"}], "instances": INSTANCES})
    assert list(found["settings"]["models"]) == [f"registry.ollama.ai/library/{wanted}:latest"]


def test_a_gateway_before_several_servers_is_refused() -> None:
    (problem,) = gateway_settings({**GIVEN, "instances": INSTANCES})["problems"]
    assert problem.startswith("ollama_gateway_unit is ollama.service, none of the servers in ollama_server_instances")
    assert problem.endswith("ollama@chat.service or ollama@embed.service")


ENTRIES = [{"name": "a", "port": 11500, "models": [{"name": "own"}]}, {"name": "b", "port": 11501, "server": {"deployment": "systemd"}}]


@pytest.mark.parametrize(
    ("given", "composed", "instance"),
    [
        ({}, {}, "a"),
        ({"deployment": "compose"}, {"listens": "127.0.0.1", "address": "127.0.0.1:11434"}, "a"),
        ({"deployment": "compose", "host": "0.0.0.0:80"}, {"listens": "0.0.0.0", "address": "127.0.0.1:80"}, "a"),
        ({"deployment": "compose", "host": ":80"}, {"listens": "0.0.0.0", "address": "127.0.0.1:80"}, "a"),
        ({"deployment": "compose", "unit": "other.service"}, {}, "a"),
        ({"deployment": "compose", "instances": ENTRIES, "unit": "ollama-a.service"}, {"listens": "127.0.0.1", "address": "127.0.0.1:11500"}, "a"),
        ({"deployment": "compose", "instances": ENTRIES, "unit": "ollama@b.service"}, {}, "b"),
    ],
)
def test_a_server_of_compose_is_where_it_is_declared(given: dict[str, Any], composed: dict[str, str], instance: str) -> None:
    found = gateway_settings({**GIVEN, **given})
    assert (found["problems"], found.get("composed")) == ([], composed)
    assert f"/{instance}/" in found["settings"]["ready"]["file"]


def test_the_units_of_servers_of_compose_are_named_as_they_are() -> None:
    (problem,) = gateway_settings({**GIVEN, "deployment": "compose", "instances": ENTRIES, "unit": "ollama@a.service"})["problems"]
    assert problem.endswith("so give the unit of that one, ollama-a.service or ollama@b.service")
