"""Redacting: a tree without contents: who did what and when, what it cost and how it ended stay.

What is not known to be free of contents is removed, so that a new field of an event gives nothing away.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from typing_extensions import override

from parallel_agents.core.event import Event
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.views.documents import event_json
from parallel_agents.views.exports.tree import Tree, lane_label
from parallel_agents.views.frames import Frame, Frames, Span, SpanKind
from parallel_agents.views.sessions import SessionLine

REMOVED = (
    "tasks, inputs, texts, results, reasons, labels, names of files and ids are removed;"
    " names of agents, models and tools that were executed, states, times, tokens, costs and codes stay"
)
# The texts that stay, and the objects in which there are some.
_KEPT = frozenset(
    {"at", "code", "currency", "amount", "finish", "kind", "mode", "model", "on_failure"}
    | {"role", "run_id", "status", "tool", "type"}
)
_PARTS = frozenset(
    {
        "cost",
        "error",
        "event",
        "known_cost",
        "message",
        "outcome",
        "parts",
        "result",
        "simulated_cost",
        "spend",
    }
    | {"spend_below", "usage", "verdict"}
)
_CONTENT = frozenset({"input", "output", "value", "content", "arguments"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactedTree(Tree):
    """A tree whose sessions are numbered.

    Attributes:
        whole: the tree as it is.
        keys: what the sessions are called here, by their keys.
    """

    whole: Tree
    keys: Mapping[SessionKey, SessionKey]

    @override
    async def results(self) -> AsyncGenerator[tuple[SessionLine, Result | None]]:
        number = 0
        async for line, result in self.whole.results():
            shown = self.lines[number]
            number += 1
            yield shown, None if result is None else _result(line, shown, result)

    @override
    async def events(self, session: SessionKey) -> AsyncGenerator[Event]:
        (own,) = (key for key, shown in self.keys.items() if shown == session)
        async for event in self.whole.events(own):
            yield event

    @override
    def document(self, event: Event) -> Mapping[str, object]:
        told = event_json(event)
        body = _bare(told["event"], "event")
        return {**told, "session_key": self.keys[event.session], "key": "", "event": body}

    @override
    async def frames(self) -> Frames:
        frames = Frames()
        found = await self.whole.frames()
        lines = {line.row.session.key: line for line in self.lines}
        for key, frame in found.by_session.items():
            shown = lines[self.keys[key]]
            frames.by_session[shown.row.session.key] = _frame(frame, shown)
        return frames


def redacted(tree: Tree) -> Tree:
    """The tree without what people, models and tools wrote; `REMOVED` says what that is."""
    every = list(dict.fromkeys([tree.top.row.session.key, *(_key(each) for each in tree.lines)]))
    keys = {key: SessionKey(f"session:{number}") for number, key in enumerate(every, start=1)}
    lines = [_line(each, keys) for each in tree.lines]
    return RedactedTree(
        reads=tree.reads,
        journal=tree.journal,
        top=_line(tree.top, keys),
        lines=lines,
        artifacts=(),
        total=tree.total,
        at=tree.at,
        whole=tree,
        keys=MappingProxyType(keys),
    )


def _key(line: SessionLine) -> SessionKey:
    return line.row.session.key


def _line(line: SessionLine, keys: Mapping[SessionKey, SessionKey]) -> SessionLine:
    session = line.row.session
    shown = keys[session.key]
    agent, number = session.agent.name, shown.rpartition(":")[2]
    told = replace(
        session,
        key=shown,
        label=f"{agent} {number}",
        spawn_key="",
        parent=None if session.parent is None else keys.get(session.parent),
        root=keys.get(session.root, SessionKey("")),
    )
    run = replace(line.row.run, title="", session=shown)
    row = replace(line.row, session=told, run=run)
    return replace(line, row=row, doing="", asks="", asked=None, lacks="", silence=None)


def _result(line: SessionLine, shown: SessionLine, result: Result) -> Result:
    assert line.row.run.id == shown.row.run.id
    error = result.error and replace(result.error, message="", why="", hint="", account="")
    return replace(
        result,
        output_json=None,
        _typed=None,
        label=shown.row.session.label,
        session_key=shown.row.session.key,
        text="",
        error=error,
        notices=(),
        changes=None,
        artifacts=(),
        accepted_items={},
        rejected_items={},
    )


def _frame(frame: Frame, line: SessionLine) -> Frame:
    spans = [span if _is_bare(span, frame) else span._replace(what="") for span in frame.spans]
    return replace(frame, label=lane_label(line), spans=spans)


def _is_bare(span: Span, frame: Frame) -> bool:
    """Whether what a span names is free of contents: what no tool is called, a model wrote."""
    if span.kind is SpanKind.TOOL:
        return span.what in frame.executed
    return span.kind is not SpanKind.WAIT


def _bare(value: Json, name: str) -> Json:
    """A value of an event without contents; a text says how long it was."""
    if name in _CONTENT:
        return None
    if isinstance(value, str):
        return value if name in _KEPT else f"{len(value)} characters" if value else ""
    if isinstance(value, Mapping):
        return {key: _bare(each, key) for key, each in value.items()} if name in _PARTS else None
    if isinstance(value, Sequence):
        return [_bare(each, name) for each in value] if name in _PARTS else []
    return value
