"""Bodies that an older version wrote, in the current form."""

from __future__ import annotations

from typing import get_args

import orjson
import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Finished,
    Queued,
    Refused,
    Retrying,
    StoredBody,
)
from parallel_agents.core.gate import (
    CommandGate,
    ConditionGate,
    FunctionGate,
    JudgeGate,
    RegexGate,
    ScoreGate,
)
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.stores.codec import decode_agent, decode_body, encode_agent, encode_body
from parallel_agents.stores.sqlite_connection import newest_version
from parallel_agents.stores.upcast import upcast_agent, upcast_event

OLD_FAILURE: Json = {"code": "PA-E210", "message": "no", "why": "", "mend": "ask again"}
FAILURE = Failure("PA-E210", "no", "", "ask again")
OLD_GATES: Json = [
    {"kind": "holds", "condition": "score >= 1"},
    {"kind": "matches", "pattern": "x"},
    {"kind": "approves", "function": "f"},
    {"kind": "passes", "command": ["true"]},
    {"kind": "scored", "function": "g"},
    {"kind": "judged", "rubric": "Be good."},
]
GATES = (
    ConditionGate(condition="score >= 1"),
    RegexGate(pattern="x"),
    FunctionGate(function="f"),
    CommandGate(command=("true",)),
    ScoreGate(function="g"),
    JudgeGate(rubric="Be good."),
)
OLD_AGENT: Json = {"name": "a", "description": "A", "instructions": "Do.", "gates": OLD_GATES}
AGENT = Agent(name="a", description="A", instructions="Do.", gates=GATES)


def old(kind: str, **members: Json) -> bytes:
    return orjson.dumps({"kind": kind, **members})


BODIES: dict[str, tuple[bytes, Body]] = {
    "finished": (
        old("finished", outcome={"status": "failed", "error": OLD_FAILURE}),
        Finished(outcome=Outcome(status=RunStatus.FAILED, error=FAILURE)),
    ),
    "done": (
        old(
            "finished", outcome={"status": "done", "output": {"mend": 1, "words": 2}, "error": None}
        ),
        Finished(outcome=Outcome(status=RunStatus.DONE, output={"mend": 1, "words": 2})),
    ),
    "attempted": (
        old("attempted", number=2, error=OLD_FAILURE),
        Attempted(number=2, error=FAILURE),
    ),
    "retrying": (
        old("retrying", turn=1, attempt=1, error=OLD_FAILURE, wait_seconds=1.0),
        Retrying(turn=1, attempt=1, error=FAILURE, wait_seconds=1.0),
    ),
    "closing": (
        old("closing", turn=1, text="last", error=OLD_FAILURE),
        Closing(turn=1, text="last", error=FAILURE),
    ),
    "refused": (old("refused", turn=1, words="no JSON"), Refused(turn=1, text="no JSON")),
    "queued": (old("queued", text="do", gates=OLD_GATES), Queued(text="do", gates=GATES)),
    "team": (
        old(
            "queued",
            text="team",
            team={
                "tasks": [
                    {"agent": "a", "text": "1", "gates": OLD_GATES, "traits": {"group": "g"}},
                    {"agent": OLD_AGENT, "text": "2", "input": {"traits": "kept"}},
                ],
                "agents": [OLD_AGENT],
            },
        ),
        Queued(
            text="team",
            team=TeamTask(
                tasks=(
                    Task("a", "1", gates=GATES, options=SessionOptions(group="g")),
                    Task(AGENT, "2", input={"traits": "kept"}),
                ),
            ),
        ),
    ),
}


@pytest.mark.parametrize(("stored", "body"), BODIES.values(), ids=BODIES)
def test_an_old_body_reads_as_if_it_were_written_today(stored: bytes, body: Body) -> None:
    assert decode_body(upcast_event(stored)) == body


@pytest.mark.parametrize("body", [body for _, body in BODIES.values()], ids=BODIES)
def test_a_body_of_today_is_left_as_it_is(body: Body) -> None:
    assert decode_body(upcast_event(encode_body(body))) == body


def test_an_old_agent_has_the_gates_of_today() -> None:
    assert decode_agent(upcast_agent(orjson.dumps(OLD_AGENT))) == AGENT
    assert decode_agent(upcast_agent(encode_agent(AGENT).body)) == AGENT


@pytest.mark.parametrize("stored", [b"", b"{", b"[]", b"null", b'{"kind": 7}', b'{"kind": "new"}'])
def test_a_body_that_is_no_old_event_is_left_for_the_decoder(stored: bytes) -> None:
    found = upcast_event(stored)

    assert found == stored or orjson.loads(found) == orjson.loads(stored)


# By the version of the store that brought them. An older process refuses a newer store, so a new
# kind needs a migration, empty or not, and a line here with its number.
_KINDS_OF_8 = (
    *("attempted", "closing", "delivered", "finished", "gated", "handed_back", "noticed"),
    *("queued", "refused", "replied", "retrying", "revised", "started", "steered"),
    *("tool_finished", "tool_started", "unanswered", "waiting"),
)
_KINDS_OF_9 = (*_KINDS_OF_8, "shortened")
_KINDS_OF_13 = (*_KINDS_OF_9, "answered", "asked", "ruled")
_KINDS_OF_16 = (*_KINDS_OF_13, "step_finished", "step_started")
KINDS = {
    8: _KINDS_OF_8,
    9: tuple(sorted(_KINDS_OF_9)),
    13: tuple(sorted(_KINDS_OF_13)),
    16: tuple(sorted(_KINDS_OF_16)),
    17: tuple(sorted((*_KINDS_OF_16, "batched"))),
    21: tuple(sorted((*_KINDS_OF_16, "batched", "rows_changed"))),
}


def test_a_new_kind_of_event_raises_the_version_of_the_store() -> None:
    kinds = sorted(str(kind.__dataclass_fields__["kind"].default) for kind in get_args(StoredBody))

    assert kinds == list(KINDS[max(KINDS)])
    assert max(KINDS) <= newest_version()
