"""Each call that the orchestration guide shows is made through the tools, and answered as it should.

`guide/2-calls.txt` has them all, in order and as published: nearly YAML, in JavaScript's clothes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from parallel_agents.core.schema import JsonObject
from parallel_agents.session_tools.context import Requester
from parallel_agents.testing import RepliesWith, open_rig

TEXT = (Path(__file__).parent / "guide" / "2-calls.txt").read_text("utf-8")
MODELS = ("bench/good", "anthropic/claude-haiku-4", "anthropic/claude-sonnet-4-5")
# What the guide's loops give their variables.
NAMES = {"task": "competitor-1", "doc": "report.md"}
_CALL = re.compile(r"(\w+)\((.*)\)", re.DOTALL)
_STRINGIFY = re.compile(r"JSON\.stringify\((\{.*?\})\)")
_COMMENT = re.compile(r"(?<=[\d\",]) # .*$", re.MULTILINE)

NO_SESSION = "No session found: "
NO_AGENT = "not found. "
# Words of a call that is refused, and of the refusal. All others are carried out.
REFUSED = {
    "thread: true": "thread=true is unavailable",
    'agentId: "readonly-agent"': NO_AGENT,
    'cwd: "/custom/workspace/path"': "cwd: the folder /custom/workspace/path cannot be used",
    'agentId: "research-specialist"': NO_AGENT,
    'agentId: "admin-agent"': NO_AGENT,
    'sessionKey: "deep-analysis-agent"': NO_SESSION,
    'sessionKey: "human-review-queue"': NO_SESSION,
    'sessionKey: "main-agent-session"': NO_SESSION,
    'sessionKey: "writer-agent"': NO_SESSION,
    'sessionKey: "my-agent-label"': NO_SESSION,
    'sessionKey: "..."': NO_SESSION,
    'sessionKey: "agent-a"': NO_SESSION,
    'sessionKey: "agent-b"': NO_SESSION,
    'target: "my-agent-label"': "Unknown subagent target: my-agent-label",
    'target: "runaway-agent"': "Unknown subagent target: runaway-agent",
}
CARRIED_OUT = {
    "sessions_spawn": "accepted",
    "sessions_send": "ok",
    "subagents": "ok",
    "sessions_history": "done",
    "sessions_list": None,
}


class Call(NamedTuple):
    """A call as it is written, its tool, and its arguments."""

    text: str
    tool: str
    arguments: JsonObject

    @property
    def refusal(self) -> str | None:
        found = [words for part, words in REFUSED.items() if part in self.text]
        return found[0] if found else None


def parse(text: str) -> list[Call]:
    """The calls of a text; an empty line is between them."""
    found = [_CALL.fullmatch(written) for written in text.strip().split("\n\n")]
    return [Call(m[0], m[1], arguments(m[2])) for m in found if m]


def arguments(written: str) -> dict[str, Any]:
    """The object of a call; a name alone stands for its value."""
    plain = _COMMENT.sub("", written)
    plain = _STRINGIFY.sub(lambda m: json.dumps(json.dumps(yaml.safe_load(m[1]))), plain)
    plain = re.sub(r"`([^`]*)`", lambda m: json.dumps(m[1].replace("${", "{")), plain)
    found = yaml.safe_load(plain.replace('f"', '"'))
    return {name: filled(name, value) for name, value in found.items()}


def filled(name: str, value: object) -> object:
    if value is None:
        return NAMES[name]
    if isinstance(value, str):
        for known, meant in NAMES.items():
            value = value.replace(f"{{{known}}}", meant)
    return value


CALLS = parse(TEXT)


def test_all_calls_of_the_guide_are_read() -> None:
    tools = [call.tool for call in CALLS]

    assert TEXT.count("({") == len(CALLS) + TEXT.count("stringify({") == 68
    assert {tool: tools.count(tool) for tool in sorted(set(tools))} == {
        "sessions_history": 5,
        "sessions_list": 3,
        "sessions_send": 9,
        "sessions_spawn": 43,
        "subagents": 7,
    }


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('{ task: "..." }', {"task": "..."}),
        ("{ task }", {"task": "competitor-1"}),
        ("{\ntask: `Analyze ${task} now`,\nmode: \"run\"\n}", {"task": "Analyze competitor-1 now", "mode": "run"}),
        ('{ task: f"Read {doc}" }', {"task": "Read report.md"}),
        ('{ timeoutSeconds: 300 # Kill it\n}', {"timeoutSeconds": 300}),
        ('{ message: JSON.stringify({ research: "..." }) }', {"message": '{"research": "..."}'}),
        ('{ message: "Store: { taskId: \'xyz\' }" }', {"message": "Store: { taskId: 'xyz' }"}),
    ],
)  # fmt: skip
def test_the_guides_way_of_writing_is_understood(written: str, meant: object) -> None:
    assert arguments(written) == meant


@pytest.mark.virtual_time
async def test_every_call_of_the_guide_is_answered_as_it_should_be() -> None:
    models = [RepliesWith(lambda _: "It is done.", name) for name in MODELS]
    async with open_rig(*models) as rig:
        answers: list[JsonObject] = []
        for call in CALLS:
            answer = await rig.session_tools.call(call.tool, call.arguments, Requester())
            answers.append(answer)
            # The guide waits for those that it has spawned before it goes on.
            await rig.engine.wait_idle()

    for call, answer in zip(CALLS, answers, strict=True):
        if call.refusal is None:
            assert answer.get("status") == CARRIED_OUT[call.tool], (call.text, answer)
        else:
            assert answer["status"] == "error", (call.text, answer)
            assert call.refusal in str(answer["error"]), (call.text, answer)


@pytest.mark.virtual_time
async def test_what_the_calls_asked_for_is_what_was_done() -> None:
    models = [RepliesWith(lambda _: "It is done.", name) for name in MODELS]
    async with open_rig(*models) as rig:
        spawned: list[JsonObject] = []
        for call in CALLS:
            answer = await rig.session_tools.call(call.tool, call.arguments, Requester())
            if answer.get("status") == "accepted":
                key = str(answer["childSessionKey"])
                row = await rig.service.find(key)
                spawned.append({"call": call.arguments, "answer": answer, "row": str(row)})
            await rig.engine.wait_idle()

    for item in spawned:
        asked, answer = item["call"], item["answer"]
        assert isinstance(asked, dict)
        assert isinstance(answer, dict)
        model = f"{answer['resolvedProvider']}/{answer['resolvedModel']}"
        assert model == asked.get("model", "bench/good")
        assert answer["mode"] == asked.get("mode", "run")
        assert str(asked.get("label", "")) in str(item["row"])
        assert str(asked["task"]) in str(item["row"])
