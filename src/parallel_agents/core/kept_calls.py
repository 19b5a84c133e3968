"""Kept calls: what the attempts after one keep of a call of its tools."""

from __future__ import annotations

from parallel_agents.core.event import ToolFinished, ToolStarted
from parallel_agents.core.kept import KeptCall
from parallel_agents.core.message import ToolResult
from parallel_agents.core.tool import Effect


def kept_call(
    started: ToolStarted | None, finished: ToolFinished | None, result: ToolResult, key: str
) -> KeptCall | None:
    """A call for the attempts after this one, if a tool executed it and it did something.

    The `key` is the place of the call in the run.
    """
    if started is None:
        return None
    runs = () if finished is None else finished.handed_back
    if started.effect is Effect.PURE and not runs:
        return None
    return KeptCall(
        call=started.call,
        effect=started.effect,
        result=result,
        name=started.repeats or name_of(started, key),
        is_unknown=finished is None or finished.is_unknown,
        runs=runs,
    )


def name_of(started: ToolStarted | None, key: str) -> str:
    """What a call's tool knows it by; a call that an older version began is known by its id."""
    return key if started is None or started.number else started.call.id
