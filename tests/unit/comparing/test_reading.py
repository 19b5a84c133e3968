"""Two runs on one store, compared as a face does."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from parallel_agents.comparing.comparison import Comparison
from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import RegexGate
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import ToolCall
from parallel_agents.core.model import Capabilities, ModelRequest
from parallel_agents.core.policy import Policy
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import NotComparable, NotFound, SameRun
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes.", instructions="Write.\nBe short.")


def look_up(word: str) -> str:
    """Look a word up."""
    return f"{word} is a word"


@dataclass(slots=True)
class Model:
    """What the model answers; it is changed between two runs."""

    answer: Callable[[ModelRequest], Answer]

    def __call__(self, request: ModelRequest) -> Answer:
        return self.answer(request)


@asynccontextmanager
async def opened(answer: Callable[[ModelRequest], Answer]) -> AsyncGenerator[tuple[Rig, Model]]:
    model = Model(answer)
    async with open_rig(
        RepliesWith(model, latency_seconds=1, capabilities=Capabilities()),
        agents=[WRITER],
        tools=[look_up],
    ) as rig:
        yield rig, model


def echo(request: ModelRequest) -> str:
    return f"About {request.messages[0].text}."


async def run(rig: Rig, key: str, tasks: Sequence[Task], **more: int) -> None:
    team = TeamTask(name="crew", tasks=tuple(tasks), **more)  # pyright: ignore[reportArgumentType]
    await (await rig.sessions.spawn_team(team, key=key)).wait()


async def both(
    rig: Rig, a: Sequence[Task], b: Sequence[Task], between: Callable[[], None] = lambda: None
) -> Comparison:
    await run(rig, "a", a)
    between()
    await run(rig, "b", b)
    return await rig.sessions.compare("a", "b")


def labelled(*labels: str) -> list[Task]:
    return [Task("writer", label, label=label) for label in labels]


async def test_runs_that_did_the_same_are_identical_whatever_their_ids_are() -> None:
    async with opened(echo) as (rig, _):
        found = await both(rig, labelled("tea", "mint"), labelled("tea", "mint"))

    assert found.divergence is None
    assert found.rows == ()
    assert found.identical == 3
    assert found.changed == ()


async def test_what_a_task_was_sent_later_is_no_part_of_its_team_s_run() -> None:
    async with opened(echo) as (rig, _):
        await both(rig, labelled("tea"), labelled("tea"))
        sent = await rig.service.send("a/tea", "More.")
        await rig.service.wait([sent.run_id])

        assert (await rig.sessions.compare("a", "b")).identical == 2


async def test_the_first_divergence_is_the_reply_that_came_first() -> None:
    async with opened(echo) as (rig, model):

        def change() -> None:
            model.answer = lambda request: echo(request).replace("mint", "dry mint")

        found = await both(rig, labelled("tea", "mint"), labelled("tea", "mint"), change)

    assert found.divergence is not None
    assert found.divergence.what == "mint: reply at step 1"
    words = found.divergence.words
    assert words is not None
    assert (words.before, words.after) == ("About mint.", "About dry mint.")
    assert [row.label for row in found.rows] == ["mint"]
    assert found.identical == 1


async def test_equal_labels_are_paired_by_their_places_and_the_others_stay_alone() -> None:
    first = [Task("writer", text) for text in ("one", "two")]
    async with opened(echo) as (rig, _):
        found = await both(
            rig, [*first, *labelled("gone")], [*first, *labelled("new"), Task("writer", "three")]
        )

    assert [(row.label, row.why) for row in found.rows if row.depth] == [
        ("gone", "only in A"),
        ("new", "only in B"),
        ("writer", "only in B"),
    ]
    assert found.divergence is not None
    assert found.divergence.words is None


async def test_a_changed_instruction_is_told_once_and_what_it_led_to_with_it() -> None:
    other = Agent(name="writer", description="", instructions="Write.\nBe long.")
    labels = ("tea", "mint", "sage")
    async with opened(lambda request: request.system[-6:]) as (rig, _):
        found = await both(
            rig, labelled(*labels), [Task(other, label, label=label) for label in labels]
        )

    (change,) = (each for each in found.changed if each.name == "instructions")
    assert (change.of, change.sessions, change.labels) == ("writer", 3, labels)
    assert change.diff is not None
    assert (change.diff.added, change.diff.removed) == (1, 1)
    first = found.divergence
    assert first is not None
    assert first.what == "tea: instructions"
    assert first.then is not None
    assert (first.then.before, first.then.after) == ("short.", " long.")


async def test_tasks_fields_limits_and_the_team_s_options_are_told() -> None:
    a = Task("writer", "Go", label="x", input={"n": 1, "same": True}, limits=Limits(max_turns=3))
    b = Task("writer", "Stop", label="x", input={"n": 2, "same": True})
    async with opened(lambda _: "Done.") as (rig, _):
        await run(rig, "a", [a], max_parallel=1)
        await run(rig, "b", [b], max_parallel=2)
        found = await rig.sessions.compare("a", "b")

    assert {(each.name, each.before, each.after) for each in found.changed} >= {
        ("max parallel", "1", "2"),
        ("task", "Go", "Stop"),
        ("input n", "1", "2"),
    }
    assert "limits" in {each.name for each in found.changed}


async def test_calls_of_tools_are_compared_by_what_they_ask_and_bring() -> None:
    agent = Agent(name="seeker", description="", instructions="Seek.", tools=("look_up",))

    def asking(word: str) -> Callable[[ModelRequest], Answer]:
        def answer(request: ModelRequest) -> Answer:
            is_first = len(request.messages) == 1
            return (
                ToolCall(id=word, name="look_up", arguments={"word": word}) if is_first else "So."
            )

        return answer

    async with opened(asking("tea")) as (rig, model):
        await (await rig.sessions.spawn(Task(agent, "Seek", key="a"))).wait()
        model.answer = asking("mint")
        await (await rig.sessions.spawn(Task(agent, "Seek", key="b"))).wait()
        found = await rig.sessions.compare("a", "b")

    assert found.divergence is not None
    assert found.divergence.what == "seeker: call of look_up at step 1"
    assert found.output is not None
    assert not found.output.added


async def test_what_a_spawned_session_did_otherwise_comes_before_what_its_parent_is_told() -> None:
    lead = Agent(name="lead", description="", instructions="L", policy=Policy(spawns=("writer",)))
    spawning = {"task": "Go", "agentId": "writer", "label": "part"}
    parts = iter(["same", "same", "other"])

    def answer(request: ModelRequest) -> Answer:
        if not request.system.startswith("L"):
            return next(parts)
        is_first = len(request.messages) == 1
        return ToolCall("1", "sessions_spawn", spawning) if is_first else "So."

    async with opened(answer) as (rig, _):
        for key in "abc":
            await (await rig.sessions.spawn(Task(lead, "Go", key=key))).wait()
        same = await rig.sessions.compare("a", "b")
        other = await rig.sessions.compare("b", "c")
        sent = [await rig.service.send(key, "More.") for key in "ab"]
        await rig.service.wait([each.run_id for each in sent])
        later = await rig.sessions.compare("a", "b")

    assert later.identical + len(later.rows) == 1  # the part was asked for before
    assert (same.divergence, same.identical) == (None, 2)
    assert (same.a.spend.calls, same.a.whole_spend.calls) == (3, 4)
    assert other.divergence is not None
    assert other.divergence.what == "part: reply at step 1"


async def test_what_failed_says_why_and_comes_first() -> None:
    async with opened(echo) as (rig, model):

        def change() -> None:
            def answer(request: ModelRequest) -> Answer:
                return "" if "sage" in request.messages[0].text else "Otherwise."

            model.answer = answer

        found = await both(rig, labelled("tea", "sage"), labelled("tea", "sage"), change)

    below = [row for row in found.rows if row.depth]
    assert [row.label for row in below] == ["sage", "tea"]
    assert below[0].why.startswith("PA-E")
    assert found.b.status == "partial"


async def test_two_attempts_of_a_session_part_at_what_the_second_was_told() -> None:
    gate = RegexGate(pattern="good")
    answers = iter(["bad", "good"])
    async with opened(lambda _: next(answers)) as (rig, _):
        task = Task("writer", "Go", key="x", gates=(gate,), limits=Limits(attempts=2))
        await (await rig.sessions.spawn(task)).wait()
        found = await rig.sessions.compare("x#1", "x#2")
        with pytest.raises(NotFound, match="no attempt 3"):
            await rig.sessions.compare("x#1", "x#3")

    assert (found.a.attempt, found.b.attempt) == (1, 2)
    assert (found.a.status, found.b.status) == ("failed", "done")
    assert found.a.spend.calls == found.b.spend.calls == 1
    assert found.divergence is not None
    assert found.divergence.what == "writer: critique of the answer before"
    assert found.divergence.then is not None
    assert (found.divergence.then.before, found.divergence.then.after) == ("bad", "good")


async def test_a_fork_has_the_conversation_of_the_session_that_it_is_from() -> None:
    async with opened(echo) as (rig, _):
        handle = await rig.sessions.spawn(Task("writer", "Tea", label="first"))
        await handle.wait()
        await handle.send("Mint")
        await handle.wait()
        same = await handle.fork(at=2)
        await same.wait()
        other = await handle.fork(at=1, text="Sage")
        await other.wait()
        early = await handle.fork(at=0, text="Mint")
        await early.wait()
        found = [await rig.sessions.compare(handle, each) for each in (same, other, early)]

    assert not found[0].rows
    assert [change.name for change in found[1].changed] == ["task"]
    assert [change.name for change in found[2].changed] == ["earlier conversation"]
    divergence = found[2].divergence
    assert divergence is not None
    assert divergence.what == "first: input earlier conversation"
    assert divergence.words is not None
    assert divergence.words.before == "begins after 2 messages, the first of which is: Tea"
    assert divergence.words.after == "begins after nothing"


async def test_a_fork_that_answers_a_later_turn_anew_took_the_earlier_ones_over() -> None:
    def answer(request: ModelRequest) -> Answer:
        return (
            echo(request) if len(request.messages) > 1 else ToolCall("1", "look_up", {"word": "a"})
        )

    async with opened(answer) as (rig, model):
        handle = await rig.sessions.spawn(Task("writer", "Tea"))
        await handle.wait()
        same = await handle.fork(at=2)
        await same.wait()
        model.answer = lambda _: "Otherwise."
        other = await handle.fork(at=2, key="other")
        await other.wait()
        found = [await rig.sessions.compare(handle, each) for each in (same, other)]

    assert not found[0].rows
    divergence = found[1].divergence
    assert divergence is not None
    assert divergence.words is not None
    assert divergence.words.what == "reply at step 2"
    assert (divergence.words.before, divergence.words.after) == ("About Tea.", "Otherwise.")


async def test_a_call_beside_a_reply_says_what_both_are() -> None:
    async with opened(lambda _: ToolCall("1", "look_up", {"word": "a"})) as (rig, model):
        task = Task("writer", "Tea", key="a", limits=Limits(max_turns=1))
        await (await rig.sessions.spawn(task)).wait()
        model.answer = echo
        await (await rig.sessions.spawn(Task("writer", "Tea", key="b"))).wait()
        found = await rig.sessions.compare("a", "b")

    assert found.divergence is not None
    assert found.divergence.words is not None
    assert found.divergence.words.before is not None
    assert found.divergence.words.before.startswith("[call of look_up]\n{")
    assert found.divergence.words.after == "[reply]\nAbout Tea."


async def test_a_live_run_that_did_the_same_so_far_has_not_parted() -> None:
    async with opened(echo) as (rig, _):
        await run(rig, "a", labelled("tea"))
        handle = await rig.sessions.spawn_team(TeamTask(name="crew", tasks=tuple(labelled("tea"))))
        found = await rig.sessions.compare("a", handle)
        await handle.wait()
        after = await rig.sessions.compare("a", handle)

    assert found.is_live
    assert found.divergence is None
    assert not after.is_live


async def test_what_cannot_be_compared_is_refused_in_words() -> None:
    async with opened(echo) as (rig, _):
        await run(rig, "a", labelled("tea", "mint"))
        with pytest.raises(SameRun, match="both names mean crew"):
            await rig.sessions.compare("a", "team:crew:a")
        with pytest.raises(NotComparable, match="is a team, and tea is a session of one agent"):
            await rig.sessions.compare("a", "a/tea")
        with pytest.raises(NotComparable, match="crew has no attempts"):
            await rig.sessions.compare("a#1", "a#2")
        with pytest.raises(NotComparable, match="is part of the other"):
            await rig.sessions.compare("a/tea#1", "a/tea")
        with pytest.raises(NotFound):
            await rig.sessions.compare("a", "nobody#1")


async def test_an_unknown_cost_is_not_zero_and_the_comparison_is_shown_in_a_line() -> None:
    async with opened(echo) as (rig, _):
        found = await both(rig, labelled("tea"), labelled("mint"))

    assert found.a.whole_cost_usd is None
    assert repr(found) == (
        "Comparison(team:crew:a ⇄ team:crew:b, 2 differ, 0 identical, first tea: only in A)"
    )
