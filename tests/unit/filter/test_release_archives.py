# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is downloaded for a release, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._release_archives import release_archives, release_checksums

URL = "https://mirror.example.org/ollama"
SUM = "0123456789abcdef" * 4


def names(**settings: Any) -> list[str]:
    found = release_archives({"version": "0.32.15", "architecture": "x86_64", "url": URL, **settings})
    assert found["problems"] == []
    return [archive["url"].removeprefix(URL) for archive in found["archives"]]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["/v0.32.15/ollama-linux-amd64.tar.zst"]),
        ({"url": f"{URL}/"}, ["/v0.32.15/ollama-linux-amd64.tar.zst"]),
        ({"architecture": "aarch64"}, ["/v0.32.15/ollama-linux-arm64.tar.zst"]),
        ({"version": "0.14.0"}, ["/v0.14.0/ollama-linux-amd64.tar.zst"]),
        ({"version": "0.13.5"}, ["/v0.13.5/ollama-linux-amd64.tgz"]),
        ({"version": "0.33.0-rc1"}, ["/v0.33.0-rc1/ollama-linux-amd64.tar.zst"]),
        ({"architecture": "aarch64", "jetpack": "6"}, ["/v0.32.15/ollama-linux-arm64.tar.zst", "/v0.32.15/ollama-linux-arm64-jetpack6.tar.zst"]),
        ({"architecture": "aarch64", "jetpack": 5}, ["/v0.32.15/ollama-linux-arm64.tar.zst", "/v0.32.15/ollama-linux-arm64-jetpack5.tar.zst"]),
        ({"jetpack": "none"}, ["/v0.32.15/ollama-linux-amd64.tar.zst"]),
        ({"rocm": True}, ["/v0.32.15/ollama-linux-amd64.tar.zst", "/v0.32.15/ollama-linux-amd64-rocm.tar.zst"]),
    ],
)
def test_the_archives_are_named_as_the_releases_are(settings: dict[str, Any], expected: list[str]) -> None:
    assert names(**settings) == expected


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"version": 0.32}, "ollama_server_version 0.32 is no release of Ollama: give one such as '0.32.15', in quotes"),
        ({"jetpack": "6"}, "ollama_server_jetpack is 6, but this host is no Jetson: its architecture is 'x86_64'"),
        ({"version": "latest"}, "ollama_server_version 'latest' is no release of Ollama: give one such as '0.32.15', in quotes"),
        ({"version": "../0.1.2"}, "ollama_server_version '../0.1.2' is no release of Ollama: give one such as '0.32.15', in quotes"),
        ({"version": "0.9.6"}, "ollama_server_version '0.9.6' is too old, its /api/ps does not tell a model's context: take 0.10.0 or newer"),
        ({"architecture": "riscv64"}, "Ollama has no release for the architecture 'riscv64' of this host: there are x86_64 and aarch64"),
        (
            {"architecture": "aarch64", "rocm": True},
            "Ollama has no ROCm libraries for the architecture 'aarch64': set ollama_server_rocm to false",
        ),
        ({"url": "/srv"}, "ollama_server_release_url '/srv' is no address: give one that begins with https://, http:// or file://"),
        ({"checksums": "x"}, "ollama_server_checksums is 'x', not a mapping of file names to their sha256"),
        ({"checksums": {"a": "b"}}, "ollama_server_checksums has 'b' for a, which is no sha256: give 64 hexadecimal digits"),
    ],
)
def test_what_cannot_be_installed_is_refused_in_one_sentence(settings: dict[str, Any], sentence: str) -> None:
    assert release_archives({"version": "0.32.15", "architecture": "x86_64", "url": URL, **settings})["problems"] == [sentence]


def test_a_given_checksum_counts() -> None:
    found = release_archives({"version": "0.32.15", "architecture": "x86_64", "url": URL, "checksums": {"ollama-linux-amd64.tar.zst": SUM}})
    assert [archive["sha256"] for archive in found["archives"]] == [SUM]
    assert found["list_url"] == f"{URL}/v0.32.15/sha256sum.txt"


def test_the_list_of_a_release_is_read() -> None:
    text = f"{SUM}  ./a.tgz\n{'f' * 64} *b.tgz\nnonsense\n"
    assert release_checksums(text, ["a.tgz", "b.tgz"]) == {"a.tgz": SUM, "b.tgz": "f" * 64}


def test_a_file_that_the_list_does_not_name_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match=r"has no checksum of c.tgz: give it in ollama_server_checksums"):
        release_checksums(f"{SUM}  ./a.tgz\n", ["a.tgz", "c.tgz"])


def test_the_list_tells_what_is_not_given() -> None:
    one, other = "ollama-linux-amd64.tar.zst", "ollama-linux-amd64-rocm.tar.zst"
    asked = {"version": "0.32.15", "architecture": "x86_64", "url": URL, "rocm": True, "checksums": {one: SUM}, "list": f"{'f' * 64}  {other}\n"}
    assert [archive["sha256"] for archive in release_archives(asked)["archives"]] == [SUM, "f" * 64]
