"""Version: an answer of a run with what its gates said, and which of two is better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from parallel_agents.core.gate import Verdict


class AnswerId(NamedTuple):
    """Which answer of a run: the attempt, and the turn of its last reply."""

    attempt: int
    turn: int


@dataclass(frozen=True, slots=True)
class Version:
    """An answer, and the verdicts of its gates."""

    attempt: int
    last_text: str
    verdicts: tuple[Verdict, ...] = ()

    @property
    def rank(self) -> tuple[int, float]:
        """A higher rank is better: first by the number of gates passed, then by the score."""
        passed = sum(verdict.is_accepted for verdict in self.verdicts)
        return passed, -1.0 if self.score is None else self.score

    @property
    def score(self) -> float | None:
        """The score of the most expensive gate that gave one."""
        scores = [verdict.score for verdict in self.verdicts if verdict.score is not None]
        return scores[-1] if scores else None

    @property
    def scores(self) -> Mapping[str, float]:
        """The scores of the items of a batch, by the same gate."""
        scored = [verdict for verdict in self.verdicts if verdict.score is not None]
        return scored[-1].scores if scored else {}

    @property
    def refusals(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if not verdict.is_accepted)
