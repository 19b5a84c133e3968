"""`pagents mcp` as a process, called by the client of the SDK, over stdio and over HTTP."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import threading
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_types import TextContent

from parallel_agents.testing.behaviour import last_text

if TYPE_CHECKING:
    from tests.integration.over_mcp.conftest import Place, Running

Transport = Literal["stdio", "http"]
JSON_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
}


@asynccontextmanager
async def connect(place: Place, transport: Transport, mode: str) -> AsyncGenerator[Client]:
    """A client; over stdio it starts the server."""
    if transport == "http":
        async with over_http(place.start("--http", "0"), mode=mode) as client:
            yield client
        return
    command = str(Path(place.environment["PATH"].split(":")[0]) / "pagents")
    parameters = StdioServerParameters(command=command, args=["mcp"], env=place.environment)
    async with Client(parameters, mode=mode) as client:
        yield client


@asynccontextmanager
async def over_http(running: Running, *, mode: str = "auto") -> AsyncGenerator[Client]:
    """A client that sends the token of the home."""
    async with create_mcp_http_client(headers=running.authorization) as http:
        transport = streamable_http_client(running.url, http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


async def ask(client: Client, name: str, **arguments: object) -> tuple[bool, Mapping[str, Any]]:
    """Whether a tool's answer is an error, and the answer."""
    result = await client.call_tool(name, arguments)
    (block,) = result.content
    assert isinstance(block, TextContent)
    return result.is_error, json.loads(block.text)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_agents_are_spawned_waited_for_and_read(
    place: Place, transport: Transport, mode: str
) -> None:
    async with connect(place, transport, mode) as client:
        tools = (await client.list_tools()).tools
        assert len(tools) == 13
        for label in ("one", "two"):
            is_error, spawned = await ask(client, "sessions_spawn", task=label, label=label)
            assert not is_error
            assert spawned["status"] == "accepted"
        _, waited = await ask(client, "agents_wait", ids=["one", "two"])
        assert sorted(each["result"] for each in waited["completed"]) == ["one", "two"]
        _, history = await ask(client, "sessions_history", sessionKey="two")
        assert [message["text"] for message in history["messages"]][-1] == "two"
        is_error, answer = await ask(client, "sessions_history", sessionKey="three")
        assert is_error
        assert answer["error"] == "No session found: three"


def test_nothing_but_the_protocol_is_on_stdout(place: Place) -> None:
    running = place.start()

    say(running, 1, "initialize", INITIALIZE)
    say(running, 2, "tools/call", {"name": "agents_list", "arguments": {}})
    assert heard(running)["id"] == 1
    assert heard(running)["id"] == 2
    assert running.process.stdin is not None
    running.process.stdin.close()

    assert running.process.stdout is not None
    assert running.process.stdout.read() == ""
    assert running.ended() == 0
    assert running.said == ""


def test_a_line_that_is_no_message_does_not_end_the_server(place: Place) -> None:
    running = place.start()
    assert running.process.stdin is not None

    running.process.stdin.write("no JSON\n[]\n\n")
    say(running, 1, "initialize", INITIALIZE)

    assert [heard(running)["error"]["code"] for _ in range(2)] == [-32700, -32600]
    assert heard(running)["id"] == 1


# The end

SPAWN = {"name": "sessions_spawn", "arguments": {"task": "hello", "label": "left"}}


class Ends:
    """The ways in which a client and its server end."""

    @staticmethod
    def end_of_input(running: Running) -> None:
        assert running.process.stdin is not None
        running.process.stdin.close()

    @staticmethod
    def closed_pipes(running: Running) -> None:
        for pipe in (running.process.stdin, running.process.stdout):
            assert pipe is not None
            pipe.close()

    @staticmethod
    def terminated(running: Running) -> None:
        running.process.send_signal(signal.SIGTERM)

    @staticmethod
    def killed(running: Running) -> None:
        running.process.kill()


@pytest.mark.parametrize(
    "end", [Ends.end_of_input, Ends.closed_pipes, Ends.terminated, Ends.killed]
)
def test_the_end_of_a_server_costs_no_call_and_leaves_nobody_behind(
    place: Place, end: Callable[[Running], None]
) -> None:
    place.answer = lambda body: (held.wait(20.0), last_text(body))[1]
    held = threading.Event()
    running = place.start()
    say(running, 1, "initialize", INITIALIZE)
    heard(running)
    say(running, 2, "tools/call", SPAWN)
    assert heard(running)["result"]["isError"] is False
    wait_until(lambda: len(place.provider.requests) == 1)
    say(running, 3, "tools/call", {"name": "agents_wait", "arguments": {"ids": ["left"]}})

    end(running)

    assert running.ended() == (-signal.SIGKILL if end is Ends.killed else 0)
    held.set()
    assert "hello" in place.pagents("wait", "left").stdout
    assert len(place.provider.requests) == 1
    assert running.said == ""


def test_a_server_whose_answers_nobody_reads_ends_though_its_input_stays_open(
    place: Place,
) -> None:
    running = place.start()
    say(running, 1, "initialize", INITIALIZE)
    heard(running)

    assert running.process.stdout is not None
    running.process.stdout.close()

    assert running.ended() == 0


async def test_what_a_client_starts_over_http_continues_when_the_server_ends(place: Place) -> None:
    held = threading.Event()
    place.answer = lambda body: (held.wait(20.0), last_text(body))[1]
    running = place.start("--http", "0")
    await spawn_by_http(running)
    wait_until(lambda: len(place.provider.requests) == 1)

    running.process.send_signal(signal.SIGTERM)

    assert running.ended() == 0
    held.set()
    assert "hello" in place.pagents("wait", "left").stdout
    assert len(place.provider.requests) == 1


async def spawn_by_http(running: Running) -> None:
    async with over_http(running) as client:
        is_error, _ = await ask(client, "sessions_spawn", task="hello", label="left")
        assert not is_error


# Who may call


def test_a_foreign_name_is_refused_and_so_is_a_foreign_page(place: Place) -> None:
    running = place.start("--http", "0")
    url, key = running.url, running.authorization

    assert asyncio.run(post(url, **key)) == 200
    assert asyncio.run(post(url, **key, Host="evil.example")) == 421
    assert asyncio.run(post(url, **key, Origin="https://evil.example")) == 403


def test_the_token_of_the_home_must_be_sent_on_loopback_too(place: Place) -> None:
    running = place.start("--http", "0")

    assert asyncio.run(post(running.url)) == 401
    assert asyncio.run(post(running.url, Authorization=f"Bearer {running.token[:-1]}")) == 401
    assert asyncio.run(post(running.url, **running.authorization)) == 200
    assert asyncio.run(post(running.url, Authorization=f"bearer {running.token}")) == 200
    assert running.token not in running.said
    assert (place.home / "mcp-token").stat().st_mode & 0o077 == 0


def test_the_token_stays_the_same_at_the_next_start(place: Place) -> None:
    first_start = place.start("--http", "0")
    token = first_start.token
    first_start.close()

    assert place.start("--http", "0").token == token


def test_a_token_of_ones_own_must_be_sent(place: Place) -> None:
    url = place.start("--http", "0", "--token", "env:MY_TOKEN", MY_TOKEN="secret").url

    assert asyncio.run(post(url)) == 401
    assert asyncio.run(post(url, Authorization="Bearer secre")) == 401
    assert asyncio.run(post(url, Authorization="Bearer secret")) == 200


def test_a_file_without_a_token_is_refused(place: Place) -> None:
    (place.home / "mcp-token").write_text("\n")

    running = place.start("--http", "0")

    assert running.ended() == 10
    assert "holds no token" in running.said


def test_who_acts_for_a_session_is_offered_what_a_client_can_use(place: Place) -> None:
    place.pagents("spawn", "main", "x", "--label", "boss", "--wait")
    running = place.start(PARALLEL_AGENTS_PARENT_SESSION="boss")

    say(running, 1, "initialize", INITIALIZE)
    heard(running)
    say(running, 2, "tools/list", {})

    listed = [tool["name"] for tool in heard(running)["result"]["tools"]]
    assert len(listed) == 8
    assert "sessions_yield" not in listed


# What is refused at the start


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "words", "exits"),
    [
        (["--host", "127.0.0.1"], {}, "E101", "add --http PORT", 2),
        (["--http", "0", "--token", "hunter2"], {}, "E101", "--token env:NAME", 2),
        (["--http", "0", "--token", "env:NONE"], {}, "E112", "NONE is not set", 10),
        ([], {"PARALLEL_AGENTS_PARENT_SESSION": "nobody"}, "E110", "parent_session", 10),
    ],
)
def test_a_start_that_can_not_be_is_refused_in_four_lines(
    place: Place,
    arguments: list[str],
    variables: dict[str, str],
    code: str,
    words: str,
    exits: int,
) -> None:
    running = place.start(*arguments, **variables)

    assert running.ended() == exits
    assert running.said.startswith(f"✖ PA-{code}  ")
    assert words in running.said
    assert "hunter2" not in running.said
    assert running.said.splitlines()[-1] == f"  docs  pagents docs {code}"


def test_a_port_that_is_taken_is_refused(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        running = place.start("--http", str(taken.getsockname()[1]))

        assert running.ended() == 10
    assert "choose another --http PORT" in running.said


def test_without_the_extra_the_command_says_what_to_install(place: Place, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "mcp_types.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'mcp_types'\", name='mcp_types')\n"
    )

    running = place.start("--http", "0", PYTHONPATH=str(hidden))

    assert running.ended() == 10
    assert [line.split()[0] for line in running.said.splitlines()] == ["✖", "why", "hint", "docs"]
    assert running.said.startswith("✖ PA-E113  ")
    assert "pip install 'pagents[mcp]'" in running.said


# Messages by hand

INITIALIZE = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "by hand", "version": "1"},
}


def say(running: Running, number: int, method: str, params: Mapping[str, object]) -> None:
    assert running.process.stdin is not None
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    running.process.stdin.write(json.dumps(message) + "\n")
    running.process.stdin.flush()


def heard(running: Running) -> dict[str, Any]:
    assert running.process.stdout is not None
    return json.loads(running.process.stdout.readline())


async def post(url: str, **headers: str) -> int:
    """The status of the answer to a request for the tools."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with aiohttp.ClientSession() as session:
        sent = {**JSON_HEADERS, **headers}
        async with session.post(url, json=message, headers=sent) as answer:
            return answer.status


def wait_until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; else fail."""
    deadline = time.monotonic() + 20.0
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)


async def test_only_a_server_that_is_told_so_lets_its_clients_answer_questions(
    place: Place,
) -> None:
    async with over_http(place.start("--http", "0", "--allow-answers")) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        _, listed = await ask(client, "questions_list")
        is_error, refused = await ask(client, "question_answer", id="q-7", answer="allow")

    assert names >= {"questions_list", "question_answer"}
    assert listed == {"status": "ok", "questions": []}
    assert is_error
    assert "q-7" in refused["error"]
