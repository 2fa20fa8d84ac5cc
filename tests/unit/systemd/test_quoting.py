# Copyright (c) 2026 the keepwarm.ollama contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filter writes is what systemd reads. The other half, systemd itself, is in molecule/server."""

from __future__ import annotations

import pytest
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.quoting import (
    QuotingError,
    expand_specifiers,
    quote_assignment,
    split_words,
)
from ansible_collections.keepwarm.ollama.plugins.module_utils._systemd.unit_file import UnitFile, settings_of
from hypothesis import example, given
from hypothesis import strategies as st

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True)
control = "".join(map(chr, [*range(0x20), 0x7F])).replace("\t", "")
values = st.text(st.characters(exclude_characters=control, exclude_categories=["Cs"]))


@given(name=names, value=values)
@example(name="A", value="%h %% 100%")
@example(name="A", value='say "hello" \\ \\n $HOME ${HOME} \'x\' `y`')
@example(name="A", value="ends in a backslash\\")
@example(name="A", value="a\tb\x85c\u2028d\u00a0")
def test_a_written_assignment_is_read_back_as_it_was(name: str, value: str) -> None:
    text = f"[Service]\nEnvironment={quote_assignment(name, value)}\nOOMPolicy=kill\n"
    environment, policy = settings_of(UnitFile("x.conf", text))
    (word,) = split_words(environment.value)
    assert expand_specifiers(word, {"h": "wrong"}) == f"{name}={value}"
    assert policy.value == "kill"


@given(character=st.sampled_from(control), before=values)
def test_a_control_character_is_refused_by_name(character: str, before: str) -> None:
    with pytest.raises(QuotingError, match=r"^the value of LLAMA_X holds the control character"):
        quote_assignment("LLAMA_X", before + character)


def test_half_a_surrogate_is_refused() -> None:
    with pytest.raises(QuotingError, match="not valid UTF-8"):
        quote_assignment("A", "\udc80")


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "Ä", "A=B", "A\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(QuotingError, match="is not the name of an environment variable"):
        quote_assignment(name, "x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A=1 B=2", ["A=1", "B=2"]),
        ('"A=1 2"\tB=3 ', ["A=1 2", "B=3"]),
        ("'A=\"1\"' \"B='2'\"", ['A="1"', "B='2'"]),
        ('A="b c"d', ["A=b cd"]),
        (r"A=\x41\102\u00fc\U0001F4A1\s\t", ["A=AB\u00fc\U0001f4a1 \t"]),
        (r"A=\xc3\xbc", ["A=ü"]),
        (r"A=1 B=\q C=3", ["A=1"]),
        ('A=1 "B=2', ["A=1"]),
        ("", []),
        ("a\u00a0b\x0bc", ["a\u00a0b\x0bc"]),
    ],
)
def test_words_are_split_as_systemd_does(text: str, words: list[str]) -> None:
    assert list(split_words(text)) == words


def test_an_unknown_specifier_leaves_the_value_unknown() -> None:
    assert expand_specifiers("%t/x-%n", {"t": "/run", "n": "ollama.service"}) == "/run/x-ollama.service"
    assert expand_specifiers("%m", {"t": "/run"}) is None
