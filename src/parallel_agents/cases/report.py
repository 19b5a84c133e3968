"""Report: what a test of an agent came to, try by try."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class TryStatus(StrEnum):
    """How a try of a case ended; one that is `not_tried` says nothing about the agent."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


class CheckStatus(StrEnum):
    """What a check found; one that is `not_judged` says nothing about the answer."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEnd:
    """What a check found.

    Attributes:
        check: the check in readable words.
        why: why the answer did not pass, or could not be judged.
        saw: the values that a condition read, if it failed.
        score: 0 to 10, by a judge.
        notice: a warning for readers of the score.
        is_rubric: whether a judge was asked.
    """

    check: str
    status: CheckStatus
    why: str = ""
    saw: str = ""
    score: float | None = None
    notice: str = ""
    is_rubric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTry:
    """One try of a case.

    Attributes:
        case: its id.
        number: of the try, from 1.
        model: the `provider/model` of the answer; the one asked for if there is none.
        checks: what each check found; empty if there was no answer to check.
        why: why there was no answer, or why it was not judged; empty otherwise.
        saw: the beginning of the answer.
        seconds: how long the agent's run took; 0 if it was not tried.
        cost_usd: what it cost; None if a price is unknown.
        simulated_usd: what its calls of simulated models would have cost.
        session: the key of its session; empty if there is none.
        folder: its workspace, if that was kept; empty otherwise.
    """

    case: str
    number: int
    model: str
    status: TryStatus
    checks: tuple[CheckEnd, ...] = ()
    why: str = ""
    saw: str = ""
    seconds: float = 0.0
    cost_usd: float | None = None
    simulated_usd: float = 0.0
    session: str = ""
    folder: str = ""

    @property
    def score(self) -> float | None:
        """The judge's score; None if no judge gave one."""
        return next((check.score for check in self.checks if check.score is not None), None)

    @property
    def rubric_not_judged(self) -> str:
        """Why its rubric was not judged; empty if it was, or if there is none."""
        unjudged = [c for c in self.checks if c.is_rubric and c.status is CheckStatus.NOT_JUDGED]
        return unjudged[0].why if unjudged else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestReport:
    """What a test of one version of an agent came to.

    Attributes:
        agent: its name.
        version: a hash of its definition and of all its cases; numbers of different versions are
            not comparable.
        tries: in the order of the models, the cases and the tries of each.
    """

    __test__ = False  # no test, whatever pytest makes of its name

    agent: str
    version: str
    tries: tuple[CaseTry, ...]

    @property
    def passed(self) -> int:
        return self._count(TryStatus.PASSED)

    @property
    def failed(self) -> int:
        return self._count(TryStatus.FAILED)

    @property
    def not_tried(self) -> int:
        return self._count(TryStatus.NOT_TRIED)

    @property
    def is_passed(self) -> bool:
        """Whether each case was tried, and passed each time."""
        return bool(self.tries) and self.passed == len(self.tries)

    def _count(self, status: TryStatus) -> int:
        return sum(each.status is status for each in self.tries)


def cost_of(tries: Sequence[CaseTry]) -> float | None:
    """What tries cost together; None if a price is unknown."""
    costs = [each.cost_usd for each in tries if each.session]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
