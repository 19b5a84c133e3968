"""A run that was cut off after any of its events comes to the same end and pays for nothing twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import (
    Entry,
    Event,
    Finished,
    Queued,
    Refused,
    Replied,
    Started,
    Steered,
    ToolFinished,
    ToolStarted,
    Unanswered,
)
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.kept import NOT_AGAIN, UNKNOWN_BEFORE
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.model import Capabilities, Finish, ModelReply, ModelRequest
from parallel_agents.core.owner import Owner
from parallel_agents.core.run import Result, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.task import Task
from parallel_agents.core.tool import Effect
from parallel_agents.core.transcript import fold
from parallel_agents.core.usage import UNBILLED, Spend, Usage
from parallel_agents.runners.agent.tool_calls import UNKNOWN
from parallel_agents.testing import Answer, MemoryStore, RepliesWith, open_rig, run_virtual
from parallel_agents.tools.function import FunctionTool, tool

AGENT = Agent(
    name="counter",
    description="Counts",
    instructions="Count.",
    tools=("look", "note", "pay"),
    limits=Limits(attempts=2),
    output_schema={
        "type": "object",
        "properties": {"count": {"type": "integer"}},
        "required": ["count"],
    },
)
LOST = OwnerId("lost")
PAID, AGAIN = "turn-1/call/2", "turn-5/call/2"


def calls(*made: ToolCall) -> ModelReply:
    message = Message(Role.ASSISTANT, made)
    return ModelReply(message=message, model="scripted/model", finish=Finish.TOOLS, usage=Usage(1))


# What the model says in each turn: tools side by side, refusals, an end after a second attempt, in
# which a payment is asked for again that stands.
TURNS: Sequence[Answer] = (
    calls(ToolCall("a", "look", {}), ToolCall("b", "pay", {"usd": 3}), ToolCall("c", "note", {})),
    calls(ToolCall("d", "look", {}), ToolCall("e", "missing", {}), ToolCall("f", "look", {"x": 1})),
    "no count",
    "still no count",
    calls(ToolCall("a", "pay", {"usd": 4}), ToolCall("a", "pay", {"usd": 3})),
    "none",
    '{"count": 3}',
)


@dataclass(frozen=True, slots=True)
class World:
    """What happens outside: each call of the model by its turn, each call of a tool."""

    asked: list[int] = field(default_factory=list[int])
    made: list[str] = field(default_factory=list[str])

    def model(self, replies_kept: int = 0) -> RepliesWith:
        """A model that goes on after the replies that are in the journal."""

        def answer(_: ModelRequest) -> Answer:
            self.asked.append(replies_kept + len(self.asked) + 1)
            return TURNS[self.asked[-1] - 1]

        return RepliesWith(answer, latency_seconds=10, capabilities=Capabilities())

    def tools(self) -> list[FunctionTool]:
        @tool(effect="pure")
        async def look() -> str:
            await asyncio.sleep(1)
            self.made.append("look")
            return "three"

        @tool(effect="idempotent")
        async def note() -> str:
            self.made.append("note")
            return "noted"

        @tool(effect="once")
        async def pay(usd: int) -> str:
            await asyncio.sleep(2)
            self.made.append(f"pay {usd}")
            return "paid"

        return [look, note, pay]


class Ended(NamedTuple):
    """A run that is over: its events, its result, and what was asked of the world for it."""

    events: list[Event]
    result: Result
    world: World


async def run_whole() -> Ended:
    """A run that nothing interrupts, with a message on its way."""
    world = World()
    async with open_rig(world.model(), agents=[AGENT], tools=world.tools()) as rig:
        handle = await rig.sessions.spawn(Task("counter", "count", input={"from": 1}))
        await asyncio.sleep(15)
        await handle.steer("in English")
        result = await handle.wait()
        return Ended(await rig.sessions.history(handle.key), result, world)


async def resume(kept: Sequence[Event]) -> Ended:
    """The same run after a process wrote the events `kept` and died."""
    world, run, session = World(), kept[0].run, kept[0].session
    store = MemoryStore(asyncio.get_running_loop().time)
    await restore(store, kept)
    replies_kept = sum(isinstance(event.body, Replied) for event in kept)
    model = world.model(replies_kept)
    async with open_rig(model, agents=[AGENT], tools=world.tools(), store=store) as rig:
        (result,) = await rig.service.wait([run])
        ended = Ended(await rig.service.history(session), result, world)
    await store.aclose()
    return ended


async def restore(store: MemoryStore, kept: Sequence[Event]) -> None:
    await store.heartbeat(Owner(id=LOST, host="elsewhere", pid=1))
    epoch = 0
    for event in kept:
        match event.body:
            case Queued():
                await store.spawn([plan(event, event.body)])
            case Started():
                claim = await store.claim(event.run, LOST)
                assert claim is not None
                epoch = claim.run.epoch
            case Steered(text=text, mode=mode, by=by):
                await store.steer(event.run, event.key, text, mode=mode, by=by)
            case Finished(outcome=outcome):
                await store.finish(event.run, epoch, outcome)
            case _:
                await store.append(event.run, epoch, [Entry(event.key, event.body)])
    await store.mark_dead(LOST)


def plan(event: Event, queued: Queued) -> SessionPlan:
    key = event.session
    return SessionPlan(
        session=Session(key=key, agent=AGENT, label="counter", spawn_key=key, root=key),
        run=event.run,
        kind=RunnerKind.AGENT,
        queued=queued,
        digest="",
        model="scripted/model",
        owner=LOST,
    )


def unknown_outcomes(kept: Sequence[Event]) -> set[str]:
    """The `once` calls, by event key, that were begun and whose end is not kept."""
    ended = {event.key for event in kept if isinstance(event.body, ToolFinished)}
    begun = {
        event.key.removesuffix("/started")
        for event in kept
        if isinstance(event.body, ToolStarted) and event.body.effect is Effect.ONCE
    }
    unknown = begun - ended
    return unknown | {AGAIN} if PAID in unknown else unknown


def said(events: Sequence[Event], *, without: set[str]) -> dict[str, object]:
    """What the journal holds of the work: replies, results and texts by key, but no times."""
    kept: dict[str, object] = {}
    for event in events:
        match event.body:
            case Replied(message=message):
                kept[event.key] = message
            case ToolFinished(result=result) if event.key not in without:
                kept[event.key] = result
            case Refused(text=text):
                kept[event.key] = text
            case Finished(outcome=outcome):
                kept[event.key] = replace(
                    outcome, notices=()
                )  # the call that was cut may be billed
            case _:
                pass
    return kept


def counted(result: Result) -> Spend:
    """What its calls cost, apart from whether one that was cut off may have been billed."""
    return replace(result.spend, uncounted_runs=0)


@pytest.mark.slow
def test_from_every_prefix_of_its_events_a_run_comes_to_the_same_end() -> None:
    whole = run_virtual(run_whole())
    assert whole.result.status is RunStatus.DONE
    assert whole.result.attempts == 2
    assert len(whole.events) > 25

    for cut in range(1, len(whole.events) + 1):
        kept = whole.events[:cut]
        replies_kept = sum(isinstance(event.body, Replied) for event in kept)
        unknown = unknown_outcomes(kept)

        ended = run_virtual(resume(kept))

        assert ended.result.output == {"count": 3}, cut
        assert ended.result.attempts == whole.result.attempts
        assert counted(ended.result) == whole.result.spend
        is_told = any(UNBILLED in notice for notice in ended.result.notices)
        assert ended.result.spend.uncounted_runs == is_told
        assert said(ended.events, without=unknown) == said(whole.events, without=unknown)
        assert ended.world.asked == list(range(replies_kept + 1, len(TURNS) + 1))


def up_to(events: Sequence[Event], kind: type[object], number: int) -> Sequence[Event]:
    """The events up to the one of a kind with this number, from 1."""
    at = [index for index, event in enumerate(events) if isinstance(event.body, kind)]
    return events[: at[number - 1] + 1]


def test_each_process_that_dies_in_a_call_leaves_a_call_that_may_be_billed() -> None:
    whole = run_virtual(run_whole())

    once = run_virtual(resume(up_to(whole.events, Started, 1)))
    twice = run_virtual(resume(up_to(once.events, Unanswered, 1)))

    assert [
        sum(isinstance(e.body, Unanswered) for e in ended.events) for ended in (once, twice)
    ] == [
        1,
        2,
    ]


def as_written_before(event: Event) -> Event:
    """The event in the form of versions that named calls by their ids."""
    match event.body:
        case ToolStarted(turn=turn, call=call) as started:
            given = call.id.removesuffix("_2")
            body = replace(started, call=replace(call, id=given), number=0)
            return replace(event, key=f"turn-{turn}/call-{given}/started", body=body)
        case ToolFinished(turn=turn, result=result) as finished:
            given = result.call_id.removesuffix("_2")
            ended = replace(finished, result=replace(result, call_id=given), number=0)
            return replace(event, key=f"turn-{turn}/call-{given}", body=ended)
        case _:
            return event


@pytest.mark.slow
def test_a_run_that_an_earlier_version_left_comes_to_the_same_end() -> None:
    whole = run_virtual(run_whole())

    for cut in range(1, len(whole.events) + 1):
        kept = [as_written_before(event) for event in whole.events[:cut]]
        pays = sum(isinstance(e.body, ToolStarted) and e.body.call.name == "pay" for e in kept)

        ended = run_virtual(resume(kept))

        assert ended.result.output == {"count": 3}, cut
        assert counted(ended.result) == whole.result.spend
        assert sum(call.startswith("pay") for call in ended.world.made) == 2 - pays


@pytest.mark.slow
def test_after_a_crash_no_call_is_made_whose_result_is_kept_and_no_once_call_that_was_begun() -> (
    None
):
    whole = run_virtual(run_whole())
    assert Counter(whole.world.made) == {"look": 2, "note": 1, "pay 3": 1, "pay 4": 1}

    for cut in range(1, len(whole.events) + 1):
        kept = whole.events[:cut]
        unknown = unknown_outcomes(kept)
        results = [e.body.result for e in kept if isinstance(e.body, ToolFinished)]
        good = Counter(result.name for result in results if not result.is_error)

        ended = run_virtual(resume(kept))

        made = Counter(call.split()[0] for call in ended.world.made)
        assert made["look"] == 2 - good["look"], cut
        assert made["note"] == 1 - good["note"], cut
        begun = unknown - {AGAIN}
        stood = sum(e.key == AGAIN for e in kept if isinstance(e.body, ToolFinished))
        assert made["pay"] == 2 - (good["pay"] - stood) - len(begun), cut
        told = {e.key: e.body.result for e in ended.events if isinstance(e.body, ToolFinished)}
        assert all(told[key].content == UNKNOWN and told[key].is_error for key in begun)
        assert told[AGAIN].content == (UNKNOWN_BEFORE if PAID in unknown else f"{NOT_AGAIN}\npaid")


def test_a_message_that_arrived_before_a_crash_is_delivered_once_after_it() -> None:
    whole = run_virtual(run_whole())
    steered = next(n for n, e in enumerate(whole.events) if isinstance(e.body, Steered))

    for cut in range(steered + 1, len(whole.events) + 1):
        ended = run_virtual(resume(whole.events[:cut]))

        delivered = [event for event in ended.events if event.body.kind == "delivered"]
        assert len(delivered) == 1, cut


async def test_the_state_of_a_resumed_run_is_that_of_one_that_was_never_cut_off() -> None:
    whole = await run_whole()

    for cut in range(1, len(whole.events) + 1):
        parted = fold(whole.events[:cut])
        for event in whole.events[cut:]:
            parted.apply(event.key, event.body)

        assert parted == fold(whole.events), cut
