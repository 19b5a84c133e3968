"""Questions: what live runs ask people, read from their events, and the answers."""

from __future__ import annotations

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import Entry
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.question import (
    Answer,
    OpenQuestion,
    answered_key,
    question_id,
)
from parallel_agents.core.run import LIVE
from parallel_agents.errors import AlreadyAnswered, NotFound, RunIsOver
from parallel_agents.stores.codec import Undecodable
from parallel_agents.stores.database import SqlRow
from parallel_agents.stores.event_log import Draft
from parallel_agents.stores.row_columns import is_moment
from parallel_agents.stores.rows import Rows, readable
from parallel_agents.stores.tables import Tables


def read_questions(rows: Rows) -> list[OpenQuestion]:
    """The questions that wait for an answer, the oldest first."""
    found = rows.database.all("open_questions")
    return readable("question", lambda columns: _question(rows, columns)[0], found)


def answer(tables: Tables, number: int, answer: Answer, *, by: str) -> OpenQuestion:
    """Answer the question that is event `number`, unless it was answered.

    Raises:
        NotFound, AlreadyAnswered, RunIsOver: nothing was written.
    """
    found = tables.database.one("question", (number,))
    if found is None:
        raise _no_question(number)
    question, asked = _question(tables.rows, found[:-1])
    if (before := _answer_to(tables.rows, question)) is not None:
        raise _answered(question, before)
    if found[-1] not in LIVE:
        raise RunIsOver(
            f"the run that asked {question.id} has ended: {found[-1]}",
            hint="`pagents inbox` lists the questions that wait",
        )
    body = Answered(turn=asked.turn, number=asked.number, answer=answer, by=by)
    entry = Entry(answered_key(question.about), body)
    tables.log.write_new([Draft(question.run, question.session, entry)])
    return question


def _question(rows: Rows, columns: SqlRow) -> tuple[OpenQuestion, Asked]:
    seq, at, session, run, key, body = columns
    asked = rows.body(seq, body)
    if not isinstance(asked, Asked) or not is_moment(at):
        raise Undecodable("it cannot be read")
    return OpenQuestion(
        id=question_id(seq),
        session=SessionKey(str(session)),
        run=RunId(str(run)),
        about=str(key).rpartition("/")[0],
        question=asked.question,
        asked_at=at,
    ), asked


def _answer_to(rows: Rows, question: OpenQuestion) -> Answered | None:
    found = rows.database.one("event_of", (question.run, answered_key(question.about)))
    body = None if found is None else rows.body(*found)
    return body if isinstance(body, Answered) else None


def _answered(question: OpenQuestion, before: Answered) -> AlreadyAnswered:
    verdict = "allow" if before.answer.allow else "deny"
    return AlreadyAnswered(
        f"{question.id} was answered before",
        why=f"{before.by} answered {before.answer.text or verdict!r}",
        hint="the first answer counts; `pagents inbox` lists the questions that wait",
    )


def _no_question(number: int) -> NotFound:
    return NotFound(
        f"no question {question_id(number)!r}",
        hint="`pagents inbox` lists the questions that wait",
    )
