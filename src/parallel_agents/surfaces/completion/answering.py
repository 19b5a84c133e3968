"""Answering: prints what may come next on a command line, from a table and the names that there are.

It is called at each Tab, so it imports next to nothing, writes nothing, and never fails aloud.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from parallel_agents.surfaces.completion.live_names import LiveNames

TABLE = Path(__file__).with_name("commands.json")


def main(arguments: Sequence[str]) -> None:
    """Print the candidates for the last word, one a line; nothing if there are none.

    Args:
        arguments: the home that the shell's variable names, or nothing, and the words that were typed.
    """
    with suppress(Exception):  # at a Tab there is nobody to tell
        home, *words = arguments
        found = candidates(words, json.loads(TABLE.read_bytes()), LiveNames(home))
        sys.stdout.write("".join(f"{each}\n" for each in found))
        sys.stdout.flush()
    os._exit(0)  # an error at the end, such as of a closed pipe, is nobody's concern either


def candidates(words: Sequence[str], table: Mapping[str, Any], names: LiveNames) -> Sequence[str]:
    """What may stand for the last of the words after `pagents`.

    Args:
        words: what was typed; the last one is being typed, and may be empty.
        table: the commands, as `completion_table` makes it.
        names: the agents, sessions and other names that there are.
    """
    before, typed = _split(words)
    command, pending, count = _walk(before, table)
    option, equals, value = typed.partition("=")
    if equals and option in command["options"]:
        offered = _values(command["options"][option], table, names)
        found = _matching(offered, value)
        is_apart = words[-1] != typed  # then the shell replaces the value alone
        return found if is_apart else [f"{option}={each}" for each in found]
    if pending is not None:
        return _matching(_values(pending, table, names), typed)
    if typed.startswith("-"):
        return _matching(sorted(command["options"]), typed)
    if command["commands"] and not count:
        return _matching(command["commands"], typed)
    arguments: Sequence[Any] = command["arguments"]
    if not arguments:
        return []
    return _matching(_values(arguments[min(count, len(arguments) - 1)], table, names), typed)


def _split(words: Sequence[str]) -> tuple[Sequence[str], str]:
    """The words that are complete, and the one being typed; bash gives `=` as a word of its own."""
    joined: list[str] = []
    for word in words:
        is_value = bool(joined) and joined[-1].startswith("--") and joined[-1].endswith("=")
        if (word == "=" and joined and joined[-1].startswith("--")) or is_value:
            joined[-1] += word
        else:
            joined.append(word)
    return (joined[:-1], joined[-1]) if joined else ((), "")


def _walk(words: Sequence[str], table: Mapping[str, Any]) -> tuple[Mapping[str, Any], Any, int]:
    """The command that was typed, the kind of the value that an option waits for, and the arguments."""
    command: Mapping[str, Any] = table["root"]
    pending: Any = None
    count = 0
    for word in words:
        if pending is not None:
            pending = None
        elif word.startswith("-") and word != "-":
            pending = command["options"].get(word)
        elif not count and word in command["commands"]:
            command = command["commands"][word]
        else:
            count += 1
    return command, pending, count


def _values(kind: Any, table: Mapping[str, Any], names: LiveNames) -> Iterable[str]:  # noqa: ANN401 - JSON
    """What a value may be: one of a list, or a name of that kind; a flag takes none."""
    if isinstance(kind, list):
        return cast("list[str]", kind)
    static = table["names"].get(kind, [])
    return [*static, *names.of(str(kind))]


def _matching(found: Iterable[str], typed: str) -> list[str]:
    return [each for each in dict.fromkeys(found) if each.startswith(typed)]
