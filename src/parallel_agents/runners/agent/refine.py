"""Rounds: an answer on its way through its gates, and the versions of it that a refine loop makes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from parallel_agents.core.agent import Agent
from parallel_agents.core.escalation import critique_of
from parallel_agents.core.event import Entry, Gated, Revised
from parallel_agents.core.gate import JudgeGate, cheapest_first
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.session import Session
from parallel_agents.core.submission import Draft, Submission
from parallel_agents.core.transcript import Transcript, Version
from parallel_agents.errors import GateRefused, OverBudget, PagentsError, RevisionFailed
from parallel_agents.runners.agent.gates import Gatekeeper, refusal_of
from parallel_agents.runners.clock import Clock

Write = Callable[[Entry], Awaitable[None]]


class Rounds:
    """What becomes of a run's answers, as its agent's gates and refine loop have it.

    Args:
        session: whose run it is.
        task: what is to be done, in the words that the agent was given.
        state: the run's, to which what is written is applied.
        write: keeps an event.
    """

    def __init__(
        self, session: Session, task: str, state: Transcript, gatekeeper: Gatekeeper, write: Write
    ) -> None:
        self._session = session
        self._agent: Agent = session.agent
        self._refine = session.agent.refine
        self._task = task
        self._state = state
        self._gatekeeper = gatekeeper
        self._write = write

    @property
    def best(self) -> Version | None:
        """The version that a refine loop would give."""
        return self._state.best if self._refine else None

    def attempts(self, most: int | None) -> int:
        """How many attempts the model may have; a refine loop ends where its rounds gain nothing."""
        if self._refine is None:
            return most or 1
        has_gained = self._state.stale < self._refine.patience
        return self._refine.rounds if has_gained else self._state.tries

    def next_by(self, error: PagentsError) -> str:
        """The agent that makes the next attempt's answer; empty where the model does."""
        is_refused = self.best is not None and isinstance(error, GateRefused)
        return self._refine.by or "" if self._refine and is_refused else ""

    def critique(self, error: PagentsError) -> str:
        """What the next attempt is told; a refine loop goes on from its best version."""
        if self.best is not None and isinstance(error, GateRefused):
            return critique_of(refusal_of(self.best.refusals), self.best.last_text)
        return critique_of(error, self._state.last_text)

    async def refusal(self, output: Json, clock: Clock) -> GateRefused | None:
        """Why the answer does not pass its gates, the cheapest first; None where it passes all.

        A refine loop hears all of them, but asks no judge of what a check in code refuses.
        """
        state = self._state
        submission = Submission(
            self._session, state.attempt, state.turn, self._task, output, state.last_text
        )
        for number, gate in enumerate(cheapest_first(self._agent.gates), start=1):
            is_refused = not all(verdict.is_accepted for verdict in state.verdicts)
            if is_refused and (self._refine is None or isinstance(gate, JudgeGate)):
                break
            if number > len(state.verdicts):
                verdict = await self._gatekeeper.check(gate, submission, clock.park)
                await clock.go_on()
                gated = Gated(attempt=state.attempt, verdict=verdict)
                key = f"attempt-{state.attempt}/turn-{state.turn}/gate-{number}"
                await self._write(Entry(key, gated))
        refusals = state.version.refusals if state.version else ()
        return refusal_of(refusals) if refusals else None

    async def revise(self, model: str, clock: Clock) -> None:
        """Have another agent make the next version of the best one.

        Raises:
            OverBudget: its run was.
            RevisionFailed: it gave none for another reason.
        """
        state, best = self._state, self._state.best
        assert best is not None, "a revision is asked for after a refusal alone"
        draft = Draft(
            session=self._session,
            attempt=state.attempt,
            task="\n\n".join((self._task, *state.told)),
            work=best.last_text,
            critique=refusal_of(best.refusals).why,
            model=model,
        )
        result = await self._gatekeeper.revise(state.reviser, draft, clock.park)
        await clock.go_on()
        if not result.is_done:
            raise _failed(state.reviser, result)
        revised = Revised(
            attempt=state.attempt, by=state.reviser, run=result.run_id, text=result.text
        )
        await self._write(Entry(f"attempt-{state.attempt}/revised", revised))


def _failed(by: str, result: Result) -> PagentsError:
    error = result.error
    why = f"{error.code} {error.message}" if error else f"its run is {result.status}"
    if result.status is RunStatus.OVER_BUDGET:
        return OverBudget(f"the budget leaves no room for {by}", why=why, hint="raise the budget")
    return RevisionFailed(
        f"{by} gave no next version", why=why, hint="see `pagents history`, or let the writer do it"
    )
