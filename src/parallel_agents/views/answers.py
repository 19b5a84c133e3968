"""Answers: what people were asked and said, with who answered from where, the newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from typing_extensions import TypedDict

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import Event
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import PAGE, Journal
from parallel_agents.core.overview import Origin
from parallel_agents.core.question import answered_key, asked_key, question_id
from parallel_agents.views import format
from parallel_agents.views.events import describe

_KINDS = ("asked", "answered")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, and the question that it is to; None if that was removed from the store."""

    answered: Event
    asked: Event | None
    origin: Origin | None


class GivenAnswerDocument(TypedDict):
    """A question that was answered, what was said, by whom and from where."""

    id: str
    session_key: SessionKey
    run_id: RunId
    label: str
    kind: str
    text: str
    tool: str
    answer: str
    note: str
    by: str
    at: str | None


async def last_replies(journal: Journal, *, since: float, most: int) -> list[Reply]:
    """The last answers since a moment, the newest first."""
    asked: dict[tuple[RunId, str], Event] = {}
    answers: list[Event] = []
    before: int | None = None
    while len(answers) < most:
        events = await journal.last_events(before=before, kinds=_KINDS, limit=PAGE)
        asked |= {(each.run, each.key): each for each in events if isinstance(each.body, Asked)}
        answers += [
            each
            for each in reversed(events)
            if each.at >= since and isinstance(each.body, Answered)
        ]
        if len(events) < PAGE or events[0].at < since:
            break
        before = events[0].seq
    answers = _once_for_each_budget(answers, asked)[:most]
    for session in {each.session for each in answers if (each.run, _question(each)) not in asked}:
        found = await journal.events(session=session, kinds=("asked",), limit=PAGE)
        asked |= {(each.run, each.key): each for each in found}
    origins = await journal.origins(list({each.session for each in answers}))
    return [_reply(each, asked, origins) for each in answers]


def _once_for_each_budget(
    answers: Sequence[Event], asked: Mapping[tuple[RunId, str], Event]
) -> list[Event]:
    """The answers, of which one about a budget stands for all runs that waited for it."""
    told: set[tuple[str, float]] = set()
    found: list[Event] = []
    for each in answers:
        question = asked.get((each.run, _question(each)))
        body = None if question is None else question.body
        account = body.question.account if isinstance(body, Asked) else ""
        if not account or (account, each.at) not in told:
            found.append(each)
        told.add((account, each.at))
    return found


def _reply(
    event: Event, asked: Mapping[tuple[RunId, str], Event], origins: Mapping[SessionKey, Origin]
) -> Reply:
    question = asked.get((event.run, _question(event)))
    return Reply(answered=event, asked=question, origin=origins.get(event.session))


def _question(event: Event) -> str:
    """The key of the question of an answer."""
    return asked_key(event.key.removesuffix(answered_key("")))


def answers_json(replies: Sequence[Reply]) -> list[GivenAnswerDocument]:
    return [_answer_json(each) for each in replies]


def _answer_json(reply: Reply) -> GivenAnswerDocument:
    event, body = reply.answered, reply.answered.body
    asked = reply.asked.body if reply.asked else None
    question = asked.question if isinstance(asked, Asked) else None
    decision = describe(body).decision
    text = body.answer.text if isinstance(body, Answered) else ""
    is_text = question is not None and not question.is_approval and bool(text)
    verdict = "" if decision is None else decision.what
    return {
        "id": "" if reply.asked is None else question_id(reply.asked.seq),
        "session_key": event.session,
        "run_id": event.run,
        "label": "" if reply.origin is None else reply.origin.label,
        "kind": "" if question is None else question.question.value,
        "text": "" if question is None else question.text,
        "tool": "" if question is None else question.tool,
        "answer": text if is_text else verdict,
        "note": "" if is_text else text,
        "by": body.by if isinstance(body, Answered) else "",
        "at": format.iso(event.at),
    }
