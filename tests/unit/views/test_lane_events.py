from __future__ import annotations

from parallel_agents.core.event import Body, Event, Queued, Retrying, Started, ToolStarted
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.message import ToolCall
from parallel_agents.core.run import Failure
from parallel_agents.core.tool import Effect
from parallel_agents.errors import GateRefused
from parallel_agents.views.lane_events import KINDS, LaneEvents


def event(seq: int, at: float, body: Body, session: str = "a") -> Event:
    return Event(
        seq=seq, at=at, session=SessionKey(session), run=RunId(session), key=str(seq), body=body
    )


CALL = ToolStarted(
    turn=1, call=ToolCall("c", "find", {"secret": "x" * 9000}), effect=Effect.ONCE, number=1
)
FAILED = Retrying(
    turn=1, attempt=1, error=Failure.of(GateRefused("y" * 9000)), wait_seconds=1.23456
)


def test_events_are_short_lists_of_steps() -> None:
    lanes = LaneEvents()
    lanes.add(
        [
            event(3, 100.0, Queued(text="long")),
            event(7, 101.5, Started(epoch=1, owner=OwnerId("p")), "b"),
        ]
    )
    lanes.add([event(8, 102.0, CALL)])

    assert (lanes.base, lanes.seq, list(lanes.sessions)) == (100.0, 8, ["a", "b"])
    assert lanes.events == [
        [3, 0, 0, KINDS.index("queued"), False],
        [4, 1500, 1, KINDS.index("started")],
        [1, 500, 0, KINDS.index("tool_started"), "find"],
    ]


def test_texts_are_cut() -> None:
    lanes = LaneEvents()
    lanes.add([event(1, 0.0, FAILED)])

    *_, attempt, wait, why = lanes.events[0]
    assert (attempt, wait) == (1, 1.235)
    assert isinstance(why, str)
    assert len(why) <= 161
