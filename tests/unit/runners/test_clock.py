"""The clock of a run: what counts as its time, and how long it may wait for others."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from parallel_agents.core.event import Body, Event, Refused, Started, Steered, SteerMode
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.runners.clock import (
    MOST_PARKED_SECONDS,
    Clock,
    active_seconds,
    seconds_left,
)
from parallel_agents.testing import run_virtual
from tests.unit.runners.agent.parts import OwnSlot


def ended_after(work: str, left: float | None) -> float:
    """When a clock ended a block that parks or rests and then waits for ever."""

    async def wait() -> float:
        loop = asyncio.get_running_loop()
        clock = Clock(OwnSlot(), left)
        with suppress(TimeoutError):
            async with clock:
                await asyncio.sleep(10)
                if "park" in work:
                    clock.park()
                    await asyncio.sleep(100)
                if "rest" in work:
                    clock.rest()
                if "resume" in work:
                    await clock.resume()
                await asyncio.Event().wait()
        assert clock.has_run_out
        return loop.time()

    return run_virtual(wait(), limit_seconds=10 * MOST_PARKED_SECONDS)


def test_a_run_without_a_limit_that_waits_for_others_has_one_all_the_same() -> None:
    assert ended_after("park", None) == 10 + MOST_PARKED_SECONDS


def test_time_that_is_waited_for_others_is_not_the_run_s() -> None:
    assert ended_after("park, resume", 60) == 160


def test_time_that_is_waited_for_a_message_is_the_run_s() -> None:
    assert ended_after("rest", 60) == 60


def test_a_wait_for_others_and_then_for_a_message_counts_the_second() -> None:
    assert ended_after("park, rest", 60) == 160


RUN = RunId("run")


def run_with(*, started_at: float, idle_seconds: float) -> Run:
    return Run(
        id=RUN,
        session=SessionKey("agent:a:subagent:1"),
        number=1,
        kind=RunnerKind.AGENT,
        status=RunStatus.RUNNING,
        title="",
        started_at=started_at,
        idle_seconds=idle_seconds,
    )


def event(at: float, body: Body) -> Event:
    return Event(int(at), at, SessionKey("agent:a:subagent:1"), RUN, f"key-{at}", body)


def started(at: float) -> Event:
    return event(at, Started(owner=OwnerId("me"), epoch=int(at)))


STEP = Refused(turn=1, text="again")
MESSAGE = Steered(text="hello", mode=SteerMode.NEXT, by="ana")


def test_a_pause_between_two_processes_is_not_the_run_s_time() -> None:
    events = [started(100), event(110, STEP), started(3710)]

    assert active_seconds(events, run_with(started_at=100, idle_seconds=3600)) == 10


def test_a_message_that_came_in_a_pause_does_not_make_it_the_run_s_time() -> None:
    events = [started(100), event(110, STEP), event(3700, MESSAGE), started(3710)]

    assert active_seconds(events, run_with(started_at=100, idle_seconds=3600)) == 10


def test_the_machine_s_sleep_is_not_the_run_s_time() -> None:
    events = [started(100), event(3710, STEP), started(3710)]

    assert active_seconds(events, run_with(started_at=100, idle_seconds=3600)) == 10


def test_a_first_claim_has_the_whole_time() -> None:
    assert active_seconds([started(100)], run_with(started_at=100, idle_seconds=0)) == 0
    assert seconds_left(60, 0) == 60
    assert seconds_left(None, 100) is None
