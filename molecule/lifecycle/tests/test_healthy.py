# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on which nothing happens."""

from __future__ import annotations

import json
import re

from shared.gpu import PASS, Gpu


def test_a_pass_asks_for_two_lists_and_nothing_else(calm: Gpu) -> None:
    calm.door("counters", "reset=true")
    calm.run(f"systemctl start {PASS}")
    seen = calm.door("counters")
    assert seen["requests"] == {"GET /api/ps": 1, "GET /api/tags": 1}
    assert (seen["loads"], seen["reloads"], seen["tokens"]) == ({}, {}, 0)


def test_a_pass_leaves_no_line_in_the_journal(calm: Gpu) -> None:
    cursor = calm.cursor()
    calm.run(f"systemctl start {PASS}")
    calm.run("journalctl --sync")
    assert calm.journal(cursor) == ""


def test_run_as_root_hands_the_pass_to_the_service_user(calm: Gpu) -> None:
    before = calm.show(PASS, "InvocationID")
    assert "tiny-a  pin" in calm.run("ollama-warmup run")
    assert calm.show(PASS, "InvocationID") != before
    assert calm.run("find /var/lib/ollama-warmup/default ! -user ollama-warmup") == ""


def test_check_looks_and_writes_nothing(calm: Gpu) -> None:
    before = calm.run("sha256sum /var/lib/ollama-warmup/default/state.json")
    calm.door("counters", "reset=true")
    assert "resident" in calm.run("ollama-warmup check")
    assert set(calm.door("counters")["requests"]) == {"GET /api/ps", "GET /api/tags"}
    assert calm.run("sha256sum /var/lib/ollama-warmup/default/state.json") == before


def test_status_is_a_table_for_people(calm: Gpu) -> None:
    calm.ask("big", "40m")
    calm.run(f"systemctl start {PASS}")
    lines = calm.run("ollama-warmup status").splitlines()
    assert lines[0] == "ollama.service at http://127.0.0.1:11434: active (running)"
    assert [line.split()[0] for line in lines[1:3]] == ["looked", "last"]
    table = [re.split("  +", line) for line in lines[4:8]]
    assert re.fullmatch("in (39|40) minutes", table[3].pop(3))
    assert table == [
        ["MODEL", "POLICY", "STATE", "UNTIL", "PROCESSOR", "CONTEXT", "DRIFT"],
        ["tiny-a", "pin", "resident", "for ever", "100% GPU", "4096", "-"],
        ["embed", "pin", "resident", "for ever", "100% GPU", "256", "-"],
        ["big", "warm (optional)", "resident", "100% GPU", "4096", "-"],
    ]


def test_status_is_data_for_programs(calm: Gpu) -> None:
    seen = json.loads(calm.run("ollama-warmup status --json"))
    assert [(model["model"], model["resident"]) for model in seen["models"]] == [
        ("tiny-a:latest", True),
        ("embed:latest", True),
        ("big:latest", True),
    ]
    assert (seen["exit"], seen["last_pass"]["failures"]) == (0, [])


def test_any_user_may_ask_and_sees_what_root_sees(calm: Gpu) -> None:
    nobody = "setpriv --reuid=nobody --regid=nogroup --clear-groups"
    seen = [json.loads(calm.run(f"{user} ollama-warmup status --json"))["models"] for user in ("", nobody)]
    assert [[(model["model"], model["resident"], model["drift"]) for model in models] for models in seen] == [
        [(name, True, []) for name in ("tiny-a:latest", "embed:latest", "big:latest")]
    ] * 2
    assert calm.host.run(f"{nobody} ollama-warmup check").rc == 0


def test_the_sandbox_refuses_a_write_that_the_files_rights_allow(calm: Gpu) -> None:
    calm.run("mkdir -p --mode=0777 /srv/open /run/systemd/system/ollama-warmup.service.d")
    calm.run("setpriv --reuid=ollama-warmup --clear-groups touch /srv/open/without")
    calm.run(
        "printf '[Service]\\nExecStart=\\nExecStart=/usr/bin/touch /srv/open/within\\n'"
        " > /run/systemd/system/ollama-warmup.service.d/test.conf"
    )
    calm.run("systemctl daemon-reload")
    cursor = calm.cursor()
    refused = calm.host.run(f"systemctl start {PASS}")
    calm.run("rm -r /run/systemd/system/ollama-warmup.service.d && systemctl daemon-reload && journalctl --sync")
    assert refused.rc == 1
    assert "cannot touch '/srv/open/within': Read-only file system" in calm.journal(cursor)
    assert calm.run("ls /srv/open") == "without"


def test_systemd_calls_the_exposure_low(calm: Gpu) -> None:
    line = next(line for line in calm.run(f"systemd-analyze security --no-pager {PASS}").splitlines() if "Overall" in line)
    assert float(line.split(":")[1].split()[0]) <= 2.0
