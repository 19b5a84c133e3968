"""Roster: the agents that a plan may use, as the orchestrator is told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from parallel_agents.core.agent import Agent
from parallel_agents.core.needs import Lack
from parallel_agents.core.object_schema import properties, required
from parallel_agents.errors import ConfigError, InvalidFile, InvalidInput, UnknownAgent
from parallel_agents.flows.create_step import CREATE

ORCHESTRATOR = "agent_orchestrator"
REPORTER = "report_writer"
# Those that work for the runtime itself, and on what it gives them; a plan means a step by CREATE.
_OWN = frozenset(
    {
        ORCHESTRATOR,
        CREATE,
        REPORTER,
        "agent_creator",
        "agent_design_reviewer",
        "agent_refiner",
        "change_reviewer",
        "judge",
        "merge_resolver",
        "refiner",
    }
)
# Tools that need no folder, and change nothing.
_READING = frozenset({"fetch", "web_search"})
LOCAL = "local/"
_CREATE = (
    f"- {CREATE}: makes a new agent where none fits. The id of the step becomes its name, and the text "
    "says what it is for; what it is made of is seen to. A step that it shall do has its id as new_agent"
)


class Models(Protocol):
    """The model that work begins on."""

    @property
    def model(self) -> str: ...


class Agents(Protocol):
    """The agents of a process, and the models that their work runs on."""

    def agents(self) -> Sequence[Agent]:
        """Every agent that can be spawned by name."""
        ...

    def agent(self, name: str) -> Agent:
        """The agent of that name; raises UnknownAgent or InvalidFile."""
        ...

    def choose(self, agent: Agent, model: str | None) -> Models:
        """The models that an agent's work runs on; raises ConfigError if it has none."""
        ...


class Roster(NamedTuple):
    """What a plan may be made of.

    Attributes:
        agents: those that it may use, by name.
        is_small: the planning model is the embedded one, which is asked for less.
        planner: the planning model.
    """

    agents: dict[str, Agent]
    is_small: bool
    planner: str = ""

    def find(self, name: str) -> Agent:
        """One of the agents.

        Raises:
            UnknownAgent: it is none of them.
        """
        if name not in self.agents:
            raise UnknownAgent(
                f"the agent {name!r} is not one that this plan may use",
                hint=f"use {', '.join(self.agents)}",
            )
        return self.agents[name]


def find_roster(
    known: Agents,
    lack: Callable[[Agent, str], Lack | None],
    names: Sequence[str],
    model: str | None,
) -> Roster:
    """The agents that a plan may use: those of these names, or else those of the library.

    The library's are those that can work here, need no folder and belong to nothing else.

    Raises:
        UnknownAgent, InvalidFile: a name is not that of an agent.
        InvalidInput: a name is one that no agent of a plan can have, or there are no agents.
    """
    if ORCHESTRATOR in names:
        raise InvalidInput(
            f"{ORCHESTRATOR} cannot be an agent of its own plan",
            why="a plan that plans again has no end",
            hint="take it out of the agents",
        )
    if CREATE in names:
        raise InvalidInput(
            f"an agent that is called {CREATE} cannot be one of a plan",
            why=f"a step of a plan that names {CREATE} makes a new agent",
            hint="give it another name, or take it out of the agents",
        )
    planner = known.choose(known.agent(ORCHESTRATOR), model).model
    is_small = planner.startswith(LOCAL)
    if names:
        chosen: Iterable[Agent] = [known.agent(name) for name in dict.fromkeys(names)]
    else:
        chosen = [each for each in known.agents() if _is_for_all(each, is_small=is_small)]
    able = {each.name: each for each in chosen if names or _is_able(known, lack, each, model)}
    if not able:
        raise InvalidInput(
            "there are no agents that a plan could use",
            why="each of them lacks a model, a key or a tool here",
            hint="`pagents doctor` says what works here; name agents yourself",
        )
    return Roster(able, is_small, planner)


def _is_for_all(agent: Agent, *, is_small: bool) -> bool:
    if agent.name in _OWN or set(agent.tools) - _READING:
        return False
    # What the embedded model writes are texts; it knows no address, and calls no tool well.
    return not is_small or not (agent.tools or required(agent.input_schema or {}))


def _is_able(
    known: Agents, lack: Callable[[Agent, str], Lack | None], agent: Agent, model: str | None
) -> bool:
    try:
        known.choose(agent, model)
    except (ConfigError, InvalidFile):
        return False
    return lack(agent, "") is None


def described(roster: Roster) -> str:
    """The agents, a line each: what it does, what it takes, and what it answers."""
    lines = [_line(agent, is_small=roster.is_small) for agent in roster.agents.values()]
    return "\n".join(lines if roster.is_small else [*lines, _CREATE])


def _line(agent: Agent, *, is_small: bool) -> str:
    if is_small:
        return f"- {agent.name}: {agent.description}"
    needed = required(agent.input_schema or {})
    optional = [name for name in properties(agent.input_schema or {}) if name not in needed]
    parts = [
        f"needs the input {', '.join(needed)}" if needed else "",
        f"takes the input {', '.join(optional)}" if optional else "",
        f"answers {', '.join(properties(agent.output_schema or {})) or 'a text'}",
    ]
    return f"- {agent.name}: {agent.description} ({'; '.join(filter(None, parts))})"
