"""Questions: what live runs ask people, read from their events, and the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

from parallel_agents.core.budget import BudgetAccount
from parallel_agents.core.budget_answer import STOP, read_raise
from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import Entry
from parallel_agents.core.fitting import fitted
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.question import (
    NOBODY,
    Answer,
    OpenQuestion,
    QuestionKind,
    answered_key,
    expired,
    question_id,
)
from parallel_agents.core.run import LIVE
from parallel_agents.errors import AlreadyAnswered, InvalidInput, NotFound, RunIsOver
from parallel_agents.stores.codec import Undecodable
from parallel_agents.stores.database import Database, SqlRow, as_array
from parallel_agents.stores.event_log import Draft
from parallel_agents.stores.row_columns import is_moment
from parallel_agents.stores.rows import Rows, readable
from parallel_agents.stores.tables import Tables


def read_questions(rows: Rows, now: float) -> list[OpenQuestion]:
    """The questions that wait for an answer, the oldest first; one for each budget that is used up."""
    return questions_of(read_asked(rows, now))


def read_asked(rows: Rows, now: float) -> list[OpenQuestion]:
    """What each run asks that waits for an answer, the oldest first."""
    return [question for question, _ in _open(rows) if not question.question.is_over(now)]


def questions_of(asked: Sequence[OpenQuestion]) -> list[OpenQuestion]:
    """What a person is asked by these: about a budget once, however many runs wait for it."""
    shown: list[OpenQuestion] = []
    runs = Counter(each.question.account for each in asked)
    for each in asked:
        if not (account := each.question.account):
            shown.append(each)
        elif waiting := runs.pop(account, 0):
            shown.append(each._replace(runs=waiting))
    return shown


def has_expired(rows: Rows, now: float) -> bool:
    """Whether the time of a question is over, and nothing stands in for its answer yet."""
    return any(question.question.is_over(now) for question, _ in _open(rows))


def close_expired(tables: Tables) -> None:
    """Write down the answers that stand in for those that nobody gave in time."""
    now = tables.now()
    drafts = [
        _draft(question, asked, expired(question.question), NOBODY)
        for question, asked in _open(tables.rows)
        if question.question.is_over(now)
    ]
    tables.log.write_new(drafts)


def _open(rows: Rows) -> list[tuple[OpenQuestion, Asked]]:
    """The questions without an answer, including those whose time is up."""
    found = rows.database.all("open_questions")
    return readable("question", lambda columns: _question(rows, columns), found)


def answer(tables: Tables, number: int, answer: Answer, *, by: str) -> tuple[OpenQuestion, Answer]:
    """Answer the question that is event `number`, unless it was answered or its time is up.

    Returns the question, and the answer as it was written.

    Every answer of a person passes through here. Once the time is up, the answer that stands in for
    theirs counts, even if no process was running to write it down.

    Raises:
        NotFound, AlreadyAnswered, RunIsOver, InvalidInput: nothing was written.
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
    if question.question.is_over(tables.now()):
        raise _too_late(question)
    answer = fitted(question.question, answer)
    drafts = [_draft(question, asked, answer, by)]
    if question.question.question is QuestionKind.BUDGET:
        _settle_account(tables.database, question.question.account, answer)
        drafts += _of_same_account(tables, question, answer, by)
    tables.log.write_new(drafts)
    return question, answer


def settle_by_rule(tables: Tables, drafts: Sequence[Draft]) -> None:
    """Do what a rule answered to the used-up budgets that these drafts ask about."""
    accounts = {
        answered_key(draft.entry.key.rpartition("/")[0]): draft.entry.body.question.account
        for draft in drafts
        if isinstance(draft.entry.body, Asked)
    }
    for draft in drafts:
        account = accounts.get(draft.entry.key)
        if account and isinstance(draft.entry.body, Answered):
            with suppress(InvalidInput):  # it does not fit this account, and the run asks again
                _settle_account(tables.database, account, draft.entry.body.answer)
                _release(tables, account)


def set_budget(tables: Tables, account: BudgetAccount) -> bool:
    """Set a budget that is asked for again; if it is different, runs that wait for it continue.

    Returns:
        Whether it is different, or there was none.
    """
    before = tables.database.one("asked_budget", (account.scope,))
    tables.accounts.open([account])
    is_different = before != (account.budget.nanousd, account.budget.tokens)
    if before is not None and is_different:
        _release(tables, account.scope)
    return is_different


def _release(tables: Tables, account: str) -> None:
    answer = Answer(allow=True, text="set anew")
    for question, asked in _waiting_for(tables, account):
        tables.log.write_new([_draft(question, asked, answer, "the budget")])


def _waiting_for(tables: Tables, account: str) -> list[tuple[OpenQuestion, Asked]]:
    """The questions about a used-up budget that can still be answered."""
    now = tables.now()
    return [
        (question, asked)
        for question, asked in _open(tables.rows)
        if question.question.account == account and not question.question.is_over(now)
    ]


def _settle_account(database: Database, scope: str, answer: Answer) -> None:
    """Do with a budget that is used up what was answered: raise it, or let runs finish or stop.

    Raises:
        InvalidInput: the answer does not fit the account; nothing was written.
    """
    found = database.one("accounts_of", (as_array([scope]),))
    usd, tokens = (None, None) if found is None else found[1:3]
    text = answer.text if answer.allow else STOP
    raised = read_raise(text, in_usd=usd is not None, in_tokens=tokens is not None)
    if raised is None:
        database.run("settle_account", (text.strip().lower(), scope))
    else:
        database.run("raise_account", {**raised._asdict(), "scope": scope})


def _draft(question: OpenQuestion, asked: Asked, answer: Answer, by: str) -> Draft:
    body = Answered(turn=asked.turn, number=asked.number, answer=answer, by=by)
    return Draft(question.run, question.session, Entry(answered_key(question.about), body))


def _of_same_account(
    tables: Tables, answered: OpenQuestion, answer: Answer, by: str
) -> Iterator[Draft]:
    """The same answer to every other run that waits for the same budget."""
    for question, asked in _waiting_for(tables, answered.question.account):
        if question.id != answered.id:
            yield _draft(question, asked, answer, by)


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
    if before.by == NOBODY:
        return _too_late(question)
    verdict = "allow" if before.answer.allow else "deny"
    return AlreadyAnswered(
        f"{question.id} is already answered",
        why=f"{before.by} answered {before.answer.text or verdict!r}",
        hint="the first answer counts; `pagents inbox` lists the questions that wait",
    )


def _too_late(question: OpenQuestion) -> AlreadyAnswered:
    stands = expired(question.question)
    verdict = stands.text if stands.allow else "no answer, so the call is denied"
    if not stands.allow and not question.question.is_approval:
        verdict = "no answer"
    return AlreadyAnswered(
        f"the time to answer {question.id} is over",
        why=f"nobody answered within it, which counts as {verdict}",
        hint="question_seconds sets the time; `pagents inbox` lists the questions that wait",
    )


def _no_question(number: int) -> NotFound:
    return NotFound(
        f"no question {question_id(number)!r}",
        hint="`pagents inbox` lists the questions that wait",
    )
