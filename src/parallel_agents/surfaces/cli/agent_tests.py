"""`pagents agents test`: an agent on its cases, with a line for each try, and the sum of all."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, NamedTuple

import orjson
import typer
from pydantic import TypeAdapter

from parallel_agents.app.client import App
from parallel_agents.cases.report import TestReport
from parallel_agents.cases.request import TestRequest, chosen
from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.case import Case
from parallel_agents.core.ids import make_name
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidInput, MissingKey, NotFound
from parallel_agents.sessions.requests import check_key, check_task
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.context import (
    AsJson,
    Home,
    MaxParallel,
    SandboxMode,
    Tokens,
    Usd,
    WeakJudge,
    budget_of,
    find_work_context,
)
from parallel_agents.surfaces.cli.exits import Exit, exit_of
from parallel_agents.surfaces.cli.foreground import Begin, Display, Work, run_in_foreground
from parallel_agents.surfaces.cli.prepare_models import prepare_models
from parallel_agents.views import case_tests, format

_REPORTS: TypeAdapter[list[TestReport]] = TypeAdapter(list[TestReport])


def try_cases(
    name: Annotated[str, typer.Argument(help="An agent.", metavar="NAME")],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", "-m", help="provider/model; repeat it to test on each.", metavar="NAME"
        ),
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option(help="Only this case; repeat it for more.", metavar="ID")
    ] = None,
    repeat: Annotated[
        int, typer.Option(help="How many times each case is tried.", metavar="N", min=1, max=100)
    ] = 1,
    test_id: Annotated[
        str | None,
        typer.Option("--id", help="A name for the test; the same name continues it.", metavar="ID"),
    ] = None,
    max_parallel: MaxParallel = None,
    usd: Usd = None,
    tokens: Tokens = None,
    allow_weak_judge: WeakJudge = False,
    sandbox: SandboxMode = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Test an agent on its cases; exits with 0 only if it passes all of them.

    The agent is not told that it is tested, nor what a check finds.
    """
    check_key(key := test_id or make_name())
    context = find_work_context(
        home, allow_weak_judge=allow_weak_judge, max_parallel=max_parallel, sandbox=sandbox
    )
    budget = budget_of(usd, tokens, None)
    asked = _Asked(name, key, tuple(case or ()), tuple(model or ()), repeat, max_parallel, budget)

    async def conclude(app: App, work: Work) -> Callable[[], Exit]:
        (result,) = await app.sessions.wait([work.run])
        return partial(_print, result, work, is_json=json)

    display = Display(progress.Style.AUTO, json)
    concluded = run_in_foreground(context, partial(_prepare, asked), conclude, display, _ShownTest)
    raise typer.Exit(concluded())


class _Asked(NamedTuple):
    """What the options ask for, before the agent is known."""

    name: str
    key: str
    cases: tuple[str, ...]
    models: tuple[str, ...]
    repeat: int
    max_parallel: int | None
    budget: Budget


async def _prepare(asked: _Asked, app: App) -> Begin:
    """Check the cases, and get the models ready; the function that this returns starts the test."""
    agent = app.catalog.agent(asked.name)
    cases = _cases(app, asked.name, asked.cases)
    request = TestRequest(agent=agent, cases=cases, models=asked.models, repeat=asked.repeat)
    _check_inputs(agent, cases)
    await _prepare_models(app, request)
    task = request.flow_task(max_parallel=asked.max_parallel, budget=asked.budget)

    async def begin() -> Work:
        spawned = await app.sessions.spawn_flow(task, key=asked.key)
        if asked.max_parallel is not None:
            app.sessions.limit_parallel(spawned.session_key, asked.max_parallel)
        (row,) = await app.sessions.rows_of([spawned.run_id])
        render.note(f"▶ {row.session.label} {format.name(row)}   {len(cases)} cases")
        return Work(format.name(row), row.session.key, row.run.id, {}, is_flow=True)

    return begin


class _ShownTest:
    """A test that was started."""

    def __init__(self, app: App, work: Work) -> None:
        self.work = work
        self.is_over = False
        self._app = app

    async def watch(self) -> None:
        await self._app.sessions.wait([self.work.run])

    async def catch_up(self) -> None:
        (row,) = await self._app.sessions.rows_of([self.work.run])
        self.is_over = row.run.status.is_over


def _cases(app: App, name: str, ids: Sequence[str]) -> tuple[Case, ...]:
    """The cases of an agent that are asked for.

    Raises:
        NotFound: it has none, or none with such an id.
    """
    cases = app.catalog.cases(name)
    if not cases:
        raise NotFound(
            f"there are no cases for {name}",
            why="an agent is tested on the cases in cases/NAME.yaml, beside the folder agents",
            hint=f"write cases/{name}.yaml; docs/library.md says how",
        )
    known = {case.id for case in cases}
    if unknown := [id for id in ids if id not in known]:
        raise NotFound(
            f"{name} has no case {unknown[0]!r}", hint=f"it has {', '.join(sorted(known))}"
        )
    return chosen(cases, ids)


def _check_inputs(agent: Agent[Any], cases: Sequence[Case]) -> None:
    """Refuse cases whose input the agent does not take.

    Raises:
        InvalidInput: it takes other input.
    """
    for case in cases:
        taking = agent.in_folder if case.has_workspace else agent
        try:
            check_task(Task(agent, case.text or "-", input=case.input), taking)
        except InvalidInput as error:
            raise InvalidInput(
                f"the case {case.id}: {error.message}", why=error.why, hint=error.hint
            ) from error


async def _prepare_models(app: App, request: TestRequest) -> None:
    """Fetch and start the models; one without a key is said of each case."""
    plain = replace(request.agent, input_schema=None)
    models: list[str] = []
    for model in request.tested:
        try:
            plan = await app.sessions.plan_task(Task(plain, "-", model=model))
        except MissingKey:
            continue
        models += [plan.model] if plan.model else []
    await prepare_models(app, models)


def _print(result: Result, work: Work, *, is_json: bool) -> Exit:
    if not result.is_done:
        if result.error is not None:
            render.error(result.error, is_json=is_json)
        return exit_of(result.status)
    reports = _REPORTS.validate_python(result.output_json)
    if is_json:
        items: list[Json] = orjson.loads(orjson.dumps(reports))
        render.envelope("tested", time.time(), items, id=work.name)
    else:
        for report in reports:
            _print_report(report)
        render.note(f"Next: pagents show {work.name} · pagents history {work.name}/CASE")
    is_passed = all(report.is_passed for report in reports)
    return Exit.DONE if is_passed else Exit.FAILED


def _print_report(report: TestReport) -> None:
    render.line(f"{report.agent} {report.version} on {case_tests.models_of(report)}", "bold")
    for each in report.tries:
        for line in case_tests.try_lines(each):
            render.line(line)
    render.line(case_tests.sum_line(report))
