"""Directory: which agents there are, which of them a name means, and which model each gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.model import Models
from parallel_agents.errors import PagentsError
from parallel_agents.models.choice import Choice
from parallel_agents.models.ladders import Ladders


class Directory:
    """Answers by the catalog, the settings and what a program passed in.

    Args:
        catalog: the agents defined in files.
        agents: definitions that override those of the catalog.
        choice: picks a model where a task and its agent name none.
        models: the models by name.
        ladders: the named ladders of the settings.
    """

    def __init__(
        self,
        catalog: Catalog,
        agents: Mapping[str, Agent],
        choice: Choice,
        models: Models,
        *,
        ladders: Ladders,
    ) -> None:
        self._catalog = catalog
        self._agents = agents
        self._choice = choice
        self._models = models
        self._ladders = ladders

    def agents(self) -> Sequence[Agent]:
        """Every agent that can be spawned by name; `pagents doctor` reports files that fail."""
        found = {e.name: e.content for e in self._catalog.agents() if isinstance(e.content, Agent)}
        return [agent for _, agent in sorted({**found, **self._agents}.items())]

    def agent(self, name: str) -> Agent:
        """The agent of that name.

        Raises:
            UnknownAgent: there is none.
            InvalidFile: its file does not define one.
        """
        return self._agents.get(name) or self._catalog.agent(name)

    def model(self, agent: Agent, asked: str | None) -> str:
        """The full name of the model for an agent: the one asked for, or the settings' choice.

        Raises:
            ConfigError: the model is unknown, or its key is missing.
        """
        return self._models.get(self._choice.name_for(agent, asked)).name

    def ladder(self, names: Sequence[str]) -> tuple[str, ...]:
        """The usable models among `names`, in order; `ladder/NAME` stands for that ladder's models.

        Raises:
            ConfigError: none of them is usable.
        """
        found: list[str] = []
        missing: PagentsError | None = None
        for name in self._ladders.expand(names):
            try:
                found.append(self._models.get(name).name)
            except PagentsError as error:
                missing = missing or error
        if missing is not None and not found:
            raise missing
        return tuple(dict.fromkeys(found))
