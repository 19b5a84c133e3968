"""Run: what the events of a run and of all below it come to as the end of a response."""

from __future__ import annotations

from dataclasses import dataclass, field

from parallel_agents.core.event import Event, Finished, Replied
from parallel_agents.core.ids import RunId, SessionKey, is_group_key
from parallel_agents.core.run import Outcome, RunStatus
from parallel_agents.core.usage import Usage
from parallel_agents.surfaces.answers import ANSWERED, Answers, error_of
from parallel_agents.surfaces.responses.documents import Ended, Status


@dataclass(slots=True)
class ResponseRun:
    """A run, as far as its events are known.

    Attributes:
        session, run: which one.
        end: how it ended; None while it is live.
    """

    session: SessionKey
    run: RunId
    end: Ended | None = None
    _usage: Usage = field(default_factory=Usage)
    _answers: Answers = field(default_factory=Answers)

    def add(self, event: Event, label: str, parent: SessionKey | None) -> None:
        """Count the next event of the tree, of a session of this label below that parent."""
        body = event.body
        is_other = event.session == self.session and event.run != self.run
        if isinstance(body, Replied) and not is_other:
            self._usage += body.usage
        if not isinstance(body, Finished):
            return
        if event.run == self.run:
            self.end = self._ended(body.outcome)
        elif parent == self.session and is_group_key(self.session):
            self._answers.add(label, body.outcome)

    def _ended(self, outcome: Outcome) -> Ended:
        if outcome.status in ANSWERED:
            return Ended("completed", self._answers.text(outcome), None, self._usage)
        status: Status = "cancelled" if outcome.status is RunStatus.KILLED else "failed"
        message, code = error_of(outcome)
        return Ended(status, "", {"code": code or "PA-E304", "message": message}, self._usage)
