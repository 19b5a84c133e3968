"""A value that is called sound can be read back; the usual ones are called so."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest

from parallel_agents.core.event import Finished, Queued, Replied, Started, StoredBody, ToolStarted
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.message import Message, Role, Text, Thinking, ToolCall, user
from parallel_agents.core.model import Finish
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.tool import Effect
from parallel_agents.core.usage import Usage
from parallel_agents.stores import codec
from parallel_agents.stores.soundness import is_sound

CALL = ToolCall("call-1", "search", {"q": [1, None, {"a": "b"}]})
USUAL: tuple[StoredBody, ...] = (
    Queued(text="Go.", input={"a": 1}, context=(user("hello"),)),
    Queued(text="Go.", team=TeamTask(tasks=(Task("writer", "Go."),))),
    Started(owner=OwnerId("me"), epoch=1),
    Replied(
        turn=1,
        message=Message(Role.ASSISTANT, (Thinking("hm"), Text("Done."), CALL)),
        model="mine/m",
        finish=Finish.STOP,
        usage=Usage(1, 1),
        cost_nanousd=None,
        seconds=1,
    ),
    ToolStarted(turn=1, call=CALL, effect=Effect.ONCE),
    Finished(outcome=Outcome(status=RunStatus.FAILED, error=Failure("PA-E301", "no"), score=1.5)),
)
ODD: tuple[Any, ...] = (
    *(None, 5, 2**70, 0.5, math.nan, math.inf, True, "x", "", b"x", [], (), {}, {1: 2}, object()),
    *(("x",), (1,), (Text("a"),), (Text(None),), Usage(), Usage("1"), CALL, Finish.STOP),  # pyright: ignore[reportArgumentType] - what is tested
)


@pytest.mark.parametrize("body", USUAL, ids=lambda body: body.kind)
def test_a_usual_event_is_sound(body: StoredBody) -> None:
    assert is_sound(body)
    assert codec.decode_body(codec.encode_body(body)) == body


def test_every_kind_of_event_can_be_looked_at() -> None:
    for kind in get_args(StoredBody):
        assert not is_sound(kind(**dict.fromkeys(kind.__dataclass_fields__, object())))


@pytest.mark.parametrize("body", USUAL, ids=lambda body: body.kind)
def test_what_is_sound_can_be_read_back_whatever_is_in_it(body: StoredBody) -> None:
    for name in type(body).__dataclass_fields__:
        for value in ODD:
            values = {field: getattr(body, field) for field in type(body).__dataclass_fields__}
            changed = type(body)(**{**values, name: value})
            if not is_sound(changed):
                continue
            try:
                encoded = codec.encode_body(changed)
            except codec.RunCrashed:
                continue  # the encoder itself refuses it

            assert type(codec.decode_body(encoded)) is type(body), (name, value)
