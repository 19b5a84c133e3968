"""Journal: each change of the store as a function on one SQL transaction.

A change refuses before it writes, so several can share a transaction: a refused one leaves the
others as they are. Who opens and commits the transaction is the store's business.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Amount, BudgetAccount, Shortage
from parallel_agents.core.dead_letter import DEAD_LETTER_SECONDS
from parallel_agents.core.event import (
    QUEUED_KEY,
    Attempted,
    Body,
    Entry,
    Event,
    Finished,
    Noticed,
    Queued,
    Replied,
    Started,
    Steered,
    SteerMode,
)
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.model import ModelReply
from parallel_agents.core.run import LIVE, Failure, Outcome, Run, RunStatus
from parallel_agents.core.store import Claim, Killed, Owner, OwnerState, SessionPlan, SpawnOutcome
from parallel_agents.errors import (
    Conflict,
    NotFound,
    OwnershipLost,
    RunIsOver,
    RunKilled,
    RunTimedOut,
)
from parallel_agents.stores import replies, rows
from parallel_agents.stores.budgets import BudgetAccounts, scope_of
from parallel_agents.stores.chain import Chain
from parallel_agents.stores.codec import (
    Encoded,
    decode_body,
    decode_options,
    encode_agent,
    encode_body,
    encode_options,
)
from parallel_agents.stores.dead_letters import DeadLetters
from parallel_agents.stores.projection import title_of
from parallel_agents.stores.queries import query
from parallel_agents.stores.quotas import SpawnQuota
from parallel_agents.stores.throttles import ThrottleRows

_ENCODINGS_KEPT = 256
_OWNER_KEPT_SECONDS = 7 * 86_400.0


class Journal:
    """The changes. `written` collects the events of the transaction, in order."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        now: Callable[[], float],
        dead_letter_seconds: float = DEAD_LETTER_SECONDS,
    ) -> None:
        self._sql = connection
        self._now = now
        self._encoded: dict[int, tuple[Agent, Encoded]] = {}
        self._rooms = SpawnQuota(connection)
        self._accounts = BudgetAccounts(connection)
        self.throttles = ThrottleRows(connection)
        self.letters = DeadLetters(connection, now, dead_letter_seconds)
        self._chain = Chain(connection)
        self.agents = rows.Agents(connection)
        self.written: list[Event] = []

    def begin(self) -> None:
        """Forget the transaction before; the next one begins."""
        self.written = []
        self._rooms.forget()
        self._chain.forget()

    def seal(self) -> None:
        """Link what the transaction wrote to what was written before; the last thing in it."""
        self._chain.close()

    def committed(self) -> None:
        """What was written is durable."""
        self._chain.committed()

    def spawn(self, plans: Sequence[SessionPlan]) -> list[SpawnOutcome]:
        self.check(plans)
        return [self._spawn(plan) for plan in plans]

    def check(self, plans: Sequence[SessionPlan]) -> None:
        """Refuse all, before anything is written, where one cannot be made."""
        for parent in {b.session.parent for b in plans} - {b.session.key for b in plans}:
            self._is_killed(parent)
        asked: dict[tuple[str, str], str] = {}
        for plan in plans:
            place = (plan.session.parent or "", plan.session.spawn_key)
            found = self._sql.execute(query("session_by_spawn_key"), place).fetchone()
            stands_for = asked.setdefault(place, found[1] if found else plan.digest)
            if stands_for != plan.digest:
                raise Conflict(
                    f"the key {plan.session.spawn_key!r} stands for other work",
                    why="it was given to another task before",
                    hint="choose another key or id, or ask for the same work again",
                )
            if found is None:
                self._rooms.take(plan)

    def _spawn(self, plan: SessionPlan) -> SpawnOutcome:
        session = plan.session
        parent = session.parent or ""
        found = self._sql.execute(
            query("session_by_spawn_key"), (parent, session.spawn_key)
        ).fetchone()
        if found is not None:
            row = rows.row_of_session(self._sql, self.agents, SessionKey(found[0]))
            return SpawnOutcome(row.session, row.run, is_new=False)
        killed = session.killed or self._is_killed(session.parent)
        now = self._now()
        agent = self._put_agent(session.agent)
        self._sql.execute(
            query("put_session"),
            (
                session.key,
                agent,
                session.label,
                parent,
                session.spawn_key,
                plan.digest,
                session.root,
                session.depth,
                killed,
                now,
                encode_options(session.options),
            ),
        )
        run = Run(
            id=plan.run,
            session=session.key,
            number=1,
            kind=plan.kind,
            status=RunStatus.QUEUED,
            title=title_of(plan.queued),
            model=plan.model,
            priority=plan.priority,
            owner=plan.owner,
            created_at=now,
        )
        if plan.budget.is_bound:
            self._accounts.open(BudgetAccount(scope=scope_of(session.key), budget=plan.budget))
        self._put_run(run, plan.queued)
        if plan.retries is not None:
            self.letters.note_retry(plan.retries, session.key)
        if killed:
            self._end_early(plan.run, session.key, RunStatus.KILLED, by="its parent's end")
            run = rows.row_of_run(self._sql, self.agents, plan.run).run
        return SpawnOutcome(replace(session, killed=killed, created_at=now), run, is_new=True)

    def send(self, session: SessionKey, run: RunId, queued: Queued, owner: OwnerId | None) -> Run:
        latest = rows.row_of_session(self._sql, self.agents, session)
        if latest.session.killed:
            raise RunIsOver(f"session {session} was killed", hint="spawn a new one")
        following = Run(
            id=run,
            session=session,
            number=latest.run.number + 1,
            kind=latest.run.kind,
            status=RunStatus.QUEUED,
            title=title_of(queued),
            model=latest.run.model,
            priority=latest.run.priority,
            owner=owner,
            created_at=self._now(),
        )
        return self._put_run(following, queued)

    def _put_run(self, run: Run, queued: Queued) -> Run:
        columns = (run.id, run.session, run.number, run.kind, run.title, run.model, run.priority)
        self._sql.execute(query("put_run"), (*columns, run.owner, run.created_at))
        self._write(run.id, run.session, Entry(QUEUED_KEY, queued))
        return run

    def _is_killed(self, session: SessionKey | None) -> bool:
        if session is None:
            return False
        found = self._sql.execute(query("session_state"), (session,)).fetchone()
        if found is None:
            raise NotFound(f"no session {session!r}", hint="`pagents list --all` shows them")
        return bool(found[0])

    def _put_agent(self, agent: Agent) -> str:
        kept = self._encoded.get(id(agent))
        if kept is None or kept[0] is not agent:
            if len(self._encoded) > _ENCODINGS_KEPT:
                self._encoded.clear()
            kept = self._encoded[id(agent)] = (agent, encode_agent(agent))
        self._sql.execute(query("put_agent"), kept[1])
        return kept[1].digest

    def claim(self, run: RunId, owner: OwnerId) -> Claim | None:
        taken = self._sql.execute(
            query("claim"), {"run": run, "owner": owner, "now": self._now()}
        ).fetchone()
        if taken is None:
            # What it waits for may be a run that its process gave up in good order: free that.
            self._sql.execute(query("free_earlier"), {"run": run})
            return None
        session, epoch = SessionKey(taken[0]), taken[1]
        self._write(run, session, Entry(f"started-{epoch}", Started(owner=owner, epoch=epoch)))
        row = rows.row_of_run(self._sql, self.agents, run)
        events = rows.events_of_session(self._sql, session)
        return Claim(row.session, row.run, events, self._accounts.has_above(session))

    def reserve(
        self,
        run: RunId,
        epoch: int,
        amount: Amount,
        accounts: Sequence[BudgetAccount],
        *,
        is_last: bool,
    ) -> Shortage | None:
        session = self._fence(run, epoch)
        for account in accounts:
            self._accounts.open(account)
        scopes = [account.scope for account in accounts]
        return self._accounts.reserve(run, amount, session, scopes, is_last=is_last)

    def give_back(self, run: RunId, epoch: int, *, may_be_billed: bool) -> None:
        self._fence(run, epoch)
        (self._accounts.forfeit if may_be_billed else self._accounts.release)(run)

    def append(self, run: RunId, epoch: int, entries: Sequence[Entry]) -> None:
        session = self._fence(run, epoch)
        for entry in entries:
            if self._write(run, session, entry):
                self._project(run, session, entry.body)

    def finish(self, run: RunId, epoch: int, outcome: Outcome, steers_seen: int | None) -> bool:
        session = self._fence(run, epoch)
        if steers_seen is not None and self._count_steers(run) > steers_seen:
            return False
        self._end(run, session, Finished(outcome=outcome), fence=0)
        return True

    def _count_steers(self, run: RunId) -> int:
        return self._sql.execute(query("count_steers"), (run,)).fetchone()[0]

    def _fence(self, run: RunId, epoch: int) -> SessionKey:
        found = self._sql.execute(query("run_state"), (run,)).fetchone()
        if found is None or found[2] != epoch or found[1] not in LIVE:
            raise OwnershipLost(
                f"run {run} is no longer this process's",
                why="it was killed, or another process took it over",
            )
        return SessionKey(found[0])

    def steer(self, run: RunId, key: str, text: str, mode: SteerMode, by: str) -> None:
        found = self._sql.execute(query("run_state"), (run,)).fetchone()
        if found is None:
            raise NotFound(f"no run {run!r}", hint="`pagents list --all` shows them")
        if found[1] not in LIVE:
            raise RunIsOver(
                f"run {run} is over: {found[1]}", hint="`pagents send` starts the next run"
            )
        self._write(run, SessionKey(found[0]), Entry(key, Steered(text=text, mode=mode, by=by)))

    def kill(self, session: SessionKey, by: str, status: RunStatus, *, dry_run: bool) -> Killed:
        ended: list[Run] = []
        already_over = 0
        for (key,) in self._sql.execute(query("subtree"), (session,)).fetchall():
            if not dry_run:
                self._sql.execute(query("mark_killed"), (key,))
            for run, stands in self._sql.execute(query("runs_of_session"), (key,)).fetchall():
                if stands not in LIVE:
                    already_over += 1
                    continue
                ended.append(rows.row_of_run(self._sql, self.agents, run).run)
                if not dry_run:
                    self._end_early(run, key, status, by=by)
        if not ended and not already_over:
            raise NotFound(f"no session {session!r}", hint="`pagents list --all` shows them")
        return Killed(ended, already_over)

    def end_unbegun(self, parent: SessionKey, by: str) -> list[RunId]:
        ended: list[RunId] = []
        for key, run in self._sql.execute(query("unbegun"), (parent,)).fetchall():
            self._sql.execute(query("mark_killed"), (key,))
            self._end_early(RunId(run), SessionKey(key), RunStatus.KILLED, by=by)
            ended.append(RunId(run))
        return ended

    def end_children(self, parent: SessionKey, by: str, status: RunStatus) -> list[RunId]:
        ended: list[RunId] = []
        for key, options in self._sql.execute(query("live_children"), (parent,)).fetchall():
            if not decode_options(options).outlives_parent:
                killed = self.kill(SessionKey(key), by, status, dry_run=False)
                ended.extend(run.id for run in killed.runs)
        return ended

    def _end_early(self, run: RunId, session: SessionKey, status: RunStatus, *, by: str) -> None:
        """End a run from outside, with what it has; the epoch rises, so its owner is fenced out."""
        text = self._last_text(run)
        error = RunKilled if status is RunStatus.KILLED else RunTimedOut
        outcome = Outcome(
            status=status, output=text or None, text=text, error=Failure.of(error(f"ended by {by}"))
        )
        self._end(run, session, Finished(outcome=outcome, by=by), fence=1)

    def _last_text(self, run: RunId) -> str:
        found = self._sql.execute(query("last_reply"), (run,)).fetchone()
        if found is None:
            return ""
        reply = decode_body(found[0])
        return reply.message.text if isinstance(reply, Replied) else ""

    def _end(self, run: RunId, session: SessionKey, finished: Finished, *, fence: int) -> None:
        error = finished.outcome.error
        self._rooms.forget()
        self._accounts.forfeit(run)
        self._write(run, session, Entry("finished", finished))
        self._sql.execute(
            query("end_run"),
            {
                "run": run,
                "status": finished.outcome.status,
                "now": self._now(),
                "error_code": error.code if error else "",
                "fence": fence,
            },
        )
        code = error.code if error else ""
        self.letters.note_end(run, session, finished.outcome.status, code)

    def keep_reply(self, key: str, reply: ModelReply, seconds: float) -> None:
        replies.keep_reply(self._sql, key, reply, seconds=seconds, now=self._now())

    def release(self, owner: OwnerId, runs: Sequence[RunId]) -> None:
        self._sql.executemany(query("release"), [(run, owner) for run in runs])

    def heartbeat(self, owner: Owner) -> None:
        if owner.state is not OwnerState.LIVE:
            self._sql.execute(query("requeue_owned"), (owner.id,))
            self.throttles.let_go(owner.id)
        self._sql.execute(
            query("heartbeat"),
            {
                "id": owner.id,
                "host": owner.host,
                "pid": owner.pid,
                "role": owner.role,
                "state": owner.state,
                "heartbeat_at": self._now(),
            },
        )
        self._sql.execute(query("drop_old_owners"), (self._now() - _OWNER_KEPT_SECONDS,))

    def mark_dead(self, owner: OwnerId) -> None:
        self._sql.execute(query("mark_dead"), (owner,))
        self.throttles.let_go(owner)
        # Who goes on may have no place for its runs while others wait for the room that these hold.
        for (run,) in self._sql.execute(query("reserving_runs"), (owner,)).fetchall():
            self._accounts.forfeit(RunId(run))

    def _write(self, run: RunId, session: SessionKey, entry: Entry) -> bool:
        at = self._now()
        body = encode_body(entry.body)
        cursor = self._sql.execute(query("put_event"), (at, run, entry.key, body))
        if cursor.rowcount == 0:
            return False
        seq = cursor.lastrowid or 0
        self._chain.add(seq, at, run, entry.key, body)
        self.written.append(Event(seq, at, session, run, entry.key, entry.body))
        return True

    def _project(self, run: RunId, session: SessionKey, body: Body) -> None:
        """Keep the run's row and the accounts that pay for it true to its events."""
        if isinstance(body, Replied):
            usage = body.usage
            paid = Amount(body.cost_nanousd, usage.total_tokens)
            for scope, words in self._accounts.settle(run, paid):
                self._write(run, session, Entry(f"noticed/{scope}", Noticed(text=words)))
            tokens = (usage.input_tokens, usage.output_tokens)
            cached = (usage.cache_read_tokens, usage.cache_write_tokens)
            money = (body.cost_nanousd or 0, body.cost_nanousd is None)
            self._sql.execute(query("note_reply"), (*tokens, *cached, *money, run))
        elif isinstance(body, Attempted):
            self._sql.execute(query("note_attempt"), (body.number, body.model, run))
