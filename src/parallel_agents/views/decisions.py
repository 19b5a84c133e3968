"""Audit: which events are decisions, and how each is told: who decided what of whom, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, assert_never

from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Delivered,
    Event,
    Finished,
    Gated,
    HandedBack,
    Noticed,
    Queued,
    Refused,
    Replied,
    Retrying,
    Revised,
    Started,
    Steered,
    ToolFinished,
    ToolStarted,
    Waiting,
)
from parallel_agents.core.gate import Verdict
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.run import Failure, RunStatus

CALLER = "caller"
RUNTIME = "runtime"
_ENDS = {
    RunStatus.DONE: "accept",
    RunStatus.PARTIAL: "end in part",
    RunStatus.FAILED: "fail",
    RunStatus.TIMED_OUT: "time out",
    RunStatus.KILLED: "kill",
    RunStatus.OVER_BUDGET: "over budget",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision, and the event that holds it.

    Attributes:
        who: the label of the session that spawned, the user or session that steered or killed, the
            process that claimed; `caller` for a program or a person that the journal does not
            name, `runtime` for a rule of this package.
        what: the decision in a word or three.
        why: the reason as the event has it; empty where it has none.
    """

    event: Event
    who: str
    what: str
    why: str


class _Told(NamedTuple):
    who: str
    what: str
    why: str = ""


def find_decisions(
    events: Iterable[Event], spawners: Mapping[SessionKey, str]
) -> Iterator[Decision]:
    """The decisions among `events`, in their order, which begins with the sessions' first.

    Args:
        events: of whole sessions.
        spawners: by session, the label of the one that spawned it; of a root there is none.
    """
    begun: set[SessionKey] = set()
    for event in events:
        told = _tell(event.body)
        if isinstance(event.body, Queued):
            spawner = spawners.get(event.session, CALLER)
            is_first = event.session not in begun
            told = _Told(spawner, "spawn", event.body.start) if is_first else _Told(CALLER, "send")
            begun.add(event.session)
        if told is not None:
            yield Decision(event=event, who=told.who, what=told.what, why=told.why)


def is_decision(body: Body) -> bool:
    return isinstance(body, Queued) or _tell(body) is not None


def _tell(body: Body) -> _Told | None:
    match body:
        case Started(owner=owner, epoch=epoch):
            return _Told(owner, "claim" if epoch == 1 else "claim again", f"claim {epoch}")
        case Retrying(attempt=attempt, error=error, wait_seconds=wait):
            again = f"try {attempt} failed, again in {wait:.1f} s"
            return _Told(RUNTIME, "retry", f"{again}: {_words(error)}")
        case Refused(text=words):
            return _Told(RUNTIME, "refuse", words)
        case Attempted(number=number, model=model) as begun:
            what = f"escalate to {model}" if model else "begin again"
            what = f"{what} with {begun.by}" if begun.by else what
            return _Told(RUNTIME, what, f"attempt {number}: {_words(begun.error)}")
        case Steered(by=by, text=text):
            return _Told(by, "steer", text)
        case Noticed(text=text):
            return _Told(RUNTIME, "notice", text)
        case Closing(error=error):
            return _Told(RUNTIME, "last call", _words(error))
        case Finished() as finished:
            return _tell_end(finished)
        case (
            Queued()
            | Replied()
            | ToolStarted()
            | ToolFinished()
            | Delivered()
            | HandedBack()
            | Revised()
            | Waiting()
        ):
            return None  # what was said and done; of Queued the session says more
        case Gated(verdict=verdict):
            return _refusal(verdict)
        case _:
            assert_never(body)


def _refusal(verdict: Verdict) -> _Told | None:
    return None if verdict.is_accepted else _Told(verdict.gate, "refuse", verdict.critique)


def _tell_end(finished: Finished) -> _Told:
    status, error = finished.outcome.status, finished.outcome.error
    what = _ENDS.get(status, status.value)
    return _Told(finished.by or RUNTIME, what, "" if error is None else _words(error))


def _words(error: Failure) -> str:
    """The code, what happened and why."""
    why = f" ({error.why})" if error.why else ""
    return f"{error.code} {error.message}{why}"
