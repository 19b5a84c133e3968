"""A fork has what was said in the other session until a turn, to the letter, and nothing else of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget, account_of
from parallel_agents.core.event import Shortened
from parallel_agents.core.filter import Filter
from parallel_agents.core.fork import Fork
from parallel_agents.core.gate import ConditionGate
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import PAGE
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import File, Message, Role, ToolCall
from parallel_agents.core.model import Capabilities, ModelRequest
from parallel_agents.core.permission import Permissions
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import RunStatus
from parallel_agents.core.session import Mode, SessionOptions
from parallel_agents.core.store import Store
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.turns import Conversation
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import AuthFailed, Conflict, ForkRefused, InvalidInput, UnknownModel
from parallel_agents.sessions.handle import SessionHandle
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig

PERSISTENT = SessionOptions(mode=Mode.SESSION)
CLERK = Agent(
    name="clerk",
    description="Doubles",
    instructions="Double.",
    tools=("double",),
    input_schema={
        "type": "object",
        "properties": {"number": {"type": "integer"}},
        "required": ["number"],
    },
)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
done: list[int] = []


def double(number: int) -> int:
    """Double a number."""
    done.append(number)
    return 2 * number


def works(request: ModelRequest) -> Answer:
    """Call the tool after each message, and then answer."""
    if request.messages[-1].role is Role.USER:
        return (ToolCall("c", "double", {"number": len(request.messages)}),)
    return f"after {len(request.messages)}"


def fails(_: ModelRequest) -> Answer:
    return AuthFailed("no key")


def model(answer: Callable[[ModelRequest], Answer] = works, name: str = "model") -> RepliesWith:
    return RepliesWith(answer, f"scripted/{name}", latency_seconds=0)


@asynccontextmanager
async def talked(
    store: Store | None = None, *, messages: int = 2
) -> AsyncGenerator[tuple[Rig, SessionHandle]]:
    """A rig, and a session in which something was said: four turns in two runs."""
    done.clear()
    models = (model(), model(name="other"), model(fails, "broken"))
    async with open_rig(*models, agents=[CLERK], tools=[double], store=store) as rig:
        task = Task("clerk", "Double it.", input={"number": 4}, options=PERSISTENT, label="four")
        handle = await rig.sessions.spawn(task)
        await handle.wait()
        for number in range(1, messages):
            await handle.send(f"Again, {number}.")
            await handle.wait()
        yield rig, handle


async def first_request(rig: Rig, name: str) -> ModelRequest:
    return (await rig.sessions.prompts(name))[0].request


def told(request: ModelRequest) -> tuple[object, ...]:
    """All of a request that its model reads."""
    return request.messages, request.system, request.tools, request.max_output_tokens


async def test_forks_of_forks_continue_their_own_conversation() -> None:
    async with talked() as (rig, handle):
        first = await handle.fork(at=2, text="One.")
        await first.wait()
        second = await first.fork(at=1, text="Two.")
        await second.wait()
        instead = await first.fork(at=0, text="Instead.")
        await instead.wait()
        again = await second.fork(model="scripted/other")
        await again.wait()
        rows = {
            row.session.key: row.session.label for row in await rig.sessions.list() if row.session
        }
        texts = [
            [
                message.text
                for message in (await first_request(rig, each.key)).messages
                if message.text
            ]
            for each in (second, instead)
        ]
        last = await rig.sessions.prompts(second.key)
        same = await first_request(rig, again.key)

    assert [each[1:] for each in texts] == [["after 3", "One.", "Two."], ["after 3", "Instead."]]
    assert same.messages == last[-1].request.messages
    assert [rows[each.key] for each in (first, second, instead, again)] == [
        "four-fork-2",
        "four-fork-1",
        "four-fork-0",
        "four-fork-2-2",
    ]


async def test_forks_of_one_key_that_differ_in_a_result_are_told_apart() -> None:
    async with talked() as (rig, handle):
        await rig.service.fork(handle.key, Fork(at=1, result="5", key="edit"))
        with pytest.raises(Conflict) as refused:
            await rig.service.fork(handle.key, Fork(at=1, result="6", key="edit"))

    assert refused.value.why == "its result of call 1 (double) was '5', and is '6' here"


async def test_a_session_is_forked_while_it_works_and_after_it_failed() -> None:
    slow = RepliesWith(works, "scripted/slow", latency_seconds=10)
    async with open_rig(slow, model(fails, "broken"), agents=[CLERK], tools=[double]) as rig:
        task = Task("clerk", "Go.", input={"number": 1}, key="a")
        live = await rig.sessions.spawn(task)
        await asyncio.sleep(15)
        fork = await rig.sessions.fork(live, text="Stop.")
        broken = Task("clerk", "Go.", input={"number": 1}, model="scripted/broken")
        failed = await rig.sessions.spawn(broken)
        await failed.wait()
        healed = await rig.sessions.fork(failed, model="scripted/slow")
        results = [await each.wait() for each in (fork, live, healed)]
        forked = await first_request(rig, fork.key)
        same = await first_request(rig, healed.key)
        with pytest.raises(ForkRefused) as refused:
            await rig.sessions.fork(failed, text="On.")

    assert [result.status for result in results] == [RunStatus.DONE] * 3
    assert [message.role for message in forked.messages] == [
        Role.USER,
        Role.ASSISTANT,
        Role.TOOL,
        Role.USER,
    ]
    assert [message.text for message in same.messages] == ['Go.\n\nInput:\n{\n  "number": 1\n}']
    assert (refused.value.message, refused.value.hint) == (
        "there is no turn to fork at",
        "turns that work: 0",
    )


async def test_where_a_conversation_is_not_whole_the_turns_that_work_are_named() -> None:
    async with talked() as (rig, handle):
        refusals: list[str] = []
        for fork in (Fork(at=9, text="x"), Fork(at=9), Fork(at=0)):
            with pytest.raises(ForkRefused) as refused:
                await rig.service.fork(handle.key, fork)
            refusals.append(f"{refused.value.message}: {refused.value.hint}")
        for wrong, error in (
            (Fork(text=" "), InvalidInput),
            (Fork(text="x", model="nowhere/model"), UnknownModel),
            (Fork(text="x", label="@x"), InvalidInput),
        ):
            with pytest.raises(error):
                await rig.service.fork(handle.key, wrong)
        team = await rig.sessions.spawn_team(
            TeamTask(tasks=(Task("clerk", "x", input={"number": 1}),))
        )
        with pytest.raises(InvalidInput, match="reads no messages"):
            await rig.sessions.fork(team, text="x")
        count = len(await rig.sessions.list(Filter(roots_only=True)))

    assert refusals == [
        "there is no turn 9: turns that work: 0 to 4",
        "there is no turn 9: turns that work: 1 to 4",
        "there is nothing to ask again before the first turn: turns that work: 1 to 4",
    ]
    assert count == 2, "a refused fork leaves no trace"


async def test_a_fork_has_the_rights_the_limits_and_as_much_money_as_the_session() -> None:
    agent = Agent(
        name="a", description="", instructions="", policy=Policy(spawns=("a",), max_depth=3)
    )
    layer = Permissions(allow=("read_file",))
    async with open_rig(model(lambda _: "Done."), agents=[agent]) as rig:
        top = await rig.sessions.spawn(Task("a", "x", permissions=layer, tags=("nightly",)))
        task = Task("a", "y", budget=Budget(tokens=90_000), limits=Limits(max_turns=7))
        child = await rig.sessions.spawn(task, parent=top)
        await child.wait()
        fork = await rig.sessions.fork(child, text="z")
        cheap = await rig.sessions.fork(child, text="z", budget=Budget(tokens=50_000))
        (row,) = await rig.sessions.list(Filter(session=fork.key))
        event = (await rig.store.events(session=fork.key))[0]
        accounts = [
            await rig.store.account(account_of(SessionKey(each.key))) for each in (fork, cheap)
        ]

    assert event.body.kind == "queued"
    assert event.body.limits.max_turns == 7
    assert row.session.options.permissions == (layer,)
    assert row.session.options.tags == ("nightly",)
    assert (row.session.depth, row.session.agent.policy.max_depth) == (0, 2)
    assert [account and account.account.budget.tokens for account in accounts] == [
        90_000,
        50_000,
    ]


async def test_a_failed_fork_is_retried_with_what_it_took_over() -> None:
    async with talked() as (rig, handle):
        fork = await rig.sessions.fork(handle, at=2, model="scripted/broken")
        await fork.wait()
        (letter,) = await rig.sessions.dead_letters()
        retry = await rig.sessions.retry(letter, model="scripted/other")
        result = await retry.wait()
        sent = await rig.sessions.prompts(handle.key)
        same = await first_request(rig, retry.key)
        said = await rig.sessions.fork(handle, at=2, text="On.", model="scripted/broken")
        await said.wait()
        (second,) = [each for each in await rig.sessions.dead_letters() if not each.retried_by]
        again = await rig.sessions.retry(second, model="scripted/other")
        ended = await again.wait()
        texts = [message.text for message in (await first_request(rig, again.key)).messages]

    assert (result.status, ended.status) == (RunStatus.DONE, RunStatus.DONE)
    assert same.messages == sent[1].request.messages
    assert texts[-2:] == ["after 3", "On."]


async def test_a_second_attempt_of_a_fork_repeats_no_call_that_was_copied() -> None:
    strict = Agent(
        name="strict",
        description="",
        instructions="",
        tools=("double",),
        gates=(ConditionGate(condition="'2' in text"),),
        limits=Limits(attempts=2),
    )
    answers = iter([(ToolCall("c", "double", {"number": 1}),), "2", "bad", "2"])
    done.clear()
    async with open_rig(model(lambda _: next(answers)), agents=[strict], tools=[double]) as rig:
        handle = await rig.sessions.spawn(Task("strict", "Go."))
        await handle.wait()
        fork = await rig.sessions.fork(handle, at=2)
        result = await fork.wait()
        first, second = await rig.sessions.prompts(fork.key)

    assert (result.status, result.attempts, done) == (RunStatus.DONE, 2, [1])
    assert second.request.messages[: len(first.request.messages)] == first.request.messages


async def test_a_conversation_that_was_shortened_is_forked_as_its_model_was_told() -> None:
    small = RepliesWith(works, "scripted/model", latency_seconds=0)
    small.capabilities = Capabilities(context_tokens=1200)
    async with open_rig(small, agents=[CLERK], tools=[double]) as rig:
        task = Task("clerk", "Double it.", input={"number": 4}, options=PERSISTENT)
        handle = await rig.sessions.spawn(task)
        await handle.wait()
        for number in range(4):
            await handle.send(f"{number} " + "word and word " * 60)
            await handle.wait()
        events = await rig.store.events(session=handle.key)
        sent = await rig.sessions.prompts(handle.key)
        for number in (len(sent), len(sent) - 3):
            fork = await rig.sessions.fork(handle, at=number)
            await fork.wait()
            assert told(await first_request(rig, fork.key)) == told(sent[number - 1].request)

    assert any(isinstance(event.body, Shortened) for event in events)


async def test_a_file_that_was_shown_stays_with_the_fork(tmp_path: Path) -> None:
    image = tmp_path / "pixel.png"
    image.write_bytes(PIXEL)
    sees = RepliesWith(lambda _: "seen", "scripted/model", latency_seconds=0)
    sees.capabilities = Capabilities(images=True)
    writer = Agent(name="writer", description="", instructions="")
    async with open_rig(sees, agents=[writer]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "Look.", files=(File(image),)))
        await handle.wait()
        fork = await rig.sessions.fork(handle, text="And now?")
        await fork.wait()
        shared = await (await rig.sessions.artifacts(fork)).list()

    assert [record.artifact.name for record in shared] == ["pixel.png"]


async def test_a_copy_of_a_folder_is_not_forked_unless_another_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    writer = Agent(name="writer", description="", instructions="")
    async with open_rig(model(lambda _: "Done."), agents=[writer]) as rig:
        task = Task("writer", "Go.", workspace=Workspace.own(tmp_path))
        handle = await rig.sessions.spawn(task)
        await handle.wait()
        with pytest.raises(ForkRefused) as refused:
            await rig.sessions.fork(handle, text="On.")
        fork = await rig.sessions.fork(handle, text="On.", workspace=Workspace.at(tmp_path))
        again = await rig.sessions.fork(handle, at=1)
        await rig.sessions.wait([fork, again])
        (row,) = await rig.sessions.list(Filter(session=fork.key))
        (anew,) = await rig.sessions.list(Filter(session=again.key))

    assert anew.session.options.workspace == Workspace.own(row.session.options.cwd)
    assert "--workspace DIR" in refused.value.hint
    assert row.session.options.cwd.endswith(tmp_path.name)


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_was_said_a_fork_has_the_same_request(seed: int) -> None:
    random = Random(seed)

    def says(request: ModelRequest) -> Answer:
        told = sum(message.role is Role.TOOL for message in request.messages)
        if told < 12 and random.random() < 0.6:
            ids = [random.choice("ab") for _ in range(random.randint(1, 3))]
            return tuple(ToolCall(i, "double", {"number": random.randint(0, 99)}) for i in ids)
        return random.choice(["x" * random.randint(1, 90), '{"a": 1}', "bad"])

    agent = Agent(
        name="a",
        description="",
        instructions="I.",
        tools=("double",),
        gates=(ConditionGate(condition="text != 'bad'"),),
        limits=Limits(attempts=3),
    )
    async with open_rig(model(says), model(works, "other"), agents=[agent], tools=[double]) as rig:
        handle = await rig.sessions.spawn(Task("a", "Go.", options=PERSISTENT))
        await handle.wait()
        for number in range(3):
            await handle.send(f"On, {number}.")
            await handle.wait()
        sent = await rig.sessions.prompts(handle.key)
        events = await rig.service.history(handle.key)
        found = Conversation(events)
        for turn in found.turns:
            again = await rig.service.plan_fork(handle.key, Fork(at=turn.number))
            queued = again.queued
            messages: list[Message] = [*queued.context]
            messages += [
                *sent[turn.number - 1].request.messages[len(messages) :][:1],
                *queued.taken,
            ]
            assert tuple(messages) == sent[turn.number - 1].request.messages
            after = await rig.service.plan_fork(handle.key, Fork(at=turn.number, text="New."))
            assert after.queued.context[: len(messages)] == tuple(messages)
            calls = {c.id for m in after.queued.context for c in m.tool_calls}
            results = {
                getattr(part, "call_id", None)
                for m in after.queued.context
                if m.role is Role.TOOL
                for part in m.parts
            }
            assert calls == results

    assert len(events) < PAGE
    assert len(sent) == len(found.turns) >= 4
