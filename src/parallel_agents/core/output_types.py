"""Output types of agents: those that this process was given, by the agents that answer with them."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.output_type import OutputType


class OutputTypes:
    """Knows the output types of agents, even for definitions that are read from the store.

    A type belongs to an agent's name and output schema, so that one which has changed since does not
    check the answers of sessions that began with another. Of two with the same, the newer counts.

    Args:
        agents: those that the program passed in.
    """

    def __init__(self, agents: Iterable[AnyAgent] = ()) -> None:
        self._types: dict[tuple[str, bytes], OutputType[object]] = {}
        for agent in agents:
            self.learn(agent)

    def learn(self, agent: AnyAgent) -> None:
        kind = agent.output_type
        # Any text is a `str`: there is nothing to check.
        if kind is not None and kind.schema is not None:
            self._types[_key(agent)] = kind

    def of(self, agent: AnyAgent) -> OutputType[object] | None:
        """The type of an agent's answers; None if this process has none."""
        return self._types.get(_key(agent)) if self._types else None


def _key(agent: AnyAgent) -> tuple[str, bytes]:
    return agent.name, orjson.dumps(agent.output_schema)
