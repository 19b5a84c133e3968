"""Readiness: what this process lacks for a run, so that it leaves what it would only break."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from parallel_agents.app.built_in_flows import BUILT_IN_NAMES
from parallel_agents.app.models import make_registry
from parallel_agents.app.tool_servers import HomeServers
from parallel_agents.containment.commands import why_not_found
from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import CommandGate, FunctionGate, ScoreGate, describe_gate
from parallel_agents.core.ids import function_of
from parallel_agents.core.mcp_names import is_mcp_name
from parallel_agents.core.needs import OUTSIDE, STARTED, Lack, Needs
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.session import Session
from parallel_agents.core.spelling import meant
from parallel_agents.core.tool_servers import NO_SERVERS, ToolServers
from parallel_agents.errors import PagentsError
from parallel_agents.models.registry import Registry
from parallel_agents.secrets.addresses import open_url
from parallel_agents.session_tools.toolbox import NAMES
from parallel_agents.settings import Environment, Settings
from parallel_agents.tools.box import BOX_NAMES
from parallel_agents.trust import MCP_NAME
from parallel_agents.workspaces.names import is_made

_MOST_NAMES = 20


def _any_origin(name: str) -> str:
    del name
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Which runs this process can execute.

    Attributes:
        models: the models that it can call.
        tools: the names of the program's own tools.
        gates: the names of the program's gate functions.
        flows: the names of the functions of its flows.
        origin_of: returns where the function of a flow's name is defined.
        home: the folder with the workspaces that are made; None if it has none.
        project: the project folder that it uses; empty for none.
        is_project_empty: whether that folder defines nothing.
        servers: the servers whose tools agents may name.
        profiles: the names of the profiles that agents may name.
    """

    models: Registry
    tools: Collection[str] = ()
    gates: Collection[str] = ()
    flows: Container[str] = ()
    origin_of: Callable[[str], str] = _any_origin
    home: Path | None = None
    project: str = ""
    is_project_empty: bool = False
    servers: ToolServers = NO_SERVERS
    profiles: Collection[str] = ()

    def needs(self, models: Iterable[str]) -> Needs:
        """What a session needs that this process makes for these models."""
        providers = sorted({model.partition("/")[0] for model in models if model})
        return Needs(
            project=self.project, servers=tuple((name, self._server(name)) for name in providers)
        )

    def needs_of_flow(self, name: str) -> Needs:
        """What the flow of a function of this process needs."""
        return replace(self.needs(()), function=self.origin_of(name))

    def lacks_to_take_over(self, row: Row) -> str:
        """As `lacks`, of a run that nobody has asked this process for: a name is not enough for a flow."""
        if lack := self.lacks(row):
            return lack
        needs = row.session.options.needs
        if row.run.kind is not RunnerKind.FLOW or needs is None or not needs.function:
            return ""
        name = function_of(row.session.key)
        here = self.origin_of(name)
        return "" if here == needs.function else f"its function {name} is another one here: {here}"

    def lacks(self, row: Row) -> str:
        """What this process lacks for a run; empty if nothing."""
        session = row.session
        needs, cwd = session.options.needs, session.options.cwd
        if place := self.place_of(row):
            return f"{STARTED} {place}"
        if row.run.kind is RunnerKind.TEAM:
            return ""
        if row.run.kind is RunnerKind.FLOW:
            name = function_of(session.key)
            return "" if name in self.flows else f"no flow {name!r} in this process"
        if cwd and not Path(cwd).is_dir():
            return f"there is no folder {cwd} here"
        if missing := self._lacks_source(session):
            return missing
        workspace = session.options.workspace
        folder = cwd or (workspace.folder if workspace is not None else "")
        if (lack := self.lack(session.agent, folder)) is not None:
            return lack.text
        for provider, server in needs.servers if needs is not None else ():
            if not self._has(provider):
                return f"it uses {provider} {_name(server)}; no provider is called so here"
            if server != (here := self._server(provider)):
                return f"it uses {provider} {_name(server)}; here it is {_name(here)}"
        return self._lacks_model(row.run.model)

    def lack(self, agent: Agent, cwd: str) -> Lack | None:
        """What this process lacks for an agent that works in a folder, whatever its model."""
        return (
            self._lacks_tool(agent)
            or self._lacks_profile(agent)
            or self.servers.lack(agent)
            or self._lacks_gate(agent, cwd)
        )

    def _lacks_tool(self, agent: Agent) -> Lack | None:
        if not agent.tools:
            return None
        known = {*self.tools, *NAMES, *BOX_NAMES}
        missing = [name for name in agent.tools if name not in known and not is_mcp_name(name)]
        return _not_passed("tool", missing[0], self.tools, agent, known) if missing else None

    def _lacks_profile(self, agent: Agent) -> Lack | None:
        if not agent.profile or agent.profile in self.profiles:
            return None
        return Lack(
            f"there is no profile {agent.profile!r} here",
            f"{agent.name} names it, and the settings of this process have none of that name",
            f"define [profiles.{agent.profile}] in config.toml",
        )

    def _lacks_gate(self, agent: Agent, cwd: str) -> Lack | None:
        for gate in agent.gates:
            match gate:
                case FunctionGate() | ScoreGate() if gate.function not in self.gates:
                    return _not_passed("gate function", gate.function, self.gates, agent)
                case CommandGate() if why := why_not_found(gate.command, cwd):
                    return Lack(
                        f"the gate {describe_gate(gate)} cannot be run here",
                        why,
                        "install the program, or correct the gate's command",
                    )
                case _:
                    continue
        return None

    def needs_program(self, row: Row) -> bool:
        """Whether a run lacks what only a Python program passes, and no command ever has."""
        if row.run.kind is RunnerKind.FLOW:
            return function_of(row.session.key) not in self.flows
        agent = row.session.agent
        functions = [g.function for g in agent.gates if isinstance(g, FunctionGate | ScoreGate)]
        lacks_gate = any(name not in self.gates for name in functions)
        return lacks_gate or self._lacks_tool(agent) is not None

    def place_of(self, row: Row) -> str:
        """Where a run can be continued, as `in FOLDER`; empty if here."""
        needs = row.session.options.needs
        if needs is None or self._is_at_home(needs):
            return ""
        return f"in {Path(needs.project).parent}" if needs.project else OUTSIDE

    def is_elsewhere(self, row: Row) -> bool:
        """Whether a process in another folder, which is there, may be able to continue a run."""
        needs = row.session.options.needs
        if needs is None or self._is_at_home(needs):
            return False
        project = Path(needs.project)
        return not needs.project or project.is_dir() or (project.parent / MCP_NAME).is_file()

    def _is_at_home(self, needs: Needs) -> bool:
        """Whether what this process finds around it is what the session was made with."""
        is_of_none = self.is_project_empty and not needs.project
        return is_of_none or needs.project == self.project

    def _has(self, provider: str) -> bool:
        return self.models.is_made_by_program(provider) or provider in self.models.providers

    def _server(self, provider: str) -> str:
        """The address of a provider's server, with nothing of its query that may be secret."""
        if self.models.is_made_by_program(provider) or provider not in self.models.providers:
            return ""
        return open_url(self.models.providers[provider].base_url)

    def _lacks_source(self, session: Session) -> str:
        """What is missing of the folder that the session's workspace is made from, unless it is made."""
        workspace = session.options.workspace
        if workspace is None or not workspace.folder or Path(workspace.folder).is_dir():
            return ""
        if self.home is not None and is_made(self.home, session.key):
            return ""
        return f"there is no folder {workspace.folder} here, from which its workspace is made"

    def _lacks_model(self, model: str) -> str:
        try:
            self.models.get(model)
        except PagentsError as error:
            return error.message
        return ""


def defines_nothing(environment: Environment) -> bool:
    """Whether the process is in a project's folder that is empty."""
    return environment.trusted is not None and environment.trusted.is_empty


def make_readiness(environment: Environment, settings: Settings) -> Readiness:
    """Which runs a process without a program's own parts can execute; its models must be closed."""
    models = make_registry(environment, settings)
    return Readiness(
        models=models,
        flows=BUILT_IN_NAMES,
        home=environment.home,
        project=environment.project_name,
        is_project_empty=defines_nothing(environment),
        servers=HomeServers(environment, settings),
        profiles=settings.profiles.keys(),
    )


def _not_passed(
    kind: str, name: str, passed: Collection[str], agent: Agent, known: Collection[str] = ()
) -> Lack:
    option = f"{kind.partition(' ')[0]}s=[{name}]"
    others = f", which has only {', '.join(sorted(passed)[:_MOST_NAMES])}" if passed else ""
    return Lack(
        f"no {kind} {name!r} in this process",
        f"{agent.name} names it, and nothing of that name was passed to this process{others}",
        meant(
            name,
            {*passed, *known},
            f"pass {option} to `run`, `run_flow`, `open` or what else you call in Python; or leave the run to a process that has it",
        ),
    )


def _name(server: str) -> str:
    return f"at {server}" if server else "made by the program"
