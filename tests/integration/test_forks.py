"""A fork is the same on every store, and depends on nothing of the other session once it is made."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Queued
from parallel_agents.core.filter import Filter
from parallel_agents.core.fork import EditedResult
from parallel_agents.core.message import Role, ToolCall, ToolResult
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import RunStatus
from parallel_agents.core.session import Mode, SessionOptions
from parallel_agents.core.store import Store
from parallel_agents.core.store_care import Retention
from parallel_agents.core.task import Task
from parallel_agents.errors import Conflict, NotFound
from parallel_agents.sessions.handle import SessionHandle
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig
from tests.integration.kept_work import OpenStore

CLERK = Agent(name="clerk", description="", instructions="Double.", tools=("double",))
PERSISTENT = SessionOptions(mode=Mode.SESSION)
FORKS = """
import asyncio, sys
from pathlib import Path
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.testing import open_rig
from tests.integration.test_forks import CLERK, double, model

async def main():
    store = await SqliteStore.open(Path(sys.argv[1]))
    async with open_rig(model(60), agents=[CLERK], tools=[double], store=store) as rig:
        fork = await rig.sessions.fork(sys.argv[2], at=2, text="More.", key="k")
        print(fork.key, flush=True)
        await fork.wait()

asyncio.run(main())
"""
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


def model(latency_seconds: float = 0, name: str = "model") -> RepliesWith:
    return RepliesWith(works, f"scripted/{name}", latency_seconds=latency_seconds)


@asynccontextmanager
async def talked(store: Store) -> AsyncGenerator[tuple[Rig, SessionHandle]]:
    """A rig, and a session in which something was said: four turns in two runs."""
    done.clear()
    models = (model(), model(name="other"))
    async with open_rig(*models, agents=[CLERK], tools=[double], store=store) as rig:
        handle = await rig.sessions.spawn(Task("clerk", "Go.", options=PERSISTENT, label="four"))
        await handle.wait()
        await handle.send("Again.")
        await handle.wait()
        yield rig, handle


async def first_request(rig: Rig, name: str) -> ModelRequest:
    return (await rig.sessions.prompts(name))[0].request


async def test_a_turn_is_asked_again_by_the_same_request_and_something_else_is_said_after_it(
    open_store: OpenStore,
) -> None:
    async with open_store() as store, talked(store) as (rig, handle):
        sent = await rig.sessions.prompts(handle.key)
        for number, before in enumerate(sent, start=1):
            again = await rig.sessions.fork(handle, at=number, model="scripted/other")
            after = await rig.sessions.fork(handle, at=number, text="No.")
            results = [await again.wait(), await after.wait()]
            (row,) = await rig.sessions.list(Filter(session=again.key))

            assert [result.status for result in results] == [RunStatus.DONE] * 2
            request, same = await first_request(rig, again.key), before.request
            assert (request.messages, request.system) == (same.messages, same.system)
            assert (request.tools, request.max_output_tokens) == (
                same.tools,
                same.max_output_tokens,
            )
            messages = (await first_request(rig, after.key)).messages
            assert messages[: len(same.messages)] == same.messages
            assert messages[-1].text == "No."
            assert messages[-2].role is (Role.TOOL if number % 2 else Role.ASSISTANT)
            assert row.run.model == "scripted/other"
        found = await rig.store.verify_all("")

    assert found.is_intact
    assert len(done) == 2 + 2 + 4, "no call that was copied is made again"


async def test_a_model_goes_on_from_another_result_of_a_call_that_is_not_made_again(
    open_store: OpenStore,
) -> None:
    async with open_store() as store, talked(store) as (rig, handle):
        sent = (await rig.sessions.prompts(handle.key))[1].request.messages
        fork = await rig.sessions.fork(handle, at=1, result="nothing")
        result = await fork.wait()
        told = (await first_request(rig, fork.key)).messages
        (row,) = await rig.sessions.list(Filter(session=fork.key))
        first = (await rig.sessions.history(fork.key))[0].body

    assert result.text == "after 3"
    assert told[:2] == sent[:2]
    (was,), (now,) = sent[2].parts, told[2].parts
    assert now == ToolResult("c", "double", "nothing")
    assert isinstance(was, ToolResult)
    assert (was.call_id, was.content) == ("c", "2")
    assert len(done) == 2, "the call is not made again"
    assert row.session.options.forked_from is not None
    assert row.session.options.forked_from.edited == EditedResult(call=1, tool="double")
    assert isinstance(first, Queued)
    assert first.forked_from is not None
    assert first.forked_from.edited == EditedResult(call=1, tool="double", before="2")


async def test_a_fork_is_linked_and_outlives_the_other_session(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "store.db")
    async with talked(store) as (rig, handle):
        fork = await rig.sessions.fork(handle, at=2, text="More.", key="k")
        await fork.wait()
        same = await rig.sessions.fork(handle.key, at=2, text="More.", key="k")
        with pytest.raises(Conflict, match="different work"):
            await rig.sessions.fork(handle, at=3, text="More.", key="k")
        (row,) = await rig.sessions.list(Filter(session=fork.key))
        await rig.sessions.kill(handle.key)
        killed = await rig.sessions.fork(handle, at=1, text="And this.")
        await killed.wait()
        plan = await rig.sessions.store.plan(Retention(older_than=0, keep_last=2))
        await rig.sessions.store.prune(plan.trees)
        with pytest.raises(NotFound):
            await rig.service.find(handle.key)
        await fork.send("And more.")
        last = await fork.wait()
        of_fork = await rig.sessions.fork(fork.key, at=0, text="Else.")
        await of_fork.wait()
        (below,) = await rig.sessions.list(Filter(session=of_fork.key))
        asked = await rig.sessions.prompts(fork.key)
        found = await rig.store.verify_all("")
    await store.aclose()

    link = row.session.options.forked_from
    assert link is not None
    assert (link.session, link.label, link.turn, link.is_asked_again) == (
        handle.key,
        "four",
        2,
        False,
    )
    further = below.session.options.forked_from
    assert further is not None
    assert further.called == "k"  # as lists call it, by its key
    assert (row.session.label, row.session.root) == ("four-fork-2", fork.key)
    assert (same.key, same.is_new) == (fork.key, False)
    assert (last.status, found.is_intact) == (RunStatus.DONE, True)
    assert asked[-1].request.messages[0].text == "Go."


def fork_and_kill(file: Path, name: str) -> str:
    """Have a process fork a session, and end it without notice while its model is asked."""
    command = [sys.executable, "-c", FORKS, str(file), name]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        key = process.stdout.readline().strip()
        os.kill(process.pid, signal.SIGKILL)
    return key


@pytest.fixture
def only_long(pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("--long"):
        pytest.skip("starts a process: --long")


async def test_a_fork_whose_process_is_killed_continues_once_under_its_key(
    tmp_path: Path, only_long: None
) -> None:
    file = tmp_path / "store.db"
    store = await SqliteStore.open(file)
    async with talked(store) as (_, handle):
        pass
    await store.aclose()
    key = await asyncio.to_thread(fork_and_kill, file, handle.key)
    store = await SqliteStore.open(file)
    async with open_rig(model(), agents=[CLERK], tools=[double], store=store) as rig:
        again = await rig.sessions.fork(handle.key, at=2, text="More.", key="k")
        result = await again.wait()
        rows = await rig.sessions.list()
    await store.aclose()

    assert (again.key, again.is_new, result.status) == (key, False, RunStatus.DONE)
    assert len(rows) == 2
