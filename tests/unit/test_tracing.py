"""Tracing: one readable line for each thing that happens, without secrets, and within bounds."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace
from pathlib import Path

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import (
    Event,
    Finished,
    Queued,
    Replied,
    Steered,
    SteerMode,
    ToolStarted,
)
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.model import Finish
from parallel_agents.core.run import Outcome, RunStatus
from parallel_agents.core.task import Task
from parallel_agents.core.tool import Effect
from parallel_agents.core.usage import Usage
from parallel_agents.errors import ConfigError
from parallel_agents.secrets.known import KNOWN
from parallel_agents.settings import LOG_JSON_VARIABLE, LOG_VARIABLE
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


def json_lines(level: Level, *events: Event) -> list[dict[str, object]]:
    lines: list[str] = []
    with tracing(Trace(level, is_json=True), lines.append) as on_events:
        assert on_events is not None
        on_events(events)
        logging.getLogger("parallel_agents.app.notifying").warning("not notified of %s", "it")
    return [json.loads(line) for line in lines]


def test_a_line_of_json_has_the_ids_and_the_figures_of_what_happened() -> None:
    replied = Replied(
        turn=1,
        message=Message(Role.ASSISTANT, ()),
        model="p/m",
        finish=Finish.STOP,
        usage=Usage(10, 2, cache_read_tokens=5),
        cost_nanousd=None,
        seconds=1.23456,
    )

    line, end, warning = json_lines(
        Level.INFO, replace(event_of(TASK), body=replied), event_of(END)
    )

    assert line["time"] == "2026-02-25T06:13:20.500+00:00"
    assert {line[name] for name in ("agent", "session_key", "run_id")} == {"writer", KEY, "run"}
    assert (line["event"], line["model"], line["seconds"]) == ("replied", "p/m", 1.235)
    assert (line["input_tokens"], line["cost_usd"]) == (15, None)
    assert (end["status"], end["error_code"]) == ("done", None)
    assert (warning["event"], warning["level"]) == ("log", "warning")
    assert warning["message"] == "not notified of it"


def test_json_has_what_was_said_only_if_everything_is_asked_for() -> None:
    said = Steered(text="a secret plan", mode=SteerMode.NEXT, by="me")
    event = replace(event_of(TASK), body=said)

    brief, full = json_lines(Level.INFO, event)[0], json_lines(Level.DEBUG, event)[0]

    assert "text" not in brief
    assert full["text"] == "a secret plan"


def test_json_alone_asks_for_decisions_and_what_is_neither_yes_nor_no_is_refused() -> None:
    assert chosen_trace({LOG_JSON_VARIABLE: "1"}).level is Level.INFO
    assert not chosen_trace({LOG_JSON_VARIABLE: "0", LOG_VARIABLE: "info"}).is_json
    with pytest.raises(ConfigError, match=LOG_JSON_VARIABLE):
        chosen_trace({LOG_JSON_VARIABLE: "maybe"})
