"""Journal: every rule of the store, written once for all databases, one transaction at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from parallel_agents.core.event import Event, SteerMode
from parallel_agents.core.ids import RunId
from parallel_agents.core.question import KILL, WAIT, Answer, OpenQuestion, QuestionKind
from parallel_agents.core.retention import DEAD_LETTER_SECONDS
from parallel_agents.errors import PagentsError, StoreError
from parallel_agents.stores import notifications, questions
from parallel_agents.stores.artifacts import forget_artifacts, note_artifact
from parallel_agents.stores.database import Database
from parallel_agents.stores.deliveries import note_given
from parallel_agents.stores.going_on import GoingOn
from parallel_agents.stores.journal_owners import JournalOwners
from parallel_agents.stores.journal_runs import JournalRuns
from parallel_agents.stores.journal_sessions import JournalSessions
from parallel_agents.stores.pausing import pause, unpause
from parallel_agents.stores.pruning import prune_step
from parallel_agents.stores.removals import note_decision
from parallel_agents.stores.run_requests import Answer as Answered
from parallel_agents.stores.state import clear_state, write_state
from parallel_agents.stores.tables import Tables

_T = TypeVar("_T")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Change(Generic[_R, _T]):
    """A change that waits for a transaction.

    Attributes:
        apply: makes all changes of a transaction that share it at once; its answers come in the
            order of the requests.
        request: what this one asks for.
        run: the only run that it writes to; None if it may write to anything.
    """

    apply: Callable[[Journal, Sequence[_R]], list[Answered[_T]]]
    request: _R
    run: RunId | None = None


AnyChange = Change[Any, Any]  # a batch holds changes of every kind


class Committed(NamedTuple):
    """What a transaction did: an answer for each change, and the events since the last one."""

    answers: list[Answered[Any]]  # each of the type that its change returns
    events: list[Event]


class Journal:
    """The changes of one connection.

    Args:
        database: no other object writes to it.
        now: returns seconds since the epoch.
        dead_letter_seconds: how long dead letters are kept.
        least_now: the same time, never ahead because the wall clock was set forward.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], float],
        dead_letter_seconds: float = DEAD_LETTER_SECONDS,
        least_now: Callable[[], float] | None = None,
    ) -> None:
        self._tables = Tables.of(database, now, dead_letter_seconds, least_now)
        self.database = database
        self.now = now
        self.rows = self._tables.rows
        self.dead_letters = self._tables.dead_letters
        self.throttles = self._tables.throttles
        self.days = self._tables.days
        self.wishes = self._tables.wishes
        self.write_state = partial(write_state, self._tables)
        self.clear_state = partial(clear_state, self._tables)
        self.note_artifact = partial(note_artifact, self._tables)
        self.forget_artifacts = partial(forget_artifacts, self._tables)
        self.note_decision = partial(note_decision, self._tables)
        self.note_given = partial(note_given, self._tables)
        self.pause = partial(pause, self._tables)
        self.unpause = partial(unpause, self._tables)
        self.take_notifications = partial(notifications.take, self._tables)
        self.take_own_notifications = partial(notifications.take_own, self._tables)
        self.note_sent = partial(notifications.note_sent, self._tables)
        self.note_unsent = partial(notifications.note_unsent, self._tables)
        self.close_expired = partial(questions.close_expired, self._tables)
        self.prune_step = partial(prune_step, self._tables)
        self.runs = JournalRuns(self._tables)
        self.sessions = JournalSessions(self._tables, self.runs)
        self.going_on = GoingOn(self._tables, self.sessions, self.runs)
        self.owners = JournalOwners(self._tables, self.runs)
        self._log = self._tables.log
        self._log.begin()
        self._seen_seq = self._log.last_seq

    def answer(self, number: int, answer: Answer, *, by: str) -> OpenQuestion:
        """Answer a question, and do at once what the answer says of a stuck run.

        Raises:
            NotFound, AlreadyAnswered, RunIsOver, InvalidInput: nothing was written.
        """
        asked, answer = questions.answer(self._tables, number, answer, by=by)
        if asked.question.question is QuestionKind.STUCK and answer.text != WAIT:
            if answer.text == KILL:
                self.sessions.kill(asked.session, by=by)
            else:
                key = f"steer-{asked.id}"
                self.runs.steer(asked.run, key, answer.text, mode=SteerMode.NOW, by=by)
        return asked

    def commit(self, changes: Sequence[AnyChange]) -> Committed:
        """Make changes in one transaction.

        If a change is refused, the refusal is the answer to that change; any other error rolls back
        the whole transaction.

        Raises:
            StoreError: the database failed, and nothing was written.
        """
        try:
            with self.database.writing():
                self._log.begin()
                self._tables.quota.forget()
                foreign = self._read_news()
                answers = self._apply(changes)
                self._log.seal()
        except BaseException:
            self._tables.transcripts.forget()  # they may hold what was rolled back
            raise
        self._seen_seq = self._log.last_seq
        return Committed(answers, foreign + self._log.written)

    def _apply(self, changes: Sequence[AnyChange]) -> list[Answered[Any]]:
        if len(changes) == 1:
            return changes[0].apply(self, [changes[0].request])
        answers: dict[int, Answered[Any]] = {}
        for group in _groups(changes):
            requests = [changes[position].request for position in group]
            answers.update(zip(group, changes[group[0]].apply(self, requests), strict=True))
        return [answers[position] for position in range(len(changes))]

    def read_news(self) -> list[Event]:
        """The events that other connections wrote since the last call or transaction."""
        self._log.begin()
        events = self._read_news()
        self._seen_seq = events[-1].seq if events else self._seen_seq
        return events

    def _read_news(self) -> list[Event]:
        if self._log.last_seq == self._seen_seq:
            return []
        return self.rows.events(after=self._seen_seq)


def _groups(changes: Sequence[AnyChange]) -> list[list[int]]:
    """The positions of changes that can be made at once, in groups with the same `apply`.

    The changes of one run keep their order, and so do all around one that may write to anything.
    Those of different runs wait at the same time, so no caller can tell their order.
    """
    groups: list[list[int]] = []
    by_apply: dict[object, int] = {}
    last_of_run: dict[RunId, int] = {}
    for position, change in enumerate(changes):
        if change.run is None and change.apply not in by_apply:
            by_apply.clear()
            last_of_run.clear()
        elif change.run is not None:
            by_apply.pop(apply_each, None)
        group = by_apply.get(change.apply)
        if group is None or (change.run is not None and last_of_run.get(change.run, -1) > group):
            group = by_apply[change.apply] = len(groups)
            groups.append([])
        groups[group].append(position)
        if change.run is not None:
            last_of_run[change.run] = group
    return groups


def apply_each(journal: Journal, calls: Sequence[Callable[[Journal], _T]]) -> list[Answered[_T]]:
    """Make changes one after the other; what raises a refusal has written nothing."""
    return [_apply(journal, call) for call in calls]


def _apply(journal: Journal, call: Callable[[Journal], _T]) -> Answered[_T]:
    try:
        return call(journal)
    except StoreError:
        raise  # the transaction cannot be continued
    except PagentsError as refusal:
        return refusal
