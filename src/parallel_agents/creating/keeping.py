"""Keeping: where an agent that is made begins and ends up: free names, registered versions, drafts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from parallel_agents.agent_versions.record import DraftRecord, Files, Origin, Proof, Record
from parallel_agents.agent_versions.registry import AgentRegistry
from parallel_agents.agent_versions.version_files import read_files
from parallel_agents.catalog.agent_file import parse_agent
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.source import Source
from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.mcp_names import is_mcp_name
from parallel_agents.core.shown import shown
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.creating.created import Created, CreateOptions, Round
from parallel_agents.errors import InvalidInput, UnknownAgent
from parallel_agents.quality.judge_registry import JudgeRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What an agent is made from.

    Attributes:
        purpose: what it is for.
        agent: the text of its file; empty for a new one.
        cases: the text of its cases; empty for none.
        is_own: whether a person wrote it.
    """

    purpose: str
    agent: str = ""
    cases: str = ""
    is_own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """The model that reviews.

    Attributes:
        weakness: why it judges badly; empty if it is not known to.
        is_allowed: whether it may review.
    """

    model: str
    weakness: str
    is_allowed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The best version of an agent that was tried.

    Attributes:
        run: the session of the flow that made it.
        origin: where it is from.
    """

    name: str
    purpose: str
    agent: str
    cases: str
    run: str
    origin: Origin
    best: Round
    rounds: tuple[Round, ...]
    reviewer: Reviewer


class Keeping:
    """Reads and keeps agents for the flows that make them.

    Args:
        home: the user's folder.
        project: the project's folder; None without one.
        catalog: the agents that there are.
        judges: the models that may judge.
        tools: the names of the tools that there are.
    """

    def __init__(
        self,
        home: Path,
        project: Path | None,
        catalog: Catalog,
        judges: JudgeRegistry,
        *,
        tools: Collection[str] = (),
    ) -> None:
        self._home = home
        self._project = project
        self._catalog = catalog
        self._judges = judges
        self._tools = tools

    def registry(self, *, in_project: bool) -> AgentRegistry:
        """The registry of the project's folder or of the home.

        Raises:
            InvalidInput: there is no project.
        """
        if in_project and self._project is None:
            raise InvalidInput(
                "there is no project here",
                why="no folder around the current one has a .parallel-agents folder that you trust",
                hint="make one: mkdir .parallel-agents; or leave --project out",
            )
        return AgentRegistry(self._project if in_project and self._project else self._home)

    def version(self, name: str, number: int) -> AnyAgent:
        """A version of an agent as it was registered, in the project's folder or else in the home.

        Raises:
            NotFound: there is no such version.
            InvalidFile: it is not what was registered, or is not valid any more.
        """
        folders = [folder for folder in (self._project, self._home) if folder is not None]
        registries = [AgentRegistry(folder) for folder in folders]
        kept = [each for each in registries if each.history(name).records]
        files = (kept[0] if kept else registries[-1]).version(name, number)[1]
        return parse_agent(Source(Path(f"{name}.md"), files.agent))

    def check_free(self, name: str, options: CreateOptions) -> None:
        """Refuse the name of an agent that there is, unless it is to be replaced.

        Raises:
            InvalidInput: the name is taken, or is not a name.
        """
        self.registry(in_project=options.in_project).history(name)  # refuses what is not a name
        if options.replace or name not in {entry.name for entry in self._catalog.agents()}:
            return
        raise InvalidInput(
            f"there is an agent {name!r} already",
            why="a new one would take its place wherever it is named",
            hint=f"add --replace for a new version, improve it with `pagents agents refine {name}`, or "
            "choose another name",
        )

    def check_tools(self, options: CreateOptions) -> None:
        """Refuse a tool that is not here; those of MCP servers are left to the check of the draft.

        Raises:
            InvalidInput: there is no tool of that name.
        """
        for name in options.tools:
            if name not in self._tools and not is_mcp_name(name):
                raise InvalidInput(
                    f"there is no tool {shown(name)}", hint=did_you_mean(name, self._tools)
                )

    def begun(self, name: str, purpose: str, options: CreateOptions) -> Start:
        """A new agent.

        Raises:
            InvalidInput: as for `check_free`.
        """
        self.check_free(name, options)
        return Start(purpose=purpose)

    def begun_from(self, name: str, purpose: str, options: CreateOptions) -> Start:
        """The agent of that name as it runs, or else its draft.

        Raises:
            UnknownAgent: there is neither.
            InvalidFile: a file cannot be read.
        """
        registry = self.registry(in_project=options.in_project)
        if name in registry.drafts() and registry.live(name) is None:
            record, files = registry.draft(name)
            told = purpose or record.purpose
            return Start(purpose=told, agent=files.agent, cases=files.cases)
        agent = self._catalog.agent(name)
        file = next(entry.file for entry in self._catalog.agents() if entry.name == name)
        files = read_files(file, file.parent.parent / "cases" / f"{name}.yaml")
        if files is None:
            raise UnknownAgent(f"the file of the agent {name} is gone", hint=f"restore {file}")
        told = purpose or agent.description
        return Start(purpose=told, agent=files.agent, cases=files.cases, is_own=True)

    def reviewer(self, options: CreateOptions, agent: str) -> Reviewer:
        """The model that reviews, and whether it may.

        Raises:
            ConfigError: the model is unknown, or its key is missing.
        """
        model = self._judges.model_for(options.judge_model or None, agent)
        weakness = self._judges.weakness_of(model)
        allowed = options.allow_weak_judge or not weakness
        return Reviewer(model=model, weakness=weakness, is_allowed=allowed)

    async def keep(self, result: Result, options: CreateOptions) -> Created:
        """Register the agent if nothing speaks against it, and otherwise keep it as a draft.

        The same run registers once.
        """
        registry = self.registry(in_project=options.in_project)
        files, best = Files(result.agent, result.cases), result.best
        is_judged = best.score is not None
        proof = Proof(
            model=best.model,
            passed=best.passed,
            cases=best.cases,
            score=best.score,
            target=options.target,
            judge_model=result.reviewer.model if is_judged else "",
            weakness=result.reviewer.weakness if is_judged else "",
            run=result.run,
        )
        reasons, record = [*best.reasons], None
        if not reasons:
            record = await self._registered(registry, result, files, proof, options)
            reasons = [] if record else ["an agent of that name was made meanwhile"]
        if record is not None:
            file = registry.folder / "agents" / f"{result.name}.md"
        else:
            draft = DraftRecord(at=0, purpose=result.purpose, reasons=tuple(reasons), proof=proof)
            await registry.keep_draft(result.name, files, draft)
            file = registry.folder / "drafts" / result.name / "agent.md"
        return Created(
            name=result.name,
            version=record.version if record else None,
            draft=record is None,
            score=best.score,
            target=options.target,
            passed=best.passed,
            cases=best.cases,
            judge_model=proof.judge_model,
            weakness=proof.weakness,
            reasons=tuple(reasons),
            rounds=result.rounds,
            file=str(file),
        )

    async def _registered(
        self,
        registry: AgentRegistry,
        result: Result,
        files: Files,
        proof: Proof,
        options: CreateOptions,
    ) -> Record | None:
        """The version that it is registered as; None if its name was taken while it was made."""
        if result.origin is Origin.CREATED and not options.replace:
            return await registry.register_new(result.name, files, proof)
        return await registry.register(result.name, files, result.origin, proof)
