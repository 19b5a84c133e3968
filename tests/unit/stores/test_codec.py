"""Nothing is written that could not be read back, and what cannot be read says why."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from typing_extensions import override

import parallel_agents as pa
from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Queued, Replied
from parallel_agents.core.message import Message, Role, Text, assistant
from parallel_agents.core.model import Finish, Listener, ModelReply, ModelRequest
from parallel_agents.core.session import Mode, SessionOptions
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.unreadable import Unreadable
from parallel_agents.core.usage import Usage
from parallel_agents.errors import InvalidInput, RunCrashed
from parallel_agents.stores import codec
from parallel_agents.testing import RepliesWith, open_rig


def replied(**values: Any) -> Replied:
    good: dict[str, Any] = {
        "turn": 1,
        "message": assistant("Done."),
        "model": "mine/m",
        "finish": Finish.STOP,
        "usage": Usage(1, 1),
        "cost_nanousd": None,
        "seconds": 1.0,
    }
    return Replied(**{**good, **values})


@pytest.mark.parametrize(
    "wrong",
    [
        {"usage": Usage("5", 1)},  # pyright: ignore[reportArgumentType] - what is tested
        {"usage": Usage(10**30, 1)},
        {"usage": None},
        {"message": Message(Role.ASSISTANT, (Text(None),))},  # pyright: ignore[reportArgumentType] - what is tested
        {"message": "Done."},
        {"finish": "because"},
        {"seconds": float("nan")},
        {"cost_nanousd": 1.5},
        {"kind": "queued"},
        {"turn": len},
    ],
    ids=str,
)
def test_an_event_that_could_not_be_read_is_not_written(wrong: dict[str, object]) -> None:
    with pytest.raises(RunCrashed, match=r"the event '.*' cannot be stored"):
        codec.encode_body(replied(**wrong))


def test_an_unreadable_event_is_never_written() -> None:
    with pytest.raises(RunCrashed):
        codec.encode_body(Unreadable(found="x", why="y", is_unknown=False))


def test_an_agent_that_could_not_be_read_is_not_written() -> None:
    agent = Agent(name="writer", description="", instructions="")
    object.__setattr__(agent, "tier", "huge")

    with pytest.raises(InvalidInput, match="agent 'writer' cannot be stored: tier: "):
        codec.encode_agent(agent)


def test_options_that_could_not_be_read_are_not_written() -> None:
    options = SessionOptions(mode=Mode.SESSION)
    object.__setattr__(options, "is_quiet", 5)

    with pytest.raises(InvalidInput, match="options cannot be stored"):
        codec.encode_options(options)


@pytest.mark.parametrize(
    ("stored", "found", "is_unknown"),
    [
        (b'{"kind":"teleported","to":"mars"}', "teleported", True),
        (b'{"kind":"queued"}', "queued", False),
        (b'{"kind":"queued","text":5}', "queued", False),
        (b'{"kind":["a"]}', "['a']", False),
        (b'{"text":"x"}', "", False),
        (b'{"kind":"que', "", False),
        (b"[]", "", False),
        (b"\xff\xfe", "", False),
        (None, "", False),
        (5, "", False),
    ],
)
def test_what_cannot_be_read_says_what_it_was_and_why(
    stored: object, found: str, is_unknown: bool
) -> None:
    with pytest.raises(codec.Undecodable) as fault:
        codec.decode_body(stored)

    unreadable = codec.unreadable_body(stored, fault.value)

    assert (unreadable.found, unreadable.is_unknown) == (found, is_unknown)
    assert unreadable.why


def test_what_is_written_is_read_back() -> None:
    queued = Queued(text="Go.", input={"a": [1, None, {"b": "ü"}]})

    assert codec.decode_body(codec.encode_body(queued)) == queued


def test_a_team_keeps_of_each_task_only_what_it_says_and_the_name_of_its_agent() -> None:
    agent = Agent(name="poet", description="Writes.", instructions="Write a haiku.")
    said = Task(agent, "Rain", key="rain", limits=pa.Limits(attempts=2), tags=("wet",))
    team = TeamTask(tasks=(Task(agent, "Tea", input={"n": 1}), said), min_done=1).by_name

    stored = codec.encode_body(Queued(text="two", team=team))

    tea, rain = orjson.loads(stored)["team"]["tasks"]
    assert tea == {"agent": "poet", "text": "Tea", "input": {"n": 1}}
    assert rain.keys() == {"agent", "text", "key", "limits", "tags"}
    read = codec.decode_body(stored)
    assert isinstance(read, Queued)
    assert read.team == team


async def test_a_model_of_the_callers_that_returns_nonsense_fails_its_run_only() -> None:
    class Nonsense(RepliesWith):
        @override
        async def respond(
            self, request: ModelRequest, listener: Listener | None = None
        ) -> ModelReply:
            reply = await super().respond(request, listener)
            object.__setattr__(reply, "usage", Usage("many", 1))  # pyright: ignore[reportArgumentType] - what is tested
            return reply

    writer = Agent(name="writer", description="", instructions="")
    async with open_rig(Nonsense(lambda _: "Done."), agents=[writer]) as rig:
        session = await rig.sessions.spawn(Task("writer", "Go."))
        result = await session.wait()
        rows = await rig.sessions.list()

    assert result.status is pa.RunStatus.FAILED
    assert result.error is not None
    assert result.error.code == "PA-E314"
    assert [row.fault for row in rows] == [""]
