"""Shortenings: how often a run's conversation was shortened, and how that went."""

from __future__ import annotations

from dataclasses import dataclass, replace

from parallel_agents.core.event import Shortened


@dataclass(frozen=True, slots=True)
class Shortenings:
    """The shortenings of a run.

    Attributes:
        count: how many there were.
        summarized: how many of them left a summary.
        failures: why others left none, although one was asked for.
        here: how many there were since the last reply of the attempt.
        refused_at: the turn before which a refusal made one necessary in the attempt; -1 for none.
        refusals: how many refusals of that turn's call did.
        failed_at: the same, of the last summary that failed.
    """

    count: int = 0
    summarized: int = 0
    failures: tuple[str, ...] = ()
    here: int = 0
    refused_at: int = -1
    refusals: int = 0
    failed_at: int = -1

    def after(self, shortened: Shortened) -> Shortenings:
        why, is_refused = shortened.unsummarized, shortened.error is not None
        refusals = self.refusals if self.refused_at == shortened.turn else 0
        return Shortenings(
            count=self.count + 1,
            summarized=self.summarized + bool(shortened.cuts.summary),
            failures=(*self.failures, why) if why else self.failures,
            here=self.here + 1,
            refused_at=shortened.turn if is_refused else self.refused_at,
            refusals=refusals + 1 if is_refused else self.refusals,
            failed_at=shortened.turn if why else self.failed_at,
        )

    def after_reply(self) -> Shortenings:
        return replace(self, here=0) if self.here else self

    def of_next_attempt(self) -> Shortenings:
        return replace(self, here=0, refused_at=-1, refusals=0, failed_at=-1)


NO_SHORTENINGS = Shortenings()
