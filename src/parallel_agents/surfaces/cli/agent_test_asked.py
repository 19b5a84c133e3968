"""What a test of an agent is asked for on the command line, and what is checked before it begins."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from parallel_agents.agent_versions.record import version_number
from parallel_agents.app.client import App
from parallel_agents.app.web import find_lack, search_engine
from parallel_agents.cases.request import TestRequest, chosen
from parallel_agents.catalog.agent_file import parse_any_agent
from parallel_agents.catalog.case_file import parse_cases
from parallel_agents.catalog.source import read_source
from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.case import Case
from parallel_agents.core.condition_fields import check_conditions
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import InvalidInput, MissingKey, NotFound
from parallel_agents.sessions.requests import check_task
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.foreground import Begin, Work, note_kept
from parallel_agents.surfaces.cli.prepare_models import prepare_team
from parallel_agents.views import format

_SEARCHES = "web_search"


class Asked(NamedTuple):
    """What the options ask for, before the agent is known.

    Attributes:
        key: identifies the test.
        models: the models to test on; empty for the agent's own.
        ids: the cases; empty for all.
        file: where they are, if not in the catalog.
        against: the other version to test.
        keeps: whether the workspaces of the cases stay.
    """

    name: str
    key: str
    models: tuple[str, ...]
    ids: tuple[str, ...]
    file: Path | None
    against: str | None
    repeat: int
    keeps: bool
    max_parallel: int | None
    budget: Budget

    @property
    def command(self) -> str:
        """The command that continues the test, which says what each try came to as well."""
        values = (
            *(("--model", model) for model in self.models),
            *(("--case", id) for id in self.ids),
            *((("--cases", str(self.file)),) if self.file else ()),
            *((("--against", self.against),) if self.against else ()),
            *((("--repeat", str(self.repeat)),) if self.repeat > 1 else ()),
            ("--id", self.key),
        )
        keep = ("--keep",) if self.keeps else ()
        options = [*chain.from_iterable(values), *keep]
        return shlex.join(["pagents", "agents", "test", self.name, *options])

    @property
    def titles(self) -> list[str]:
        """What tells the reports of the test apart, in their order; empty for the only one."""
        versions = ("now",) if self.against is None else ("now", "before")
        named = [
            " ".join(filter(None, (version if self.against else "", model)))
            for version in versions
            for model in (self.models or ("",))
        ]
        return named if len(named) > 1 else [""]


async def prepare_test(asked: Asked, context: CliContext, app: App) -> Begin:
    """Check all cases, and get the models ready; the function that this returns starts the test.

    Raises:
        UnknownAgent, NotFound, InvalidFile: there is no such agent, case or version.
        InvalidInput: the agent does not take the input of a case.
        ConfigError: it searches the web for a case that does not say so, and there is no search engine.
    """
    agent = app.catalog.agent(asked.name)
    cases = _cases(app, asked)
    request = TestRequest(
        agent=agent,
        cases=cases,
        models=asked.models,
        repeat=asked.repeat,
        against=None
        if asked.against is None
        else version_of(agent, asked.against, app.keeping.version),
        keeps=asked.keeps,
    )
    for each in (agent, *((request.against,) if request.against else ())):
        _check_cases(each, cases)
        if _SEARCHES in each.in_folder.tools and any(case.needs is None for case in cases):
            search_engine(context.environment, context.settings)
    if any(_can_be_tried(context, case) for case in cases):
        await _prepare_models(app, request)
    task = request.flow_task(max_parallel=asked.max_parallel, budget=asked.budget)

    async def begin() -> Work:
        spawned: Spawned = await app.sessions.spawn_flow(task, key=asked.key)
        if asked.max_parallel is not None:
            app.sessions.limit_parallel(spawned.session_key, asked.max_parallel)
        (row,) = await app.sessions.rows_of([spawned.run_id])
        count = "1 case" if len(cases) == 1 else f"{len(cases)} cases"
        tried = "tried once" if request.count == 1 else f"{request.count} tries"
        render.note(f"▶ {row.session.label} {format.name(row)}   {count}, {tried}")
        note_kept(spawned, asked.budget)
        name, again = format.name(row), asked.command
        return Work(name, row.session.key, row.run.id, {}, is_flow=True, again=again)

    return begin


def _can_be_tried(context: CliContext, case: Case) -> bool:
    return not (case.needs and find_lack(context.environment, context.settings, case.needs))


def version_of(
    now: Agent[Any], given: str, registered: Callable[[str, int], Agent[Any]]
) -> Agent[Any]:
    """Another version of an agent: one that was registered, such as v3, or the one in a file.

    Raises:
        NotFound: there is no such version.
        InvalidInput: it is not such a file, or it has another agent or the same version.
        InvalidFile: the file is not valid.
    """
    file = Path(given)
    if file.suffix == ".md":
        agent = parse_any_agent(read_source(file))
    else:
        try:
            number = version_number(given.removeprefix(f"{now.name}@"))
        except InvalidInput as error:
            raise InvalidInput(
                f"--against {given} is neither a version nor the file of an agent",
                hint="name a version, such as v3, or a file that ends in .md",
            ) from error
        agent = registered(now.name, number)
    if agent.name != now.name:
        raise InvalidInput(
            f"{given} is a version of {agent.name}, and not of {now.name}",
            hint=f"name a file of {now.name}",
        )
    if agent == now:
        raise InvalidInput(
            f"{given} is the same version as {now.name} now",
            hint="name an earlier one, or leave out --against",
        )
    return agent


def _cases(app: App, asked: Asked) -> tuple[Case, ...]:
    """The cases that are asked for.

    Raises:
        NotFound: there are none, or none with such an id.
    """
    if asked.file is not None:
        cases = parse_cases(read_source(asked.file), asked.name)
    else:
        cases = app.catalog.cases(asked.name)
    if not cases:
        files = (each.file for each in app.catalog.agents() if each.name == asked.name)
        folder = next((file.parent.parent for file in files), Path())
        raise NotFound(
            f"there are no cases for {asked.name}",
            why="the cases of an agent are in cases/NAME.yaml, beside the folder agents",
            hint=f"write {folder / 'cases' / asked.name}.yaml with `agent: {asked.name}` and `cases:`; "
            "`pagents docs library` says how",
        )
    known = [case.id for case in cases]
    for id in asked.ids:
        if id not in known:
            raise NotFound(
                f"{asked.name} has no case {id!r}",
                hint=did_you_mean(id, known),
            )
    return chosen(cases, asked.ids)


def _check_cases(agent: Agent[Any], cases: Sequence[Case]) -> None:
    """Refuse cases whose input the agent does not take, and checks that no answer can pass.

    Raises:
        InvalidInput: the error names the case.
    """
    for case in cases:
        has_folder = case.has_workspace or agent.workspace is not None
        taking = agent.in_folder if has_folder else agent
        try:
            check_task(Task(agent, case.text or "-", input=case.input), taking)
            check_conditions(case.checks, agent.output_schema)
        except InvalidInput as error:
            raise InvalidInput(
                f"the case {case.id}: {error.message}", why=error.why, hint=error.hint
            ) from error


async def _prepare_models(app: App, request: TestRequest) -> None:
    """Fetch and start the models; one without a key is told of each case."""
    plain = replace(request.agent, input_schema=None)
    tasks, plans = list[Task](), list[SessionPlan]()
    for model in request.tested:
        try:
            task = Task(plain, "-", model=model)
            plans.append(await app.sessions.plan_task(task))
        except MissingKey:
            continue
        tasks.append(task)
    if tasks:
        await prepare_team(app, TeamTask(tasks=tuple(tasks)), plans)
