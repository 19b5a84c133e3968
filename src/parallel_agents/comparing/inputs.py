"""Inputs: what was changed between two runs before anything happened: tasks, definitions of agents, limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import orjson

from parallel_agents.comparing.steps import encoded
from parallel_agents.comparing.text_diff import TextDiff, text_diff
from parallel_agents.comparing.whole import Side, Told, Whole
from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.budget import Budget
from parallel_agents.core.cutting import head
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.json_value import as_list
from parallel_agents.core.schema import Json

_OPTION = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
_MOST_VALUE = 200
_MOST_LABELS = 5
MOST_CHANGED = 50
_NOT_COMPARED = ("name", "description", "category", "model", "limits", "output", "cache_seconds")
_GROUP_FIELDS = ("model", "max_parallel", "timeout_seconds", "budget", "on_failure", "min_done")


class Given(NamedTuple):
    """Something that a run was given.

    Attributes:
        of: whose it is: an agent's name or a session's label.
        name: what it is, such as `instructions`.
    """

    of: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedInput:
    """Something that two runs were given otherwise.

    Attributes:
        of: whose it is: an agent's name or a session's label.
        name: what it is, such as `instructions`.
        before: the first one's, shortened; None if it had none.
        after: the second one's.
        diff: how they differ; None for short values.
        sessions: in how many sessions.
        labels: those of the first of them.
    """

    of: str
    name: str
    before: str | None
    after: str | None
    diff: TextDiff | None
    sessions: int
    labels: tuple[str, ...]


Found = dict[Given, str]
_Key = tuple[Given, str | None, str | None]


class Changes:
    """What was changed, in the order in which it was found; the same change is one."""

    def __init__(self) -> None:
        self._found: dict[_Key, list[str]] = {}

    def add(self, label: str, a: Found, b: Found) -> tuple[str, ...]:
        """Add what two paired sessions were given; the names of what differs."""
        changed: list[str] = []
        for given in dict.fromkeys((*a, *b)):
            before, after = a.get(given), b.get(given)
            if before != after:
                self._found.setdefault((given, before, after), []).append(label)
                changed.append(given.name)
        return tuple(changed)

    def __len__(self) -> int:
        return len(self._found)

    def listed(self) -> list[ChangedInput]:
        """The first changes."""
        return [
            _changed(given, before, after, labels)
            for (given, before, after), labels in list(self._found.items())[:MOST_CHANGED]
        ]


def _changed(
    given: Given, before: str | None, after: str | None, labels: Sequence[str]
) -> ChangedInput:
    texts = [text or "" for text in (before, after)]
    is_short = all(len(text) <= _MOST_VALUE and "\n" not in text for text in texts)
    return ChangedInput(
        of=given.of,
        name=given.name,
        before=None if before is None else head(before, _MOST_VALUE),
        after=None if after is None else head(after, _MOST_VALUE),
        diff=None if is_short else text_diff(*texts),
        sessions=len(labels),
        labels=tuple(labels[:_MOST_LABELS]),
    )


def given_to(whole: Whole, key: SessionKey, of: str, of_agent: str) -> Found:
    """What a session was given.

    Args:
        whole: where it is.
        key: the session.
        of: what it is called, as is the one that it is compared with.
        of_agent: what its agent is called.
    """
    side, told = whole.sides[key], whole.told[key]
    if side.row.run.kind.is_group:
        found = _of_group(of, told)
    else:
        agent = side.row.session.agent
        found = {
            **_of_task(of, told),
            **({Given(of, "agent"): agent.name} if of == of_agent else {}),
            **{Given(of_agent, name): text for name, text in _definition(agent)},
            **_of_session(of, of_agent, side, told),
        }
    return {**found, **(_named(of, "budget", whole.budget) if key == whole.top else {})}


def _named(of: str, name: str, value: object) -> Found:
    """A value by its name; nothing for one that is not set."""
    if value is None or value in ("", (), Budget()):
        return {}
    return {Given(of, name): value if isinstance(value, str) else _text(value)}


def _text(value: object) -> str:
    """A value as text; what it leaves open is left out."""
    if isinstance(value, str):
        return value
    found: Json = orjson.loads(orjson.dumps(value, default=as_list, option=_OPTION))
    if not isinstance(found, Mapping):
        return _plain(found) if _is_plain(found) else encoded(found)
    left = {name: each for name, each in found.items() if each is not None and each not in ("", [])}
    if all(map(_is_plain, left.values())):
        return ", ".join(f"{name} {_plain(each)}" for name, each in left.items())
    return encoded(left)


def _is_plain(value: Json) -> bool:
    return isinstance(value, str | int | float | None)


def _plain(value: Json) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _of_task(label: str, told: Told) -> Found:
    queued = told.queued
    if queued is None:
        return {}
    found = _named(label, "task", queued.text)
    for name, value in queued.input.items():
        found |= _named(label, f"input {name}", value)
    found |= _named(label, "files", "\n".join(f"{each} {each.id}" for each in queued.files))
    found |= _named(label, "earlier conversation", queued.context)
    found |= _named(label, "limits", _text(queued.limits))
    found |= _named(label, "ladder", " → ".join(queued.ladder))
    return found


def _definition(agent: AnyAgent) -> Iterator[tuple[str, str]]:
    """The fields of a definition that are set otherwise than usual, each as text."""
    for each in fields(agent):
        if each.name.startswith("_") or each.name in _NOT_COMPARED:
            continue
        value: object = getattr(agent, each.name)
        if value is None or value == each.default or value == ():
            continue
        yield each.name.replace("_", " "), _text(value)


def _of_session(label: str, of_agent: str, side: Side, told: Told) -> Found:
    options = side.row.session.options
    found = _named(of_agent, "model", told.model or side.row.run.model)
    found |= _named(label, "sandbox", options.sandbox.value)
    found |= _named(label, "folder", options.cwd)
    return found


def _of_group(label: str, told: Told) -> Found:
    queued = told.queued
    if queued is None:
        return {}
    group = queued.team or queued.flow
    found: Found = {}
    for name in _GROUP_FIELDS:
        value: object = getattr(group, name, None)
        found |= _named(label, name.replace("_", " "), value)
    values = {**queued.input, **({} if queued.flow is None else queued.flow.options)}
    for name, value in values.items():
        found |= _named(label, f"input {name}", value)
    return found
