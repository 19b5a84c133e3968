"""Catalog: agents, their cases, and teams by name; the user's files override the built-in ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeAlias

from parallel_agents.catalog.agent_file import parse_agent
from parallel_agents.catalog.case_file import parse_cases
from parallel_agents.catalog.document import parse_document
from parallel_agents.catalog.fields import check_stem
from parallel_agents.catalog.file_index import Entry, FileIndex
from parallel_agents.catalog.plan_file import FindAgent, PlanFile
from parallel_agents.catalog.source import Accept, Source, accept_any, read_source
from parallel_agents.catalog.team import Team
from parallel_agents.catalog.team_file import parse_plan, parse_team
from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case
from parallel_agents.core.plan import Plan
from parallel_agents.core.spelling import closest, did_you_mean, meant
from parallel_agents.errors import InvalidFile, NotFound, UnknownAgent
from parallel_agents.links import real_path

BUILT_IN = Path(__file__).parent
_IN_A_PROJECT = (
    "`pagents agents list` shows those that are found from this folder; the agents of a project are"
    " files in its .parallel-agents/agents, and are found from its folder and below"
)
_TEXT_ALONE = (
    "the name of an agent comes first, and then what it is to do: `pagents spawn main TEXT --wait`,"
    ' in Python Task("main", "TEXT")'
)
_MOST_NESTED = 8
_NO_AGENTS: Mapping[str, Agent] = {}

# What a file defines depends on its path and its text alone, and a process opens many a catalog.
_KEPT_FILES = 128
_agent_in = lru_cache(_KEPT_FILES)(parse_agent)
_cases_in = lru_cache(_KEPT_FILES)(parse_cases)

AgentEntry: TypeAlias = Entry[Agent]
CasesEntry: TypeAlias = Entry[tuple[Case, ...]]
TeamEntry: TypeAlias = Entry[Team]


class Catalog:
    """Agents from `agents/*.md`, their cases from `cases/*.yaml`, and teams from `teams/*.yaml`.

    Each file is read once, on first use; a new Catalog, or one that forgets, sees later changes, and
    parses only what has changed.

    Args:
        folders: folders with `agents`, `cases` and `teams` in them. A name in an earlier folder overrides
            the same name in a later one and the built-in one.
        accept: raises an error for a file whose content must not be used.
    """

    def __init__(self, folders: Sequence[Path] = (), accept: Accept = accept_any) -> None:
        self._accept = accept
        looked = " and ".join(str(folder / "agents") for folder in folders)
        self._looked_in = f"it is not built in, and not in {looked}" if looked else ""
        places = (*folders, BUILT_IN)
        self._agents = FileIndex(
            [place / "agents" for place in places], suffix=".md", load=self._load_agent
        )
        self._teams = FileIndex(
            [place / "teams" for place in places], suffix=".yaml", load=self._load_named_team
        )
        self._cases = FileIndex(
            [place / "cases" for place in places], suffix=".yaml", load=self._load_cases
        )

    def agent(self, name: str) -> Agent:
        """The agent of that name.

        Raises:
            UnknownAgent: no file has that name.
            InvalidFile: its file is not valid.
        """
        agent = self._agents.get(name)
        if agent is None:
            is_misspelt = closest(name, self._agents.names()) != ""
            raise UnknownAgent(
                f"there is no agent {name!r}",
                why="" if is_misspelt else self._looked_in,
                hint=self._hint_for(name),
            )
        return agent

    def _hint_for(self, name: str) -> str:
        """What to do about a name that no agent has."""
        if " " in name.strip():
            return _TEXT_ALONE
        file = Path(name)
        if file.suffix in {".yaml", ".yml"}:
            return (
                f"`pagents run {name}` runs a team file; to run it for each of many, write a team file with a"
                f" task that has `for_each:` and `flow: {file.name}`"
            )
        if file.suffix == ".md":
            return f"agents are found by name: put the file into .parallel-agents/agents, and name {file.stem!r}"
        if name in self._teams.file_names():
            return f"it is a team: `pagents run --team {name}`"
        return meant(
            name, self._agents.names(), "`pagents agents list` shows all", otherwise=_IN_A_PROJECT
        )

    def forget(self) -> None:
        """Read every file again when it is next asked for: it may have been changed since."""
        for index in (self._agents, self._teams, self._cases):
            index.forget()

    def agents(self) -> list[AgentEntry]:
        """All agents by name; a file that is not valid is an entry with its error."""
        return self._agents.entries()

    def agent_names(self) -> list[str]:
        """The names of all agents, including those whose files are not valid; it reads no file."""
        return self._agents.file_names()

    def cases(self, name: str) -> tuple[Case, ...]:
        """The cases that the agent of that name is tested on; empty if no file has any.

        Raises:
            InvalidFile: their file is not valid.
        """
        return self._cases.get(name) or ()

    def all_cases(self) -> list[CasesEntry]:
        """The cases of all agents that have some; a file that is not valid is an entry with its error."""
        return self._cases.entries()

    def team(self, name_or_file: str | Path) -> Team:
        """The team of that name, or in that file.

        Args:
            name_or_file: a Path, or a string with a `/` or the ending `.yaml` or `.yml`, is a file.

        Raises:
            NotFound: no team has that name.
            InvalidFile: its file, or the file of one of its agents, is not valid.
        """
        if _is_file(name_or_file):
            return self._load_team(Path(name_or_file))
        name = str(name_or_file)
        team = self._teams.get(name)
        if team is None:
            files = (f"{name}.yaml", f"{name}.yml")
            if file := next((each for each in files if Path(each).is_file()), None):
                raise NotFound(
                    f"there is no team {name!r}",
                    hint=f"for the file of this folder, give its whole name: {file}",
                )
            raise NotFound(
                f"there is no team {name!r}",
                hint=f"{did_you_mean(name, self._teams.names(), '`pagents teams list` shows all')}. "
                "To use a file, include its extension, such as team.yaml.",
            )
        return team

    def teams(self) -> list[TeamEntry]:
        """All teams by name; a file that is not valid is an entry with its error."""
        return self._teams.entries()

    def plan(
        self, file: Path, text: str | None = None, *, agents: Mapping[str, Agent] = _NO_AGENTS
    ) -> Plan:
        """The plan in a team file, also in one whose tasks do not need each other.

        Args:
            file: its path.
            text: what is in it, if it is not read.
            agents: definitions that override those of the catalog.

        Raises:
            InvalidFile: it is not valid; the error names the line.
        """

        def find(name: str) -> Agent:
            return agents.get(name) or self.agent(name)

        source = read_source(file, self._accept) if text is None else Source(file, text)
        read = partial(self._load_plan, within=(file,), find=find)
        return parse_plan(PlanFile(parse_document(source), find, read))

    def _load_team(self, file: Path) -> Team:
        read = partial(self._load_plan, within=(file,), find=self.agent)
        return parse_team(read_source(file, self._accept), self.agent, read)

    def _load_named_team(self, file: Path) -> Team:
        """The team in a file that is found by its name, and so must be called like it."""
        team = self._load_team(file)
        check_stem(parse_document(read_source(file, self._accept)), team.name)
        return team

    def _load_plan(self, file: Path, *, within: tuple[Path, ...], find: FindAgent) -> Plan:
        """The plan in a file that the last of these files names, which the one before it names, and so on."""
        top = real_path(within[0].parent)
        if not real_path(file).is_relative_to(top):
            # What is trusted is a folder as a whole, and a gate of a task may run a command.
            raise InvalidFile(
                f"{file}: it lies outside the folder of {within[0].name}",
                hint=f"put it into {top} or a folder below",
            )
        names = [each.name for each in (*within, file)]
        if any(_is_same(file, outer) for outer in within):
            raise InvalidFile(
                f"{file}: it contains itself: {' → '.join(names)}",
                hint="take `flow:` out of one of them; to repeat tasks, use `loop`",
            )
        if len(within) > _MOST_NESTED:
            raise InvalidFile(
                f"{file}: more than {_MOST_NESTED} files within each other",
                hint="put the tasks of one of them into the file that names it",
            )
        document = parse_document(read_source(file, self._accept))
        read = partial(self._load_plan, within=(*within, file), find=find)
        return parse_plan(PlanFile(document, find, read))

    def _load_cases(self, file: Path) -> tuple[Case, ...]:
        return _cases_in(read_source(file, self._accept))

    def _load_agent(self, file: Path) -> Agent:
        return _agent_in(read_source(file, self._accept))


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # reading it says why
        return False


def _is_file(name_or_file: str | Path) -> bool:
    if isinstance(name_or_file, Path):
        return True
    return "/" in name_or_file or name_or_file.endswith((".yaml", ".yml"))
