"""`pagents agents test`: an agent on its cases, with a line for each try, and the sum of all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Annotated

import orjson
import typer
from pydantic import TypeAdapter, ValidationError

from parallel_agents.app.client import App
from parallel_agents.cases.report import CaseTry, TestReport, TryStatus
from parallel_agents.cases.request import read_reports
from parallel_agents.cases.trying import END
from parallel_agents.core.event import Event
from parallel_agents.core.flow import StepFinished
from parallel_agents.core.ids import make_name
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.sessions.requests import check_key
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.agent_test_asked import Asked, prepare_test
from parallel_agents.surfaces.cli.context import (
    AsJson,
    CliContext,
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
from parallel_agents.surfaces.cli.foreground import Display, Shown, Work, run_in_foreground
from parallel_agents.surfaces.cli.log_options import executes_work
from parallel_agents.views import case_tests

_TRY: TypeAdapter[CaseTry] = TypeAdapter(CaseTry)


@executes_work
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
    cases: Annotated[
        Path | None, typer.Option(help="Take the cases from this file.", metavar="FILE")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            help="Test another version of the agent, too; fail if a case was lost since.",
            metavar="v3|FILE",
        ),
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
    keep: Annotated[bool, typer.Option("--keep", help="Keep the workspaces of cases.")] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Test an agent on its cases. Exits with 0 only if it passes all of them.

    The agent is not told that it is tested, nor what a check finds.
    """
    check_key(key := test_id or make_name())
    context = find_work_context(
        home, allow_weak_judge=allow_weak_judge, max_parallel=max_parallel, sandbox=sandbox
    )
    asked = Asked(
        name=name,
        key=key,
        models=tuple(dict.fromkeys(model or ())),
        ids=tuple(case or ()),
        file=cases,
        against=against,
        repeat=repeat,
        keeps=keep,
        max_parallel=max_parallel,
        budget=budget_of(usd, tokens, None),
    )
    _run(context, asked, is_json=json)


def _run(context: CliContext, asked: Asked, *, is_json: bool) -> None:
    """Have the test made, show it, and exit with what it came to."""
    told: Counter[str] = Counter()

    def show(app: App, work: Work, _usual: Shown) -> Shown:
        return _ShownTest(app, work, told, asked.titles, is_json=is_json)

    async def conclude(app: App, work: Work) -> Callable[[], Exit]:
        (result,) = await app.sessions.wait([work.run])
        return partial(
            _print_json if is_json else partial(_print, told, asked.titles), result, work
        )

    display = Display(progress.Style.AUTO, is_json)
    prepare = partial(prepare_test, asked, context)
    concluded = run_in_foreground(context, prepare, conclude, display, show)
    raise typer.Exit(concluded())


class _ShownTest:
    """A test that was started: each try is shown as it ends.

    Attributes:
        is_over: the test has ended.
    """

    def __init__(
        self, app: App, work: Work, told: Counter[str], titles: list[str], *, is_json: bool
    ) -> None:
        self.work = work
        self.is_over = False
        self._app = app
        self._told = told
        self._titles = titles
        self._is_json = is_json
        self._began = time.time()

    async def watch(self) -> None:
        async with aclosing(self._app.sessions.follow(self.work.session)) as events:
            async for event in events:
                self._take(event)
        await self._app.sessions.wait([self.work.run])

    async def catch_up(self) -> None:
        (row,) = await self._app.sessions.rows_of([self.work.run])
        self.is_over = row.run.status.is_over

    def _take(self, event: Event) -> None:
        body = event.body
        if self._is_json or event.at < self._began or not isinstance(body, StepFinished):
            return
        if not body.name.endswith(END) or body.error is not None:
            return
        try:
            each = _TRY.validate_python(body.output)
        except ValidationError:
            return  # of another version; the end of the test says so
        self._told[each.session] += 1
        for line in case_tests.try_lines(each, self._titles[_number_of(body.name)]):
            render.line(line)


def _number_of(step: str) -> int:
    """The place of a report, by the name of a step: that of the second test is `test#2`."""
    number = step.partition("/")[0].partition("#")[2]
    return int(number) - 1 if number.isdigit() else 0


def _print_json(result: Result, work: Work) -> Exit:
    if not result.is_done:
        return _print_failure(result, is_json=True)
    reports = read_reports(result)
    items: list[Json] = orjson.loads(orjson.dumps(reports))
    lost = case_tests.regressions(reports) if case_tests.is_compared(reports) else None
    render.envelope("tested", time.time(), items, id=work.name, lost=lost)
    return _exit(reports)


def _print(told: Counter[str], titles: list[str], result: Result, work: Work) -> Exit:
    """Print the tries that were not shown yet, the sum of each test, and what an edit has lost."""
    if not result.is_done:
        return _print_failure(result, is_json=False)
    reports = read_reports(result)
    for report, title in zip(reports, titles, strict=True):
        for each in report.tries:
            if not told[each.session]:
                for line in case_tests.try_lines(each, title):
                    render.line(line)
    for report in reports:
        head = f"{report.agent} {report.version} on {case_tests.models_of(report)}"
        render.line(f"{head}   {case_tests.sum_line(report)}", "bold")
    if case_tests.is_compared(reports):
        lost = case_tests.regressions(reports)
        render.line(f"lost since: {', '.join(lost)}" if lost else "no case was lost since")
    render.note(f"Next: pagents agents card {reports[0].agent} · pagents show {work.name}")
    return _exit(reports)


def _print_failure(result: Result, *, is_json: bool) -> Exit:
    if result.error is not None:
        render.error(result.error, is_json=is_json)
    return exit_of(result.status)


def _exit(reports: list[TestReport]) -> Exit:
    if any(each.status is TryStatus.NOT_TRIED for report in reports for each in report.tries):
        return Exit.PARTIAL
    if case_tests.is_compared(reports):
        return Exit.FAILED if case_tests.regressions(reports) else Exit.DONE
    return Exit.DONE if all(report.is_passed for report in reports) else Exit.FAILED
