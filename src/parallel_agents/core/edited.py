"""Edited: work that is known by its agent's name keeps its answer when the agent is edited, and says so."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.row import Row

# What decides an answer. Planning narrows or adds to the other fields, so that they always differ.
_OF_ANSWERS = ("instructions", "examples", "output_schema", "tools", "temperature", "thinking")
_SHOWN = 3


def is_edited(then: AnyAgent, now: AnyAgent) -> bool:
    """Whether an agent would be told or asked for something else than a session of it was begun with."""
    return all(
        any(getattr(then, name) != getattr(agent, name) for name in _OF_ANSWERS)
        for agent in (now, now.in_folder)
    )


class Edited:
    """The steps of a flow that keep the answers of agents as these were before an edit, by these agents."""

    def __init__(self) -> None:
        self._steps: dict[str, list[str]] = {}

    def compare(self, row: Row, now: AnyAgent | None) -> None:
        """Note the session of a step if its agent is another one now; None is gone, and not needed."""
        if now is not None and is_edited(row.session.agent, now):
            self._steps.setdefault(now.name, []).append(row.session.label)

    @property
    def notices(self) -> tuple[str, ...]:
        """What to tell whoever runs the flow again."""
        return tuple(_described(agent, steps) for agent, steps in self._steps.items())


def _described(agent: str, steps: Sequence[str]) -> str:
    more = len(steps) - _SHOWN
    listed = ", ".join(sorted(steps)[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
    which, keep = (
        ("step", "keeps its answer") if len(steps) == 1 else ("steps", "keep their answers")
    )
    return (
        f"the agent {agent} was edited, and the {which} {listed} {keep} from before; for a new one, give the "
        f"step another name or text, or run the flow under another key"
    )
