"""Directory: which agents exist, which of them a name means, and which models their work runs on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.model import Models
from parallel_agents.core.pricing import with_all_keys
from parallel_agents.core.profile import Profile
from parallel_agents.core.spelling import closest, did_you_mean
from parallel_agents.core.task import Task
from parallel_agents.errors import ConfigError, PagentsError, UnknownAgent, UnknownModel
from parallel_agents.models.choice import LOCAL, Choice
from parallel_agents.models.ladders import PREFIX, Ladders


class ChosenModels(NamedTuple):
    """The model that work begins on, and the whole ladder that it escalates through, if any."""

    model: str
    ladder: tuple[str, ...]


def _no_profile(name: str) -> Profile:
    raise ConfigError(f"there is no profile {name!r}", hint="open the sessions with settings")


class Directory:
    """Knows the agents of the catalog and of this program, and the models in the settings.

    Args:
        catalog: the agents defined in files.
        agents: definitions that override those of the catalog.
        choice: picks a model if neither a task nor its agent names one.
        models: the models by name.
        ladders: the named ladders in the settings.
        find_profile: returns the profile of a name, or raises ConfigError.
        on_embedded: called when an agent gets the embedded model because nobody chose one.
    """

    def __init__(
        self,
        catalog: Catalog,
        agents: Mapping[str, Agent],
        choice: Choice,
        models: Models,
        *,
        ladders: Ladders,
        find_profile: Callable[[str], Profile] = _no_profile,
        on_embedded: Callable[[], None] = lambda: None,
    ) -> None:
        self.profile = find_profile
        self._catalog = catalog
        self._agents = agents
        self._choice = choice
        self._models = models
        self._ladders = ladders
        self._on_embedded = on_embedded

    def agents(self) -> Sequence[Agent]:
        """Every agent that can be spawned by name; `pagents doctor` reports files that fail."""
        found = {e.name: e.content for e in self._catalog.agents() if isinstance(e.content, Agent)}
        return [agent for _, agent in sorted({**found, **self._agents}.items())]

    def agent(self, name: str) -> Agent:
        """The agent of that name.

        Raises:
            UnknownAgent: no agent has that name.
            InvalidFile: its file is not valid.
        """
        if (passed := self._agents.get(name)) is not None:
            return passed
        try:
            return self._catalog.agent(name)
        except UnknownAgent as error:
            names = [*self._agents, *self._catalog.agent_names()]
            if not closest(name, self._agents):
                raise
            hint = did_you_mean(name, names, "`pagents agents list` shows those in files")
            raise UnknownAgent(error.message, hint=hint) from None

    def agent_of(self, task: Task) -> Agent:
        """The agent of a task, which names it or defines it.

        Raises:
            UnknownAgent, InvalidFile: as for `agent`.
        """
        return task.agent if isinstance(task.agent, Agent) else self.agent(task.agent)

    def choose(self, agent: Agent, model: str | None, ladder: Sequence[str] = ()) -> ChosenModels:
        """The models that an agent's work runs on.

        A model that was asked for is the only one; a ladder that was asked for overrides it, and
        `ladder/NAME` refers to a ladder in the settings. If nothing was asked for, the agent's
        ladder, then its model, then the settings decide.

        Raises:
            ConfigError: a model is unknown or lacks its key; for a ladder, every one of its models.
        """
        if model is not None and model.startswith(PREFIX):
            ladder = (model,)
        steps = ladder or (() if model else agent.ladder)
        if steps:
            usable = self._usable(steps)
            return ChosenModels(usable[0], usable)
        chosen = self._choice.chosen_for(agent, model)
        found = ChosenModels(self._models.get(chosen or LOCAL).name, ())
        if chosen is None:
            self._on_embedded()
        return found

    def unasked(self, agent: Agent) -> str:
        """The model that an agent's work runs on if nobody asks for one.

        Raises:
            ConfigError: as for `choose`.
        """
        if agent.ladder:
            return self._usable(agent.ladder)[0]
        return self._models.get(self._choice.name_for(agent)).name

    def _usable(self, steps: Sequence[str]) -> tuple[str, ...]:
        """The usable models among the steps of a ladder, in order; at least one."""
        names = tuple(self._ladders.expand(steps))
        found: list[str] = []
        with with_all_keys():
            for name in names:
                try:
                    found.append(self._models.get(name).name)
                except UnknownModel:
                    raise  # a step that nobody can ever use is a mistake; one without a key is skipped
                except PagentsError:
                    continue
        if not found:  # the first of them is raised, unless it is only priced
            found = [self._models.get(name).name for name in names]
        if not found:
            raise ConfigError(
                f"the ladder {' '.join(steps)} has no models",
                hint="name at least one under [ladders]; `pagents models list` shows them",
            )
        return tuple(dict.fromkeys(found))
