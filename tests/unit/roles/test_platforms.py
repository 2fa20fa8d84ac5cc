# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Distributions that no test host can boot: what the roles make of their facts, as Ansible gathers them there."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
import yaml
from ansible_collections.keepwarm.ollama.plugins.plugin_utils import _platform
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._platform import FAMILIES, WITHOUT_SYSTEMD, platform
from support.role_tasks import ROLES, value

ROLE_NAMES = ["ollama_gateway", "ollama_model", "ollama_server", "ollama_warmup"]
DEBIAN, ELSEWHERE = "/var/lib/prometheus/node-exporter", "/var/lib/node_exporter"
NJS = ["nginx", "libnginx-mod-http-js", "logrotate"]


def facts(family: str, distribution: str, version: str, manager: str) -> dict[str, str]:
    found = {"os_family": family, "distribution": distribution, "distribution_version": version, "pkg_mgr": manager}
    return {**found, "distribution_major_version": version.split(".", maxsplit=1)[0], "architecture": "x86_64", "service_mgr": "systemd"}


DISTRIBUTIONS = {
    "Debian 11": facts("Debian", "Debian", "11.11", "apt"),
    "Debian 12": facts("Debian", "Debian", "12.12", "apt"),
    "Debian 13": facts("Debian", "Debian", "13.2", "apt"),
    "Ubuntu 22.04": facts("Debian", "Ubuntu", "22.04", "apt"),
    "Ubuntu 24.04": facts("Debian", "Ubuntu", "24.04", "apt"),
    "Ubuntu 26.04": facts("Debian", "Ubuntu", "26.04", "apt"),
    "RHEL 9": facts("RedHat", "RedHat", "9.7", "dnf"),
    "RHEL 10": facts("RedHat", "RedHat", "10.1", "dnf"),
    "Rocky 9": facts("RedHat", "Rocky", "9.7", "dnf"),
    "AlmaLinux 10": facts("RedHat", "AlmaLinux", "10.1", "dnf"),
    "Amazon Linux 2023": facts("RedHat", "Amazon", "2023", "dnf"),
    "Fedora 43": facts("RedHat", "Fedora", "43", "dnf5"),
    "openSUSE Leap 15.6": facts("Suse", "openSUSE Leap", "15.6", "zypper"),
    "openSUSE Tumbleweed": facts("Suse", "openSUSE Tumbleweed", "20261120", "zypper"),
    "Arch Linux": facts("Archlinux", "Archlinux", "", "pacman"),
    "Gentoo": facts("Gentoo", "Gentoo", "2.17", "portage"),
}
KEYS = ("folder", "requests", "metrics", "apprise", "zstd", "ollama")
EXPECTED = {
    "Debian": (DEBIAN, "python3-requests", "python3-prometheus-client", "apprise", "zstd", ""),
    "RedHat": (ELSEWHERE, "python3-requests", "python3-prometheus_client", "python3-apprise", "zstd", ""),
    "Suse": (ELSEWHERE, "python3-requests", "python3-prometheus_client", "python3-apprise", "zstd", "ollama"),
    "Archlinux": (ELSEWHERE, "python-requests", "python-prometheus_client", "", "zstd", "ollama"),
    "Gentoo": (ELSEWHERE, "", "", "", "", ""),
}
VALUES = {
    "folder": ("ollama_warmup", "{{ __ollama_warmup_metrics_directory }}"),
    "requests": ("ollama_model", "{{ __ollama_model_requests_package }}"),
    "metrics": ("ollama_warmup", "{{ __ollama_warmup_packages.prometheus_client or '' }}"),
    "apprise": ("ollama_warmup", "{{ __ollama_warmup_packages.apprise or '' }}"),
    "zstd": ("ollama_server", "{{ __ollama_server_distribution.zstd_package or '' }}"),
    "ollama": ("ollama_server", "{{ __ollama_server_package }}"),
}
INPUTS = {
    "folder": "ollama_warmup_metrics_directory",
    "requests": "ollama_model_requests_package",
    "metrics": "ollama_warmup_prometheus_client_package",
    "apprise": "ollama_warmup_apprise_package",
    "ollama": "ollama_server_package",
}


@pytest.mark.parametrize("what", VALUES)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_each_distribution_has_names_of_its_own(name: str, what: str) -> None:
    given = DISTRIBUTIONS[name]
    expected = "ollama" if (name, what) == ("Fedora 43", "ollama") else dict(zip(KEYS, EXPECTED[given["os_family"]]))[what]
    assert value(*VALUES[what], ansible_facts=given) == expected


@pytest.mark.parametrize("what", INPUTS)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_what_the_user_names_counts_everywhere(name: str, what: str) -> None:
    assert value(*VALUES[what], ansible_facts=DISTRIBUTIONS[name], **{INPUTS[what]: "/srv/own"}) == "/srv/own"


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("role", ROLE_NAMES)
def test_no_distribution_with_systemd_is_refused_before_something_has_to_be_installed(role: str, name: str) -> None:
    given = {"ollama_gateway_state": "absent", "ollama_warmup_models": ["a"], "ollama_warmup_metrics": True}
    assert value(role, f"{{{{ {role}_problems }}}}", ansible_facts=DISTRIBUTIONS[name], **given) == []


@pytest.mark.parametrize("role", sorted(set(ROLE_NAMES) - {"ollama_model"}))  # which may ask a server elsewhere
@pytest.mark.parametrize("family", WITHOUT_SYSTEMD)
def test_one_without_systemd_is_refused_in_one_sentence(family: str, role: str) -> None:
    (sentence,) = value(role, f"{{{{ {role}_problems }}}}", ansible_facts=facts(family, family, "3.22", "apk"), ollama_gateway_state="absent")
    assert sentence == f"This host runs {family} 3.22, which has no systemd, whose units are what is managed here: it is not supported (docs/platforms.md)"


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_the_files_of_all_families_have_the_same_keys(role: str) -> None:
    keys = {family: set(yaml.safe_load((ROLES / role / f"vars/{family}.yml").read_text())[f"__{role}_platform"]) for family in (*FAMILIES, "default")}
    keys = {family: {key for key in found if not key.endswith("_of")} for family, found in keys.items()}
    assert set(map(frozenset, keys.values())) == {frozenset(keys["Debian"])}


@pytest.mark.parametrize("given", [{}, {"facts": {}}, {"facts": None}])
def test_a_host_whose_facts_nobody_gathered_is_of_no_known_distribution(given: dict[str, Any]) -> None:
    found = platform({"role": "ollama_model", **given})
    named = "a distribution that is not known (gather_facts)"
    assert found == {"requests_package": None, "family": "", "distribution": named, "problems": [], "package_problems": []}


def lacking(name: str, **changed: Any) -> list[str]:
    """Why the HTTP library could not be installed there."""
    given = {**DISTRIBUTIONS[name], **changed}
    problems: list[str] = value("ollama_model", "{{ __ollama_model_package_problems }}", ansible_facts=given)
    return problems


@pytest.mark.parametrize("present", [True, False])
@pytest.mark.parametrize(("name", "manager"), [("openSUSE Leap 15.6", "zypper"), ("Arch Linux", "pacman"), ("RHEL 9", "dnf"), ("Fedora 43", "dnf5")])
def test_a_controller_without_the_module_of_a_package_manager_is_told_so(
    monkeypatch: pytest.MonkeyPatch, name: str, manager: str, present: bool
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(_platform.module_loader, "has_plugin", lambda wanted: asked.append(wanted) or present)
    problems = lacking(name)
    assert asked == [manager]
    assert [text.endswith("whose module this controller lacks: install the collection community.general there") for text in problems] == [True] * (not present)


def test_ansible_itself_has_the_modules_of_debian_and_the_red_hat_family() -> None:
    assert [lacking(name) for name in DISTRIBUTIONS if DISTRIBUTIONS[name]["os_family"] in ("Debian", "RedHat") and name != "Fedora 43"] == [[]] * 11


def test_a_host_without_a_package_manager_is_told_so() -> None:
    (sentence,) = lacking("Fedora 43", pkg_mgr="atomic_container")
    assert sentence == "Something has to be installed on this host, but Ansible finds no package manager on Fedora 43: install it by other means"


def test_a_package_that_is_not_known_is_asked_for() -> None:
    assert lacking("Gentoo") == [
        "This host lacks the requests library, and no package of Gentoo 2.17 is known for it: install it by other means, or name a package in"
        " ollama_model_requests_package"
    ]
    look = {"missing_libraries": ["prometheus_client", "apprise"]}
    problems = value("ollama_warmup", "{{ __ollama_warmup_package_problems }}", ansible_facts=DISTRIBUTIONS["Arch Linux"], __ollama_warmup_look=look)
    assert problems == [
        "This host lacks apprise, and no package of Archlinux is known for it: install it by other means, or name a package in ollama_warmup_apprise_package"
    ]
    (sentence,) = value("ollama_server", "{{ __ollama_server_zstd_problems }}", ansible_facts=DISTRIBUTIONS["Gentoo"])
    assert sentence == "This host lacks zstd, and no package of Gentoo 2.17 is known for it: install it by other means"


GATEWAY = {
    "Debian 11": (False, NJS),
    "Debian 12": (True, NJS),
    "Ubuntu 22.04": (False, NJS),
    "Ubuntu 24.04": (True, NJS),
    "RHEL 10": (False, ["nginx", "logrotate"]),
    "Amazon Linux 2023": (True, ["nginx", "nginx-mod-njs", "logrotate"]),
    "openSUSE Tumbleweed": (False, ["nginx", "logrotate"]),
    "Arch Linux": (True, ["nginx", "nginx-mod-njs", "logrotate"]),
    "Gentoo": (False, []),
}


@pytest.mark.parametrize("name", GATEWAY)
def test_the_gateway_needs_a_distribution_with_njs_or_packages_that_somebody_names(name: str) -> None:
    given = {"ansible_facts": DISTRIBUTIONS[name]}
    has_njs, packages = GATEWAY[name]
    assert value("ollama_gateway", "{{ __ollama_gateway_has_njs }}", **given) in (has_njs, str(has_njs))
    assert value("ollama_gateway", "{{ __ollama_gateway_packages }}", **given) == packages
    for named in (["nginx", "nginx-module-njs"], []):
        assert value("ollama_gateway", "{{ __ollama_gateway_has_njs }}", **given, ollama_gateway_packages=named) in (True, "True")
        assert value("ollama_gateway", "{{ __ollama_gateway_packages }}", **given, ollama_gateway_packages=named) == named


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_requests_are_counted_into_the_folder_of_the_agent_s_metrics(name: str) -> None:
    facts_of = {"ansible_facts": DISTRIBUTIONS[name]}
    gateway, agent = (("ollama_gateway", "{{ __ollama_gateway_metrics_directory }}"), VALUES["folder"])
    for given in ({}, {"ollama_warmup_metrics_directory": "/srv/own"}, {"ollama_warmup_metrics_directory": None}):
        assert value(*gateway, **facts_of, **given) == value(*agent, **facts_of, **given)
    assert value(*gateway, **facts_of, ollama_gateway_metrics_directory="/srv/own") == "/srv/own"


@pytest.mark.parametrize(("name", "user"), [("Debian 13", "www-data"), ("Amazon Linux 2023", "nginx"), ("Arch Linux", "http")])
def test_the_log_is_read_by_whom_nginx_runs_as(name: str, user: str) -> None:
    assert value("ollama_gateway", "{{ __ollama_gateway_user }}", ansible_facts=DISTRIBUTIONS[name]) == user
    assert value("ollama_gateway", "{{ __ollama_gateway_user }}", ansible_facts=DISTRIBUTIONS[name], __ollama_gateway_served={"user": "own"}) == "own"


@pytest.mark.parametrize(
    ("name", "given", "beginning"),
    [
        ("Debian 13", {}, "Debian 13.2 has no package of Ollama that is known: set ollama_server_install to missing"),
        ("RHEL 9", {}, "RedHat 9.7 has no package of Ollama"),
        ("Fedora 43", {}, None),
        ("Arch Linux", {}, None),
        ("Debian 13", {"ollama_server_package": "ollama"}, None),
        ("Arch Linux", {"ollama_server_version": "latest"}, None),
        ("Arch Linux", {"ollama_server_instances": [{"name": "a", "port": 11435}]}, "ollama_server_install is package, which is for the one server of a host"),
    ],
)
def test_a_package_of_ollama_is_for_distributions_that_have_one_and_for_one_server(name: str, given: dict[str, Any], beginning: str | None) -> None:
    problems = value("ollama_server", "{{ ollama_server_problems }}", ansible_facts=DISTRIBUTIONS[name], ollama_server_install="package", **given)
    assert [problem.startswith(beginning or "") for problem in problems] == ([] if beginning is None else [True])


def test_no_role_plugin_or_playbook_names_a_package_manager_of_one_distribution_or_a_package() -> None:
    """A remedy has to be right on every host; names of packages are in vars/."""
    wrong = re.compile(r"\b(apt(-get)? |dnf |yum |zypper |pacman )|python3?-(requests|prometheus)|libnginx-")
    top = ROLES.parent
    places = ("roles/*/tasks/*.yml", "roles/*/files/**/*.py", "roles/*/templates/*", "plugins/**/*.py", "playbooks/**/*.yml")
    files = [path for pattern in places for path in top.glob(pattern)]
    assert len(files) > 200
    documented = {"plugins/modules/ollama_model.py"}  # Debian's name, as an example
    found = {str(path.relative_to(top)) for path in files if wrong.search(pathlib.Path(path).read_text())}
    assert found - documented == set()
