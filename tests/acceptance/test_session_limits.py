"""The limits of a session, as a user of the command line sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parallel_agents.core.message import ToolCall
from parallel_agents.models.shapes import objects_at
from parallel_agents.sandbox.cgroup import writable_groups
from parallel_agents.testing.behaviour import Reply
from tests.integration.sandbox.machine import needs_sandbox

if TYPE_CHECKING:
    import pytest

    from parallel_agents.core.schema import JsonObject
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.provider import FakeProvider

pytestmark = needs_sandbox

BUILDER = """---
name: builder
description: Builds.
tools: [shell]
permissions: {allow: [shell]}
limits: {memory_megabytes: 100, output_megabytes: 25}
---
You build.
"""
PRINTS_A_GIGABYTE = "yes | head -c 1000000000"
TAKES_500_MEGABYTES = "head -c 524288000 /dev/zero | tail -c 524288000 | wc -c"


def work(
    pagents: Pagents,
    provider: FakeProvider,
    tmp_path_factory: pytest.TempPathFactory,
    command: str,
    calls: int,
) -> int:
    """Run the agent, whose model makes this call so often; the exit code."""
    (pagents.home / "agents").mkdir(mode=0o700, exist_ok=True)
    (pagents.home / "agents" / "builder.md").write_text(BUILDER)

    def answer(body: JsonObject) -> Reply:
        made = sum(message.get("role") == "tool" for message in objects_at(body, "messages"))
        return "Built." if made == calls else [ToolCall("c", "shell", {"command": command})]

    provider.answer = answer
    folder = tmp_path_factory.mktemp("project")
    return pagents("spawn", "builder", "Go.", "--wait", "--cwd", str(folder)).code


def test_a_command_that_takes_too_much_memory_is_told_and_the_run_goes_on(
    pagents: Pagents, provider: FakeProvider, tmp_path_factory: pytest.TempPathFactory
) -> None:
    code = work(pagents, provider, tmp_path_factory, TAKES_500_MEGABYTES, calls=1)

    shown, history = pagents("show", "@last"), pagents("history", "@last")
    whole = "100 MB of memory together" if writable_groups() else "100 MB of memory"
    assert code == 0
    assert "limits of its commands: 100 MB of memory, 25 MB of output" in shown.out + shown.err
    assert whole in history.out
    assert "limits.memory_megabytes" in shown.out


def test_an_agent_whose_commands_print_without_end_is_ended_and_loses_nothing(
    pagents: Pagents, provider: FakeProvider, tmp_path_factory: pytest.TempPathFactory
) -> None:
    code = work(pagents, provider, tmp_path_factory, PRINTS_A_GIGABYTE, calls=100)

    shown, health = pagents("show", "@last"), pagents("health")
    (item,) = pagents.items("show", "@last")
    assert code == 1
    assert "PA-E320" in shown.out
    assert item["model"] == "bench/good"
    assert "1 PA-E320" in health.out
    assert "hit a limit in 1 call: the command was ended" in health.out
