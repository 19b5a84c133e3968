"""`sessions_spawn`: for each parameter, alias and refusal of both generations a case."""

from __future__ import annotations

import pytest

from tests.unit.session_tools.contract import (
    ACCEPTED,
    AGENT,
    Case,
    Fields,
    check,
    refused,
    words,
)
from tests.unit.session_tools.world import World, in_world

SPAWN = [
    Case("a task is enough", {"task": "Write."}, ACCEPTED),
    Case("a blank task is refused", {"task": "  "}, refused("task required")),
    Case("no task is refused", {}, refused("task required")),
    Case("a task that is no text is refused", {"task": 1}, refused("task must be a string")),
    Case("taskName", {"task": "x", "taskName": "part-1"}, {**ACCEPTED, "taskName": "part-1"}),
    Case("task_name", {"task": "x", "task_name": "part"}, {"taskName": "part"}),
    Case(
        "a taskName of another form",
        {"task": "x", "taskName": "Part 1"},
        refused('Invalid taskName "Part 1". Use 1-64 chars matching [a-z][a-z0-9_-]*.'),
    ),
    Case(
        "a reserved taskName",
        {"task": "x", "taskName": "last"},
        refused("Reserved subagent targets cannot be used as taskName values."),
    ),
    Case("label", {"task": "x", "label": "research"}, ACCEPTED),
    Case("a label that is too long", {"task": "x", "label": "l" * 513}, refused("label has 513")),
    Case("runtime subagent", {"task": "x", "runtime": "subagent"}, ACCEPTED),
    Case(
        "runtime acp",
        {"task": "x", "runtime": "acp"},
        refused('runtime="acp" is unavailable because no ACP runtime backend is loaded'),
    ),
    Case("another runtime", {"task": "x", "runtime": "foo"}, refused('Invalid runtime "foo"')),
    Case(
        "agentId", {"task": "x", "agentId": "writer"}, {"childSessionKey": words("agent:writer:")}
    ),
    Case("agent_id", {"task": "x", "agent_id": "writer"}, {"childSessionKey": words(":writer:")}),
    Case("no agentId", {"task": "x"}, {"childSessionKey": words("agent:main:subagent:")}),
    Case(
        "an agentId that nobody has",
        {"task": "x", "agentId": "ghost"},
        refused('Agent "ghost" not found', role="ghost"),
    ),
    Case(
        "an agentId of another form",
        {"task": "x", "agentId": "No Name"},
        refused("Invalid agentId", role="No Name"),
    ),
    Case("model", {"task": "x", "model": "scripted/model"}, {"resolvedModel": "model"}),
    Case(
        "a model that nobody has",
        {"task": "x", "model": "nowhere/y"},
        refused('sessions_spawn model "nowhere/y" is not usable'),
    ),
    Case("thinking", {"task": "x", "thinking": "high"}, ACCEPTED),
    Case(
        "another level of thinking",
        {"task": "x", "thinking": "mega"},
        refused('Invalid thinking level "mega". Use one of: off, minimal, low, medium, high.'),
    ),
    Case("runTimeoutSeconds", {"task": "x", "runTimeoutSeconds": 90}, ACCEPTED),
    Case("run_timeout_seconds in quotes", {"task": "x", "run_timeout_seconds": "90"}, ACCEPTED),
    Case("runTimeoutSeconds 0 is none", {"task": "x", "runTimeoutSeconds": 0}, ACCEPTED),
    Case("timeoutSeconds is the same", {"task": "x", "timeoutSeconds": 90}, ACCEPTED),
    Case("timeout is the same", {"task": "x", "timeout": 600}, ACCEPTED),
    Case(
        "a time before the beginning",
        {"task": "x", "runTimeoutSeconds": -1},
        refused("runTimeoutSeconds must be a non-negative integer"),
    ),
    Case("cwd is not looked for", {"task": "x", "cwd": "/nowhere"}, ACCEPTED),
    Case("thread false", {"task": "x", "thread": False}, ACCEPTED),
    Case("thread true", {"task": "x", "thread": True}, refused("thread=true is unavailable")),
    Case("mode run", {"task": "x", "mode": "run"}, ACCEPTED),
    Case("mode session needs no thread", {"task": "x", "mode": "session"}, {"mode": "session"}),
    Case("another mode", {"task": "x", "mode": "for ever"}, refused("Invalid mode")),
    Case("cleanup keep", {"task": "x", "cleanup": "keep"}, ACCEPTED),
    Case("cleanup delete", {"task": "x", "cleanup": "delete"}, ACCEPTED),
    Case("another cleanup", {"task": "x", "cleanup": "archive"}, refused("Invalid cleanup")),
    Case("sandbox inherit", {"task": "x", "sandbox": "inherit"}, ACCEPTED),
    Case(
        "sandbox require",
        {"task": "x", "sandbox": "require"},
        refused('sandbox="require" needs a sandboxed target runtime', "forbidden"),
    ),
    Case("context isolated", {"task": "x", "context": "isolated"}, ACCEPTED),
    Case(
        "a fork of nothing",
        {"task": "x", "context": "fork"},
        refused('context="fork" requested but the requester session transcript is not available'),
    ),
    Case("lightContext", {"task": "x", "lightContext": True}, ACCEPTED),
    Case("fastMode", {"task": "x", "fastMode": "auto"}, ACCEPTED),
    Case(
        "expectsCompletionMessage false",
        {"task": "x", "expectsCompletionMessage": False},
        {"expectsCompletionMessage": False, "note": words("Quiet")},
    ),
    Case("completionTarget", {"task": "x", "completionTarget": "parent"}, ACCEPTED),
    Case(
        "collect",
        {"task": "x", "collect": True, "groupId": "g"},
        {"status": "accepted", "sessionKey": AGENT, "expectsCompletionMessage": False},
    ),
    Case("groupId alone", {"task": "x", "groupId": "g"}, refused("groupId requires collect=true")),
    Case("outputSchema", {"task": "x", "outputSchema": {"type": "object"}}, ACCEPTED),
    Case("outputSchema as JSON", {"task": "x", "outputSchema": '{"type": "object"}'}, ACCEPTED),
    Case(
        "an outputSchema that is none",
        {"task": "x", "outputSchema": {"type": "thing"}},
        refused("outputSchema is not a JSON Schema"),
    ),
    Case("visible", {"task": "x", "visible": True}, refused("visible=true is unavailable")),
    *(
        Case(
            f"{name} goes with visible",
            {"task": "x", name: "y"},
            refused(f"Parameters require visible=true: {name}"),
        )
        for name in (
            "group",
            "projectId",
            "projectGitUrl",
            "worktree",
            "worktreeName",
            "worktreeBaseRef",
            "placement",
        )
    ),
    Case(
        "attachments",
        {"task": "x", "attachments": [{"name": "a.txt", "content": "text", "encoding": "utf8"}]},
        ACCEPTED,
    ),
    Case(
        "an attachment in base64",
        {"task": "x", "attachments": [{"name": "a", "content": "dGV4dA==", "encoding": "base64"}]},
        ACCEPTED,
    ),
    Case(
        "an attachment that is no text",
        {"task": "x", "attachments": [{"name": "a", "content": "/9j/", "encoding": "base64"}]},
        refused('attachment "a" is not text'),
    ),
    Case(
        "too many attachments",
        {"task": "x", "attachments": [{"name": "a", "content": "b"}] * 51},
        refused("51 attachments; at most 50"),
    ),
    Case(
        "an attachment that is too large",
        {"task": "x", "attachments": [{"name": "a", "content": "b" * 1_000_001}]},
        refused('attachment "a" is too large'),
    ),
    Case("attachAs", {"task": "x", "attachAs": {"mountPath": "in"}}, ACCEPTED),
    Case("resumeSessionId is of acp", {"task": "x", "resumeSessionId": "y"}, ACCEPTED),
    Case("streamTo is of acp", {"task": "x", "streamTo": "parent"}, ACCEPTED),
    *(
        Case(
            f"{name} is of channels",
            {"task": "x", name: "y"},
            refused(f'sessions_spawn does not support "{name}"'),
        )
        for name in ("target", "channel", "to", "threadId", "replyTo", "transport")
    ),
    Case("what nobody knows is ignored", {"task": "x", "colour": "red"}, ACCEPTED),
]


@pytest.mark.parametrize("case", SPAWN, ids=lambda case: case.what)
def test_sessions_spawn(case: Case) -> None:
    async def play(world: World) -> tuple[Fields, int]:
        answered = await world.call("sessions_spawn", case.given)
        return answered, len(await world.rig.service.list())

    answered, count = in_world(play)

    check(answered, case.answer)
    assert count == (answered["status"] == "accepted"), "what is refused does not reach the store"
