# Copyright (c) 2026 the keepwarm.ollama contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a host that runs a playbook on itself: judged, since root runs what they say, and as a command."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.keepwarm.ollama.plugins.module_utils._base.text import short_repr

# ansible-pull puts them into a command of a shell's, and systemd reads them before it: neither finds a character of its own in them.
_WORD = r"[A-Za-z0-9_.~+/-]+"
# What begins with a dash would be an option of git's, ssh's or Ansible's.
_NAME = r"[A-Za-z0-9_.][A-Za-z0-9_.-]*"
_REPOSITORY = re.compile(
    rf"(?:(?:https?|ssh|git)://(?:{_NAME}@)?[A-Za-z0-9][A-Za-z0-9_.:/~+-]*|{_NAME}@[A-Za-z0-9][A-Za-z0-9.-]*:{_WORD}|(?:file://)?/{_WORD})", re.ASCII
)
_OPEN = ("http://", "git://")
_SECRET = re.compile(r"[a-z]+://[^/@]*:[^/]*@.*", re.ASCII | re.DOTALL)
_IN_REPOSITORY = re.compile(r"[A-Za-z0-9_.+][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_.+-]+)*", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9_.+][A-Za-z0-9_.+/-]*", re.ASCII)
_SPAN = re.compile(r"[1-9][0-9]{0,4}(?:s|m|h|d)", re.ASCII)
_PATH = re.compile(rf"/{_WORD}", re.ASCII)
_BESIDE = ("ansible", "ansible-playbook", "python3")
"""What ansible-pull runs; the Python is that of a virtual environment."""


def pull_settings(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`problems`, one sentence each; without any also the words of the `command`, and `owned`, the paths that have to be root's."""
    problems = list(_problems(raw))
    if problems:
        return {"problems": problems}
    folder = os.path.dirname(raw["program"])
    commands = [raw["program"], *(f"{folder}/{name}" for name in _BESIDE)]
    return {"problems": [], "command": _command(raw), "owned": [*commands, *_local(raw["repository"])]}


def _local(repository: str) -> list[str]:
    """The folders of a repository on the host itself."""
    path = repository.removeprefix("file://")
    return [path, f"{path}/.git"] if path.startswith("/") else []


def _problems(raw: Mapping[str, Any]) -> Iterator[str]:
    if _SECRET.fullmatch(str(raw.get("repository"))):
        yield "ollama_pull_repository has a password in it, which every user of the host could read: put it into root's git configuration"
    else:
        yield from _unfit(raw, "repository", _REPOSITORY, "the address of a git repository, such as https://git.example.org/fleet.git")
    judged = (
        ("version", _VERSION, "a branch, a tag or a commit"),
        ("playbook", _IN_REPOSITORY, "the path of a playbook in the repository, such as site.yml"),
        ("interval", _SPAN, "a length of time: give one such as 30m"),
        ("jitter", _SPAN, "a length of time: give one such as 10m"),
        ("timeout", _SPAN, "a length of time: give one such as 4h"),
        ("program", _PATH, "the path of ansible-pull"),
    )
    for name, form, right in judged:
        yield from _unfit(raw, name, form, right)
    if raw.get("inventory"):
        yield from _unfit(raw, "inventory", _IN_REPOSITORY, "the path of an inventory in the repository, such as inventory/hosts.yml")
    if str(raw.get("repository")).startswith(_OPEN) and not raw.get("verify_commit"):
        yield (
            f"ollama_pull_repository {short_repr(raw['repository'])} can be answered by anybody on the way, who would be root on this host: use https or ssh,"
            " or sign the commits and set ollama_pull_verify_commit"
        )


def _unfit(raw: Mapping[str, Any], name: str, form: re.Pattern[str], right: str) -> Iterator[str]:
    if not form.fullmatch(str(raw.get(name))) or ".." in str(raw.get(name)):
        yield f"ollama_pull_{name} is {short_repr(raw.get(name))}, not {right}"


def _command(raw: Mapping[str, Any]) -> list[str]:
    """What is run. Without an inventory the host is localhost, and the playbooks of the collection are told so."""
    inventory = raw["inventory"]
    where = ["--inventory", f"{raw['checkout']}/{inventory}"] if inventory else ["--inventory", "localhost,", "--extra-vars", "keepwarm_hosts=localhost"]
    signed = ["--verify-commit"] if raw["verify_commit"] else []
    source = ["--url", raw["repository"], "--checkout", raw["version"], "--directory", raw["checkout"], "--clean", "--full", *signed]
    return [raw["program"], *source, *where, raw["playbook"]]
