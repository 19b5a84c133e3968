"""What is proposed for the words of other programs is there, and what is there is not in the list."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from parallel_agents.surfaces.cli import other_words
from parallel_agents.surfaces.cli.main import build

_PROPOSED = re.compile(r"`(pagents [^`]*)`")


def _proposals() -> Iterator[str]:
    for words in other_words.COMMANDS.values():
        for hint in words.values():
            yield from _PROPOSED.findall(hint)


def _find(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words name, and what follows it."""
    command: Any = build(words)
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    return command, words


@pytest.mark.parametrize("proposed", sorted(set(_proposals())))
def test_what_is_proposed_can_be_typed(proposed: str) -> None:
    _, *words = shlex.split(proposed)

    command, rest = _find(words)

    options = {name for each in command.params for name in each.opts} | {"-h", "--version"}
    assert not [word for word in rest if word.startswith("-") and word not in options]
    has_arguments = any(each.param_type_name == "argument" for each in command.params)
    assert has_arguments or all(word.startswith("-") for word in rest), (command.name, rest)


@pytest.mark.parametrize("path", other_words.COMMANDS)
def test_no_command_is_there_by_one_of_these_words(path: str) -> None:
    command, rest = _find(path.split()[1:])

    assert rest == []
    assert other_words.COMMANDS[path].keys().isdisjoint(command.commands)
