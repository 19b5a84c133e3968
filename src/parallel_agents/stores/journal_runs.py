"""Journal of runs: claims, appends, reservations and ends, each for many runs at once.

The four changes that every model call makes take all requests of a transaction together, so that a
distant database needs a constant number of round trips for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import groupby
from typing import NamedTuple

from parallel_agents.core.budget import Shortage
from parallel_agents.core.call_decisions import Asked
from parallel_agents.core.event import (
    Attempted,
    Entry,
    Event,
    Finished,
    Noticed,
    Replied,
    Started,
    Steered,
    SteerMode,
)
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.run import LIVE, Failure, Outcome, RunStatus
from parallel_agents.core.store import Claim
from parallel_agents.errors import (
    LeftRun,
    NotFound,
    OwnershipLost,
    PriceUnknown,
    RunKilled,
    RunTimedOut,
)
from parallel_agents.stores.budgets import Request, Spent
from parallel_agents.stores.closed import run_is_over
from parallel_agents.stores.crash_loop import crash_loop
from parallel_agents.stores.damage import damaged, fault_of, is_newer
from parallel_agents.stores.database import as_array
from parallel_agents.stores.dead_letters import End
from parallel_agents.stores.event_log import Draft
from parallel_agents.stores.notifications import note_ends, note_questions
from parallel_agents.stores.questions import settle_by_rule
from parallel_agents.stores.row_columns import reply_columns
from parallel_agents.stores.run_requests import (
    Answer,
    Append,
    Claimed,
    ClaimRequest,
    Finish,
    Reserve,
    rounds,
)
from parallel_agents.stores.tables import Tables


class Ending(NamedTuple):
    """A run that ends now; `fence` is 1 if its owner must not write any more."""

    run: RunId
    session: SessionKey
    finished: Finished
    fence: int


class _Fenced(NamedTuple):
    """The session of each request's run, or its refusal; and which runs have reserved something."""

    sessions: list[SessionKey | OwnershipLost]
    reserving: Set[RunId]


class JournalRuns:
    """The changes of runs; each is part of its caller's transaction."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def claim(self, requests: Sequence[ClaimRequest]) -> list[Answer[Claim | None]]:
        by_owner = groupby(requests, key=lambda request: request.owner)
        return [
            answer
            for owner, of_owner in by_owner
            for group in rounds(list(of_owner))
            for answer in self._claim(owner, group)
        ]

    def _claim(
        self, owner: OwnerId, requests: Sequence[ClaimRequest]
    ) -> list[Answer[Claim | None]]:
        """Claims of different runs by one owner: all claims of a process have the same owner."""
        values = {
            "runs": as_array([request.run for request in requests]),
            "owner": owner,
            "now": self._tables.now(),
        }
        taken = {
            RunId(run): (SessionKey(session), epoch)
            for run, session, epoch in self._tables.database.all("claim", values)
        }
        missed = [request.run for request in requests if request.run not in taken]
        if missed:
            # They may wait for earlier runs that a process left behind when it ended: free those.
            self._tables.database.run("free_earlier", values | {"runs": as_array(missed)})
        if not taken:
            return [None] * len(requests)
        sessions = list({session for session, _ in taken.values()})
        rows = self._tables.rows.of_runs(list(taken))
        stories = self._tables.transcripts.of_claims(list(rows.values()))
        answers: dict[RunId, Answer[Claim | None]] = {}
        for run in list(taken):
            if unfit := self._put_aside(rows[run], stories[run].unreadable):
                answers[run] = unfit
                del taken[run]
        self._tables.log.write_new(
            [_started(request, *taken[request.run]) for request in requests if request.run in taken]
        )
        for event in self._tables.log.written[-len(taken) :] if taken else ():
            stories[event.run].events.append(event)
        again = [run for run, (_, epoch) in taken.items() if epoch > 1]
        orphans = self._left_by_dead({run: stories[run].events for run in again})
        budgeted = self._tables.accounts.budgeted_among(sessions)
        is_limited = self._tables.days.look()
        for run, (session, _) in taken.items():
            row, story = rows[run], stories[run]
            is_budgeted = is_limited or session in budgeted
            answers[run] = Claim(
                row.session, row.run, story.events, is_budgeted, story.before, run in orphans
            )
        return [answers.get(request.run) for request in requests]

    def _left_by_dead(self, claimed: Mapping[RunId, Sequence[Event]]) -> set[RunId]:
        """The runs whose last process but this one has died, by their events up to this claim."""
        if not claimed:
            return set()
        owners: dict[RunId, OwnerId] = {}
        for run, events in claimed.items():
            claims = [event.body for event in events if isinstance(event.body, Started)]
            if len(claims) > 1:
                owners[run] = claims[-2].owner
        found = self._tables.database.all("dead_among", (as_array([*owners.values()]),))
        dead = {OwnerId(owner) for (owner,) in found}
        return {run for run, owner in owners.items() if owner in dead}

    def _put_aside(self, row: Row, unreadable: Sequence[Event]) -> LeftRun | None:
        """Why a claimed run cannot be executed from its record; None if it can.

        What a newer version has written is left to it. A damaged run ends: nobody could continue it,
        and others may wait for it.
        """
        if is_newer(unreadable):
            self._tables.database.run("unclaim", (row.run.id,))
            return LeftRun(f"a newer version of pagents wrote run {row.run.id}")
        if not (fault := fault_of(row, unreadable)):
            return None
        outcome = Outcome(status=RunStatus.FAILED, error=damaged(row.run.id, fault))
        self._tables.accounts.forfeit([row.run.id])
        self.end([Ending(row.run.id, row.session.key, Finished(outcome=outcome), fence=0)])
        return LeftRun(fault)

    def append(self, requests: Sequence[Append]) -> list[Answer[bool]]:
        sessions, reserving = self._fence(requests)
        drafts = [
            Draft(request.run, session, entry)
            for request, session in zip(requests, sessions, strict=True)
            if not isinstance(session, OwnershipLost)
            for entry in request.entries
        ]
        if drafts:
            self._project(self._tables.log.write(drafts), reserving)
        is_limited = self._tables.days.is_limited
        return [s if isinstance(s, OwnershipLost) else is_limited for s in sessions]

    def _project(self, drafts: Sequence[Draft], reserving: Set[RunId]) -> None:
        """Update each run's row from its new events, and the accounts of the `reserving` runs."""
        replies = [(d, d.entry.body) for d in drafts if isinstance(d.entry.body, Replied)]
        if replies:
            self._tables.database.run_many(
                "note_reply", [reply_columns(d.run, body) for d, body in replies]
            )
            pays = self._tables.days.is_limited
            settling = [reply for reply in replies if pays or reply[0].run in reserving]
            if settling:
                self._settle(settling)
        questions = [
            (draft.run, draft.session, draft.entry.key)
            for draft in drafts
            if isinstance(draft.entry.body, Asked)
        ]
        if questions:
            settle_by_rule(self._tables, drafts)
            note_questions(self._tables, questions)
        attempts = [
            {
                "attempts": draft.entry.body.number,
                "model": draft.entry.body.model,
                "run": draft.run,
            }
            for draft in drafts
            if isinstance(draft.entry.body, Attempted)
        ]
        if attempts:
            self._tables.database.run_many("note_attempt", attempts)

    def _settle(self, replies: Sequence[tuple[Draft, Replied]]) -> None:
        now = self._tables.now()
        notices = self._tables.accounts.settle(
            [
                Spent(d.run, d.session, body.charge, body.usage.total_tokens, now - body.seconds)
                for d, body in replies
            ]
        )
        if notices:
            sessions = {draft.run: draft.session for draft, _ in replies}
            self._tables.log.write(
                [
                    Draft(run, sessions[run], Entry(_notice_key(scope, level), Noticed(text=text)))
                    for run, scope, text, level in notices
                ]
            )

    def reserve(self, requests: Sequence[Reserve]) -> list[Answer[Shortage | None]]:
        return [answer for group in rounds(requests) for answer in self._reserve(group)]

    def _reserve(
        self, requests: Sequence[Reserve]
    ) -> Iterable[Shortage | PriceUnknown | OwnershipLost | None]:
        sessions, _ = self._fence(requests)
        fenced = [
            (request, session)
            for request, session in zip(requests, sessions, strict=True)
            if not isinstance(session, OwnershipLost)
        ]
        answers = iter(
            self._tables.accounts.reserve(
                [
                    Request(request.run, session, request.amount, request.is_last)
                    for request, session in fenced
                ]
            )
        )
        return [s if isinstance(s, OwnershipLost) else next(answers) for s in sessions]

    def give_back(self, run: RunId, epoch: int, *, may_be_billed: bool) -> None:
        self.check_fence(run, epoch)
        if may_be_billed:
            self._tables.accounts.forfeit([run])
        else:
            self._tables.accounts.release(run)

    def finish(self, requests: Sequence[Finish]) -> list[Answer[bool]]:
        return [answer for group in rounds(requests) for answer in self._finish(group)]

    def _finish(self, requests: Sequence[Finish]) -> list[Answer[bool]]:
        sessions, reserving = self._fence(requests)
        asked = [request.run for request in requests if request.steers_seen is not None]
        steers: dict[str, int] = (
            dict(self._tables.database.all("count_steers", (as_array(asked),))) if asked else {}
        )
        answers: list[Answer[bool]] = []
        endings: list[Ending] = []
        for request, session in zip(requests, sessions, strict=True):
            if isinstance(session, OwnershipLost):
                answers.append(session)
                continue
            seen = request.steers_seen
            is_over = seen is None or steers.get(request.run, 0) <= seen
            answers.append(is_over)
            if is_over:
                finished = Finished(outcome=request.outcome)
                endings.append(Ending(request.run, session, finished, fence=0))
        self._forfeit([ending.run for ending in endings if ending.run in reserving])
        if endings:
            self.end(endings)
        return answers

    def _forfeit(self, runs: Sequence[RunId]) -> None:
        if runs:
            self._tables.accounts.forfeit(runs)

    def _fence(self, requests: Sequence[Claimed]) -> _Fenced:
        """Refuse the requests whose run has ended or has a newer epoch."""
        asked = as_array(list({request.run for request in requests}))
        states = {run: state for run, *state in self._tables.database.all("run_states", (asked,))}
        self._tables.days.is_limited = any(is_limited for *_, is_limited in states.values())
        return _Fenced(
            [_session_or_lost(request, states.get(request.run)) for request in requests],
            {run for run, (*_, has_reserved, _) in states.items() if has_reserved},
        )

    def check_fence(self, run: RunId, epoch: int) -> None:
        """Raise OwnershipLost for a run that has ended or has a newer epoch."""
        (session,), _ = self._fence([Append(run, epoch, ())])
        if isinstance(session, OwnershipLost):
            raise session

    def steer(self, run: RunId, key: str, text: str, *, mode: SteerMode, by: str) -> None:
        found = self._tables.database.one("run_state", (run,))
        if found is None:
            raise NotFound(f"no run {run!r}", hint="`pagents list --all` shows them")
        session, status, _ = found
        if status not in LIVE:
            raise run_is_over(run, str(status), self._tables.rows.of_session(SessionKey(session)))
        entry = Entry(key, Steered(text=text, mode=mode, by=by))
        self._tables.log.write([Draft(run, SessionKey(session), entry)])

    def end_early(
        self,
        run: RunId,
        session: SessionKey,
        status: RunStatus,
        *,
        by: str,
        keeps_session: bool = False,
    ) -> None:
        """End a run on behalf of somebody other than its owner, with its last text as the output.

        Its epoch is raised, so the owner's later writes are refused.
        """
        text = self._last_text(run)
        if status is RunStatus.KILLED:
            error = RunKilled(f"killed by {by}")
        else:
            error = RunTimedOut(f"ended by {by}", hint="give it more time; what is done stays done")
        failure = Failure.of(error)
        outcome = Outcome(status=status, output=text or None, text=text, error=failure)
        self._tables.accounts.forfeit([run])
        finished = Finished(outcome=outcome, by=by, keeps_session=keeps_session)
        self.end([Ending(run, session, finished, fence=1)])

    def set_aside(self, run: RunId, session: SessionKey, deaths: int) -> None:
        """End a run at which processes died again and again after the same step."""
        text = self._last_text(run)
        error = crash_loop(self._tables.rows, run, deaths)
        outcome = Outcome(
            status=RunStatus.FAILED, output=text or None, text=text, error=Failure.of(error)
        )
        self.end([Ending(run, session, Finished(outcome=outcome), fence=0)])

    def _last_text(self, run: RunId) -> str:
        found = self._tables.database.one("last_reply", (run,))
        if found is None:
            return ""
        reply = self._tables.rows.body(*found)
        return reply.message.text if isinstance(reply, Replied) else ""

    def end(self, endings: Sequence[Ending]) -> None:
        """End live runs that have nothing reserved, each for good."""
        self._tables.quota.forget()
        self._tables.log.write_new(
            [Draft(e.run, e.session, Entry("finished", e.finished)) for e in endings]
        )
        now = self._tables.now()
        ends = [_end(ending) for ending in endings]
        self._tables.database.run_many(
            "end_run",
            [
                {
                    "run": end.run,
                    "status": end.status,
                    "now": now,
                    "error_code": end.code,
                    "fence": ending.fence,
                }
                for end, ending in zip(ends, endings, strict=True)
            ],
        )
        self._tables.dead_letters.note_ends(ends)
        note_ends(self._tables, [(end.run, end.session, end.status) for end in ends])


def _notice_key(scope: str, level: int) -> str:
    return f"noticed/{scope}" if level == 1 else f"noticed/{scope}/{level}"


def _started(request: ClaimRequest, session: SessionKey, epoch: int) -> Draft:
    entry = Entry(f"started-{epoch}", Started(owner=request.owner, epoch=epoch))
    return Draft(request.run, session, entry)


def _session_or_lost(
    request: Claimed, state: Sequence[object] | None
) -> SessionKey | OwnershipLost:
    if state is not None:
        session, status, epoch, *_ = state
        if epoch == request.epoch and status in LIVE:
            return SessionKey(str(session))
    return OwnershipLost(
        f"this process no longer owns run {request.run}",
        why="it was killed, or another process took it over",
    )


def _end(ending: Ending) -> End:
    outcome = ending.finished.outcome
    code = outcome.error.code if outcome.error else ""
    return End(ending.run, ending.session, outcome.status, code)
