"""Tiers: where on its ladder an agent's work begins, given the results of earlier attempts.

An attempt on a cheap model is worth its cost while that is less than what it saves: the probability
that its answer is accepted, times what the work costs on the models above. So the expected cost of
a start at tier i is V(i) = c(i) + (1 - p(i)) * V(i + 1), and the best start is where it is least.
Several attempts on one model do not change that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.event import Attempted, Event, Finished, Gated, Queued, Replied
from parallel_agents.core.run import RunStatus
from parallel_agents.errors import GateRefused, OutputInvalid

LEAST_ANSWERS = 5
_REFUSED = frozenset({OutputInvalid.code, GateRefused.code})


class Record(NamedTuple):
    """The record of one model's answers; attempts without an answer do not count.

    Attributes:
        nanousd: their cost; None if a price is unknown.
    """

    answers: int = 0
    accepted: int = 0
    nanousd: int | None = 0
    seconds: float = 0.0

    @property
    def share(self) -> float:
        return self.accepted / self.answers if self.answers else 0.0

    def plus(self, attempt: Record) -> Record:
        is_known = self.nanousd is not None and attempt.nanousd is not None
        return Record(
            self.answers + attempt.answers,
            self.accepted + attempt.accepted,
            (self.nanousd or 0) + (attempt.nanousd or 0) if is_known else None,
            self.seconds + attempt.seconds,
        )


def records_of(runs: Iterable[Iterable[Event]]) -> dict[str, Record]:
    """The records by model.

    Args:
        runs: the runs of one agent, each as its events in order.
    """
    records: dict[str, Record] = {}
    for events in runs:
        for model, attempt in _attempts(events):
            records[model] = records.get(model, Record()).plus(attempt)
    return records


def _attempts(events: Iterable[Event]) -> Iterable[tuple[str, Record]]:
    """Each attempt that ended in an answer, with its model."""
    model, so_far, is_refused = "", Record(), False
    for event in events:
        match event.body:
            case Queued(ladder=ladder) if ladder:
                model = ladder[0]
            case Replied() as reply:
                model = model or reply.model
                so_far = so_far.plus(Record(0, 0, reply.cost_nanousd, reply.seconds))
            case Gated(verdict=verdict):
                is_refused = is_refused or not verdict.is_accepted
            case Attempted(error=error, model=above):
                if error.code in _REFUSED:
                    yield model, so_far._replace(answers=1)
                model, so_far, is_refused = above or model, Record(), False
            case Finished(outcome=outcome):
                is_refused = is_refused or bool(outcome.error and outcome.error.code in _REFUSED)
                if is_refused or outcome.status is RunStatus.DONE:
                    yield model, so_far._replace(answers=1, accepted=int(not is_refused))
            case _:
                pass


def start_of(ladder: Sequence[str], records: Mapping[str, Record]) -> int:
    """The index in the ladder with the least expected cost; 0 while too little is known.

    Cost is money if all prices are known and are not all 0, and time otherwise.
    """
    known = [records[model] for model in ladder if model in records]
    is_money = all(record.nanousd is not None for record in known) and any(
        record.nanousd for record in known
    )
    top = records.get(ladder[-1], Record())
    if not top.answers:
        return 0
    best, least = len(ladder) - 1, _cost(top, is_money=is_money)
    expected = least
    for tier in reversed(range(len(ladder) - 1)):
        record = records.get(ladder[tier], Record())
        if record.answers >= LEAST_ANSWERS:
            expected = _cost(record, is_money=is_money) + (1 - record.share) * expected
        if record.answers < LEAST_ANSWERS or expected <= least:
            best, least = tier, expected
    return best


def _cost(record: Record, *, is_money: bool) -> float:
    """The cost of one answer."""
    return ((record.nanousd or 0) if is_money else record.seconds) / record.answers


def describe_start(ladder: Sequence[str], start: int, records: Mapping[str, Record]) -> str:
    """Why the work begins above the first model, as readable text."""
    shares = (
        f"{record.accepted} of {record.answers} answers of {model} were accepted"
        for model in ladder[:start]
        if (record := records.get(model))
    )
    return f"begins on {ladder[start]}: {', '.join(shares)}"
