"""An alert is told once when its condition begins to hold, whoever looks and whatever dies meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest

from parallel_agents.app.alert_states import read_states
from parallel_agents.app.alerting import Alerting
from parallel_agents.app.notifying import MOST_TRIES
from parallel_agents.core.agent import Agent
from parallel_agents.core.alert import Alert
from parallel_agents.core.task import Task
from parallel_agents.notify.letter import Letter, NotSent
from parallel_agents.settings import Settings
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import ScriptedModel, open_rig

AGENT = Agent(name="a", description="A", instructions="A.")
FAILING = Alert(when="dead_letters > 1 in 30m", to="env:SOMEBODY")
RULES = Settings().stuck_rules


@dataclass
class Outbox:
    """Takes letters, or refuses them."""

    letters: list[Letter] = field(default_factory=list[Letter])
    refusal: NotSent | None = None
    dies: bool = False
    hangs_for: str = ""

    async def send(self, to: str, letter: Letter) -> None:
        assert to
        self.letters.append(letter)
        if to == self.hangs_for:
            await asyncio.Event().wait()
        if self.dies:
            raise RuntimeError("the process dies")
        if self.refusal is not None:
            raise self.refusal


def clocked() -> MemoryStore:
    return MemoryStore(asyncio.get_running_loop().time)


def alerting(
    store: MemoryStore, home: Path, outbox: Outbox, alert: Alert = FAILING, to: str | None = None
) -> Alerting:
    return Alerting(store, home, [alert], to, RULES, outbox)


async def fail(store: MemoryStore, times: int) -> None:
    replies = [ValueError("a bug of the model") for _ in range(times)]
    settings = Settings(agent_breaker=False)
    async with open_rig(
        ScriptedModel(replies), agents=[AGENT], settings=settings, store=store
    ) as rig:
        for number in range(times):
            await (await rig.sessions.spawn(Task("a", f"work {number}"))).wait()


async def test_it_is_told_once_when_it_begins_to_hold_also_by_the_next_process(
    tmp_path: Path,
) -> None:
    store, outbox = clocked(), Outbox()
    await alerting(store, tmp_path, outbox).look()
    await fail(store, 2)
    for _ in range(3):
        await alerting(store, tmp_path, outbox).look()

    (letter,) = outbox.letters
    document = orjson.loads(letter.document)
    assert (document["event"], document["measure"], document["value"]) == (
        "alert",
        "dead_letters",
        2,
    )
    assert letter.facts["PAGENTS_EVENT"] == "alert"


async def test_it_is_told_again_only_after_it_has_ended(tmp_path: Path) -> None:
    store, outbox = clocked(), Outbox()
    looking = alerting(store, tmp_path, outbox)
    await fail(store, 2)
    await looking.look()
    await asyncio.sleep(1801)
    await looking.look()
    (state,) = read_states(tmp_path).values()
    assert not state.is_firing
    await fail(store, 2)
    await looking.look()

    assert len({letter.id for letter in outbox.letters}) == 2


async def test_a_process_that_dies_while_it_tells_leaves_it_to_the_next_with_the_same_id(
    tmp_path: Path,
) -> None:
    store, outbox = clocked(), Outbox(dies=True)
    await fail(store, 2)
    with pytest.raises(RuntimeError):
        await alerting(store, tmp_path, outbox).look()
    outbox.dies = False
    await asyncio.sleep(60)
    await alerting(store, tmp_path, outbox).look()
    await alerting(store, tmp_path, outbox).look()

    first, second = outbox.letters
    assert first.id == second.id


async def test_a_target_that_stays_away_is_tried_a_few_times(tmp_path: Path) -> None:
    store, outbox = clocked(), Outbox(refusal=NotSent("away", may_try_again=True))
    await fail(store, 2)
    for _ in range(MOST_TRIES + 3):
        await alerting(store, tmp_path, outbox).look()

    (state,) = read_states(tmp_path).values()
    assert len(outbox.letters) == MOST_TRIES
    assert state.error == "away"


async def test_a_receiver_that_hangs_keeps_no_other_from_being_told(tmp_path: Path) -> None:
    store, outbox = clocked(), Outbox(hangs_for="env:SLOW")
    alerts = [Alert(when="running < 1", to="env:SLOW"), Alert(when="queued < 1", to="env:OTHER")]
    for _ in range(MOST_TRIES + 2):
        await Alerting(store, tmp_path, alerts, None, RULES, outbox).say_farewell()

    told = [orjson.loads(letter.document)["measure"] for letter in outbox.letters]
    assert told.count("queued") == 1
    assert told.count("running") == MOST_TRIES
    assert not any(state.is_due for state in read_states(tmp_path).values())


async def test_an_alert_without_a_target_goes_where_notifications_go(tmp_path: Path) -> None:
    store, outbox = clocked(), Outbox()
    alert = Alert(when="questions < 1")
    await alerting(store, tmp_path, outbox, alert, to="env:THERE").look()

    assert len(outbox.letters) == 1
