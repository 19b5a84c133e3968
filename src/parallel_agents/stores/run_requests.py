"""Run requests: what a process asks of its runs, many at once, and how each is answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

from parallel_agents.core.budget import Amount
from parallel_agents.core.event import Entry
from parallel_agents.core.ids import OwnerId, RunId
from parallel_agents.core.run import Outcome
from parallel_agents.errors import PagentsError

_T = TypeVar("_T")
Answer: TypeAlias = _T | PagentsError


class ClaimRequest(NamedTuple):
    run: RunId
    owner: OwnerId


class Append(NamedTuple):
    run: RunId
    epoch: int
    entries: Sequence[Entry]


class Reserve(NamedTuple):
    run: RunId
    epoch: int
    amount: Amount
    is_last: bool


class Finish(NamedTuple):
    run: RunId
    epoch: int
    outcome: Outcome
    steers_seen: int | None


class OfRun(Protocol):
    @property
    def run(self) -> RunId: ...


class Claimed(OfRun, Protocol):
    @property
    def epoch(self) -> int: ...


_R = TypeVar("_R", bound=OfRun)


def rounds(requests: Sequence[_R]) -> Iterator[list[_R]]:
    """The requests in order, in groups in which each run occurs once."""
    group: list[_R] = []
    runs: set[RunId] = set()
    for request in requests:
        if request.run in runs:
            yield group
            group, runs = [], set()
        group.append(request)
        runs.add(request.run)
    yield group
