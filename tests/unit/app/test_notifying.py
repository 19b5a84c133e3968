"""Each end and each question that waits is told once, whoever sends it and whatever dies meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import pytest

from parallel_agents.app.notifying import FAREWELL_SECONDS, MOST_TRIES, Notifier
from parallel_agents.app.open_sessions import OpenSessions
from parallel_agents.core.agent import Agent
from parallel_agents.core.answer_rules import AnswerRule
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.model import Finish, ModelReply
from parallel_agents.core.notification import Notify, Occasion
from parallel_agents.core.owner import Owner
from parallel_agents.core.permission import Permissions
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.notify.letter import Letter, NotSent
from parallel_agents.sessions.service import Service
from parallel_agents.settings import Settings
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import ScriptedModel, open_rig
from parallel_agents.tools.function import tool

SECRET = "s3cret"
HANGS = 0.3
THEN = Notify(to="env:THEN")
HERE, THERE = OwnerId("here"), OwnerId("there")


@dataclass
class Outbox:
    """Takes letters, or refuses them."""

    letters: list[Letter] = field(default_factory=list[Letter])
    refusal: NotSent | None = None
    hangs: bool = False
    hanging: str = ""
    targets: list[str] = field(default_factory=list[str])

    async def send(self, to: str, letter: Letter) -> None:
        if to == self.hanging:
            await asyncio.sleep(HANGS)
        self.targets.append(to)
        self.letters.append(letter)
        if self.hangs:
            await asyncio.sleep(1000)
        if self.refusal is not None:
            raise self.refusal

    @property
    def told(self) -> list[str]:
        return [orjson.loads(each.document)["event"] for each in self.letters]


@dataclass
class Rig:
    sessions: OpenSessions
    store: MemoryStore
    outbox: Outbox
    service: Service

    def notifier(self, owner: OwnerId = HERE) -> Notifier:
        return Notifier(self.store, owner, self.outbox)


def calls(*words: str) -> ModelReply:
    made = tuple(ToolCall(str(n), "say", {"word": word}) for n, word in enumerate(words))
    return ModelReply(message=Message(Role.ASSISTANT, made), model="m", finish=Finish.TOOLS)


@asynccontextmanager
async def notifying(
    *script: ModelReply | str | Exception,
    on: tuple[Occasion, ...] = tuple(Occasion),
    answers: tuple[AnswerRule, ...] = (),
    of_settings: str | None = "env:NOWHERE",
) -> AsyncGenerator[Rig]:
    """Runs whose notifications the engine does not send: the variable names no target."""

    @tool(access="write", subject="word")
    def say(word: str) -> str:
        """Say a word."""
        return word

    agent = Agent(
        name="a",
        description="A",
        instructions="A.",
        tools=("say",),
        permissions=Permissions(ask=("say",)),
    )
    store = MemoryStore(asyncio.get_running_loop().time)
    settings = Settings(notify=of_settings, notify_on=on, answers=answers)
    async with open_rig(
        ScriptedModel([*script]), agents=[agent], tools=[say], settings=settings, store=store
    ) as rig:
        for owner in (HERE, THERE):
            await store.heartbeat(Owner(id=owner, host="h", pid=1))
        yield Rig(rig.sessions, store, Outbox(), rig.service)


async def test_an_end_is_told_once_with_what_to_look_at_and_nothing_that_was_said() -> None:
    async with notifying(SECRET) as rig:
        await (await rig.sessions.spawn(Task("a", SECRET, label="work"))).wait()
        await rig.notifier().send_due()
        await rig.notifier().send_due()

    (letter,) = rig.outbox.letters
    document = orjson.loads(letter.document)
    assert document["event"] == "done"
    assert document["label"] == "work"
    assert document["id"] == letter.id
    assert SECRET not in letter.document.decode()
    assert letter.facts["PAGENTS_EVENT"] == "done"


async def test_a_team_of_many_tasks_is_one_call() -> None:
    tasks = tuple(Task("a", f"work {n}", key=str(n)) for n in range(30))
    async with notifying(*["done"] * 30) as rig:
        await (await rig.sessions.spawn_team(TeamTask(tasks=tasks))).wait()
        await rig.notifier().send_due()

    assert rig.outbox.told == ["done"]


async def test_two_processes_at_once_tell_once() -> None:
    async with notifying("done") as rig:
        await (await rig.sessions.spawn(Task("a", "work"))).wait()
        await asyncio.gather(rig.notifier(HERE).send_due(), rig.notifier(THERE).send_due())

    assert rig.outbox.told == ["done"]


async def test_what_a_process_was_sending_when_it_died_is_sent_again_under_the_same_id() -> None:
    async with notifying("done") as rig:
        await (await rig.sessions.spawn(Task("a", "work"))).wait()
        (taken,) = await rig.store.take_notifications(THERE)
        await rig.notifier().send_due()
        assert rig.outbox.letters == []

        await rig.store.mark_dead(THERE)
        await rig.notifier().send_due()

    assert [letter.id for letter in rig.outbox.letters] == [taken.id]


async def test_a_process_that_ends_waits_for_nothing_that_another_left() -> None:
    async with notifying("done") as rig:
        await (await rig.sessions.spawn(Task("a", "work"))).wait()
        rig.outbox.hangs = True
        began = asyncio.get_running_loop().time()
        await rig.notifier(THERE).say_farewell()
        waited = asyncio.get_running_loop().time() - began

        assert rig.outbox.letters == []
        assert await rig.store.has_due()

    assert waited == 0


async def test_a_process_that_ends_tells_of_its_own_work_for_a_short_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with notifying("done") as rig:
        await (await rig.sessions.spawn(Task("a", "work"))).wait()
        (row,) = await rig.store.rows(Filter())
        assert row.run.owner is not None
        rig.outbox.hangs = True
        began = asyncio.get_running_loop().time()
        await rig.notifier(row.run.owner).say_farewell()
        waited = asyncio.get_running_loop().time() - began

        assert waited == FAREWELL_SECONDS
        assert "another process sends what is left of 1" in caplog.text
        await rig.store.mark_dead(row.run.owner)
        rig.outbox.hangs = False
        await rig.notifier().send_due()

    assert rig.outbox.told == ["done", "done"]


async def test_a_target_that_hangs_holds_up_no_other() -> None:
    async with notifying(*["done"] * 21, of_settings=None) as rig:
        for number in range(21):
            await rig.store.tell_unasked(THEN if number == 20 else Notify(to="env:HANGS"))
            await (await rig.sessions.spawn(Task("a", f"work {number}"))).wait()
        rig.outbox.hanging = "env:HANGS"
        began = asyncio.get_running_loop().time()
        await rig.notifier().send_due()
        waited = asyncio.get_running_loop().time() - began

    assert rig.outbox.targets[0] == "env:THEN"
    assert len(rig.outbox.targets) == 21
    assert waited == pytest.approx(3 * HANGS)  # of 20, 8 at once, and 16 before it looks again


async def test_of_each_target_a_few_are_taken_at_a_time() -> None:
    async with notifying(*["done"] * 21, of_settings=None) as rig:
        for number in range(21):
            await rig.store.tell_unasked(THEN if number == 20 else Notify(to="env:HERE"))
            await (await rig.sessions.spawn(Task("a", f"work {number}"))).wait()
        taken = [await rig.store.take_notifications(HERE) for _ in range(2)]

    first, second = ([each.to for each in some] for some in taken)
    assert first == ["env:HERE"] * 16 + ["env:THEN"]
    assert second == ["env:HERE"] * 4


async def test_a_failed_try_is_made_again_and_given_up_after_a_few() -> None:
    async with notifying("done") as rig:
        rig.outbox.refusal = NotSent("it is busy", may_try_again=True)
        await (await rig.sessions.spawn(Task("a", "work"))).wait()
        (taken,) = await rig.store.take_notifications(HERE)
        for _ in range(MOST_TRIES - 1):
            await rig.store.note_unsent(taken, "it is busy", 0.0)
            (taken,) = await rig.store.take_notifications(HERE)
        assert taken.tries == MOST_TRIES
        await rig.store.note_unsent(taken, "it is busy", 0.0)
        await rig.notifier().send_due()
        await rig.notifier().send_due()
        unsent = await rig.store.unsent(0.0)

    assert len(rig.outbox.letters) == 1
    assert unsent == (1, "it is busy")


async def test_what_can_only_fail_is_tried_once() -> None:
    async with notifying("done") as rig:
        rig.outbox.refusal = NotSent("no such command")
        await (await rig.sessions.spawn(Task("a", "work"))).wait()
        await rig.notifier().send_due()
        await rig.notifier().send_due()

    assert len(rig.outbox.letters) == 1


async def test_a_call_that_waits_is_told_once_while_any_waits_and_anew_after_the_answers() -> None:
    async with notifying(calls("one", "two"), calls("three"), "done") as rig:
        handle = await rig.sessions.spawn(Task("a", "work"))
        await asyncio.sleep(0.4)
        first, second = await rig.sessions.questions()
        await rig.notifier().send_due()
        assert rig.outbox.told == ["needs_you"]
        document = orjson.loads(rig.outbox.letters[0].document)
        assert [each["id"] for each in document["questions"]] == [first.id, second.id]

        await rig.sessions.answer(first)
        await rig.sessions.answer(second)
        await asyncio.sleep(0.4)
        (third,) = await rig.sessions.questions()
        await rig.notifier().send_due()
        await rig.sessions.answer(third)
        await handle.wait()
        await rig.notifier().send_due()

    assert rig.outbox.told == ["needs_you", "needs_you", "done"]


async def test_what_a_rule_answers_is_told_to_nobody() -> None:
    rules = (AnswerRule(tool="say", answer="allow"),)
    async with notifying(calls("one"), "done", answers=rules) as rig:
        await (await rig.sessions.spawn(Task("a", "work"))).wait()
        await rig.notifier().send_due()

    assert rig.outbox.told == ["done"]


async def test_only_what_was_asked_for_is_told_and_a_kill_is_nobody_s_news() -> None:
    async with notifying("done", calls("one"), on=(Occasion.FAILED, Occasion.NEEDS_YOU)) as rig:
        await (await rig.sessions.spawn(Task("a", "work"))).wait()
        handle = await rig.sessions.spawn(Task("a", "more"))
        await asyncio.sleep(0.4)
        await rig.sessions.kill(handle.key)
        await rig.notifier().send_due()

    assert rig.outbox.told == []


async def test_a_further_run_is_told_where_its_message_asks_for_it_and_so_are_its_questions() -> (
    None
):
    async with notifying("done", calls("hello"), "done", of_settings=None) as rig:
        handle = await rig.sessions.spawn(Task("a", "work"))
        await handle.wait()
        before = await rig.store.has_due()
        again = await rig.service.send(handle.key, "more", notify=THEN)
        await asyncio.sleep(0.1)
        await rig.notifier().send_due()
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question.id, "allow")
        await rig.service.wait([again.run_id])
        await rig.notifier().send_due()

    assert not before
    assert rig.outbox.told == ["needs_you", "done"]


async def test_a_message_to_a_session_of_a_team_is_told_of_that_session() -> None:
    async with notifying("one", "two", "again", of_settings=None) as rig:
        await rig.sessions.spawn_team(
            TeamTask(tasks=(Task("a", "1", label="one"), Task("a", "2"))), key="both"
        )
        await asyncio.sleep(10)
        again = await rig.service.send("both/one", "more", notify=THEN)
        await rig.service.wait([again.run_id])
        await rig.notifier().send_due()

    (letter,) = rig.outbox.letters
    assert orjson.loads(letter.document)["run_id"] == again.run_id


async def test_what_nobody_asked_to_be_told_of_is_told_where_the_process_says() -> None:
    async with notifying("one", "two", "three", of_settings=None) as rig:
        await rig.store.tell_unasked(THEN)
        await (await rig.sessions.spawn(Task("a", "work"))).wait()
        team = TeamTask(tasks=(Task("a", "1"), Task("a", "2", key="x")))
        handle = await rig.sessions.spawn_team(team)
        await handle.wait()
        taken = await rig.store.take_notifications(HERE)

    assert [each.to for each in taken] == ["env:THEN"] * 2  # one of the session, one of the team


async def test_who_has_asked_to_be_told_is_told_and_nobody_else() -> None:
    async with notifying("one") as rig:
        await rig.store.tell_unasked(THEN)
        await (await rig.sessions.spawn(Task("a", "work"))).wait()
        taken = await rig.store.take_notifications(HERE)

    assert [each.to for each in taken] == ["env:NOWHERE"]
