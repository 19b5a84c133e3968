"""Naming: the names of steps, which are the keys of their children and the labels in tables."""

from __future__ import annotations

import re
from collections import Counter

from parallel_agents.core.cutting import head
from parallel_agents.core.unicode import canonical
from parallel_agents.errors import InvalidInput

_MOST = 80
_SEPARATORS = "/#@"
_NOT_IN_PARTS = re.compile(rf"[{_SEPARATORS}\s]+")


class Names:
    """The names of the steps of one flow's run."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()

    def take(self, given: str | None, kind: str) -> str:
        """The name of a step: what it was given, or its kind; a name used again gets a number.

        Raises:
            InvalidInput: the given one is not a name.
        """
        name = kind if given is None else canonical(given).strip()
        if not name or len(name) > _MOST or not name.isprintable() or set(name) & {*_SEPARATORS}:
            raise InvalidInput(
                f"{head(repr(given), 100)} is not the name of a step",
                why=f"a name has 1 to {_MOST} printable characters, none of them {_SEPARATORS}",
                hint='choose a short name, such as "facts"',
            )
        self._used[name] += 1
        return name if self._used[name] == 1 else f"{name}#{self._used[name]}"


def part_of(text: str) -> str:
    """A text as the last part of a step's name, such as that of a route below its branch."""
    return _NOT_IN_PARTS.sub("-", canonical(text))[:_MOST] or "-"


def label_of(name: str) -> str:
    """What tables call the child of a step: there, `/` separates a child from what it is below."""
    return name.replace("/", "-").replace("#", "-")
