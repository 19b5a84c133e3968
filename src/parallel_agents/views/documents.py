"""Documents: sessions, results, events and costs for machines, the same in `--json` and over HTTP.

Times are ISO 8601 in UTC, money is a decimal string with its currency, and what is unknown is null.
"""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from typing_extensions import TypedDict

from parallel_agents.core.artifact import Artifact, ArtifactRecord
from parallel_agents.core.dead_letter import DeadLetter
from parallel_agents.core.event import Event
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.json_value import as_list
from parallel_agents.core.overview import Origin
from parallel_agents.core.run import Failure, Result
from parallel_agents.core.schema import Json
from parallel_agents.core.workspace import Changes
from parallel_agents.views import format
from parallel_agents.views.decisions import Decision


class Money(TypedDict):
    """An amount of money; `amount` is a decimal number as text."""

    amount: str
    currency: str


class FailureDocument(TypedDict):
    """An error: its code, what happened, why, and what to do."""

    code: str
    message: str
    why: str
    hint: str


class BriefFailure(TypedDict):
    """An error: its code, and what happened."""

    code: str
    message: str


class UsageDocument(TypedDict):
    """Tokens of calls."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int


class ChangesDocument(TypedDict):
    """What a session changed in its workspace, in files and lines."""

    files: int
    added: int
    removed: int


class ArtifactDocument(TypedDict):
    """Content that the sessions of a tree share, by its hash."""

    id: str
    name: str
    media_type: str
    bytes: int


class SharedDocument(ArtifactDocument):
    """An artifact, and who put it there; null for a person or a program."""

    session_key: SessionKey | None
    run_id: RunId | None
    at: str | None


class ResultDocument(TypedDict):
    """How a run ended, and its answer; an unknown cost is null, and `known_cost` the least that it can be."""

    label: str
    agent: str
    status: str
    output: Json
    text: str
    error: FailureDocument | None
    notices: list[str]
    score: float | None
    changes: ChangesDocument | None
    artifacts: list[ArtifactDocument]
    model: str
    usage: UsageDocument
    cost: Money | None
    known_cost: Money
    simulated_cost: Money | None
    seconds: float
    attempts: int
    session_key: SessionKey
    run_id: RunId


class EventDocument(TypedDict):
    """An event: its number in the store, its key, and its body as it is stored."""

    seq: int
    at: str | None
    session_key: SessionKey
    run_id: RunId
    key: str
    event: Mapping[str, Json]


class NamedEventDocument(EventDocument):
    """An event, what lists call its session, and the way down to that: below a flow the names of steps."""

    label: str
    path: list[str]


class DecisionDocument(TypedDict):
    """Who decided what, and why."""

    seq: int
    at: str | None
    who: str
    what: str
    why: str
    label: str
    session_key: SessionKey
    run_id: RunId
    key: str


class LetterDocument(TypedDict):
    """A task that failed after all its attempts."""

    id: str
    session_key: SessionKey
    run_id: RunId
    parent: SessionKey | None
    agent: str
    label: str
    status: str
    error: BriefFailure | None
    at: str | None
    model: str
    text: str
    input: Mapping[str, Json]
    attempts: int
    calls: int
    cost: Money | None
    simulated_cost: Money | None
    retried_by: SessionKey | None


def money_json(usd: float | None) -> Money | None:
    """An amount of money; null if unknown."""
    return None if usd is None else money_of(usd)


def money_of(usd: float) -> Money:
    """An amount of money that is known."""
    return {"amount": f"{usd:.9f}", "currency": "USD"}


def failure_json(failure: Failure | None) -> FailureDocument | None:
    if failure is None:
        return None
    return {
        "code": failure.code,
        "message": failure.message,
        "why": failure.why,
        "hint": failure.hint,
    }


def changes_json(changes: Changes | None) -> ChangesDocument | None:
    if changes is None:
        return None
    return {"files": changes.files, "added": changes.added, "removed": changes.removed}


def artifact_json(artifact: Artifact) -> ArtifactDocument:
    return {
        "id": artifact.id,
        "name": artifact.name,
        "media_type": artifact.media_type,
        "bytes": artifact.size,
    }


def shared_json(record: ArtifactRecord) -> SharedDocument:
    """An artifact of a tree, and who put it there."""
    return {
        **artifact_json(record.artifact),
        "session_key": record.session or None,
        "run_id": record.run or None,
        "at": format.iso(record.at),
    }


def result_json(found: Result) -> ResultDocument:
    """A result; an unknown cost is null."""
    usage = found.usage
    return {
        "label": found.label,
        "agent": found.agent,
        "status": found.status.value,
        "output": found.output,
        "text": found.text,
        "error": failure_json(found.error),
        "notices": list(found.notices),
        "score": found.score,
        "changes": changes_json(found.changes),
        "artifacts": [artifact_json(each) for each in found.artifacts],
        "model": found.model,
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "cost": money_json(found.cost_usd),
        "known_cost": money_of(found.known_cost_usd),
        "simulated_cost": money_json(found.simulated_usd),
        "seconds": round(found.seconds, 3),
        "attempts": found.attempts,
        "session_key": found.session_key,
        "run_id": found.run_id,
    }


def event_json(event: Event) -> EventDocument:
    """An event: its number in the store, its key, and its body as it is stored."""
    return {
        "seq": event.seq,
        "at": format.iso(event.at),
        "session_key": event.session,
        "run_id": event.run,
        "key": event.key,
        "event": body_json(event),
    }


def body_json(event: Event) -> Mapping[str, Json]:
    """The body of an event as it is stored."""
    return orjson.loads(orjson.dumps(event.body, default=as_list))


def named_event_json(event: Event) -> NamedEventDocument:
    """An event with the names of its session."""
    return {**event_json(event), "label": event.label, "path": list(event.path)}


def encoded_event(event: Event) -> Mapping[str, object]:
    """The same document, whose body is JSON already, for who only encodes it."""
    return {
        "seq": event.seq,
        "at": format.iso(event.at),
        "session_key": event.session,
        "run_id": event.run,
        "key": event.key,
        "label": event.label,
        "path": event.path,
        "event": orjson.Fragment(orjson.dumps(event.body, default=as_list)),
    }


def decision_json(decision: Decision, origins: Mapping[SessionKey, Origin]) -> DecisionDocument:
    event = decision.event
    origin = origins.get(event.session)
    return {
        "seq": event.seq,
        "at": format.iso(event.at),
        "who": decision.who,
        "what": decision.what,
        "why": decision.why,
        "label": "" if origin is None else origin.label,
        "session_key": event.session,
        "run_id": event.run,
        "key": event.key,
    }


def letter_json(letter: DeadLetter) -> LetterDocument:
    run, error = letter.run, letter.error
    return {
        "id": letter.session.name,
        "session_key": letter.session.key,
        "run_id": run.id,
        "parent": letter.session.parent,
        "agent": letter.session.agent.name,
        "label": letter.session.label,
        "status": run.status.value,
        "error": None if error is None else {"code": error.code, "message": error.message},
        "at": format.iso(letter.at),
        "model": run.model,
        "text": letter.queued.text,
        "input": letter.queued.input,
        "attempts": run.attempts,
        "calls": run.spend.calls,
        "cost": money_json(run.spend.cost_usd),
        "simulated_cost": money_json(run.spend.simulated_usd),
        "retried_by": letter.retried_by,
    }
