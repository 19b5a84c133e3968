"""Plan ends: how each step of a plan ended, as the result of its run says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from parallel_agents.core.ids import function_of
from parallel_agents.core.run import Result
from parallel_agents.core.schema import JsonObject
from parallel_agents.flows.plan_task import NAME

_GLYPHS = {"done": "✔", "skipped": "○", "failed": "✖", "blocked": "✖"}


class NotDone(NamedTuple):
    """A step that is not done: `skipped`, `failed` or `blocked`, and why."""

    id: str
    status: str
    why: str

    @property
    def glyph(self) -> str:
        return _GLYPHS.get(self.status, "?")


def steps_of(result: Result) -> JsonObject:
    """How each step of a plan ended; empty if the result is not a plan's."""
    output = result.output_json
    if function_of(result.session_key) != NAME or not isinstance(output, Mapping):
        return {}
    steps = output.get("steps")
    return steps if isinstance(steps, Mapping) else {}


def not_done(result: Result) -> Iterator[NotDone]:
    """The steps of a plan that are not done, in their order."""
    for id, end in steps_of(result).items():
        if isinstance(end, Mapping) and end.get("status") != "done":
            yield NotDone(id, str(end.get("status")), str(end.get("why", "")))
