# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes are loaded without a restart, what cannot be is refused before anything is changed, and what nginx does not take is taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from conftest import CA, Gateway
from shared.machine import Outcome

Play = Callable[..., Outcome]
NEW_CLIENT = [{"name": "laptop", "token": "laptop-0123456789abcdef"}, {"name": "phone", "token": "phone-0123456789abcdef"}]
POLICIES = {"ollama_gateway_undeclared": "refuse", "ollama_gateway_unload": "drop", "ollama_gateway_keep_alive": "clamp"}
TOKENS = "/etc/nginx/ollama-gateway/tokens.map"
OTHER_KEY = "/etc/ssl/gateway/other.key"
SERVER_DROPIN = "/etc/systemd/system/ollama.service.d/wide-open.conf"
COUNTS = "ollama-gateway-metrics.timer"
NGINX_DROPIN = "/etc/systemd/system/nginx.service.d/no-reload.conf"


def test_tokens_are_changed_without_a_restart_and_are_nowhere_to_be_read(gateway: Gateway, play: Play) -> None:
    master = gateway.master()
    shown = [play("--check", "--diff", "-vvv", ollama_gateway_clients=NEW_CLIENT), play("--diff", "-vvv", ollama_gateway_clients=NEW_CLIENT)]
    assert [(done.status, len(done.changed)) for done in shown] == [(0, 1), (0, 1)], shown[1].output
    assert [gateway.ask("/api/version", token=name)[0] for name in ("laptop", "phone", "admin")] == [200, 200, 401]
    assert gateway.master() == master
    output = "".join(done.output for done in shown)
    assert "0123456789abcdef" not in output
    assert "phone;" in output
    assert "tiny-a:latest is declared with num_ctx: a request below /v1" in " ".join(output.split())
    assert gateway.run("stat --format '%a %U %G' /var/log/nginx/ollama-gateway.log").split() == ["640", "www-data", "adm"]
    assert gateway.run("stat --format '%a %U' /etc/nginx/ollama-gateway/tokens.map").split() == ["600", "root"]


def test_the_policies_follow_the_variables(gateway: Gateway, play: Play) -> None:
    elsewhere = {"ollama_gateway_listen": [f"{gateway.address}:11443"], "ollama_gateway_metrics_directory": "/var/lib/elsewhere"}
    assert play(**POLICIES, **elsewhere).status == 0
    assert gateway.run("ss -Hltn sport = :11443").split()[3] == f"{gateway.address}:11443"
    assert gateway.run("find /var/lib -name ollama-gateway.prom").split() == ["/var/lib/elsewhere/ollama-gateway.prom"]
    assert gateway.ask("/api/generate", {"model": "tiny-c"})[0] == 403
    assert gateway.ask("/api/generate", {"model": "tiny-a", "keep_alive": 0})[0] == 200
    assert gateway.ask("/api/embed", {"model": "embed", "input": "x", "keep_alive": "1m"})[0] == 200
    assert gateway.resident()["embed:latest"] > "2300"
    assert gateway.ask("/api/generate", {"model": "tiny-b", "keep_alive": 1})[0] == 200
    assert gateway.resident()["tiny-b:latest"] > gateway.run("date --utc --date '+39 minutes' +%FT%T").strip()


def test_a_new_certificate_is_loaded_by_the_next_play(gateway: Gateway, play: Play) -> None:
    gateway.run("cd /etc/ssl/gateway && openssl x509 -req -in gateway.csr -CA ca.pem -CAkey ca.key -days 9 -extfile gateway.ext -out gateway.pem 2> /dev/null")
    assert play("--check", **POLICIES).changed == ["gpu1"]
    assert play().status == 0
    assert gateway.run("find /var/lib -name ollama-gateway.prom -o -name elsewhere").split() == ["/var/lib/prometheus/node-exporter/ollama-gateway.prom"]
    serial = gateway.run("openssl x509 -in /etc/ssl/gateway/gateway.pem -noout -serial")
    assert serial == gateway.run(f"openssl s_client -connect {gateway.address}:11443 < /dev/null 2> /dev/null | openssl x509 -noout -serial")


def test_a_client_s_requests_at_once_are_limited(gateway: Gateway, play: Play) -> None:
    assert play(ollama_gateway_connections=1).status == 0
    curl = "curl --silent --insecure --output /dev/null --header 'Authorization: Bearer {}-0123456789abcdef' https://127.0.0.1:11443"
    long = curl.format("laptop") + '/api/generate --max-time 6 --data \'{"model": "big", "prompt": "hi", "options": {"num_predict": 1000}}\''
    asked = "".join(f"; {curl.format(name)}/api/version --write-out '%{{http_code}} '" for name in ("laptop", "admin"))
    assert gateway.run(f"{long} & sleep 2{asked}; wait{asked}").split() == ["429", "200", "200", "200"]
    assert play().status == 0


@pytest.fixture
def wide_open(gateway: Gateway) -> Iterator[None]:
    """The server listens for everybody, after its next start."""
    gateway.run(f"mkdir -p {SERVER_DROPIN.rpartition('/')[0]} && printf '[Service]\\nEnvironment=OLLAMA_HOST=0.0.0.0\\n' > {SERVER_DROPIN}")
    gateway.run("systemctl daemon-reload")
    yield
    gateway.run(f"rm {SERVER_DROPIN} && systemctl daemon-reload")


def test_a_key_of_another_certificate_is_refused_before_anything_is_changed(gateway: Gateway, play: Play) -> None:
    gateway.run(f"systemctl stop {COUNTS}")  # it writes every 15 seconds
    before = gateway.state()
    done = play(ollama_gateway_tls_key=OTHER_KEY)
    sentence = f"the key {OTHER_KEY} is not that of the first certificate in /etc/ssl/gateway/gateway.pem"
    assert (done.status, done.changed, done.messages) == (2, [], {"gpu1": sentence})
    assert gateway.state() == before
    gateway.run(f"systemctl start {COUNTS}")


def test_a_server_that_others_reach_past_the_gateway_is_refused(gateway: Gateway, play: Play, wide_open: None) -> None:
    done = play()
    assert (done.status, done.changed) == (2, [])
    assert done.messages["gpu1"].startswith("ollama.service listens at 0.0.0.0, where others reach it past the gateway")


def test_what_nginx_does_not_take_is_taken_back(gateway: Gateway, play: Play) -> None:
    gateway.run(f"printf '[Service]\\nExecReload=\\nExecReload=/bin/false\\n' > {NGINX_DROPIN} && systemctl daemon-reload")
    before = gateway.run("sha256sum /etc/nginx/ollama-gateway/* /etc/nginx/conf.d/*")
    done = play(ollama_gateway_unload="pass")
    gateway.run(f"rm {NGINX_DROPIN} && systemctl daemon-reload")
    assert done.status == 2
    assert "nginx did not take the configuration, and the former one is back" in done.messages["gpu1"]
    assert gateway.run("sha256sum /etc/nginx/ollama-gateway/* /etc/nginx/conf.d/*") == before
    assert gateway.ask("/api/generate", {"model": "tiny-a", "keep_alive": 0})[0] == 403


def test_a_server_that_is_down_is_said_in_its_own_shape(gateway: Gateway) -> None:
    gateway.run("systemctl stop ollama.service")
    answer = gateway.ask("/api/generate", {"model": "tiny-a"})
    gateway.run("systemctl start ollama.service")
    assert answer == (502, '{"error":"the Ollama server behind this gateway does not answer"}')


def test_a_server_that_others_reach_is_refused_whatever_address_the_proxy_is_given(gateway: Gateway, play: Play, wide_open: None) -> None:
    done = play(ollama_gateway_upstream="127.0.0.1:11434")
    assert (done.status, done.changed) == (2, [])
    assert "listens at 0.0.0.0" in done.messages["gpu1"]


def test_a_token_file_that_somebody_broke_is_not_loaded_and_the_next_play_repairs_it(gateway: Gateway, play: Play) -> None:
    gateway.run(f"echo nonsense >> {TOKENS} && ! systemctl reload nginx")
    assert gateway.ask("/api/version")[0] == 200
    assert gateway.run("systemctl stop nginx; systemctl start nginx 2> /dev/null || echo refused").strip() == "refused"
    assert (play().status, gateway.ask("/api/version")[0]) == (0, 200)


def test_nginx_comes_back_when_it_was_killed_and_models_are_as_they_were(gateway: Gateway) -> None:
    before, warm = gateway.master(), gateway.resident()
    gateway.run("systemctl kill --signal=KILL nginx.service")
    assert gateway.ask("/api/version", options="--retry 30 --retry-all-errors --retry-delay 1 --output /dev/null")[0] == 200
    assert gateway.master() != before
    assert gateway.resident() == warm


@pytest.fixture
def expired(gateway: Gateway) -> Iterator[None]:
    """nginx has a certificate that has expired. OpenSSL takes dates from 3.4 on, and a negative number of days before."""
    dates = "-not_before 20200101000000Z -not_after 20200102000000Z"
    new = "openssl x509 -req -in gateway.csr -CA ca.pem -CAkey ca.key -extfile gateway.ext -out gateway.pem"
    gateway.run(f"cd /etc/ssl/gateway && cp gateway.pem kept.pem && ({new} {dates} || {new} -days -1) 2> /dev/null && systemctl reload nginx")
    yield
    gateway.run("mv /etc/ssl/gateway/kept.pem /etc/ssl/gateway/gateway.pem && systemctl reload nginx")


def test_clients_refuse_a_certificate_that_has_expired_and_nginx_serves_on(gateway: Gateway, expired: None) -> None:
    asked = f"--silent --output /dev/null --write-out '%{{http_code}}\n' https://{gateway.address}:11443/api/version"
    gateway.run(f"timeout 20 sh -c 'while curl --cacert {CA} --silent https://{gateway.address}:11443/ --output /dev/null; do sleep 0.1; done'")
    assert gateway.run(f"curl --cacert {CA} {asked} || echo $?; curl --insecure {asked}").split() == ["000", "60", "401"]


LEFT = "find /etc /usr/local /var/lib -name '*ollama-gateway*' -o -name 'ollama_gateway*' -o -name gateway.json 2> /dev/null || true"


def test_site_puts_it_there_and_remove_takes_it_away_without_a_trace(gateway: Gateway, playbook: Play) -> None:
    assert playbook("site", ollama_gateway_clients=[{"name": "laptop", "token": "short"}]).messages["gpu1"].startswith("ollama_gateway_clients has for laptop")
    done = [playbook("site"), playbook("site")]
    assert [(one.status, bool(one.changed)) for one in done] == [(0, True), (0, False)], done[0].output
    assert gateway.ask("/api/generate", {"model": "tiny-a", "keep_alive": 0})[0] == 403
    assert gateway.is_warm()
    assert playbook("remove", keepwarm_remove_confirmed=True, ollama_gateway_metrics_directory="/var/lib/elsewhere").status == 0
    assert gateway.run(LEFT).strip() == ""
    assert gateway.run("ss -Hltn sport = :11443").strip() == ""
    assert gateway.run("systemctl is-active nginx").strip() == "active"
    assert playbook("remove", keepwarm_remove_confirmed=True).changed == []
