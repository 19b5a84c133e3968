"""Foreground: work that this process executes while somebody watches and can stop it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

import typer

from parallel_agents.app import farewell
from parallel_agents.app.client import App
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.budget import Budget
from parallel_agents.core.event import Finished, Queued, Started
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Result, Run, RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import Spawned
from parallel_agents.errors import OutputLost
from parallel_agents.interrupts import run_interruptible, to_its_end, unless
from parallel_agents.sessions.kept_options import describe_kept
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.download_bar import DownloadBar
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.heard import Heard
from parallel_agents.surfaces.cli.lanes import tasks_below
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.surfaces.cli.own_work import own_work
from parallel_agents.surfaces.cli.question_prompt import QuestionPrompt
from parallel_agents.surfaces.cli.result_files import file_names, results_folder, write_result
from parallel_agents.surfaces.cli.results_shown import print_results
from parallel_agents.surfaces.cli.traced import traced
from parallel_agents.surfaces.cli.tried_anew import tried_anew
from parallel_agents.views import format
from parallel_agents.views.board import Board

T = TypeVar("T")

_HOW_AGAIN = "`pagents dlq retry` runs again what failed, and another --id everything"
_HOW_ANEW = "what was killed starts no more: begin it again under another --id"


class Work(NamedTuple):
    """Work that was started.

    Attributes:
        name: the name by which to find it later.
        session: the top of its tree.
        run: the run whose end marks the end of the work.
        labels: the label of each agent's run, in order.
        is_flow: the runs are not known at the start; each is met as it begins.
        again: the command that continues it; empty for `pagents resume`.
        heard: what its only agent writes, if that is shown while it does.
        then: prepares what follows once its run has ended; None for nothing.
    """

    name: str
    session: SessionKey
    run: RunId
    labels: Mapping[RunId, str]
    is_flow: bool = False
    again: str = ""
    heard: Heard | None = None
    then: Prepare | None = None


class Display(NamedTuple):
    """How work is shown: the style of progress, and the form of its results.

    Attributes:
        is_json: the results are one JSON document.
        form: what else is asked for; None shows each result to a person as it comes.
    """

    style: progress.Style
    is_json: bool
    form: Form | None = None


Begin: TypeAlias = Callable[[], Coroutine[None, None, Work]]
Prepare: TypeAlias = Callable[[], Coroutine[None, None, Begin]]


class Shown(Protocol):
    """Work that was started, and what has been shown of it."""

    work: Work

    @property
    def is_over(self) -> bool:
        """Whether all of its runs have ended, and their results were shown."""
        ...

    async def watch(self) -> None:
        """Show progress and results until the work has ended."""
        ...

    async def catch_up(self) -> None:
        """Show what has ended since the watching was broken off."""
        ...


Show: TypeAlias = Callable[[App, Work, Shown], Shown]


def _not_otherwise(_app: App, _work: Work, usual: Shown) -> Shown:
    """All work is shown by what its agents are doing."""
    return usual


def run_in_foreground(
    context: CliContext,
    prepare: Callable[[App], Coroutine[None, None, Begin]],
    conclude: Callable[[App, Work], Coroutine[None, None, T]],
    display: Display,
    show: Show = _not_otherwise,
) -> T:
    """Start work, show it until it ends, and return what `conclude` makes of it.

    `prepare` may take long, such as for a download, and stores nothing. The function that it returns
    starts the work, and is never interrupted: accepted work is always named. `show` may show it otherwise.

    The first Ctrl-C starts nothing new, lets model calls in flight end, and shows the results that
    they complete; the second stops at once. Both print how to continue, and exit with 130. If the
    output is lost, the work stops as well: what nobody reads should cost no more.

    Raises:
        OutputLost: nobody reads stdout any more, or its disk is full.
    """
    started: list[Shown] = []

    async def execute(parts: Parts, stop: asyncio.Event) -> T | None:
        async with open_app(context.environment, context.settings, parts) as app:

            async def start(begin: Begin) -> Shown:
                began_at = time.time()
                work = await begin()
                folder = results_folder(context.environment.home, work.name)
                started.append(show(app, work, _Started(app, work, display, folder, began_at)))
                return started[-1]

            async def run_to_the_end() -> T:
                begin = await prepare(app)
                bar.close()
                shown = await to_its_end(start(begin))
                await shown.watch()
                return await conclude(app, shown.work)

            try:
                if (concluded := await unless(stop, run_to_the_end())) is None:
                    await app.let_calls_end(_print_stopping)
                    for shown in started:
                        await shown.catch_up()
            except OutputLost as lost:
                await _print_what_was_lost(app, started, is_reader_gone=lost.is_reader_gone)
                raise
            return concluded

    bar, concluded = DownloadBar(), None
    with suppress(KeyboardInterrupt), bar, traced(context.environment) as on_events:
        parts = Parts(on_fetch=bar, on_events=on_events, say_left=render.note)
        concluded = run_interruptible(partial(execute, parts))
    if concluded is None:
        _print_interrupted(started, is_fetching=bar.is_under_way)
        raise typer.Exit(Exit.INTERRUPTED)
    return concluded


def _print_interrupted(started: Sequence[Shown], *, is_fetching: bool) -> None:
    if is_fetching:
        render.note("The part that was fetched is kept; the same command continues from there.")
    if not started:
        render.note("Nothing had been started.")
    _print_how_to_continue(started)


async def _print_what_was_lost(app: App, started: Sequence[Shown], *, is_reader_gone: bool) -> None:
    """Say how to continue unfinished work; and where results are that were wanted and not written."""
    rows = await app.sessions.rows_of([shown.work.run for shown in started])
    live = {row.run.id for row in rows if not row.run.status.is_over}
    _print_how_to_continue([shown for shown in started if shown.work.run in live])
    if not is_reader_gone:
        for shown in started:
            if shown.work.run not in live:
                render.note(farewell.ended(f"Show it with: pagents show {shown.work.name}"))


def ended_before(run: Run) -> str:
    """What to add to the announcement of work that an earlier process has brought to its end."""
    if not run.status.is_over:
        return ""
    again = ""
    if run.status is RunStatus.KILLED:
        again = f"; {_HOW_ANEW}"
    elif run.status is not RunStatus.DONE:
        again = f"; {_HOW_AGAIN}"
    return f"; already {format.status(run.status)}, these are its results{again}"


def note_kept(spawned: Spawned, budget: Budget) -> None:
    """Say which options changed work that was there already, and which did not."""
    if spawned.is_new:
        return
    if spawned.has_new_budget and "budget" not in spawned.kept:
        render.note(f"Its budget is now {_amount(budget)}.")
    if kept := describe_kept(spawned):
        render.note(f"Note: {kept}.")


def _amount(budget: Budget) -> str:
    usd = () if budget.usd is None else (f"${budget.usd:g}",)
    tokens = () if budget.tokens is None else (f"{budget.tokens:,} tokens",)
    return " and ".join((*usd, *tokens))


def _print_stopping(calls: int) -> None:
    render.note(farewell.stopping(calls))
    render.note(farewell.AGAIN)


def _print_how_to_continue(started: Sequence[Shown]) -> None:
    for shown in started:
        name = shown.work.name
        if shown.is_over:
            render.note(farewell.ended(f"Show it with: pagents show {name}"))
        else:
            again = shown.work.again or f"pagents resume {name}"
            render.note(farewell.stopped(f"Continue with: {again}"))


class _Started:
    """Work that was started, and what has been shown of it.

    What happened before `began_at`, in an earlier process, is shown as results and not as progress; what
    is tried again now is not shown, and its spending counts.

    Attributes:
        is_over: all of its runs have ended, and their results were shown.
    """

    def __init__(
        self, app: App, work: Work, display: Display, folder: Path, began_at: float
    ) -> None:
        self.work = work
        self.is_over = False
        self._app = app
        self._display = display
        self._folder = folder
        self._labels = dict(work.labels)
        self._began_at = began_at
        self._told: set[RunId] = set()
        self._untold: set[RunId] = set()
        self._anew: frozenset[RunId] | None = None

    async def watch(self) -> None:
        """Show progress, and print and write each result as it comes, until all runs have ended."""
        sessions, board = self._app.sessions, Board.of(self._labels, team=self.work.run)
        heard = self.work.heard
        watched_at = time.time()  # what was asked before, and is answered, was shown elsewhere
        with (
            progress.choose(self._display.style, board) as shown,
            nullcontext() if heard is None else heard.shown(shown.wrote),
        ):
            async with (
                progress.ticking(shown),
                QuestionPrompt(sessions, shown.aside, watched_at) as prompt,
                aclosing(sessions.follow(self.work.session)) as events,
            ):
                async for event in events:
                    prompt.take(event)
                    if self.work.is_flow and isinstance(event.body, Queued):
                        board.add(await self._meet([event.run]))
                    lane = board.take(event)
                    if lane is None and isinstance(event.body, Started):
                        lane = board.lanes.get(event.run)  # it continues where it was stopped
                    if lane is None:
                        continue
                    if event.at >= self._began_at:
                        shown.changed(lane, event.at)
                    if isinstance(event.body, Finished) and event.run in self._untold:
                        board.remove(event.run)
                    elif isinstance(event.body, Finished):
                        await self._tell(event.run, shown.aside)
                    if board.is_over and not self.work.is_flow:
                        break
            await sessions.wait([self.work.run])

    async def _meet(self, runs: Sequence[RunId]) -> dict[RunId, str]:
        """What to call those of these runs that are tasks of a flow, or the orchestrator's own work."""
        sessions = self._app.sessions
        if self._anew is None:
            (flow,) = await sessions.rows_of([self.work.run])
            self._anew = await tried_anew(sessions, flow)
        rows = await sessions.rows_of(runs)
        met = await tasks_below(self._app.journal, self.work.session, rows)
        own = own_work(row for row in rows if not row.run.status.is_over)
        self._labels |= {run: label for run, label in met.items() if run not in self._anew}
        self._untold |= own.keys() | (met.keys() & self._anew)
        return met | own

    async def catch_up(self) -> None:
        """Show the results of the runs that have ended since the watching was broken off."""
        chosen = Filter(tree=self.work.session, is_live=False, every_run=True)
        ended = {row.run.id for row in await self._app.sessions.list(chosen)}
        if self.work.is_flow:
            await self._meet([run for run in ended if run not in self._labels])
        left = [run for run in self._labels if run in ended and run not in self._told]
        results = [await self._tell(run, nullcontext) for run in left]
        if results and self._display.form is not None:
            print_results(results, self._display.form)
        if self.work.is_flow:
            self.is_over = self.work.run in ended
        elif self._told and self._told.issuperset(self._labels):
            await self._app.sessions.wait([self.work.run])
            self.is_over = True

    async def _tell(self, run: RunId, aside: Callable[[], AbstractContextManager[None]]) -> Result:
        (result,) = await self._app.sessions.wait([run])
        await asyncio.to_thread(write_result, result, self._folder, file_names(self._labels)[run])
        result = replace(result, label=self._labels[run])
        self._told.add(run)
        if not self._display.is_json and self._display.form is None:
            with aside():
                is_own = result.session_key == self.work.session
                render.result(result, self.work.name if is_own else None)
        return result
