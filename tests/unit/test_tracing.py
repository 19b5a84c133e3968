"""Tracing: one readable line for each thing that happens, without secrets, and within bounds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Event, Finished, Queued, ToolStarted
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.message import ToolCall
from parallel_agents.core.run import Outcome, RunStatus
from parallel_agents.core.task import Task
from parallel_agents.core.tool import Effect
from parallel_agents.errors import ConfigError
from parallel_agents.secrets.known import KNOWN
from parallel_agents.testing import RepliesWith, open_rig
from parallel_agents.tracing import Level, Trace, chosen_trace, line_of, tracing

KEY = SessionKey("agent:writer:subagent:9d2c41f0-0000-4000-8000-000000000000")
TASK = Queued(text="Write about tea.\nIn two lines.")
CALL = ToolStarted(turn=1, call=ToolCall("c", "look", {}), effect=Effect.PURE, number=1)
END = Finished(outcome=Outcome(status=RunStatus.DONE))


def event_of(body: Queued | ToolStarted | Finished) -> Event:
    return Event(1, 1_772_000_000.5, KEY, RunId("run"), "key", body)


def traced_with(level: Level, *bodies: Queued | ToolStarted | Finished) -> list[str]:
    lines: list[str] = []
    with tracing(Trace(level), lines.append) as on_events:
        if on_events is not None:
            on_events([event_of(body) for body in bodies])
    return lines


def test_a_line_has_the_time_the_run_and_what_happened() -> None:
    line = line_of(event_of(TASK), with_text=True)

    assert re.fullmatch(
        r"\d\d:\d\d:\d\d\.500  writer 9d2c41f0  task: Write about tea. In two lines.", line
    )


def test_info_has_decisions_and_debug_everything() -> None:
    assert len(traced_with(Level.INFO, TASK, CALL, END)) == 2
    assert len(traced_with(Level.DEBUG, TASK, CALL, END)) == 3
    assert traced_with(Level.OFF, TASK, CALL, END) == []


def test_a_secret_is_in_no_line() -> None:
    KNOWN.add("sk-trace-0123456789abcdef", "TRACE_KEY")

    (line,) = traced_with(Level.DEBUG, Queued(text="use sk-trace-0123456789abcdef"))

    assert "sk-trace" not in line


def test_what_an_agent_writes_cannot_make_a_line_of_its_own() -> None:
    (line,) = traced_with(
        Level.DEBUG, Queued(text="a\n12:00:00.000  writer  done\x1b[2J" + "x" * 9_000)
    )

    assert "\n" not in line
    assert "\x1b" not in line
    assert len(line) < 400


def test_a_file_is_private_and_ends_at_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "trace.log"

    with tracing(Trace(Level.DEBUG, path, most_bytes=300), print) as on_events:
        assert on_events is not None
        on_events([event_of(TASK)] * 50)

    content = path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert content.endswith("the log ends here, at 300 B\n")
    assert len(content) < 500


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match="cannot be written"),
        tracing(Trace(Level.INFO, tmp_path), print),
    ):
        pass


def test_the_environment_chooses_and_a_file_alone_asks_for_everything() -> None:
    assert chosen_trace({}) == Trace(Level.OFF)
    assert chosen_trace({"PARALLEL_AGENTS_LOG": "INFO"}) == Trace(Level.INFO)
    assert chosen_trace({"PARALLEL_AGENTS_LOG_FILE": "x"}) == Trace(Level.DEBUG, Path("x"))
    with pytest.raises(ConfigError, match="PARALLEL_AGENTS_LOG"):
        chosen_trace({"PARALLEL_AGENTS_LOG": "loud"})


async def test_each_request_of_this_process_is_a_line() -> None:
    lines: list[str] = []
    agent = Agent(name="writer", description="", instructions="Write.")
    with tracing(Trace(Level.DEBUG), lines.append):
        async with open_rig(RepliesWith(lambda _: "Yes."), agents=[agent]) as rig:
            await (await rig.sessions.spawn(Task("writer", "Go."))).wait()

    assert any("turn 1 asks scripted/" in line and "writer" in line for line in lines)
