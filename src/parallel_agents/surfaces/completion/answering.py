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
    before, typed, apart = _split(words)
    found = _candidates(before, typed, table, names)
    return [each.removeprefix(apart) for each in found]


def _candidates(
    before: Sequence[str], typed: str, table: Mapping[str, Any], names: LiveNames
) -> Sequence[str]:
    """What the whole last word may be."""
    command, pending, count = _walk(before, table)
    option, equals, value = typed.partition("=")
    if equals and option in command["options"]:
        found = _values(command["options"][option], value, table, names)
        return [f"{option}={each}" for each in found]
    if pending is not None:
        return _values(pending, typed, table, names)
    if typed.startswith("-"):
        return _matching(sorted(command["options"]), typed)
    if command["commands"] and not count:
        return _matching(command["commands"], typed)
    arguments: Sequence[Any] = command["arguments"]
    if not arguments:
        return []
    return _values(arguments[min(count, len(arguments) - 1)], typed, table, names)


def _split(words: Sequence[str]) -> tuple[Sequence[str], str, str]:
    """The words that are complete, the one being typed, and what of it stands before the last part.

    bash gives `=` and `:` as words of their own, and replaces only what follows them.
    """
    joined: list[str] = []
    is_open, apart = False, ""
    for word in words:
        is_mark = bool(joined) and word in {"=", ":"}
        if is_open or is_mark:
            apart = joined[-1] + word if is_mark else joined[-1]
            joined[-1] += word
        else:
            joined.append(word)
            apart = ""
        is_open = is_mark
    return (joined[:-1], joined[-1], apart) if joined else ((), "", "")


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


def _values(
    kind: Any,  # noqa: ANN401 - JSON
    typed: str,
    table: Mapping[str, Any],
    names: LiveNames,
) -> Sequence[str]:
    """What a value may be: one of a list, or a name of one of these kinds; a flag takes none."""
    if isinstance(kind, list):
        return _matching(cast("list[str]", kind), typed)
    kinds = str(kind).split("|")
    field, colon, value = typed.partition(":")
    if "filters" in kinds and colon and field in table["filters"]:
        earlier, comma, last = value.rpartition(",")
        found = _values(table["filters"][field], last, table, names)
        return [f"{field}:{earlier}{comma}{each}" for each in found]
    offered = (
        name for each in kinds for name in (*table["names"].get(each, ()), *names.of(each, typed))
    )
    return _matching(offered, typed)


def _matching(found: Iterable[str], typed: str) -> list[str]:
    return [each for each in dict.fromkeys(found) if each.startswith(typed)]
