"""Edited: work that is known by its agent's name keeps its answer when the agent is edited, and says so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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


def edited_among(rows: Iterable[Row], agents: Iterable[AnyAgent]) -> dict[str, list[str]]:
    """The labels of sessions whose agents were edited since, by the names of these agents."""
    named = {agent.name: agent for agent in agents}
    found: dict[str, list[str]] = {}
    for row in rows:
        session = row.session
        now = named.get(session.agent.name)
        if now is not None and is_edited(session.agent, now):
            found.setdefault(now.name, []).append(session.label)
    return found


def describe_edited(agent: str, steps: Sequence[str]) -> str:
    """What to tell whoever runs a flow again, some of whose steps an agent did before it was edited."""
    more = len(steps) - _SHOWN
    listed = ", ".join(sorted(steps)[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
    which, keep = (
        ("step", "keeps its answer") if len(steps) == 1 else ("steps", "keep their answers")
    )
    return (
        f"the agent {agent} was edited, and the {which} {listed} {keep} from before; for a new one, give the "
        f"step another name or text, or run the flow under another key"
    )
