"""Servers that nobody here wrote, from npm, serve our agents: filesystem and everything."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.tool import ToolError
from tests.integration.mcp_client.servers import VARIABLES, call_of, opened, tools_of

FromNpm = Callable[[str, str], Path]

EVERYTHING = "@modelcontextprotocol/server-everything@2026.8.31"
FILES = "@modelcontextprotocol/server-filesystem@2026.8.31"

TOLD: Mapping[str, tuple[Mapping[str, object], str]] = {
    "echo": ({"message": "tea 🍵"}, "Echo: tea 🍵"),
    "get-sum": ({"a": 2, "b": 40}, "The sum of 2 and 40 is 42."),
    "get-tiny-image": ({}, "[image image/png, 4,035 bytes, which is not shown]"),
    "get-structured-content": ({"location": "Chicago"}, '"temperature"'),
    "get-resource-links": ({"count": 2}, "[link "),
    "get-resource-reference": (
        {"resourceType": "Text", "resourceId": 1},
        "[resource demo://resource/dynamic/text/1",
    ),
    "trigger-long-running-operation": ({"duration": 1, "steps": 2}, "completed"),
}

# The first to use a server may have to fetch it.
pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]


@pytest.fixture
def everything(from_npm: FromNpm) -> McpServer:
    command = str(from_npm(EVERYTHING, "mcp-server-everything"))
    return McpServer(name="every", command=command, args=("stdio",))


@pytest.fixture
def files(from_npm: FromNpm, tmp_path: Path) -> McpServer:
    (tmp_path / "tea.txt").write_text("Oolong.\n")
    command = str(from_npm(FILES, "mcp-server-filesystem"))
    return McpServer(name="files", command=command, args=(str(tmp_path),), trust_read_only=True)


async def test_files_are_read_and_written_below_the_folder(
    files: McpServer, tmp_path: Path
) -> None:
    tea, new = str(tmp_path / "tea.txt"), str(tmp_path / "new.txt")
    async with opened(files) as servers:
        read = await call_of(servers, "mcp__files__read_text_file", {"path": tea})
        await call_of(servers, "mcp__files__write_file", {"path": new, "content": "Green.\n"})
        with pytest.raises(ToolError, match="Access denied"):
            await call_of(servers, "mcp__files__read_text_file", {"path": "/etc/passwd"})

    assert "Oolong." in read
    assert (tmp_path / "new.txt").read_text() == "Green.\n"


async def test_what_files_says_of_its_tools_decides_their_access_if_it_is_believed(
    files: McpServer,
) -> None:
    async with opened(files) as servers:
        tools = await tools_of(servers, "mcp__files")

    accesses = {name.rpartition("__")[2]: str(tool.spec.access) for name, tool in tools.items()}
    assert accesses["read_text_file"] == "read"
    assert accesses["write_file"] == "run"
    assert accesses["edit_file"] == "run"


async def test_everything_is_called_and_told(everything: McpServer) -> None:
    async with opened(everything) as servers:
        told = {
            tool: await call_of(servers, f"mcp__every__{tool}", arguments)
            for tool, (arguments, _) in TOLD.items()
        }

    for tool, (_, expected) in TOLD.items():
        assert expected in told[tool]


async def test_200_calls_at_once_share_one_server(everything: McpServer) -> None:
    async with opened(everything) as servers:
        tools = await tools_of(servers, "mcp__every__echo")
        began = time.monotonic()
        told = await asyncio.gather(
            *(
                call_of(servers, "mcp__every__echo", {"message": str(number)})
                for number in range(200)
            )
        )

    assert told == [f"Echo: {number}" for number in range(200)]
    assert set(tools) == {"mcp__every__echo"}
    assert time.monotonic() - began < 10


async def test_everything_is_called_over_streamable_http(from_npm: FromNpm) -> None:
    command = from_npm(EVERYTHING, "mcp-server-everything")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        shutil.which("node") or "node",
        str(command.resolve()),
        "streamableHttp",
        env={**VARIABLES, "PORT": str(port), "HOME": os.environ.get("HOME", "/")},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(30):
            while b"listening" not in await process.stderr.readline():
                continue
        server = McpServer(name="every", url=f"http://127.0.0.1:{port}/mcp")
        async with opened(server) as servers:
            told = await asyncio.gather(
                *(
                    call_of(servers, "mcp__every__echo", {"message": str(number)})
                    for number in range(50)
                )
            )
    finally:
        process.kill()
        await process.communicate()

    assert told == [f"Echo: {number}" for number in range(50)]
