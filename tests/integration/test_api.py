"""The Python face on a real store and a real loop, from async code, from none, from a notebook."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

import parallel_agents as pa
from parallel_agents.api.opening import Options, note_embedded, note_fetch
from parallel_agents.core.model import Model
from parallel_agents.core.task import OnFailureName
from parallel_agents.errors import Conflict, InvalidInput, MissingKey, UnknownAgent, UnknownModel
from parallel_agents.models.local.fetch import Progress
from parallel_agents.testing import Answer, RepliesWith
from tests.integration.other_processes import until

WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.", tools=("look",))
TASKS = [pa.Task("writer", f"page {n}") for n in range(20)]


def look() -> str:
    return "seen"


def another_look() -> Callable[[], str]:
    def look() -> str:
        """Another tool of the same name."""
        return ""

    return look


def options(home: Path, model: Model) -> Options:
    factory: Callable[[str], Model] = lambda _: model  # noqa: E731 - named for its type
    return {"home": home, "agents": [WRITER], "tools": [look], "models": {"scripted": factory}}


def echo() -> RepliesWith:
    return RepliesWith(lambda request: request.messages[-1].text.upper())


def run(home: Path, model: Model, key: str | None = None) -> pa.TeamResult:
    return pa.run(TASKS, key=key, model="scripted/model", **options(home, model))


def check(team: pa.TeamResult) -> None:
    assert team.status is pa.RunStatus.DONE
    assert [result.output for result in team.results] == [f"PAGE {n}" for n in range(20)]


def test_a_team_runs_from_code_that_is_not_async(tmp_path: Path) -> None:
    check(run(tmp_path, echo()))


async def test_a_team_runs_inside_a_running_loop(tmp_path: Path) -> None:
    result = run(tmp_path, echo())

    check(result)


async def test_a_team_runs_from_async_code(tmp_path: Path) -> None:
    work = pa.arun(TASKS, model="scripted/model", **options(tmp_path, echo()))

    check(await work)


def test_the_same_key_asks_no_model_again_and_other_tasks_under_it_are_refused(
    tmp_path: Path,
) -> None:
    first, second = echo(), echo()

    assert run(tmp_path, first, "monday") == run(tmp_path, second, "monday")
    assert len(first.requests) == 20
    assert len(second.requests) == 0
    with pytest.raises(Conflict, match="'monday'"):
        pa.run(TASKS[:3], key="monday", model="scripted/model", **options(tmp_path, first))


class FirstAlone(RepliesWith):
    """Answers the first page and fails on the second; on the others too, or never."""

    def __init__(self, *, others_hang: bool = False) -> None:
        super().__init__(lambda request: request.messages[-1].text.upper())
        self._others_hang = others_hang

    @override
    async def respond(
        self, request: pa.ModelRequest, listener: pa.Listener | None = None
    ) -> pa.ModelReply:
        page = request.messages[-1].text
        if page == "page 0":
            return await super().respond(request, listener)
        if page != "page 1" and self._others_hang:
            await asyncio.Event().wait()
        raise UnknownModel("no such model")


@pytest.mark.parametrize("on_failure", ["cancel_siblings", pa.OnFailure.CANCEL_SIBLINGS])
def test_a_failure_ends_the_others_where_the_call_says_so(
    tmp_path: Path, on_failure: OnFailureName
) -> None:
    given = options(tmp_path, FirstAlone(others_hang=True))

    team = pa.run(TASKS, model="scripted/model", max_parallel=1, on_failure=on_failure, **given)

    assert [result.status.value for result in team.results] == ["done", "failed"] + ["killed"] * 18
    assert team.status is pa.RunStatus.PARTIAL


def test_with_fewer_in_done_than_are_needed_the_team_has_failed(tmp_path: Path) -> None:
    given = options(tmp_path, FirstAlone())

    team = pa.run(TASKS, model="scripted/model", max_parallel=1, min_done=2, **given)

    assert team.status is pa.RunStatus.FAILED
    assert [result.status.value for result in team.results] == ["done"] + ["failed"] * 19


def test_what_a_team_is_asked_for_is_refused_where_it_makes_no_sense(tmp_path: Path) -> None:
    given = options(tmp_path, echo())

    with pytest.raises(InvalidInput, match=r"on_failure of run\(\) is 'give_up'") as refused:
        pa.run(TASKS, on_failure="give_up", **given)  # pyright: ignore[reportArgumentType] - what is tested
    assert refused.value.why == "it takes keep_going, stop_new or cancel_siblings"
    with pytest.raises(InvalidInput, match="min_done is 21"):
        pa.run(TASKS, min_done=21, **given)
    with pytest.raises(InvalidInput, match="min_done is 2") as refused:
        pa.run(TASKS[0], min_done=2, **given)
    assert refused.value.why == "the team has 1 task"
    with pytest.raises(InvalidInput, match=r"tasks of run\(\) is 5") as refused:
        pa.run(5, **given)  # pyright: ignore[reportArgumentType] - what is tested
    assert refused.value.why == "it takes Task or a tuple or list, each item Task"


async def test_an_option_that_nobody_knows_is_refused() -> None:
    misspelt: Any = {"budgt": pa.Budget(usd=1)}
    not_for_open: Any = {"budget": pa.Budget(usd=1)}

    with pytest.raises(InvalidInput, match="budgt"):
        pa.run(TASKS, **misspelt)
    with pytest.raises(InvalidInput, match="budget"):
        async with pa.open(**not_for_open):
            pass


async def _asks(flow: pa.Flow, writer: str) -> str:
    return (await flow.task("ask", pa.Task(writer, "x"))).text


async def _asks_nobody(flow: pa.Flow) -> str:
    return flow.key


async def publish(flow: pa.Flow) -> str:
    return await flow.ask("Publish?", choices=["yes", "not yet"])


@pytest.mark.parametrize("progress", [False, True])
async def test_a_program_that_waits_is_told_once_what_a_person_is_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, progress: bool
) -> None:
    running = asyncio.create_task(
        pa.arun_flow(publish, key="tea", home=tmp_path, progress=progress)
    )
    await until(lambda: bool(caplog.messages))
    async with pa.open(home=tmp_path) as sessions:
        (question,) = await sessions.questions()
        await sessions.answer("tea", "not yet")

    result = await running
    assert result.output == "not yet"
    told = f"publish waits for your answer: pagents answer {question.id} yes\n  Publish? (yes / not yet)"
    assert caplog.messages == [told]


def test_work_that_is_done_says_that_its_agent_was_edited_since(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    writer = pa.Agent("writer", instructions="Write.")

    async def launch(flow: pa.Flow) -> str:
        return (await flow.task("page", pa.Task(writer, "x"))).text

    def both() -> pa.Result[str]:
        given: Options = {"home": tmp_path, "models": {"scripted": lambda _: echo()}}
        pa.run([pa.Task(writer, "x")], key="one", model="scripted/model", **given)
        return pa.run_flow(launch, key="two", model="scripted/model", **given)

    both()
    both()
    unsaid = list(caplog.messages)
    writer = replace(writer, instructions="Write well.")
    again = both()

    assert unsaid == []
    of_run, of_flow = caplog.messages
    assert "keeps the options it began with (definition of writer)" in of_run
    assert "the agent writer was edited, and the step page keeps its answer" in of_flow
    assert again.notices == (of_flow,)


_IN_CHILDREN = """
import multiprocessing, sys
import parallel_agents as pa

writer = pa.Agent("writer", instructions="Write.")
pa.run([pa.Task(writer, "x")], key="one", model="sim/calm", home=sys.argv[1])


def work(n: int) -> int:
    return n


if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=work, args=(1,))
    child.start()
    child.join()
"""


def test_a_child_process_that_begins_the_work_of_its_parent_again_says_so(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(_IN_CHILDREN)

    done = subprocess.run(
        [sys.executable, program, tmp_path / "home"], capture_output=True, text=True, check=True
    )

    assert done.stderr.count("a child process imports this program") == 1


def test_the_log_says_once_that_a_model_is_fetched(caplog: pytest.LogCaptureFixture) -> None:
    note_fetch(Progress("local/here", "checking", 7, 7))
    for done in (0, 7_000):
        note_fetch(Progress("local/told-once", "the publisher", done, 1_117_320_768))

    (told,) = caplog.messages
    assert told.startswith("local/told-once is fetched now, once (1.1 GB)")


def test_the_log_says_once_that_nobody_chose_the_model(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    note_embedded.cache_clear()
    embedded = RepliesWith(lambda _: "yes", "local/small")
    writer = pa.Agent(name="writer", description="Writes", instructions="Write.")
    given: Options = {
        "home": tmp_path,
        "models": {"local": lambda _: embedded},
        "agents": [writer],
    }
    chosen = pa.Task(replace(writer, name="other", model="local/small"), "x")

    pa.run([chosen], **given)
    pa.run([chosen], model="local/small", **given)
    pa.run_flow(_asks, writer="writer", model="local/small", **given)
    pa.run_flow(_asks_nobody, **given)
    unsaid = list(caplog.messages)
    pa.run_flow(_asks, writer="writer", **given)
    pa.run([pa.Task("writer", "y")], **given)

    assert unsaid == []
    (record,) = caplog.records
    assert record.name == "parallel_agents"
    assert record.levelname == "WARNING"
    assert "embedded model" in record.getMessage()


@pytest.mark.parametrize(
    ("task", "error"),
    [
        (pa.Task("nobody", "x"), UnknownAgent),
        (pa.Task("code_reviewer", "x", input={"code": 3}), InvalidInput),
        (pa.Task("writer", "x", model="mine/model"), MissingKey),
    ],
)
async def test_what_can_not_be_accepted_is_raised_and_nothing_is_kept(
    tmp_path: Path, task: pa.Task, error: type[pa.PagentsError]
) -> None:
    mine = {"wire": "chat", "base_url": "http://127.0.0.1:1", "key": "env:NO_SUCH_KEY_ANYWHERE"}
    given = options(tmp_path, echo())
    given["settings"] = {"providers": {"mine": mine}}

    with pytest.raises(error):
        pa.run([TASKS[0], task], model="scripted/model", **given)

    async with pa.open(**options(tmp_path, echo())) as sessions:
        number = len(await sessions.list())

    assert number == 0


async def test_open_gives_the_seven_verbs(tmp_path: Path) -> None:
    model = echo()
    async with pa.open(model="scripted/model", **options(tmp_path, model)) as sessions:
        first = await sessions.spawn(pa.Task("writer", "one", label="first"))
        assert (await first.wait(timeout=10)).output == "ONE"
        await first.send("two")
        assert (await first.wait()).output == "TWO"
        assert [m.text for m in await first.history()] == ["one", "ONE", "two", "TWO"]
        kinds = [event.body.kind async for event in sessions.follow(first)]
        assert kinds.count("finished") == 2
        assert [row.session.label for row in await sessions.list()] == ["first"]
        killed = await sessions.kill("first")
        assert killed.runs == []
        assert killed.already_over == 2
        await first.send("three")
        assert (await first.wait()).output == "THREE"


class Slow(RepliesWith):
    """A model of which a test knows how often it was asked."""

    def __init__(self, answer: Callable[[pa.ModelRequest], Answer]) -> None:
        super().__init__(answer, latency_seconds=0.3)
        self._asked = asyncio.Semaphore(0)

    async def wait_asked(self, times: int) -> None:
        for _ in range(times):
            await self._asked.acquire()

    @override
    async def respond(
        self, request: pa.ModelRequest, listener: pa.Listener | None = None
    ) -> pa.ModelReply:
        self._asked.release()
        return await super().respond(request, listener)


async def test_steering_and_killing_reach_a_call_in_flight(tmp_path: Path) -> None:
    slow = Slow(lambda request: request.messages[-1].text)
    async with pa.open(model="scripted/model", **options(tmp_path, slow)) as sessions:
        steered = await sessions.spawn(pa.Task("writer", "long"))
        killed = await sessions.spawn(pa.Task("writer", "never"))
        await slow.wait_asked(2)
        await steered.steer("short", mode=pa.SteerMode.NOW)
        await killed.kill()
        results = await sessions.wait([steered, killed])
        assert [result.status for result in results] == ["done", "killed"]
        assert results[0].output == "short"


async def test_leaving_keeps_what_is_unfinished_for_the_next_time(tmp_path: Path) -> None:
    slow = Slow(lambda _: "done")
    async with pa.open(
        model="scripted/model", max_parallel=2, **options(tmp_path, slow)
    ) as sessions:
        await sessions.spawn_team(pa.TeamTask(tasks=tuple(TASKS)), key="monday")
        await slow.wait_asked(2)
    assert len(slow.requests) == 2
    quick = RepliesWith(lambda _: "done")
    async with pa.open(model="scripted/model", **options(tmp_path, quick)) as sessions:
        handle = await sessions.spawn_team(pa.TeamTask(tasks=tuple(TASKS)), key="monday")
        team = await sessions.team_result(handle)
    assert team.is_done
    assert len(slow.requests) + len(quick.requests) == 20


def gate_of(length: int) -> Callable[[str], bool]:
    def gate(answer: str) -> bool:
        return len(answer) >= length

    return gate


async def test_a_model_in_the_settings_is_the_default_model(tmp_path: Path) -> None:
    given = options(tmp_path, echo())
    given["settings"] = {"model": "scripted/model", "max_parallel": 3}

    async with pa.open(**given) as sessions:
        handle = await sessions.spawn(pa.Task("writer", "hello"))
        result = await handle.wait()

    assert result.model == "scripted/model"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings": {"modle": "a/b"}}, "unknown setting 'modle'"),
        (
            {"settings": {"agent_budgets": {"w": {"usdd": 1}}}},
            "unknown setting 'agent_budgets.w.usdd'",
        ),
        ({"settings": {"max_parallel": "3"}}, "max_parallel is invalid: it must be a whole"),
        ({"settings": {"model": "a/b"}}, "model is 'scripted/model'"),
        ({"models": {"scripted/model": echo}}, "is not by the name of a provider"),
        ({"models": {"sim": echo}}, "would hide what sim/ stands for"),
        ({"models": {"": echo}}, "is not by the name of a provider"),
        (
            {"agents": [WRITER, replace(WRITER, instructions="Other.")]},
            "two agents are named writer",
        ),
        ({"gates": [gate_of(1), gate_of(2)]}, "two gates are named gate"),
        ({"tools": [look, another_look()]}, "two tools are named look"),
    ],
)
async def test_what_would_be_ignored_is_refused(
    tmp_path: Path, changes: Options, message: str
) -> None:
    with pytest.raises(pa.PagentsError, match=message):
        async with pa.open(model="scripted/model", **(options(tmp_path, echo()) | changes)):
            pass


def test_one_task_stands_for_a_list_of_one(tmp_path: Path) -> None:
    model = RepliesWith(lambda _: "Done.")

    team = pa.run(TASKS[0], model="scripted/m", **options(tmp_path, model))

    assert [result.output for result in team.results] == ["Done."]


def test_a_step_of_a_ladder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    model = RepliesWith(lambda _: "Done.")
    task = pa.Task("writer", "page", ladder=("scripted/m", "scriptd/large"))

    with pytest.raises(UnknownModel, match="scriptd"):
        pa.run([task], **options(tmp_path, model))
