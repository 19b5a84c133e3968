"""Attached: the view of work that other processes execute; it starts nothing, and ends nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, aclosing, nullcontext
from dataclasses import replace
from typing import NamedTuple, NoReturn

import typer

from parallel_agents.app.reading import Reader, open_follower
from parallel_agents.core.event import Event, Finished, Queued, Started
from parallel_agents.core.filter import Filter
from parallel_agents.core.going_on import is_executed
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import OwnerState, Role
from parallel_agents.core.retry_keys import task_of
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, RunnerKind
from parallel_agents.core.team_result import TeamResult
from parallel_agents.errors import GatewayUnreachable
from parallel_agents.gateway_client.verbs import RemoteSessions
from parallel_agents.interrupts import run_cancellable, unless
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.called import called
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.continuing import how_to_continue
from parallel_agents.surfaces.cli.exits import Exit, worst_of
from parallel_agents.surfaces.cli.heard import Heard
from parallel_agents.surfaces.cli.lanes import tasks_below
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.surfaces.cli.question_prompt import QuestionPrompt
from parallel_agents.surfaces.cli.questions_shown import QuestionsShown, TakesEvents
from parallel_agents.surfaces.cli.results_shown import print_results
from parallel_agents.surfaces.cli.run_plan import tell_steps
from parallel_agents.surfaces.cli.tried_anew import tried_anew
from parallel_agents.views import format
from parallel_agents.views.board import Board
from parallel_agents.views.documents import result_json
from parallel_agents.views.last_tries import last_tries
from parallel_agents.views.sessions import lines_of

_CHECK_SECONDS = 2.0


def _nothing(_event: Event) -> str:
    return ""


class Attaching(NamedTuple):
    """How to attach: the style of progress, and the form of the results, as a `Display` has them.

    Attributes:
        answers: whether a person at this terminal may answer what work at a gateway asks.
        told: what else to say of an event; empty for nothing.
    """

    style: progress.Style
    is_json: bool
    form: Form | None = None
    answers: bool = False
    told: Callable[[Event], str] = _nothing


class Ended(NamedTuple):
    """What the session came to that was watched.

    Attributes:
        results: those of its tasks; of a session, and of a flow without tasks, its own.
        told: the runs whose results were shown when they ended.
        team: the whole of it, if it is a team or a flow.
        former: its tries that others followed.
        own: the result of a flow itself.
        names: what lists call a session of the results, where it is not its key in short.
    """

    name: str
    results: Sequence[Result]
    told: frozenset[RunId]
    team: TeamResult | None
    own: Result | None
    names: Mapping[SessionKey, str]
    former: frozenset[RunId] = frozenset()

    @property
    def code(self) -> Exit:
        """The exit code: of a flow that of its own status, whatever became of its tasks."""
        decided = self.results if self.own is None else (self.own,)
        return worst_of([result.status for result in decided])


def attach(context: CliContext, name: str, how: Attaching) -> NoReturn:
    """Show a session until it ends, print its results, and exit with the code of `pagents wait`.

    Raises:
        NotFound, Ambiguous: the name means no session, or several.
    """
    ended = watch_to_the_end(context, name, how)
    _print(ended, how)
    raise typer.Exit(ended.code)


def watch_to_the_end(context: CliContext, name: str, how: Attaching) -> Ended:
    """Show a session until it ends.

    A Ctrl-C leaves it, says so, and exits with 130; if no process works on it any more, with 5.

    Raises:
        NotFound, Ambiguous: the name means no session, or several.
    """
    watched: list[Attached] = []

    async def show() -> Ended | None:
        async with open_follower(context.environment, context.settings) as client:
            row = await client.sessions.find(name)
            attached = Attached(client, row, how)
            watched.append(attached)
            return await attached.watch()

    try:
        ended = run_cancellable(show())
    except KeyboardInterrupt:
        for attached in watched:
            render.note(attached.farewell)
        raise typer.Exit(Exit.INTERRUPTED) from None
    if ended is None:
        raise typer.Exit(Exit.STOPPED)
    return ended


def find_worked_on(context: CliContext, name: str) -> SessionKey | None:
    """The key of a session that a living process executes; None if none does.

    A process that executes only what is below it, such as the retry of one of its tasks, does not continue it.

    Raises:
        NotFound, Ambiguous: the name means no session, or several.
    """

    async def look() -> SessionKey | None:
        async with open_follower(context.environment, context.settings) as client:
            row = await client.sessions.find(name)
            live = Filter(session=row.session.key, is_live=True, every_run=True)
            rows = await client.sessions.list(live)
            return row.session.key if any(map(is_executed, rows)) else None

    return run_cancellable(look())


def _print(ended: Ended, how: Attaching) -> None:
    if how.is_json:
        items = [result_json(result) for result in ended.results]
        render.envelope("watch", time.time(), items)
        return
    if how.form is not None:
        print_results(ended.results, how.form, ended.names)
        return
    for result in ended.results:
        if result.run_id not in ended.told:
            render.result(result, ended.names.get(result.session_key))
    if ended.team is not None and ended.told:
        render.summary(ended.team, ended.former)
    if ended.own is not None and ended.own not in ended.results:
        tell_steps(ended.own)


class Attached:
    """One session that is watched, with all below it.

    Attributes:
        farewell: what to say to a person who leaves.
    """

    def __init__(self, client: Reader, row: Row, how: Attaching) -> None:
        self._client = client
        self._row = row
        self._how = how
        self._name = self._typed = format.name(row)
        self._is_flow = row.run.kind is RunnerKind.FLOW
        self._stuck = asyncio.Event()
        self._told: set[RunId] = set()
        self._rows: int | None = None
        self._anew: frozenset[RunId] = frozenset()
        self._tries: dict[tuple[str, str], RunId] = {}
        self._labels: dict[RunId, str] = {}
        self._owner: OwnerId | None = None
        self._by = ""  # that owner, as people know it
        self._aside: Callable[[], AbstractContextManager[None]] = nullcontext
        self.farewell = f"Left {self._name}."

    async def watch(self) -> Ended | None:
        """Show the session until its latest run has ended; None if no process works on it any more."""
        if self._row.run.status.is_over:
            return await self._ended()
        await self._announce()
        checking = asyncio.create_task(self._check())
        try:
            is_over = await unless(self._stuck, self._show())
        finally:
            checking.cancel()
            await asyncio.wait({checking})
        return None if is_over is None else await self._ended()

    async def _ended(self) -> Ended:
        sessions, key = self._client.sessions, self._row.session.key
        row = await sessions.find(key)
        tries = await last_tries(sessions, self._client.journal, row)
        results = await sessions.results(tries.runs)
        team = await sessions.team_result(key) if row.run.kind.is_group else None
        own = await sessions.results([row.run.id]) if self._is_flow else ()
        return Ended(
            self._name,
            results or own,
            frozenset(self._told),
            team,
            next(iter(own), None),
            {key: self._name},
            tries.former,
        )

    async def _announce(self) -> None:
        """Say what is watched, who works on it, and that leaving ends nothing."""
        self._typed = await called(self._client.sessions, self._row)
        await self._client.notice_deaths()
        tries = await last_tries(self._client.sessions, self._client.journal, self._row)
        runs = tries.runs
        self._rows = None if tries.rows is None else tries.rows.total
        if self._is_flow and self._rows is None:
            self._anew = await tried_anew(self._client.sessions, self._row)
        stay = [run for run in runs if run not in self._anew]
        ended = len(await self._client.sessions.results(stay))
        agents = (
            "" if self._is_flow else f"   {len(runs)} agents" if len(runs) > 1 else "   1 agent"
        )
        before = f", {ended} ended before" if ended else ""
        await self._note_owner()
        self._set_farewell(is_worked_on=bool(self._by))
        by = f"; {self._by} works on it" if self._by else ""
        label = format.one_line(self._row.session.label)
        render.note(f"▶ {label} {self._name}{agents}{before}{by}")
        render.note("Ctrl-C leaves it, and ends nothing.")

    def _set_farewell(self, *, is_worked_on: bool) -> None:
        name = self._typed
        self.farewell = (
            f"Left {name}; it continues. Attach again with: pagents watch {name}"
            if is_worked_on
            else f"Left {name}; no process works on it. Continue with: pagents resume {name}"
        )

    async def _note_owner(self) -> None:
        """Remember who works on the session, and say so if that is another process than before."""
        found = await self._owners()
        if not found or self._owner in found:
            return
        had_other = bool(self._by)
        self._owner, self._by = next(iter(found.items()))
        if had_other:
            with self._aside():
                render.note(f"▶ {self._by} works on {self._name} now")

    async def _owners(self) -> Mapping[OwnerId, str]:
        """The living processes that work on the session, as people know them."""
        live = await self._client.sessions.list(
            Filter(tree=self._row.session.key, is_live=True, every_run=True, limit=100)
        )
        owned = {row.run.owner for row in live if row.owner_state is OwnerState.LIVE}
        return {
            owner.id: f"{'the worker' if owner.role is Role.WORKER else 'the process'} {owner.pid}"
            for owner in await self._client.journal.owners()
            if owner.id in owned
        }

    async def _show(self) -> bool:
        """Show progress, and print each result as it comes, until the latest run has ended."""
        began_at = (
            self._client.now()
        )  # as the store counts, whatever the clock of this machine says
        sessions, key = self._client.sessions, self._row.session.key
        members = [] if self._is_flow else await sessions.members(self._row)
        run = self._row.run
        board = Board.of({row.run.id: row.session.label for row in members}, team=run.id)
        board.rows = self._rows
        started_at = None if run.started_at is None else run.started_at + run.idle_seconds
        with (
            progress.choose(self._how.style, board, started_at) as shown,
            self._hearing(list(board.lanes), shown),
        ):
            self._aside = shown.aside
            async with (
                progress.ticking(shown),
                self._prompt(shown, began_at) as prompt,
                aclosing(sessions.follow(key)) as events,
            ):
                async for event in events:
                    prompt.take(event)
                    if text := self._how.told(event):
                        with shown.aside():
                            render.note(text)
                    await self._take(event, board, shown, is_new=event.at >= began_at)
        return True

    def _hearing(
        self, runs: Sequence[RunId], shown: progress.Progress
    ) -> AbstractContextManager[None]:
        """A block in which is shown what the only agent writes."""
        listening = self._client.listening
        if listening is None or len(runs) != 1 or not progress.is_live(self._how.style):
            return nullcontext()
        return Heard(listening, runs[0]).shown(shown.wrote)

    def _prompt(
        self, shown: progress.Progress, began_at: float
    ) -> AbstractAsyncContextManager[TakesEvents]:
        sessions = self._client.sessions
        if self._how.answers and isinstance(sessions, RemoteSessions):
            return QuestionPrompt(sessions, shown.aside, began_at)
        return QuestionsShown(sessions, shown.aside, began_at)

    async def _take(
        self, event: Event, board: Board, shown: progress.Progress, *, is_new: bool
    ) -> None:
        if self._is_flow and isinstance(event.body, Queued):
            await self._add(board, event.run)
        lane = board.take(event)
        if lane is None and isinstance(event.body, Started):
            lane = board.lanes.get(event.run)  # it continues where it was stopped
        if isinstance(event.body, Finished) and event.run in self._anew:
            board.remove(event.run)
        if lane is None or not is_new:
            return
        shown.changed(lane, event.at)
        is_told = not self._how.is_json and self._how.form is None
        if isinstance(event.body, Finished) and is_told:
            for result in await self._client.sessions.results([event.run]):
                self._told.add(event.run)
                is_own = event.run == self._row.run.id
                label = self._labels.get(event.run, result.label)
                with shown.aside():
                    render.result(replace(result, label=label), self._name if is_own else None)

    async def _add(self, board: Board, run: RunId) -> None:
        """Give a task of a flow its lane, in the place of that of its former try."""
        rows = await self._client.sessions.rows_of([run])
        labels = await tasks_below(self._client.journal, self._row.session.key, rows)
        self._labels |= labels
        for row in rows if labels else ():
            task = task_of(row.session)
            if (former := self._tries.get(task)) is not None and former != run:
                board.remove(former)
            self._tries[task] = run
            board.add(labels, items=max(row.session.options.batch, 1))

    async def _check(self) -> None:
        """See every two seconds whether a process works on the session; twice none means none."""
        was_stopped = False
        while True:
            try:
                was_stopped = await self._look(was_stopped=was_stopped)
            except GatewayUnreachable:  # whoever follows the events says so, and tries again
                was_stopped = False
            await asyncio.sleep(_CHECK_SECONDS)

    async def _look(self, *, was_stopped: bool) -> bool:
        """See once whether no process works on the session, and say so the second time."""
        await self._client.notice_deaths()
        row = await self._client.sessions.find(self._row.session.key)
        (line,) = lines_of(await self._client.journal.look([row]), self._client.lacks)
        if line.is_stopped and was_stopped:
            why = f": {line.lacks}" if line.lacks else f"; {self._by} ended" if self._by else ""
            after = how_to_continue(
                self._typed, in_program=bool(line.lacks) and self._client.needs_program(row)
            )
            render.note(f"■ No process works on {self._name}{why}. {after}", "yellow")
            self._stuck.set()
        elif not line.is_stopped:
            await self._note_owner()
        self._set_farewell(is_worked_on=not line.is_stopped)
        return line.is_stopped
