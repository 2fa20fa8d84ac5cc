# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of images are judged on the controller: what holds no image, or another one, is not copied to a host."""

from __future__ import annotations

import gzip
import io
import json
import pathlib
import tarfile

import pytest
from ansible_collections.keepwarm.ollama.plugins.plugin_utils._image_archives import image_archives

IMAGE = "registry.example.org/ollama/ollama:0.32.15"


def archive(path: pathlib.Path, **members: object) -> str:
    with tarfile.open(path, "w") as made:
        for name, content in members.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(f"{name}.json")
            member.size = len(data)
            made.addfile(member, io.BytesIO(data))
    return str(path)


def problems(path: str, image: str = IMAGE) -> list[str]:
    found: list[str] = image_archives({"servers": [{"container_image": image, "container_archive": path}], "archives": [path]})["problems"]
    return found


@pytest.mark.parametrize(
    ("tags", "image"),
    [
        ([IMAGE], IMAGE),
        (["ollama/ollama:0.32.15"], IMAGE),
        (["other:1", "localhost/ollama"], "localhost/ollama:latest"),
        (["redis:1"], "registry.example.org/library/redis:1"),
        (None, IMAGE),
        (["localhost/ollama:1"], f"localhost/ollama@sha256:{'0' * 64}"),
    ],
)
def test_an_archive_with_the_image_is_taken(tmp_path: pathlib.Path, tags: list[str] | None, image: str) -> None:
    assert problems(archive(tmp_path / "a.tar", manifest=[{"RepoTags": tags}]), image) == []


def test_what_cannot_be_told_is_left_to_the_engine(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(b"anything"))
    assert problems(str(tmp_path / "a.tar.gz")) == []
    assert problems(archive(tmp_path / "oci.tar", index={})) == []
    assert problems(archive(tmp_path / "odd.tar", manifest={"RepoTags": 1})) == []


def test_another_image_is_refused_with_its_name(tmp_path: pathlib.Path) -> None:
    (sentence,) = problems(archive(tmp_path / "a.tar", manifest=[{"RepoTags": ["ollama/ollama:0.31.0"]}]))
    assert sentence == (
        f"ollama_server_container_archive is {tmp_path}/a.tar, which has not the image {IMAGE} but ollama/ollama:0.31.0: name that in"
        " ollama_server_container_image, or take another archive"
    )


@pytest.mark.parametrize("content", [b"", b"gpu1\n", b"x" * 2000])
def test_what_is_no_archive_is_refused(tmp_path: pathlib.Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    (sentence,) = problems(str(tmp_path / "a"))
    assert sentence.startswith(f"ollama_server_container_archive is {tmp_path}/a, which is no archive of an image")


def test_an_archive_of_something_else_and_one_that_is_not_there_are_refused(tmp_path: pathlib.Path) -> None:
    assert "is no archive of an image" in problems(archive(tmp_path / "a.tar", backup={}))[0]
    assert "cannot be read on the controller: No such file" in problems(str(tmp_path / "none.tar"))[0]
    assert "cannot be read on the controller: Is a directory" in problems(str(tmp_path))[0]


def test_an_archive_that_no_host_needs_is_not_looked_at() -> None:
    assert image_archives({"servers": [{"container_image": IMAGE, "container_archive": "/nowhere"}], "archives": []}) == {"problems": []}
