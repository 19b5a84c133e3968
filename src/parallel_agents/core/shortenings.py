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
        failed_at: the same, of the last summary that failed.
    """

    count: int = 0
    summarized: int = 0
    failures: tuple[str, ...] = ()
    here: int = 0
    refused_at: int = -1
    failed_at: int = -1

    def after(self, shortened: Shortened) -> Shortenings:
        why = shortened.unsummarized
        return Shortenings(
            count=self.count + 1,
            summarized=self.summarized + bool(shortened.cuts.summary),
            failures=(*self.failures, why) if why else self.failures,
            here=self.here + 1,
            refused_at=self.refused_at if shortened.error is None else shortened.turn,
            failed_at=shortened.turn if why else self.failed_at,
        )

    def after_reply(self) -> Shortenings:
        return replace(self, here=0) if self.here else self

    def of_next_attempt(self) -> Shortenings:
        return replace(self, here=0, refused_at=-1, failed_at=-1)


NO_SHORTENINGS = Shortenings()
