# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drop-in of a server, line by line."""

from __future__ import annotations

from ansible_collections.keepwarm.ollama.plugins.module_utils._ownership.marks import is_marked, role_mark
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.defaults import Settled
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.server_dropin import Place, dropin_text

HEAD = "# Managed by Ansible (role keepwarm.ollama.ollama_server): changes made here are overwritten."


def settled(oom_policy: str | None = None) -> Settled:
    return Settled({"OLLAMA_HOST": "127.0.0.1:9", "A": 'x "y" 5%'}, ("A",), oom_policy, ("B is not written here: /b sets it, and that stands.",), ())


def lines(place: Place, oom_policy: str | None = None) -> list[str]:
    text = dropin_text(settled(oom_policy), place)
    assert text.endswith("\n")
    assert is_marked("/x/zz-keepwarm.conf", text.encode(), role_mark("ollama_server"))
    return text.splitlines()


def test_a_server_alone_has_its_environment() -> None:
    assert lines(Place(), "stop") == [
        HEAD,
        "# Defaults of the role, which nobody has declared: A",
        "# B is not written here: /b sets it, and that stands.",
        "[Service]",
        'Environment="OLLAMA_HOST=127.0.0.1:9"',
        r'Environment="A=x \"y\" 5%%"',
        "OOMPolicy=stop",
    ]


def test_it_starts_after_the_gpus_and_what_holds_its_models() -> None:
    found = lines(Place("/srv/a b%", waits_for_gpu=True))
    unit = found[found.index("[Unit]") : found.index("[Service]")]
    assert [line for line in unit if not line.startswith("#")] == [
        "[Unit]", "Wants=ollama-gpu-ready.service", "After=ollama-gpu-ready.service", 'RequiresMountsFor="/srv/a b%%"', "",
    ]  # fmt: skip
    assert not [line for line in found if line.startswith("ReadWritePaths")]


def test_a_folder_that_systemd_could_not_read_is_no_mount() -> None:
    assert "[Unit]" not in lines(Place('/srv/"a'))


def test_one_of_several_may_write_its_folder_although_their_template_keeps_it_from_all() -> None:
    found = lines(Place('/home/a\\b"c%', grouped=True, sandboxed=True))
    assert "PartOf=ollama.target" in found
    assert found[-2:] == [r'ReadWritePaths="/home/a\\b\"c%%"', "ProtectHome=no"]
    assert lines(Place("/srv/a", grouped=True, sandboxed=True))[-1] == 'ReadWritePaths="/srv/a"'


def test_a_template_of_others_has_no_such_bounds() -> None:
    assert not [line for line in lines(Place("/home/a", grouped=True)) if line.startswith(("ReadWritePaths", "ProtectHome"))]
