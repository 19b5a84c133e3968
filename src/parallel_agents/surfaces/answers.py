"""Answers: what a run has answered, as one text; of a team or a flow, what its tasks have."""

from __future__ import annotations

from dataclasses import dataclass, field

from parallel_agents.core.run import Outcome, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.views import format

ANSWERED = frozenset({RunStatus.DONE, RunStatus.PARTIAL})


@dataclass(slots=True)
class Answers:
    """The outcomes of the tasks of a team or a flow, by their labels, in the order of their ends."""

    _outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])

    def add(self, label: str, outcome: Outcome) -> None:
        self._outcomes.pop(label, None)
        self._outcomes[label] = outcome

    def text(self, outcome: Outcome) -> str:
        """The answer of the run as a model wrote it, or else a section for each task."""
        if isinstance(outcome.output, str):
            return outcome.output
        if outcome.output is not None or not self._outcomes:
            return outcome.text or format.output(outcome.output)
        return "\n\n".join(_section(label, each) for label, each in self._outcomes.items())

    def output(self, outcome: Outcome) -> Json:
        """The answer of the run as JSON, or else those of its tasks by label."""
        if outcome.output is not None or not self._outcomes:
            return outcome.output
        return {label: each.output for label, each in self._outcomes.items()}


def error_of(outcome: Outcome) -> tuple[str, str]:
    """What went wrong, for a person, and its code; empty without one."""
    error = outcome.error
    if error is None:
        return f"the run ended as {outcome.status.value}", ""
    told = (error.message, error.why, error.hint)
    return " ".join(_sentence(part) for part in told if part), error.code


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _section(label: str, outcome: Outcome) -> str:
    if outcome.status in ANSWERED:
        return f"## {label}\n\n{format.output(outcome.output) or outcome.text}"
    return f"## {label}\n\n{error_of(outcome)[0]}"
