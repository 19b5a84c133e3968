"""Matching: whether a request or a result is as a case says, by paths into JSON and conditions.

A path's steps are keys or positions (`-1` is the last), `*` for each item, and `**` for everything
below. A path that begins with `$` is a value that the request has beside its body.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

Found = Sequence[Any]
Test = Callable[[Found], bool]


def find(value: Any, path: str) -> list[Any]:
    """Every value at `path`."""
    found = [value]
    for step in path.split("."):
        found = [inner for outer in found for inner in _below(outer, step)]
    return found


def _below(value: Any, step: str) -> Iterator[Any]:
    if step == "**":
        yield from _everything(value)
        return
    inner = _items(value)
    if step == "*":
        yield from inner.values()
    elif step in inner:
        yield inner[step]
    elif step.startswith("-") and (at := str(len(inner) + int(step))) in inner:
        yield inner[at]


def _everything(value: Any) -> Iterator[Any]:
    yield value
    for inner in _items(value).values():
        yield from _everything(inner)


def _items(value: object) -> Mapping[str, Any]:
    """What an object or a list holds, by key or position."""
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return {str(position): item for position, item in enumerate(items)}


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()


def _searches(pattern: str) -> Callable[[Any], bool]:
    compiled = re.compile(pattern, re.DOTALL)
    return lambda value: compiled.search(as_text(value)) is not None


def _repeats(found: Found) -> bool:
    texts = [as_text(each) for each in found]
    return len(texts) != len(set(texts))


_CONDITIONS: Mapping[str, Callable[[Any], Test]] = {
    "absent": lambda yes: lambda found: (not found) is yes,
    "present": lambda yes: lambda found: bool(found) is yes,
    "is": lambda value: lambda found: bool(found) and all(each == value for each in found),
    "is_not": lambda value: lambda found: all(each != value for each in found),
    "one_of": lambda values: lambda found: bool(found) and all(each in values for each in found),
    "list": lambda values: lambda found: list(found) == values,
    "every": lambda text: lambda found: bool(found) and all(map(_searches(text), found)),
    "some": lambda text: lambda found: any(map(_searches(text), found)),
    "none": lambda text: lambda found: not any(map(_searches(text), found)),
    "some_not": lambda text: lambda found: not all(map(_searches(text), found)),
    "repeat": lambda yes: lambda found: _repeats(found) is yes,
    "at_least": lambda least: lambda found: bool(found) and all(each >= least for each in found),
    "at_most": lambda most: lambda found: bool(found) and all(each <= most for each in found),
    "count": lambda count: lambda found: len(found) == count,
}


CONDITIONS = frozenset(_CONDITIONS)


@dataclass(frozen=True, slots=True)
class Condition:
    """What the values at a path must be; `text` says it for a reader."""

    text: str
    tests: tuple[Test, ...]

    @classmethod
    def read(cls, written: Any) -> Condition:
        """A mapping of conditions, or a value that each found one equals.

        Raises:
            ValueError: it names a condition that does not exist.
        """
        asked: Mapping[str, Any] = {"is": written}
        if isinstance(written, Mapping) and written:
            asked = cast("Mapping[str, Any]", written)
        unknown = asked.keys() - _CONDITIONS.keys()
        if unknown:
            raise ValueError(f"no condition is called {', '.join(sorted(unknown))}")
        tests = tuple(_CONDITIONS[name](value) for name, value in asked.items())
        said = [repr(v) if name == "is" else f"{name} {v!r}" for name, v in asked.items()]
        return cls(" and ".join(said), tests)

    def holds(self, found: Found) -> bool:
        return all(test(found) for test in self.tests)


@dataclass(frozen=True, slots=True)
class Expectation:
    """Conditions by path."""

    conditions: Mapping[str, Condition]

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Expectation:
        return cls({path: Condition.read(value) for path, value in written.items()})

    def failures(self, look: Callable[[str], Found]) -> list[str]:
        """What does not hold, a sentence each; `look` finds the values at a path."""
        failures: list[str] = []
        for path, condition in self.conditions.items():
            found = look(path)
            if not condition.holds(found):
                failures.append(f"{path} must be {condition.text}, and is {shorten(found)}")
        return failures


def shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 600 else f"{text[:400]} ... {text[-190:]}"
