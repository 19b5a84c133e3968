"""`pagents wait`: wait for runs to end, and see that a process works on them."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import typer
from typing_extensions import override

from parallel_agents.app.acting import open_acting
from parallel_agents.app.client import Client
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import Journal
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, RunnerKind
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import Sessions
from parallel_agents.errors import CannotContinue, ConfigError
from parallel_agents.gateway_client.left_runs import LeftRuns
from parallel_agents.interrupts import run_cancellable, unless
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, Timeout, find_store
from parallel_agents.surfaces.cli.continuing import how_to_continue
from parallel_agents.surfaces.cli.exits import Exit, worst_of
from parallel_agents.surfaces.cli.output_option import Form, Output
from parallel_agents.surfaces.cli.results_shown import bare_if_piped, print_results
from parallel_agents.views import format
from parallel_agents.views.at_work import is_anybody_at_work
from parallel_agents.views.documents import result_json

_CHECK_SECONDS = 10.0
# A process that takes up a stopped run has this long to start.
_RESUME_SECONDS = 2.0
# A living process with a free slot has looked by then whether it can begin a run.
_PATIENCE_SECONDS = 6.0


def wait(
    names: Annotated[list[str], typer.Argument(help="Sessions to wait for.", metavar="NAME...")],
    timeout: Timeout = None,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """Wait for sessions to end, and print their results; a timeout leaves them running.

    Ends with 5 if all that has not ended was stopped, and nothing will continue it.
    """
    raise typer.Exit(waited_for(find_store(home), names, timeout, is_json=json, form=output))


def waited_for(
    context: CliContext,
    names: Sequence[str],
    timeout: float | None = None,
    *,
    is_json: bool = False,
    form: Form | None = None,
) -> Exit:
    """Wait for sessions to end, print their results, and say how the command ends."""
    called: dict[SessionKey, str] = {}

    async def until_ended() -> Waited:
        async with open_acting(context.environment, context.settings) as client:
            rows = [await client.sessions.find(name) for name in names]
            called.update((row.session.key, format.name(row)) for row in rows)
            ending = _results_of(client.sessions, rows, timeout)
            watch: _Watch = (
                DistantWatch(client.sessions, client.journal, rows)
                if client.here is None
                else WorkerWatch(client.here, rows, context.problem)
            )
            watching = asyncio.create_task(watch.watch())
            try:
                waited = await unless(watch.stuck, ending)
            except TimeoutError:
                rest = "; it continues" if len(rows) == 1 else "; they continue"
                is_known = not watch.left and not watch.is_in_doubt
                render.note(f"Not finished after {timeout:g} s{rest if is_known else ''}.")
                return Waited(await _ended(client.sessions, rows), Exit.TIMED_OUT)
            except CannotContinue:
                if not is_json:  # whose document is the error
                    _show(await _ended(client.sessions, rows), called, form)
                raise
            finally:
                watching.cancel()
                await asyncio.wait({watching})
            if waited is None:
                return Waited(await _ended(client.sessions, rows), Exit.STOPPED)
            return waited

    results, code = run_cancellable(until_ended())
    if not results and code in (Exit.TIMED_OUT, Exit.STOPPED):
        return code
    if is_json:
        render.envelope("wait", time.time(), [result_json(result) for result in results])
    else:
        _show(results, called, form)
    return code


def _show(results: Sequence[Result], called: Mapping[SessionKey, str], form: Form | None) -> None:
    if asked := (bare_if_piped(form) if len(results) == 1 else form):
        print_results(results, asked, called)
        return
    for result in results:
        render.result(result, called.get(result.session_key))


class Waited(NamedTuple):
    """What was waited for: the results that are printed, and how the command ends."""

    results: list[Result]
    code: Exit


async def _ended(sessions: Sessions, rows: Sequence[Row]) -> list[Result]:
    """The results of those of the sessions, and of the tasks of teams and flows, that have ended."""
    members = [await sessions.members(row) for row in rows]
    return await sessions.results([member.run.id for found in members for member in found])


async def _results_of(sessions: Sessions, rows: Sequence[Row], timeout: float | None) -> Waited:
    """The results of sessions, and of the tasks of teams and flows; of a flow its own, too, if it has no tasks or failed by itself.

    A flow may begin more tasks for as long as it runs, so that it is waited for first.

    How a flow has ended is its own status, whatever became of its tasks.

    Raises:
        TimeoutError: not all have ended in time; they continue.
    """
    began = time.monotonic()
    flows = [row.run.id for row in rows if row.run.kind is RunnerKind.FLOW]
    own = await sessions.wait(flows, timeout=timeout) if flows else []
    members = {row.run.id: await sessions.members(row) for row in rows}
    runs = [member.run.id for found in members.values() for member in found]
    left = None if timeout is None else max(0.0, timeout - (time.monotonic() - began))
    results = await sessions.wait(runs, timeout=left)
    is_all_done = all(each.is_done for each in results)
    alone = [each for each in own if not members[each.run_id] or (is_all_done and not each.is_done)]
    of_flows = {member.run.id for flow in flows for member in members[flow]}
    others = [each.status for each in results if each.run_id not in of_flows]
    statuses = [*others, *(each.status for each in own)]
    return Waited([*results, *alone], worst_of(statuses) if statuses else Exit.DONE)


class _Watch(ABC):
    """Checks every ten seconds that a process works on some sessions; reports each finding once.

    Args:
        sessions: the verbs.
        roots: the sessions.

    Attributes:
        left: the names of sessions that no process works on, and none will.
        stuck: set once no process works on any of them, and none will.
    """

    def __init__(self, sessions: Sessions, roots: Sequence[Row]) -> None:
        self._sessions = sessions
        self._roots = roots
        self.left: set[str] = set()
        self.stuck = asyncio.Event()

    @property
    def is_in_doubt(self) -> bool:
        """Whether no process was seen to work on some of them, though one may yet begin."""
        return False

    async def watch(self) -> None:
        """Check until cancelled."""
        was_stuck = False
        while True:
            moving = [await self._check(root, await self._live(root)) for root in self._roots]
            is_stuck = bool(self.left) and not any(moving)
            if is_stuck and was_stuck:
                self.stuck.set()
            was_stuck = is_stuck
            await asyncio.sleep(_RESUME_SECONDS if is_stuck else _CHECK_SECONDS)

    async def _live(self, root: Row) -> Sequence[Row]:
        chosen = Filter(tree=root.session.key, is_live=True, every_run=True)
        return await self._sessions.list(chosen)

    @abstractmethod
    async def _check(self, root: Row, live: Sequence[Row]) -> bool:
        """Whether a process works on a session, of whose tree these are live, or may yet begin to."""

    def _report(self, root: Row, why: str, after: str) -> None:
        name = format.name(root)
        if name not in self.left:
            self.left.add(name)
            render.note(f"No process works on {name}: {why}. {after}", "yellow")


class DistantWatch(_Watch):
    """Watches sessions at a gateway, which has a worker continue what it can.

    Args:
        sessions: the verbs.
        journal: the processes there.
        roots: the sessions.
    """

    def __init__(self, sessions: Sessions, journal: Journal, roots: Sequence[Row]) -> None:
        super().__init__(sessions, roots)
        self._left_runs = LeftRuns(journal.owners)

    @property
    @override
    def is_in_doubt(self) -> bool:
        return self._left_runs.is_any_seen

    @override
    async def _check(self, root: Row, live: Sequence[Row]) -> bool:
        left = await self._left_runs.among(live)
        is_moving = len(left) < len(live)
        if live and not is_moving:
            after = how_to_continue(format.name(root), in_program=False)
            self._report(root, left[live[0].run.id], after)
        return is_moving


class WorkerWatch(_Watch):
    """Watches sessions of this machine, and starts workers for what they can execute.

    Args:
        client: the verbs.
        roots: the sessions.
        problem: why no worker could start; None if one can.
    """

    def __init__(
        self, client: Client, roots: Sequence[Row], problem: ConfigError | None = None
    ) -> None:
        super().__init__(client.sessions, roots)
        self._client = client
        self._problem = problem
        self._asked: set[RunId] = set()
        self._left_since: dict[SessionKey, float] = {}

    @override
    async def _check(self, root: Row, live: Sequence[Row]) -> bool:
        unowned = [row for row in live if row.owner_state in (None, OwnerState.DEAD)]
        name = format.name(root)
        able = [row for row in unowned if not self._lack(row)]
        if able:
            first = min(able, key=lambda row: (row.run.created_at, row.run.number))
            if await self._client.workers.ensure(first.session.key, first.run.id):
                render.note(f"No process worked on {name}; a background worker does now.")
            self._asked.update(row.run.id for row in able)
            return True
        if unowned:
            self._report_left(root, self._lack(unowned[0]), unowned[0])
            return await self._may_be_begun(root)
        stopped = next((row for row in live if row.owner_state is OwnerState.GONE), None)
        if stopped is not None:
            lack = self._client.readiness.lacks(stopped)
            self._report_left(
                root, f"it was stopped; {lack}" if lack else "it was stopped", stopped
            )
        return any(row.owner_state is OwnerState.LIVE for row in live)

    async def _may_be_begun(self, root: Row) -> bool:
        """Whether a process may have what workers lack: one that is at work, or has not had the time to look."""
        if not any(each.state is OwnerState.LIVE for each in await self._client.journal.owners()):
            return False
        since = self._left_since.setdefault(root.session.key, time.monotonic())
        is_early = time.monotonic() - since < _PATIENCE_SECONDS
        return is_early or await is_anybody_at_work(self._client.journal, self._sessions)

    def _lack(self, row: Row) -> str:
        """What a worker lacks for a run; one that starts in the run's own folder may have it all."""
        if self._problem is not None:
            return self._problem.message
        readiness = self._client.readiness
        if row.run.id not in self._asked and readiness.is_elsewhere(row):
            return ""
        return readiness.lacks(row)

    def _report_left(self, root: Row, why: str, left: Row) -> None:
        readiness = self._client.readiness
        place = readiness.place_of(root)
        after = how_to_continue(
            format.name(root),
            in_program=not place and readiness.needs_program(left),
            where=f" {place}" if place else "",
        )
        self._report(root, why, after)
