"""Judging: the verdicts of gates on the answer of a task that has ended, which its agent is not told."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.children import FlowSessions
from parallel_agents.core.event import Event, Queued
from parallel_agents.core.gate import Gate, Verdict
from parallel_agents.core.inspection import PAGE
from parallel_agents.core.message import task_text
from parallel_agents.core.run import Result
from parallel_agents.core.sandbox import of_commands
from parallel_agents.core.session import Session
from parallel_agents.core.submission import Submission
from parallel_agents.core.transcript import Transcript
from parallel_agents.runners.agent.gates import Gatekeeper
from parallel_agents.runners.agent.hiding import hidden_verdict

# The attempts of a run are counted from 1: what judges it during the run has other keys.
_AFTERWARDS = 0


class Judging:
    """Judges answers that are final.

    Args:
        gatekeeper: gives the verdicts, as it does during a run.
        sessions: those of the flow.
    """

    def __init__(self, gatekeeper: Gatekeeper, sessions: FlowSessions) -> None:
        self._gatekeeper = gatekeeper
        self._sessions = sessions

    async def submission(self, result: Result, folder: str = "") -> Submission:
        """The answer of a run that is done, as gates see it.

        Commands about it run in the sandbox unless it is off for the session: an agent may have
        written what they run.

        Args:
            result: the result of the run.
            folder: where commands run; empty for the folder of the session.
        """
        (row,) = await self._sessions.rows_of([result.run_id])
        events = await all_events(self._sessions, row.session.key)
        transcript = Transcript().replay(event for event in events if event.run == result.run_id)
        session = row.session
        return Submission(
            session=_in_folder(session, folder) if folder else session,
            attempt=_AFTERWARDS,
            turn=_AFTERWARDS,
            task=_task_of(events, result),
            answer=result.output_json,
            text=result.text,
            sandbox=of_commands(session.options.sandbox),
            calls=transcript.kept.calls,
        )

    async def verdict(self, gate: Gate, submission: Submission) -> Verdict:
        """The verdict of a gate.

        Raises:
            GateBroken: the gate cannot give one.
        """
        return hidden_verdict(await self._gatekeeper.check(gate, submission, _nothing_to_park))


async def all_events(sessions: FlowSessions, session: str) -> list[Event]:
    """What happened in a session, oldest first."""
    events: list[Event] = []
    while page := await sessions.history(session, after=events[-1].seq if events else 0):
        events += page
        if len(page) < PAGE:
            break
    return events


def _task_of(events: list[Event], result: Result) -> str:
    queued = [e.body for e in events if e.run == result.run_id and isinstance(e.body, Queued)]
    return task_text(queued[0].text, queued[0].input) if queued else ""


def _in_folder(session: Session, folder: str) -> Session:
    return replace(session, options=replace(session.options, cwd=folder))


def _nothing_to_park() -> None:
    """A flow's run holds no slot."""
