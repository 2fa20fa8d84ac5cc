# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checklist for collections in the Ansible community package, box by box: what is open, as far as the tree tells.

After collection_checklist.md of ansible-collections/overview and the "Ansible community package collections requirements" of Ansible's documentation.
test_four_folders.py is the box that needs the built artefact; licences, links and changelog have programs of their own (reuse, antsibull, sanity).
What no tree tells is done at a release (CONTRIBUTING.md): publishing a version from 1.0.0 on, and its tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pytest
from tree import TOP, attribute, blocks, data, documentation, fragments, headings, plugins, supported_minors, tasks_of, text, tracked

Open = Iterable[str]
# Those that ansible-core loads, and those that the requirements name beside them.
PLUGIN_FOLDERS = {
    "action", "become", "cache", "callback", "cliconf", "connection", "doc_fragments", "filter", "httpapi", "inventory", "lookup", "module_utils",
    "modules", "netconf", "plugin_utils", "shell", "strategy", "sub_plugins", "terminal", "test", "vars",
}  # fmt: skip
MODULES = plugins("modules")
DOCUMENTED = plugins("modules", "filter", "lookup", "test", "inventory", "callback", "connection", "vars")
GALAXY = data("galaxy.yml")
WORKFLOW = data(".github/workflows/ci.yml")
# YAML 1.1 reads a bare `on` as true, hence the quotes in the file.
TRIGGERS = WORKFLOW["on"]
PATTERNS_OF_SCRAPS = ("*.pyc", "*.swp", "*.orig", "*.rej", "*~", "*.tmp", "*.bak", "*.retry", "*.log", ".DS_Store", "*.tar.gz", "__pycache__/*")
SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?")
KEYWORDS = {"name", "hosts", "register", "when", "vars", "loop", "check_mode", "failed_when", "changed_when", "become", "run_once", "delegate_to"}
ASKING_STATES = {"get", "list", "query", "info", "show", "read"}
MADE_BY_TOOLS = ("/.cache/", "/.ansible/", "*.tar.gz", "__pycache__/")
# What Ansible's porting guide is compiled from.
SECTIONS = {"breaking_changes", "major_changes", "deprecated_features", "removed_features", "minor_changes", "bugfixes", "security_fixes"}
LARGEST = 1_000_000  # bytes


def code_of_conduct() -> Open:
    yield from [] if "Report" in text("CODE_OF_CONDUCT.md") or "report" in text("CODE_OF_CONDUCT.md") else ["CODE_OF_CONDUCT.md does not say whom to tell"]
    yield from [] if "CODE_OF_CONDUCT.md" in text("README.md") + text("CONTRIBUTING.md") else ["nothing links CODE_OF_CONDUCT.md"]
    yield from [] if "docs.ansible.com/ansible/latest/community/code_of_conduct.html" in text("README.md") else ["README.md does not link Ansible's own"]


def communication() -> Open:
    yield from [] if "Communication" in headings() else ["README.md has no section Communication"]
    yield from [] if re.search(r"https://forum\.ansible\.com/c/help/6\b", text("README.md")) else ["README.md does not link the forum's Get Help"]
    yield from [] if re.search(r"https://forum\.ansible\.com/tag/\w+", text("README.md")) else ["README.md does not link the forum's tag"]
    yield from [] if "welcome" in text("README.md") else ["README.md does not welcome people to the forum"]
    yield from [] if "Code of Conduct" in headings() else ["README.md has no section Code of Conduct"]


def issues_and_repository() -> Open:
    for key in ("repository", "issues", "homepage", "documentation"):
        if not str(GALAXY.get(key, "")).startswith("https://"):
            yield f"galaxy.yml: {key}"


def semantic_versions() -> Open:
    if not SEMVER.fullmatch(str(GALAXY["version"])):
        yield f"galaxy.yml: version {GALAXY['version']}"
    if "Semantic Versioning" not in text("README.md"):
        yield "README.md does not promise Semantic Versioning"
    if not any("https://semver.org" in text(name) for name in ("README.md", *tracked("docs/*.md"))):
        yield "no page links semver.org"
    if "git tag --sign vVERSION" not in text("CONTRIBUTING.md"):
        yield "CONTRIBUTING.md does not say that a release is tagged by its version"


def release_policy() -> Open:
    for word in ("release", "eprecat", "major", "minor", "patch"):
        yield from [] if word in text("docs/versions.md") else [f"docs/versions.md says nothing of {word!r}"]
    yield from [] if "docs/versions.md" in text("README.md") else ["README.md does not link the policy"]


def licences() -> Open:
    yield from [] if GALAXY.get("license") == ["GPL-3.0-or-later"] else ["galaxy.yml: license"]
    yield from [name for name in ("COPYING", "LICENSES/GPL-3.0-or-later.txt", "REUSE.toml") if not text(name)]
    for name in tracked("plugins/**/*.py"):
        if text(name) and "GPL-3.0-or-later" not in text(name)[:400]:
            yield f"{name}: no licence in its first lines"
    for name in MODULES:
        if "GNU General Public License v3.0+ (see " not in text(name)[:400]:
            yield f"{name}: not the licence line that sanity looks for"


def documentation_blocks() -> Open:
    for name in DOCUMENTED:
        lacking = [block for block in ("DOCUMENTATION", "EXAMPLES", "RETURN") if not blocks(name).get(block)]
        lacking += [key for key in ("short_description", "description", "author", "version_added") if not documentation(name).get(key)]
        yield from (f"{name}: {each}" for each in lacking)


def requirements_of_modules() -> Open:
    """What a host must have is not to be guessed, and the unsupported Pythons are to be named in each module."""
    for name in MODULES:
        said = [line for source in (*fragments(name), documentation(name)) for line in source.get("requirements") or ()]
        if sum("Python 3.9" in line for line in said) != 1:
            yield f"{name}: requirements say {said}"


def gathering_modules() -> Open:
    for name in MODULES:
        is_info = name.endswith(("_info.py", "_facts.py"))
        if is_info and attribute(name, "check_mode").get("support") != "full":
            yield f"{name}: no check mode"
        if is_info != (attribute(name, "diff_mode").get("support") == "N/A"):
            yield f"{name}: named for gathering, or gathers, but not both"
        states = ((documentation(name).get("options") or {}).get("state") or {}).get("choices") or []
        yield from (f"{name}: state={state}" for state in states if state in ASKING_STATES)
        yield from [f"{name}: returns ansible_facts"] if "ansible_facts" in text(name) and not name.endswith("_facts.py") else []


def pythons() -> Open:
    yield from [] if "3.9" in text("README.md") else ["README.md does not name the oldest Python of a host"]
    if data("tests/config.yml")["modules"]["python_requires"] != ">=3.9":
        yield "tests/config.yml"


def plugin_folders() -> Open:
    return sorted({name.split("/")[1] for name in tracked("plugins/*/**", "plugins/*/*")} - PLUGIN_FOLDERS)


def private_utilities() -> Open:
    for name in tracked("plugins/module_utils/**", "plugins/plugin_utils/**"):
        if not name.split("/")[2].startswith("_"):
            yield name


def full_names() -> Open:
    for name in DOCUMENTED:
        for task in tasks_of(blocks(name)["EXAMPLES"]):
            called = set(task) - KEYWORDS
            yield from (f"{name}: {word} in an example" for word in called if word.count(".") != 2)
        yield from (f"{name}: {found}" for found in re.findall(r"\b[MP]\([^)]*\)", text(name)) if found.count(".") < 2)
        also = [entry.get("module") or entry.get("plugin") for entry in documentation(name).get("seealso") or []]
        yield from (f"{name}: {found} in seealso" for found in also if found and found.count(".") != 2)
        named = documentation(name).get("extends_documentation_fragment") or []
        yield from (f"{name}: {each}" for each in named if not each.startswith("keepwarm.ollama."))


def versions_added() -> Open:
    ours = tuple(int(part) for part in str(GALAXY["version"]).split("."))
    for name in DOCUMENTED:
        for found in re.findall(r"version_added: [\"']?(\d+\.\d+\.\d+)", text(name)):
            if tuple(int(part) for part in found.split(".")) > ours:
                yield f"{name}: version_added {found}"


def formatting_macros() -> Open:
    for name in DOCUMENTED:
        said = blocks(name).get("DOCUMENTATION", "") + blocks(name).get("RETURN", "")
        yield from [f"{name}: no option, value or name is marked"] if not re.search(r"\b[OVREMPC]\(", said) else []
        yield from (f"{name}: {found} is not the macro of this collection's time" for found in re.findall(r"(?<![A-Za-z])I\([^)]*\)", said))


def galaxy_fields() -> Open:
    yield from (key for key in ("namespace", "name", "readme", "authors", "description", "tags") if not GALAXY.get(key))
    for name, version in (GALAXY.get("dependencies") or {}).items():
        if not re.match(r">=[1-9]", str(version)):
            yield f"dependency {name} {version}"


def runtime() -> Open:
    yield from [] if supported_minors() else ["meta/runtime.yml: requires_ansible"]


def execution_environment() -> Open:
    dependencies = data("meta/execution-environment.yml").get("dependencies")
    yield from [] if data("meta/execution-environment.yml").get("version") and dependencies is not None else ["meta/execution-environment.yml"]
    yield from (f"{name} is not there" for name in (dependencies or {}).values() if not text(name))


def readme() -> Open:
    for word in ("Requirements", "ested", "Licen"):
        if word not in headings():
            yield f"README.md has no section with {word!r} in its heading"
    yield from [] if "ansible-galaxy collection install keepwarm.ollama" in text("README.md") else ["README.md: how to install it"]
    for minor in (min(supported_minors()), max(supported_minors())):
        yield from [] if f"2.{minor}" in text("README.md") else [f"README.md does not name ansible-core 2.{minor}"]


def changelog() -> Open:
    yield from [] if data("changelogs/changelog.yaml").get("releases") or tracked("changelogs/fragments/*.yml") else ["changelogs/changelog.yaml"]
    yield from [] if text("CHANGELOG.md") else ["CHANGELOG.md"]
    sections = {name for name, dummy in data("changelogs/config.yaml")["sections"]}
    yield from (f"changelogs/config.yaml has no section {name}" for name in sorted(SECTIONS - sections))


def contributions() -> Open:
    for word in ("issues", "pull request"):
        yield from [] if word in text("CONTRIBUTING.md") else [f"CONTRIBUTING.md does not speak of {word}"]
    yield from [] if "no agreement to sign" in text("CONTRIBUTING.md") else ["CONTRIBUTING.md does not say that nothing has to be signed"]


def sizes_and_scraps() -> Open:
    yield from (f"{name} is large" for name in tracked() if (TOP / name).stat().st_size > LARGEST)
    yield from (f"{name} is a scrap" for name in tracked(*PATTERNS_OF_SCRAPS))
    yield from (f".gitignore does not have {name}" for name in MADE_BY_TOOLS if f"{name}\n" not in text(".gitignore"))


def sanity() -> Open:
    yield from tracked("tests/sanity/*")
    yield from [] if "sanity" in WORKFLOW["jobs"]["gate"]["strategy"]["matrix"]["target"] else ["no job runs sanity"]


def continuous_integration() -> Open:
    tested = {int(entry["core"].partition(".")[2]) for entry in WORKFLOW["jobs"]["core"]["strategy"]["matrix"]["include"]}
    yield from (f"no job for ansible-core 2.{minor}" for minor in sorted(supported_minors() - tested))
    yield from (f"not run by {trigger}" for trigger in ("pull_request", "schedule", "push") if trigger not in TRIGGERS)
    yield from [] if "v*" in (TRIGGERS.get("push") or {}).get("tags", []) else ["not run by the tag of a release"]
    filters = sorted(set(TRIGGERS.get("pull_request") or {}) & {"paths", "paths-ignore", "branches", "branches-ignore"})
    yield from (f"pull requests are filtered by {name}" for name in filters)
    yield from (f"the job {name} is not always run" for name, job in WORKFLOW["jobs"].items() if "if" in job)
    weekly = [entry["cron"].split()[2:4] for entry in TRIGGERS["schedule"]]
    yield from [] if ["*", "*"] in weekly else ["not run every week"]


BOXES: tuple[Callable[[], Open], ...] = (
    code_of_conduct, communication, issues_and_repository, semantic_versions, release_policy, licences, documentation_blocks, requirements_of_modules,
    gathering_modules, pythons, plugin_folders, private_utilities, full_names, versions_added, formatting_macros, galaxy_fields, runtime,
    execution_environment, readme, changelog, contributions, sizes_and_scraps, sanity, continuous_integration,
)  # fmt: skip


@pytest.mark.parametrize("box", BOXES, ids=lambda box: box.__name__)
def test_box_is_ticked(box: Callable[[], Open]) -> None:
    found = list(box())
    assert not found, f"open: {'; '.join(found)}"
