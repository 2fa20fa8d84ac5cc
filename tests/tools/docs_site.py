# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation site into .cache/docs-site/html: all pages of the repository, and the reference of plugins and roles. A warning fails.

    python3 tests/tools/docs_site.py
"""

from __future__ import annotations

import os
import pathlib
import posixpath
import re
import shutil
import subprocess
import sys
import zlib

import diagram

TOP = pathlib.Path(__file__).resolve().parents[2]
SITE = TOP / ".cache/docs-site"
PUBLISHED = "https://github.com/keepwarm/ansible-ollama/blob/main/"
RAW = "https://raw.githubusercontent.com/keepwarm/ansible-ollama/main/"
LIST = "docs/README.md"
PATTERNS = (":(glob)*.md", ":(glob)docs/**/*.md", ":(glob)roles/*/README.md")
_LINK = re.compile(r"(\]\()([^()\s]+)(\))")
# An anchor that is written out for old links. Sphinx knows it only in MyST's own form, which needs some text: a space without width.
_ANCHOR = re.compile(r'<a id="([\w-]+)"></a>')
_MERMAID = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Pages of the documentation by the headings of their list; what is not in it comes last.
# Both READMEs have the collection's name as their heading.
_LABELS = {"README.md": "Overview", "README.zh-CN.md": "中文概览", LIST: "All pages"}
_SECTION = re.compile(r"^## (.+)\n((?:(?!^## ).*\n)*)", re.MULTILINE)


def pages() -> list[str]:
    """The pages that the site has; each keeps its path."""
    listing = subprocess.run(["git", "-C", str(TOP), "ls-files", "-z", "--", *PATTERNS], check=True, capture_output=True, text=True).stdout
    return sorted({name for name in listing.split("\0") if name and (TOP / name).is_file()})


def rewritten(page: str, text: str, known: frozenset[str]) -> str:
    """The page with links to others of the site made relative, and those to the rest of the repository made absolute."""

    def link(found: re.Match[str]) -> str:
        target = found[2]
        if target.startswith(RAW):
            return found[1] + posixpath.relpath(target.removeprefix(RAW), posixpath.dirname(page) or ".") + found[3]
        if target.startswith(PUBLISHED):
            path, mark, anchor = target.removeprefix(PUBLISHED).partition("#")
        elif re.match(r"[a-z]+:|#", target):
            return found[0]
        else:
            path, mark, anchor = target.partition("#")
            path = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
        if path in known:
            return found[1] + posixpath.relpath(path, posixpath.dirname(page) or ".") + mark + anchor + found[3]
        is_picture = path.endswith((".png", ".svg"))
        return found[0] if is_picture and not target.startswith(PUBLISHED) else found[1] + PUBLISHED + path + mark + anchor + found[3]

    return _ANCHOR.sub("[\u200b]{#\\1}", _LINK.sub(link, text))


def drawn(text: str, path: pathlib.Path) -> str:
    """The page with its diagrams as pictures, which are written beside it."""

    def picture(found: re.Match[str]) -> str:
        name = f"{path.stem}-{found.start()}.svg"
        (path.parent / name).write_text(diagram.svg(found[1]), encoding="utf-8")
        return f"![Diagram]({name})"

    return _MERMAID.sub(picture, text)


def index(names: list[str]) -> str:
    """The first page: all others in the order of the list of pages."""
    first = ["README.md", "README.zh-CN.md", LIST]
    left = [name for name in names if name not in first]
    text = "# keepwarm.ollama\n\nDeclared Ollama models stay in the memory of GPU hosts: an Ansible collection.\n\n" + _contents("", first)
    for heading, body in _SECTION.findall((TOP / LIST).read_text(encoding="utf-8")):
        linked = (posixpath.normpath(posixpath.join("docs", target.partition("#")[0])) for _open, target, _close in _LINK.findall(body))
        listed = [name for name in dict.fromkeys(linked) if name in left]
        left = [name for name in left if name not in listed]
        text += _contents(heading, listed, "Modules, plugins and roles <reference/index>" if heading == "Reference" else "")
    return text + _contents("The project", left)


def _contents(caption: str, names: list[str], first: str = "") -> str:
    entries = [*([first] if first else []), *(_entry(name) for name in names)]
    return "```{toctree}\n:maxdepth: 1\n" + (f":caption: {caption}\n" if caption else "") + "\n" + "\n".join(entries) + "\n```\n\n"


def _entry(name: str) -> str:
    path = name.removesuffix(".md")
    return f"{_LABELS[name]} <{path}>" if name in _LABELS else path


def write_sources(source: pathlib.Path) -> None:
    """What Sphinx reads, without the reference."""
    names = pages()
    for name in names:
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = rewritten(name, (TOP / name).read_text(encoding="utf-8"), frozenset(names))
        path.write_text(drawn(text, path), encoding="utf-8")
    shutil.copytree(TOP / "docs/images", source / "docs/images")
    shutil.copy(TOP / "docs/exposure.svg", source / "docs/exposure.svg")
    shutil.copy(TOP / "tests/docs_site/conf.py", source)
    (source / "index.md").write_text(index(names), encoding="utf-8")


def write_inventory(path: pathlib.Path) -> None:
    """The labels of Ansible's documentation, in the form in which Sphinx reads those of another site."""
    lines = (TOP / "tests/docs_site/ansible_labels.txt").read_text(encoding="utf-8").splitlines()
    labels = [line.split(" ", 2) for line in lines if not line.startswith("#")]
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: latest\n# The remainder of this file is compressed using zlib.\n"
    body = "".join(f"{label} std:label -1 {place} {title}\n" for label, place, title in labels)
    path.write_bytes(head.encode() + zlib.compress(body.encode()))


def build(programs: pathlib.Path) -> None:
    """Write the reference, and have Sphinx build everything; raises where one of them fails or warns."""
    shutil.rmtree(SITE, ignore_errors=True)
    source = SITE / "source"
    write_sources(source)
    write_inventory(source / "ansible.inv")
    (source / "reference").mkdir()
    reference = [str(programs / "antsibull-docs"), "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"]
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    subprocess.run([*reference, "--dest-dir", str(source / "reference"), "keepwarm.ollama"], check=True, env=environment)
    (source / "reference/environment_variables.rst").unlink()  # plugins read none, and nothing links an empty page
    sphinx = [str(programs / "sphinx-build"), "-W", "--keep-going", "-q", "-b", "html", "-j", "auto"]
    subprocess.run([*sphinx, str(source), str(SITE / "html")], check=True, env=environment)


def main() -> None:
    """Build it with the programs of the environment that runs this."""
    try:
        build(pathlib.Path(sys.executable).parent)
    except subprocess.CalledProcessError as failure:
        sys.exit(f"docs-site: {failure.cmd[0]} failed.")
    print(SITE / "html/index.html")
    sizes = {path: path.stat().st_size for path in (SITE / "html").rglob("*.html")}
    largest = max(sizes, key=lambda path: sizes[path])
    print(f"{len(sizes)} pages, the largest {largest.relative_to(SITE / 'html')} with {sizes[largest] // 1000} kB")


if __name__ == "__main__":
    main()
