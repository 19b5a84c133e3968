"""Several processes on one store: takeover of the dead, commands across, and who leaves in order.

One of the two processes is the test's own; the other is `crew_program.py`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass
from pathlib import Path

import orjson

import parallel_agents as pa
from parallel_agents.clock import awake
from parallel_agents.core.event import Event, Finished, Started
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.schema import JsonObject
from parallel_agents.engines.ownership import is_alive
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.testing import Behaviour, Hang, LoopbackProvider, serve
from parallel_agents.testing.behaviour import Fault, last_text
from tests.integration.other_processes import PATIENCE_SECONDS, ended, running, until

PROGRAM = Path(__file__).with_name("crew_program.py")
# The session of the team that `crew_program.py` runs under the key `crew`, and its agent.
CREW = "team:run:crew"
WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.")
Settings = dict[str, dict[str, dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Place:
    """A store's folder and a provider, for this process and for others that `python` runs."""

    home: Path
    provider: LoopbackProvider
    python: Path

    @property
    def settings(self) -> Settings:
        return {"providers": {"loop": {"wire": "chat", "base_url": self.provider.base_url}}}

    def open(self) -> AbstractAsyncContextManager[pa.OpenSessions]:
        """The verbs in this process."""
        return pa.open(home=self.home, settings=self.settings)

    def starting(
        self, count: int, *, key: str = "crew", max_parallel: int = 50
    ) -> AbstractAsyncContextManager[Process]:
        """Another process, with so many tasks of its own."""
        arguments = (self.provider.base_url, key, str(count), str(max_parallel))
        return running(self.python, PROGRAM, self.home, *arguments)

    async def wait_in_flight(self, count: int) -> None:
        """Return once so many requests have come and have no answer yet."""
        await until(lambda: sum(r.status is None for r in self.provider.requests) >= count)

    async def wait_answered(self, count: int) -> None:
        """Return once so many requests have their answer."""
        await until(lambda: sum(r.status is not None for r in self.provider.requests) >= count)

    @property
    def asked(self) -> Counter[str]:
        """How often the provider was asked for each task."""
        return Counter(last_text(request.body) for request in self.provider.requests)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of the store's file."""
        with closing(sqlite3.connect(self.home / "store.db")) as store:
            return store.execute(sql).fetchall()

    def change(self, sql: str) -> None:
        """Change the store's file behind everybody's back."""
        with closing(sqlite3.connect(self.home / "store.db")) as store, store:
            store.execute(sql)


def parts(count: int, key: str = "crew") -> list[str]:
    return [f"Part {n} of {key}." for n in range(count)]


def all_done(count: int, key: str = "crew") -> list[tuple[str, str, str]]:
    """What the program tells when the provider has echoed every task."""
    return [(f"part-{n}", "done", text) for n, text in enumerate(parts(count, key))]


async def followed(sessions: pa.OpenSessions) -> list[Event]:
    """All that happened to the crew, once it is over."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        return [event async for event in sessions.follow(CREW)]


def starts(events: Sequence[Event]) -> dict[RunId, list[Event]]:
    """When and by whom each run was taken, in order."""
    found: dict[RunId, list[Event]] = {}
    for event in events:
        if isinstance(event.body, Started):
            found.setdefault(event.run, []).append(event)
    return found


def ends_in(place: Place) -> list[tuple[object, ...]]:
    """The runs that are done, as the store's file says."""
    return place.query("SELECT id FROM runs WHERE status = 'done'")


def ends(events: Sequence[Event]) -> list[str]:
    """How the runs ended; a run that ended twice is there twice."""
    return [event.body.outcome.status for event in events if isinstance(event.body, Finished)]


async def test_the_runs_of_a_killed_process_are_taken_over_within_five_seconds(
    tmp_path: Path, programs: Path
) -> None:

    with serve(Behaviour(latency_seconds=0.2)) as provider:
        place = Place(tmp_path, provider, programs / "python")
        async with place.open() as sessions, place.starting(20, max_parallel=5) as process:
            await place.wait_answered(7)
            await place.wait_in_flight(1)
            process.kill()
            await process.communicate()
            killed_at = time.time()

            events = await followed(sessions)

        over = {e.run for e in events if isinstance(e.body, Finished) and e.at < killed_at}
        taken = {run: found[-1].at for run, found in starts(events).items() if run not in over}
        assert ends(events) == ["done"] * 21
        assert len(over) >= 2
        assert all(at > killed_at for at in taken.values())
        assert min(taken.values()) - killed_at < 5
        assert all(len(starts(events)[run]) == 1 for run in over)


async def test_a_pause_outlives_the_process_that_was_paused(tmp_path: Path, programs: Path) -> None:
    with serve(Behaviour(latency_seconds=0.5)) as provider:
        place = Place(tmp_path, provider, programs / "python")
        async with place.open() as sessions, place.starting(6, max_parallel=2) as process:
            await place.wait_in_flight(2)
            paused = await sessions.pause("crew")
            await place.wait_answered(2)
            await until(lambda: len(ends_in(place)) == 2)  # what was in flight is kept
            process.kill()
            await process.communicate()
            (owner,) = place.query("SELECT DISTINCT owner FROM runs")
            await until(
                lambda: (
                    ("dead",) in place.query(f"SELECT state FROM owners WHERE id = '{owner[0]}'")
                )
            )
            asked = len(provider.requests)
        async with place.open() as sessions:  # which takes over what the dead leave
            assert (await sessions.list(pa.Filter(orphaned=True))) == []
            rows = await sessions.list(pa.Filter(tree=SessionKey(CREW), is_live=True))
            assert len(provider.requests) == asked == 2
            assert all(row.session.paused_by for row in rows)

            unpaused = await sessions.unpause("crew")
            events = await followed(sessions)

        assert len(paused.runs) == 7
        assert len(unpaused.runs) == 5
        assert ends(events) == ["done"] * 7
        assert set(place.asked.values()) == {1}


async def test_a_message_and_a_kill_from_another_process_arrive_within_a_second(
    tmp_path: Path, programs: Path
) -> None:
    def hang(_: int, request: JsonObject) -> Fault | None:
        return Hang() if last_text(request).startswith("Part") else None

    with serve(Behaviour(fault=hang)) as provider:
        place = Place(tmp_path, provider, programs / "python")
        async with place.open() as sessions, place.starting(2) as process:
            await place.wait_in_flight(2)

            steered_at = time.time()
            await sessions.steer("crew/part-0", "Come to an end.", mode=pa.SteerMode.NOW)
            await place.wait_answered(1)
            killed_at = time.time()
            await sessions.kill("crew/part-1")
            end = await ended(process)

            *_, asked = place.provider.requests
            *_, team_end = await sessions.history("crew")
        assert end.code == 0
        assert end.told == [("part-0", "done", "Come to an end."), ("part-1", "killed", None)]
        assert asked.at - steered_at < 1
        assert isinstance(team_end.body, Finished)
        assert team_end.at - killed_at < 1


async def test_two_processes_make_one_store_and_run_two_hundred_tasks_each_once(
    tmp_path: Path, programs: Path
) -> None:

    with serve(Behaviour(latency_seconds=0.05)) as provider:
        place = Place(tmp_path, provider, programs / "python")
        one, other = place.starting(200, key="one"), place.starting(200, key="other")
        async with one as first, other as second:
            first_end, second_end = await asyncio.gather(ended(first), ended(second))

        assert first_end.code == 0
        assert second_end.code == 0
        assert first_end.told == all_done(200, "one")
        assert second_end.told == all_done(200, "other")
        assert place.asked == dict.fromkeys([*parts(200, "one"), *parts(200, "other")], 1)
        marks = place.query("SELECT key, COUNT(*) FROM events WHERE key != 'queued' GROUP BY key")
        assert set(marks) == {("started-1", 402), ("turn-1/model", 400), ("finished", 402)}


async def test_a_process_that_is_stopped_keeps_its_runs_for_as_long_as_it_exists(
    tmp_path: Path,
) -> None:

    with serve(Behaviour(latency_seconds=1.0)) as provider:
        place = Place(tmp_path, provider, Path(sys.executable))  # nobody hands on a SIGSTOP
        async with place.open() as sessions, place.starting(3) as process:
            await place.wait_in_flight(3)
            process.send_signal(signal.SIGSTOP)
            # As if it had said nothing for an hour.
            place.change("UPDATE owners SET heartbeat_at = heartbeat_at - 3600")
            await two_beats(place)
            (stopped,) = [
                row.owner_state for row in await sessions.list(pa.Filter(roots_only=True))
            ]
            process.send_signal(signal.SIGCONT)
            events = await followed(sessions)
            end = await ended(process)

        assert stopped is OwnerState.LIVE
        assert end.code == 0
        assert end.told == all_done(3)
        assert place.asked == dict.fromkeys(parts(3), 1)
        assert {len(found) for found in starts(events).values()} == {1}


async def test_a_process_whose_loop_is_blocked_still_sends_heartbeats(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "store.db")
    try:
        await store.heartbeat(Owner(id=OwnerId("me"), host="here", pid=1))
        (before,) = await store.owners()

        def beat() -> float:
            with closing(sqlite3.connect(tmp_path / "store.db")) as look:
                return look.execute("SELECT heartbeat_at FROM owners").fetchone()[0]

        ends_at = awake() + 20
        while beat() == before.heartbeat_at and awake() < ends_at:
            time.sleep(0.05)  # noqa: ASYNC251 - it blocks the loop, as a tool may
        after = beat()
    finally:
        await store.aclose()

    assert 3 < after - before.heartbeat_at < 8


async def test_what_a_process_leaves_in_good_order_waits_for_its_key(
    tmp_path: Path, programs: Path
) -> None:

    with serve(Behaviour(latency_seconds=0.5)) as provider:
        place = Place(tmp_path, provider, programs / "python")
        async with place.open() as sessions, place.starting(6, max_parallel=2) as process:
            await place.wait_in_flight(2)
            process.send_signal(signal.SIGINT)
            end = await ended(process)
            await two_beats(place)
            left = await sessions.list(pa.Filter(is_live=True))
            asked_so_far = place.asked.total()
            tasks = tuple(pa.Task(WRITER, text) for text in parts(6))
            crew = pa.TeamTask(tasks=tasks, model="loop/writer")
            result = await sessions.team_result(await sessions.spawn_team(crew, key="crew"))

        assert end.code == 130
        assert Counter((row.run.status, row.owner_state) for row in left) == {
            (pa.RunStatus.QUEUED, OwnerState.GONE): 5
        }
        assert asked_so_far == 2  # and these two runs ended with their answers
        assert result.is_done
        assert place.asked == dict.fromkeys(parts(6), 1)


async def two_beats(place: Place) -> None:
    """Return once this process has looked twice for runs that nobody has."""

    def beat() -> list[tuple[object, ...]]:
        return place.query("SELECT heartbeat_at FROM owners WHERE state = 'live'")

    for _ in range(2):
        before = beat()
        await until(lambda before=before: beat() != before)


def test_a_process_that_was_killed_is_dead_also_while_nobody_has_asked_for_its_end() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        lived = is_alive(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        assert lived
        assert not is_alive(process.pid)


async def test_a_run_that_killed_two_processes_is_not_tried_by_a_third(
    tmp_path: Path, programs: Path
) -> None:
    program = PROGRAM.with_name("deadly_program.py")
    ends: list[tuple[int | None, bytes]] = []

    for _ in range(3):
        async with running(programs / "python", program, tmp_path) as process:
            out, _ = await asyncio.wait_for(process.communicate(), PATIENCE_SECONDS)
        ends.append((process.returncode, out))

    assert [code for code, _ in ends] == [-signal.SIGKILL, -signal.SIGKILL, 0]
    assert orjson.loads(ends[-1][1]) == [["failed", "PA-E316"]]
