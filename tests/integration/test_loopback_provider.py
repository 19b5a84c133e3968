"""The loopback provider: its records, its faults, and its log as a process."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import orjson
import pytest

from parallel_agents.core.message import user
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import Unreachable
from parallel_agents.models.http import Http
from parallel_agents.models.providers import Endpoint, Wire
from parallel_agents.models.wires.model import WireModel
from parallel_agents.testing.behaviour import Behaviour, Fault, Hang
from parallel_agents.testing.provider import LoopbackProvider


def asking(text: str) -> ModelRequest:
    return ModelRequest(messages=(user(text),))


@asynccontextmanager
async def chat_at(base_url: str) -> AsyncGenerator[WireModel]:
    http = Http()
    try:
        endpoint = Endpoint(provider="acme", wire=Wire.CHAT, base_url=base_url)
        yield WireModel("acme/m", endpoint, http)
    finally:
        await http.aclose()


async def test_a_request_is_recorded_with_its_times_and_its_status() -> None:
    behaviour = Behaviour(latency_seconds=0.05)
    async with LoopbackProvider(behaviour) as provider, chat_at(provider.base_url) as chat:
        before = time.time()
        await chat.respond(asking("hello"))

        (received,) = provider.requests
        assert received.finished_at is not None
        assert before <= received.at <= received.finished_at - 0.05
        assert received.status == 200


async def test_a_request_that_was_not_answered_has_no_end() -> None:
    came = asyncio.Event()

    def hang_first(number: int, _: JsonObject) -> Fault | None:
        came.set()
        return Hang() if number == 1 else None

    behaviour = Behaviour(fault=hang_first)
    async with LoopbackProvider(behaviour) as provider, chat_at(provider.base_url) as chat:
        hung = asyncio.ensure_future(chat.respond(asking("first")))
        await came.wait()
        await chat.respond(asking("second"))
        hung.cancel()
        await asyncio.wait([hung])

        assert [r.status for r in provider.requests] == [None, 200]
        assert provider.requests[0].finished_at is None


async def test_a_body_of_many_megabytes_is_read() -> None:
    async with LoopbackProvider() as provider, chat_at(provider.base_url) as chat:
        reply = await chat.respond(asking("x" * 8_000_000))

    assert len(reply.message.text) == 8_000_000


async def test_an_unknown_path_is_not_found_and_not_recorded() -> None:
    async with LoopbackProvider() as provider, aiohttp.ClientSession() as session:
        async with session.get(f"{provider.base_url}/models") as response:
            assert response.status == 404
        assert provider.requests == []


@asynccontextmanager
async def process_at(log: Path, *options: str) -> AsyncGenerator[tuple[Process, str]]:
    """The provider as a process, and its base URL."""
    command = ("-m", "parallel_agents.testing.provider", "--log", str(log), *options)
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE)
    assert process.stdout is not None
    try:
        ready = orjson.loads(await process.stdout.readline())
        yield process, ready["base_url"]
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        process.stdout.feed_eof()


async def wait_lines(log: Path, count: int) -> None:
    """Wait until another process has written `count` lines."""
    async with asyncio.timeout(20):
        for pause in itertools.repeat(0.01):
            if len(lines(log)) >= count:
                return
            await asyncio.sleep(pause)


def lines(log: Path) -> Sequence[JsonObject]:
    return [orjson.loads(line) for line in log.read_bytes().splitlines()]


async def test_the_log_of_a_process_has_a_line_at_each_start_and_each_end(tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"

    async with process_at(log) as (_, base_url), chat_at(base_url) as chat:
        await chat.respond(asking("one"))
        await chat.respond(asking("one"))
        await chat.respond(asking("two"))
        await wait_lines(log, 6)

    entries = lines(log)
    assert [line["event"] for line in entries] == ["started", "finished"] * 3
    assert [line["number"] for line in entries] == [1, 1, 2, 2, 3, 3]
    runs = [line["run"] for line in entries[::2]]
    assert runs[0] == runs[1] != runs[2]
    assert entries[1]["status"] == 200


async def test_the_log_shows_the_requests_that_a_killed_process_had_not_answered(
    tmp_path: Path,
) -> None:
    log = tmp_path / "requests.jsonl"

    served = process_at(log, "--latency", "30")
    async with served as (process, base_url), chat_at(base_url) as chat:
        call = asyncio.ensure_future(chat.respond(asking("one")))
        await wait_lines(log, 1)
        process.send_signal(signal.SIGKILL)
        with pytest.raises(Unreachable):
            await call

    assert [line["event"] for line in lines(log)] == ["started"]


async def test_a_marker_in_a_header_names_the_run_in_the_log(tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"

    async with LoopbackProvider(log=log) as provider, aiohttp.ClientSession() as session:
        await session.post(
            f"{provider.base_url}/chat/completions",
            json={"model": "m", "messages": []},
            headers={"x-run": "run-7"},
        )

    assert [line["run"] for line in lines(log)] == ["run-7", "run-7"]


async def test_concurrent_requests_are_all_recorded() -> None:
    async with LoopbackProvider() as provider, chat_at(provider.base_url) as chat:
        texts = [f"{number}" * 100_000 for number in range(20)]
        replies = await asyncio.gather(*(chat.respond(asking(each)) for each in texts))

        assert [reply.message.text for reply in replies] == texts
        assert len(provider.requests) == 20
        assert all(received.status == 200 for received in provider.requests)
