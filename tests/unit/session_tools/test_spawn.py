"""`sessions_spawn`: a case for each parameter, alias and refusal of both generations."""

from __future__ import annotations

import base64

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.message import ToolCall
from parallel_agents.core.model import Capabilities, ModelRequest
from parallel_agents.core.policy import Policy
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.task import Task
from parallel_agents.session_tools.context import Requester
from parallel_agents.testing import Answer, RepliesWith, open_rig
from tests.unit.models.images import png
from tests.unit.session_tools.contract import (
    AGENT,
    ANY,
    RUN,
    Case,
    Fields,
    check,
    containing,
    refused,
)
from tests.unit.session_tools.world import open_world

ACCEPTED: Fields = {
    "status": "accepted",
    "childSessionKey": AGENT,
    "runId": RUN,
    "mode": "run",
    "note": ANY,
    "modelApplied": True,
    "expectsCompletionMessage": True,
    "context": "isolated",
    "resolvedModel": "model",
    "resolvedProvider": "scripted",
}

IMAGE = base64.b64encode(png()).decode()
CASES = [
    Case("a task is enough", {"task": "Write."}, ACCEPTED),
    Case("a blank task is refused", {"task": "  "}, refused("task required")),
    Case("no task is refused", {}, refused("task required")),
    Case("a task of another type is refused", {"task": 1}, refused("task must be a string")),
    Case("taskName", {"task": "x", "taskName": "part-1"}, {**ACCEPTED, "taskName": "part-1"}),
    Case("task_name", {"task": "x", "task_name": "part"}, {"taskName": "part"}),
    Case(
        "an invalid taskName",
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
    Case("an unknown runtime", {"task": "x", "runtime": "foo"}, refused('Invalid runtime "foo"')),
    Case(
        "agentId",
        {"task": "x", "agentId": "writer"},
        {"childSessionKey": containing("agent:writer:")},
    ),
    Case(
        "agent_id", {"task": "x", "agent_id": "writer"}, {"childSessionKey": containing(":writer:")}
    ),
    Case("no agentId", {"task": "x"}, {"childSessionKey": containing("agent:main:subagent:")}),
    Case(
        "an unknown agentId",
        {"task": "x", "agentId": "ghost"},
        refused('Agent "ghost" not found', role="ghost"),
    ),
    Case(
        "an invalid agentId",
        {"task": "x", "agentId": "No Name"},
        refused("Invalid agentId", role="No Name"),
    ),
    Case("model", {"task": "x", "model": "scripted/model"}, {"resolvedModel": "model"}),
    Case(
        "an unknown model",
        {"task": "x", "model": "nowhere/y"},
        refused('sessions_spawn model "nowhere/y" is not usable'),
    ),
    Case("thinking", {"task": "x", "thinking": "high"}, ACCEPTED),
    Case(
        "an unknown level of thinking",
        {"task": "x", "thinking": "mega"},
        refused('Invalid thinking level "mega". Use one of: off, minimal, low, medium, high.'),
    ),
    Case("runTimeoutSeconds", {"task": "x", "runTimeoutSeconds": 90}, ACCEPTED),
    Case("run_timeout_seconds in quotes", {"task": "x", "run_timeout_seconds": "90"}, ACCEPTED),
    Case("runTimeoutSeconds 0 is no limit", {"task": "x", "runTimeoutSeconds": 0}, ACCEPTED),
    Case("timeoutSeconds is the same", {"task": "x", "timeoutSeconds": 90}, ACCEPTED),
    Case("timeout is the same", {"task": "x", "timeout": 600}, ACCEPTED),
    Case(
        "a negative time limit",
        {"task": "x", "runTimeoutSeconds": -1},
        refused("runTimeoutSeconds must be a non-negative integer"),
    ),
    Case("agentID", {"task": "x", "agentID": "ghost"}, refused('Agent "ghost" not found')),
    Case("agent_type", {"task": "x", "agent_type": "ghost"}, refused('Agent "ghost" not found')),
    Case(
        "RunTimeout-Seconds",
        {"task": "x", "RunTimeout-Seconds": -1},
        refused("runTimeoutSeconds must be"),
    ),
    Case("agentIds", {"task": "x", "agentIds": "ghost"}, refused("did you mean agentId?")),
    Case(
        "names that nobody knows",
        {"task": "x", "colour": "red", "priority": 1},
        {**ACCEPTED, "ignored": ["colour", "priority"], "note": containing("Without effect")},
    ),
    Case("cwd", {"task": "x", "cwd": "/"}, ACCEPTED),
    Case(
        "a cwd that is not there",
        {"task": "x", "cwd": "/nowhere"},
        refused("cwd: the folder /nowhere cannot"),
    ),
    Case("a cwd that is a file", {"task": "x", "cwd": __file__}, refused("is not a folder")),
    Case(
        "a relative cwd below nothing", {"task": "x", "cwd": "here"}, refused("name a whole path")
    ),
    Case("thread false", {"task": "x", "thread": False}, ACCEPTED),
    Case("thread true", {"task": "x", "thread": True}, refused("thread=true is unavailable")),
    Case("mode run", {"task": "x", "mode": "run"}, ACCEPTED),
    Case("mode session needs no thread", {"task": "x", "mode": "session"}, {"mode": "session"}),
    Case("an unknown mode", {"task": "x", "mode": "for ever"}, refused("Invalid mode")),
    Case("cleanup keep", {"task": "x", "cleanup": "keep"}, ACCEPTED),
    Case("cleanup delete", {"task": "x", "cleanup": "delete"}, ACCEPTED),
    Case("an unknown cleanup", {"task": "x", "cleanup": "archive"}, refused("Invalid cleanup")),
    Case("sandbox inherit", {"task": "x", "sandbox": "inherit"}, ACCEPTED),
    Case("sandbox require", {"task": "x", "sandbox": "require"}, ACCEPTED),
    Case("sandbox off", {"task": "x", "sandbox": "off"}, refused("Invalid sandbox")),
    Case("context isolated", {"task": "x", "context": "isolated"}, ACCEPTED),
    Case(
        "a fork without a session",
        {"task": "x", "context": "fork"},
        refused('context="fork" requested but the requester session transcript is not available'),
    ),
    Case("lightContext", {"task": "x", "lightContext": True}, ACCEPTED),
    Case("fastMode", {"task": "x", "fastMode": "auto"}, ACCEPTED),
    Case(
        "expectsCompletionMessage false",
        {"task": "x", "expectsCompletionMessage": False},
        {"expectsCompletionMessage": False, "note": containing("Quiet")},
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
        "an invalid outputSchema",
        {"task": "x", "outputSchema": {"type": "thing"}},
        refused("outputSchema is not a JSON Schema"),
    ),
    Case("visible", {"task": "x", "visible": True}, refused("visible=true is unavailable")),
    *(
        Case(
            f"{name} needs visible",
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
        "a binary attachment",
        {"task": "x", "attachments": [{"name": "a", "content": "/9j/", "encoding": "base64"}]},
        refused("the image 'a' is damaged or cut off"),
    ),
    Case(
        "an image for a model that is not known to see",
        {"task": "x", "attachments": [{"name": "a", "content": IMAGE, "encoding": "base64"}]},
        refused("it is not known whether scripted/model sees images, such as a"),
    ),
    Case(
        "an attachment that is not base64",
        {"task": "x", "attachments": [{"name": "a", "content": "?", "encoding": "base64"}]},
        refused('attachment "a" is not base64'),
    ),
    Case(
        "an attachment of another kind",
        {"task": "x", "attachments": [{"name": "a", "content": "gAA=", "encoding": "base64"}]},
        refused('attachment "a" is neither text nor an image'),
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
    Case("resumeSessionId is for acp", {"task": "x", "resumeSessionId": "y"}, ACCEPTED),
    Case("streamTo is for acp", {"task": "x", "streamTo": "parent"}, ACCEPTED),
    *(
        Case(
            f"{name} is for channels",
            {"task": "x", name: "y"},
            refused(f'sessions_spawn does not support "{name}"'),
        )
        for name in ("target", "channel", "to", "threadId", "replyTo", "transport")
    ),
    Case("an unknown parameter is ignored", {"task": "x", "colour": "red"}, ACCEPTED),
]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_sessions_spawn(case: Case) -> None:
    async with open_world() as world:
        answer = await world.call("sessions_spawn", case.arguments)
        count = len(await world.rig.service.list())

    check(answer, case.answer)
    assert count == (answer["status"] == "accepted"), "a refused spawn does not reach the store"


async def under(policy: Policy, depth: int, children: int) -> Fields:
    """The answer to one more spawn by a session at a depth with so many live children."""
    lead = Agent(name="boss", description="Leads.", instructions="Lead.", policy=policy)

    async with open_world(agents=[lead]) as world:
        by = Requester()
        for _ in range(depth + 1):
            spawned = await world.spawn(by, agentId=lead.name)
            by = Requester(session=SessionKey(spawned["childSessionKey"]))
        for _ in range(children):
            await world.spawn(by, agentId=lead.name)
        return await world.call("sessions_spawn", {"task": "x", "agentId": lead.name}, by)


@pytest.mark.parametrize(
    ("policy", "depth", "children", "error"),
    [
        (
            Policy(spawns=("boss",), max_depth=1),
            1,
            0,
            "sessions_spawn is not allowed at this depth (current depth: 1, max: 1)",
        ),
        (
            Policy(spawns=("boss",), max_children=2),
            0,
            2,
            "sessions_spawn has reached max active children for this session (2/2; max_children).",
        ),
        (
            Policy(spawns=("boss",), max_total=3),
            0,
            2,
            "sessions_spawn has reached max sessions for this session tree "
            "(3/3; max_tree_sessions).",
        ),
    ],
    ids=["depth", "children", "tree"],
)
async def test_a_bound_is_refused_in_the_words_of_the_contract(
    policy: Policy, depth: int, children: int, error: str
) -> None:
    answer = await under(policy, depth, children)

    assert answer["status"] == "forbidden"
    assert answer["error"] == error
    assert answer["hint"]


async def test_a_fork_of_another_agent_is_refused_in_the_words_of_the_contract() -> None:
    async with open_world() as world:
        lead = await world.requester()
        answer = await world.call("sessions_spawn", FORK, lead)

    assert answer["status"] == "error"
    assert answer["error"] == (
        'context="fork" requested but the requester session transcript is not available'
    )


FORK = {"task": "x", "agentId": "writer", "context": "fork"}


async def test_a_child_is_shown_an_image_that_its_parent_attaches() -> None:
    attachments = [
        {"name": "chart.txt", "content": IMAGE, "encoding": "base64"},
        {"name": "a.txt", "content": "text"},
    ]
    arguments: JsonObject = {"task": "Look.", "agentId": "writer", "attachments": attachments}
    lead = Agent(
        name="lead", description="", instructions="Lead.", policy=Policy(spawns=("writer",))
    )
    writer = Agent(name="writer", description="", instructions="Write.")

    def answer(request: ModelRequest) -> Answer:
        if not request.system.startswith("Lead.") or len(request.messages) > 1:
            return "seen"
        return ToolCall("1", "sessions_spawn", arguments)

    model = RepliesWith(answer, capabilities=Capabilities(images=True))
    async with open_rig(model, agents=[lead, writer]) as rig:
        await (await rig.sessions.spawn(Task("lead", "Go."))).wait()

    (shown,) = [r.messages[0] for r in model.requests if r.system.startswith("Write.")]
    assert [(file.called, file.media_type) for file in shown.files] == [("chart.txt", "image/png")]
    assert "Attachment a.txt:" in shown.text
