"""Readiness: what this process lacks for a run, so that it leaves what it would only break."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from parallel_agents.app.models import make_registry
from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import FunctionGate, ScoreGate
from parallel_agents.core.needs import Needs
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput, PagentsError
from parallel_agents.models.redaction import open_url
from parallel_agents.models.registry import Registry
from parallel_agents.session_tools.toolbox import NAMES
from parallel_agents.settings import Environment, Settings


class _Missing(NamedTuple):
    """A part that an agent names, and no program passed in."""

    what: str
    argument: str
    name: str
    known: Collection[str]

    @property
    def text(self) -> str:
        return f"no {self.what} {self.name!r} in this process"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Which runs this process can execute.

    Attributes:
        models: the models that it can call.
        tools: the names of the program's own tools.
        gates: the names of the program's gate functions.
        project: the project folder that it uses; empty for none.
    """

    models: Registry
    tools: Collection[str] = ()
    gates: Collection[str] = ()
    project: str = ""

    def needs(self, models: Iterable[str]) -> Needs:
        """What a session needs that this process makes for these models."""
        providers = sorted({model.partition("/")[0] for model in models if model})
        return Needs(
            project=self.project, servers=tuple((name, self._server(name)) for name in providers)
        )

    def lacks(self, row: Row) -> str:
        """What this process lacks for a run; empty if nothing."""
        session = row.session
        needs, cwd = session.options.needs, session.options.cwd
        if place := self.place_of(row):
            return f"it was started {place}"
        if row.run.kind is RunnerKind.TEAM:
            return ""
        if cwd and not Path(cwd).is_dir():
            return f"there is no folder {cwd} here"
        for provider, server in needs.servers if needs is not None else ():
            if not self._has(provider):
                return f"it uses {provider} {_name(server)}; no provider is called so here"
            if server != (here := self._server(provider)):
                return f"it uses {provider} {_name(server)}; here it is {_name(here)}"
        return self._lacks_part(session.agent) or self._lacks_model(row.run.model)

    def place_of(self, row: Row) -> str:
        """Where a run can be continued, as `in FOLDER`; empty if here."""
        needs = row.session.options.needs
        if needs is None or needs.project == self.project:
            return ""
        return f"in {Path(needs.project).parent}" if needs.project else "outside of any project"

    def is_elsewhere(self, row: Row) -> bool:
        """Whether a process in another folder, which is there, may be able to continue a run."""
        needs = row.session.options.needs
        if needs is None or needs.project == self.project:
            return False
        return not needs.project or Path(needs.project).is_dir()

    def _has(self, provider: str) -> bool:
        return self.models.is_made_by_program(provider) or provider in self.models.providers

    def _server(self, provider: str) -> str:
        """The address of a provider's server, with nothing of its query that may be secret."""
        if self.models.is_made_by_program(provider) or provider not in self.models.providers:
            return ""
        return open_url(self.models.providers[provider].base_url)

    def check_parts(self, agent: Agent) -> None:
        """Refuse an agent that this process would only fail with.

        Raises:
            InvalidInput: it names a tool or a gate function that is not here.
        """
        if part := self._missing_part(agent):
            raise InvalidInput(
                f"agent {agent.name} cannot work here: {part.text}",
                why=f"nobody passed {part.argument}=[{part.name}] to `open` or `run`",
                hint=did_you_mean(part.name, part.known),
            )

    def _lacks_part(self, agent: Agent) -> str:
        part = self._missing_part(agent)
        return "" if part is None else part.text

    def _missing_part(self, agent: Agent) -> _Missing | None:
        for name in agent.tools:
            if name not in self.tools and name not in NAMES:
                return _Missing("tool", "tools", name, (*self.tools, *NAMES))
        for gate in agent.gates:
            if isinstance(gate, FunctionGate | ScoreGate) and gate.function not in self.gates:
                return _Missing("gate function", "gates", gate.function, self.gates)
        return None

    def _lacks_model(self, model: str) -> str:
        try:
            self.models.get(model)
        except PagentsError as error:
            return error.message
        return ""


def make_readiness(environment: Environment, settings: Settings) -> Readiness:
    """Which runs a process without a program's own parts can execute; its models must be closed."""
    models = make_registry(environment, settings)
    return Readiness(models=models, project=environment.project_name)


def _name(server: str) -> str:
    return f"at {server}" if server else "made by the program"
