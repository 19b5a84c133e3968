"""Servers that are child processes: what they may do wrong, and what is left of them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from parallel_agents.core.tool import Access, Effect, EffectUnknown, ToolError
from parallel_agents.errors import McpServerFailed, MissingKey, ToolUnavailable
from parallel_agents.mcp_client.servers import McpServers, McpSurroundings
from tests.integration.mcp_client.servers import (
    CONTEXT,
    VARIABLES,
    agent,
    call,
    call_of,
    entry,
    offered,
    opened,
    tools_of,
)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().split(")")[-1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


async def gone(process: int) -> bool:
    async with asyncio.timeout(10):
        while is_alive(process):  # noqa: ASYNC110 - nothing tells of another's child
            await asyncio.sleep(0.02)
    return True


# What works


async def test_a_server_is_called_and_its_texts_are_the_result() -> None:
    async with opened(entry("ok")) as servers:
        assert await call(servers, "echo", text="tea 🍵") == "tea 🍵"
        assert await call(servers, "structured") == '{"a":[1,2]}'


async def test_sessions_share_one_process_that_starts_with_the_first_use() -> None:
    async with opened(entry("ok"), entry("exits", name="never")) as servers:
        told = await asyncio.gather(*(call(servers, "count") for _ in range(20)))

    assert len({each.split()[0] for each in told}) == 1
    assert sorted(int(each.split()[1]) for each in told) == list(range(1, 21))


async def test_an_agents_own_entry_is_another_server_of_that_name() -> None:
    async with opened(entry("ok")) as servers:
        own = await offered(servers, agent(servers=(entry("rubbish"),)))
        mine = own["mcp__one"]["mcp__one__count"]
        first = await mine.call({}, CONTEXT)

        assert first.split()[0] != (await call(servers, "count")).split()[0]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("mcp__one__echo",), {"mcp__one__echo"}),
        (("mcp__one__echo", "mcp__one__add"), {"mcp__one__echo", "mcp__one__add"}),
    ],
)
async def test_an_agent_gets_the_tools_that_it_names(
    names: tuple[str, ...], found: set[str]
) -> None:
    async with opened(entry("ok")) as servers:
        assert set(await tools_of(servers, *names)) == found


@pytest.mark.parametrize("name", ["mcp__one", "mcp__one__*"])
async def test_a_server_stands_for_all_its_tools(name: str) -> None:
    async with opened(entry("ok", disabled_tools=("c*",))) as servers:
        assert {"mcp__one__echo", "mcp__one__add", "mcp__one__fail"} < set(
            await tools_of(servers, name)
        )


async def test_no_hint_of_a_server_alone_makes_a_tool_harmless() -> None:
    async with opened(entry("ok"), entry("ok", name="two", trust_read_only=True)) as servers:
        tools = await tools_of(servers, "mcp__one__echo", "mcp__two__echo")

    one, two = tools["mcp__one__echo"].spec, tools["mcp__two__echo"].spec
    assert (one.access, one.effect) == (Access.RUN, Effect.ONCE)
    assert (two.access, two.effect) == (Access.READ, Effect.IDEMPOTENT)


async def test_a_list_that_changed_is_read_again_for_the_next_run() -> None:
    async with opened(entry("ok")) as servers:
        assert "mcp__one__later" not in await tools_of(servers, "mcp__one")
        await call(servers, "change")

        assert await call(servers, "echo", text="a") == "a"
        assert "mcp__one__later" in await tools_of(servers, "mcp__one")


# Surroundings


async def test_a_server_gets_few_variables_and_those_of_its_entry() -> None:
    server = entry("ok", env={"TOKEN": "${SECRET}", "PLAIN": "x", "WHOLE": "env:SECRET"})
    variables = {"PATH": os.environ["PATH"], "SECRET": "s3cr3t-v4lue", "OPENAI_API_KEY": "no"}

    async with opened(server, variables=variables) as servers:
        tool = (await tools_of(servers, "mcp__one__env"))["mcp__one__env"]
        seen = orjson.loads((await tool.call({}, CONTEXT)).encode())

    ours = {"LC_CTYPE", "PAGENTS_IN_RUN", "PAGENTS_SERVER"}
    assert seen.keys() - ours == {"PATH", "TERM", "TOKEN", "PLAIN", "WHOLE"}
    assert seen["PLAIN"] == "x"


async def test_what_came_from_a_variable_is_told_to_no_model() -> None:
    async with opened(entry("ok", env={"TOKEN": "${SECRET}"})) as servers:
        told = await call(servers, "env")
        with pytest.raises(EffectUnknown) as error:
            await call(servers, "crash")

    assert "s3cr3t-v4lue" not in told
    assert "[redacted:SECRET]" in told
    assert "token is [redacted:SECRET]" in str(error.value)


async def test_a_variable_that_is_not_set_is_named() -> None:
    async with opened(entry("ok", env={"TOKEN": "${NO_SUCH}"})) as servers:
        with pytest.raises(MissingKey, match=r"NO_SUCH is not set, and env.TOKEN"):
            await tools_of(servers, "mcp__one")


async def test_a_server_works_in_its_folder(tmp_path: Path) -> None:
    async with opened(entry("ok", cwd=str(tmp_path))) as servers:
        assert (await call(servers, "count")).endswith(str(tmp_path))


async def test_a_folder_of_an_entry_is_below_that_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    server = entry("ok", cwd="data")
    around = McpSurroundings(servers={"one": server}, variables=VARIABLES, folder=str(tmp_path))
    servers = McpServers(around)
    try:
        servers.check(server)
        assert (await call(servers, "count")).endswith(str(tmp_path / "data"))
    finally:
        await servers.aclose()


# What goes wrong at the start


@pytest.mark.parametrize(
    ("mode", "fields", "why"),
    [
        ("exits", {}, "it ended: exit code 3; it wrote: no token"),
        ("mute", {"start_timeout_seconds": 0.5}, "it did not answer within 0.5 s"),
        ("other", {"start_timeout_seconds": 0.5}, "it did not answer within 0.5 s"),
        ("refuses", {}, "it refused: licence expired"),
        ("ancient", {}, "Unsupported protocol version"),
        ("flood", {"start_timeout_seconds": 30}, "bytes that are not messages"),
        ("listless", {"start_timeout_seconds": 0.7}, "it did not list its tools in time"),
    ],
)
async def test_a_server_that_does_not_get_ready_is_told_with_what_it_did(
    mode: str, fields: dict[str, Any], why: str
) -> None:
    async with opened(entry(mode, **fields)) as servers:
        with pytest.raises(McpServerFailed) as error:
            await tools_of(servers, "mcp__one")

    assert error.value.message == "the MCP server one cannot be used"
    assert why in error.value.why


async def test_a_command_that_is_not_there_is_named() -> None:
    server = entry("ok")
    async with opened(type(server)(name="one", command="/no/such/program")) as servers:
        with pytest.raises(McpServerFailed) as error:
            await tools_of(servers, "mcp__one")

    assert "there is no /no/such/program" in error.value.why


async def test_a_tool_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    async with opened(entry("ok")) as servers:
        with pytest.raises(ToolUnavailable) as error:
            await tools_of(servers, "mcp__one__ecko")

    assert error.value.message == "there is no tool 'mcp__one__ecko'"
    assert error.value.hint == "did you mean 'mcp__one__echo'?"


async def test_a_server_that_keeps_failing_is_not_started_each_time() -> None:
    async with opened(entry("exits")) as servers:
        reasons: list[str] = []
        for _ in range(4):
            with pytest.raises(McpServerFailed) as error:
                await tools_of(servers, "mcp__one")
            reasons.append(error.value.why)

    assert reasons[:3] == ["it ended: exit code 3; it wrote: no token"] * 3


# What goes wrong in a call


async def test_rubbish_between_messages_is_passed_over() -> None:
    async with opened(entry("rubbish")) as servers:
        assert await call(servers, "echo", text="tea") == "tea"


RESULT = '"result":{"content":[{"type":"text","text":"TEXT"}]}'


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('{"jsonrpc":"2.0","id":$ID,' + RESULT.replace("TEXT", "a\\ud83cb") + "}", "a\ufffdb"),
        ('{"jsonrpc":"2.0","id":$ID.0,' + RESULT.replace("TEXT", "tea") + "}", "tea"),
        (
            '{"jsonrpc":"2.0","id":$ID,"result":{"structuredContent":{"wei":1' + "0" * 30 + "}}}",
            '{"wei":1' + "0" * 30 + "}",
        ),
    ],
    ids=["half a character", "a float as id", "a large number"],
)
async def test_an_odd_answer_is_read(line: str, told: str) -> None:
    async with opened(entry("ok", call_timeout_seconds=60)) as servers:
        assert await call(servers, "say", line=line) == told


@pytest.mark.parametrize(
    "line",
    [
        '{"jsonrpc":"2.0","id":$ID,"result":null}',
        '{"jsonrpc":"2.0","id":$ID,"result":[1]}',
        '{"jsonrpc":"2.0","id":$ID,"error":"no"}',
        '{"jsonrpc":"2.0","id":$ID}',
    ],
)
async def test_an_answer_that_is_not_valid_is_told_at_once(line: str) -> None:
    async with opened(entry("ok", call_timeout_seconds=60)) as servers:
        with pytest.raises(ToolError, match="not valid JSON-RPC"):
            await call(servers, "say", line=line)


async def test_a_server_that_asks_without_an_end_is_ended_and_others_go_on() -> None:
    async with opened(entry("ok"), entry("ok", "again", name="two")) as servers:
        with pytest.raises(EffectUnknown, match="without reading an answer"):
            await call(servers, "ask")
        assert await call_of(servers, "mcp__two__echo", {"text": "tea"}) == "tea"


async def test_an_error_of_a_tool_is_the_models_to_read() -> None:
    async with opened(entry("ok")) as servers:
        with pytest.raises(ToolError, match=r"^no such issue$"):
            await call(servers, "fail")


async def test_a_server_that_dies_leaves_the_effect_unknown_and_is_started_again() -> None:
    async with opened(entry("ok")) as servers:
        with pytest.raises(EffectUnknown) as error:
            await call(servers, "crash")

        told = str(error.value)
        assert "one ended during the call (exit code 7; it wrote: out of luck" in told
        assert "Whether the call had an effect is unknown" in told
        assert await call(servers, "echo", text="again") == "again"


async def test_all_calls_in_flight_at_a_death_are_told_and_it_is_started_once() -> None:
    async with opened(entry("ok")) as servers:
        tools = await tools_of(servers, "mcp__one__hang", "mcp__one__crash")
        hanging = [
            asyncio.create_task(tools["mcp__one__hang"].call({}, CONTEXT)) for _ in range(50)
        ]
        await asyncio.sleep(0)
        with pytest.raises(EffectUnknown):
            await tools["mcp__one__crash"].call({}, CONTEXT)
        told = await asyncio.gather(*hanging, return_exceptions=True)

        assert {type(each) for each in told} == {EffectUnknown}
        counted = await asyncio.gather(*(call(servers, "count") for _ in range(10)))
        assert len({each.split()[0] for each in counted}) == 1


async def test_a_call_that_only_reads_may_be_tried_again() -> None:
    async with opened(entry("ok", trust_read_only=True)) as servers:
        with pytest.raises(ToolError, match="only reads, so it may be tried again") as error:
            await call(servers, "crash")

    assert not isinstance(error.value, EffectUnknown)


async def test_a_slow_call_times_out_and_is_cancelled_at_the_server(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    async with opened(entry("noted", str(notes), call_timeout_seconds=0.3)) as servers:
        with pytest.raises(EffectUnknown, match=r"gave no result in 0.3 s"):
            await call(servers, "hang")
        assert await call(servers, "echo", text="next") == "next"

    sent = [orjson.loads(line) for line in notes.read_text().splitlines()]
    asked = next(each for each in sent if each.get("params", {}).get("name") == "hang")
    cancelled = [each for each in sent if each["method"] == "notifications/cancelled"]
    assert [each["params"]["requestId"] for each in cancelled] == [asked["id"]]


async def test_a_cancelled_call_is_cancelled_at_the_server(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    async with opened(entry("noted", str(notes))) as servers:
        tools = await tools_of(servers, "mcp__one__hang")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await tools["mcp__one__hang"].call({}, CONTEXT)
        await call(servers, "echo", text="next")

    assert "notifications/cancelled" in notes.read_text()


async def test_a_result_of_100_megabytes_is_cut_with_a_mark() -> None:
    async with opened(entry("ok")) as servers:
        told = await call(servers, "big", characters=100_000_000)

        assert told.startswith("[The result has 100,000,")
        assert "x" * 1000 in told
        assert len(told) < 1_000_000
        assert await call(servers, "echo", text="alive") == "alive"


# Lists


async def test_of_ten_thousand_tools_as_many_are_read_as_are_bearable() -> None:
    async with opened(entry("many")) as servers:
        connection = await servers.connection(entry("many"))
        listing = await connection.listing()
        offered = await tools_of(servers, "mcp__one")
        named = await tools_of(servers, "mcp__one__tool_999")

    assert len(listing.tools) == 1_000
    assert listing.problems == [
        "it has more than 1,000 tools; those after them are left out",
    ]
    assert len(offered) == 128
    assert set(named) == {"mcp__one__tool_999"}


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("circle", "does not end: a page names one before it as the next"),
        ("endless", "does not end: 100 pages have 0 tools"),
        ("huge", r"list of tools has 9,000,\d\d\d bytes on one page, more than the 8,000,000"),
    ],
)
async def test_a_list_that_cannot_be_read_to_its_end_is_told(mode: str, why: str) -> None:
    async with opened(entry(mode)) as servers:
        with pytest.raises(McpServerFailed, match="cannot be used") as failed:
            await tools_of(servers, "mcp__one")

    assert re.search(why, failed.value.why)


# The end


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the variables of a process")
async def test_what_it_started_in_a_session_of_its_own_ends_too() -> None:
    async with opened(entry("ok")) as servers:
        daemon = int(await call(servers, "daemon"))
        assert is_alive(daemon)

    assert not is_alive(daemon)


async def test_a_server_and_what_it_started_end_with_the_process() -> None:
    async with opened(entry("ok")) as servers:
        left = int(await call(servers, "leave"))
        server = int((await call(servers, "count")).split()[0])
        assert is_alive(left)

    assert await gone(server)
    assert await gone(left)


async def test_a_server_that_ignores_its_end_is_killed() -> None:
    async with opened(entry("stubborn")) as servers:
        server = int((await call(servers, "count")).split()[0])
        began = time.monotonic()

    assert await gone(server)
    assert time.monotonic() - began < 8


async def test_a_server_that_was_killed_while_idle_is_started_again() -> None:
    async with opened(entry("ok")) as servers:
        first = int((await call(servers, "count")).split()[0])
        connection = await servers.connection(entry("ok"))
        os.kill(first, signal.SIGKILL)
        await connection.wait_ended()

        assert int((await call(servers, "count")).split()[0]) != first
