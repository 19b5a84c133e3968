"""Forks: where a conversation is from, and the turns at which it can be taken up, in words and for machines."""

from __future__ import annotations

from typing_extensions import TypedDict

from parallel_agents.core.fork import ForkedFrom
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.turns import Turn
from parallel_agents.views import format

_SAID = 300


class EditedDocument(TypedDict):
    """The call, by its number in the turn and its tool, whose result is another one in the fork."""

    call: int
    tool: str


class ForkedFromDocument(TypedDict):
    """Whose conversation a session began with; `turn` is counted over all runs of that one.

    If `is_asked_again`, the fork answers that turn itself; otherwise it begins after it.
    """

    id: str
    session_key: SessionKey
    label: str
    turn: int
    is_asked_again: bool
    edited: EditedDocument | None


class TurnDocument(TypedDict):
    """A reply of a session. `turn` is counted over all of its runs, `run_turn` in its run.

    `said` is the beginning of its text. After a turn that `is_whole`, something else can be said in a
    fork.
    """

    turn: int
    run_id: RunId
    run_turn: int
    seq: int
    at: str | None
    model: str
    said: str
    calls: list[str]
    is_whole: bool


def forked_json(link: ForkedFrom | None) -> ForkedFromDocument | None:
    """Where a conversation is from; null for a session's own."""
    if link is None:
        return None
    return {
        "id": link.called,
        "session_key": link.session,
        "label": link.label,
        "turn": link.turn,
        "is_asked_again": link.is_asked_again,
        "edited": link.edited and {"call": link.edited.call, "tool": link.edited.tool},
    }


def turn_json(turn: Turn) -> TurnDocument:
    return {
        "turn": turn.number,
        "run_id": turn.run,
        "run_turn": turn.run_turn,
        "seq": turn.seq,
        "at": format.iso(turn.at),
        "model": turn.model,
        "said": turn.text[:_SAID],
        "calls": list(turn.calls),
        "is_whole": turn.is_whole,
    }


def told(link: ForkedFrom) -> str:
    """Where a conversation is from, in words; `writer 1f0c2a34, after turn 4`."""
    name = link.called
    named = name if link.label == name else f"{link.label} {name}"
    where = f"turn {link.turn} asked again" if link.is_asked_again else f"after turn {link.turn}"
    if link.edited is not None:
        where += f", with another result of call {link.edited.call} ({link.edited.tool})"
    return f"{named}, {where}"
