"""Alert: a condition on the numbers of a store, such as `dead_letters > 5 in 1h`, and whom to tell of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from operator import ge, gt, le, lt

from typing_extensions import override

from parallel_agents.core.checked import Checked
from parallel_agents.core.notification import read_target
from parallel_agents.core.shown import shown
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput

_CONDITION = re.compile(
    r"(?P<measure>[a-z_]+)\s*(?P<sign>>=|<=|>|<)\s*(?P<number>\d+(?:\.\d+)?)"
    r"(?:\s+in\s+(?P<count>\d+)(?P<unit>[smhd]))?"
)
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le}
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_MOST_CHARACTERS, _MOST_SECONDS = 200, 30 * 86_400.0
_EXAMPLE = "dead_letters > 5 in 1h"


class Measure(StrEnum):
    """What can be measured; the first five within a span of time, the others only now or today."""

    DEAD_LETTERS = "dead_letters"
    FAILURES = "failures"
    UNSENT = "unsent"
    COST = "cost"
    TOKENS = "tokens"
    COST_DAY = "cost_day"
    TOKENS_DAY = "tokens_day"
    RUNNING = "running"
    QUEUED = "queued"
    STOPPED = "stopped"
    STUCK = "stuck"
    QUESTIONS = "questions"
    PAUSED = "paused"


_WITHIN = frozenset(
    {Measure.DEAD_LETTERS, Measure.FAILURES, Measure.UNSENT, Measure.COST, Measure.TOKENS}
)
USUAL_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be so: a measure, within so many seconds before now, against a number."""

    measure: Measure
    sign: str
    number: float
    within_seconds: float = USUAL_SECONDS

    def holds(self, value: float) -> bool:
        return _SIGNS[self.sign](value, self.number)


def parse_condition(text: str) -> Condition:
    """The condition in a text.

    Raises:
        InvalidInput: it is none; the error says what was probably meant.
    """
    found = _CONDITION.fullmatch(text.strip()) if len(text) <= _MOST_CHARACTERS else None
    if found is None:
        raise InvalidInput(
            f"{shown(text)} is not a condition of an alert",
            why="it is a measure, one of > >= < <=, a number, and perhaps a span such as in 1h",
            hint=f"write it as {_EXAMPLE!r}",
        )
    names = [each.value for each in Measure]
    if found["measure"] not in names:
        raise InvalidInput(
            f"there is no measure {shown(found['measure'])}",
            hint=did_you_mean(found["measure"], names, f"Measures: {', '.join(names)}."),
        )
    measure = Measure(found["measure"])
    if found["count"] is None:
        return Condition(measure, found["sign"], float(found["number"]))
    seconds = int(found["count"]) * _UNITS[found["unit"]]
    if measure not in _WITHIN:
        raise InvalidInput(
            f"{measure.value} takes no span of time",
            why=f"only {', '.join(each.value for each in Measure if each in _WITHIN)} do",
            hint=f"leave out 'in {found['count']}{found['unit']}'",
        )
    if not 0 < seconds <= _MOST_SECONDS:
        raise InvalidInput(
            f"the span of {shown(text)} is not from a second to 30 days", hint="write 1h or 7d"
        )
    return Condition(measure, found["sign"], float(found["number"]), seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert(Checked):
    """Whom to tell once a condition holds that did not.

    Attributes:
        when: the condition.
        to: a command, a URL, `desktop`, or `env:NAME`; empty for the setting `notify`.

    Raises:
        InvalidInput: one of them cannot be read.
    """

    when: str
    to: str = ""

    @override
    def _check(self) -> None:
        parse_condition(self.when)
        if self.to:
            read_target(self.to)

    @property
    def condition(self) -> Condition:
        return parse_condition(self.when)

    @property
    def id(self) -> str:
        """The same for the same condition and target, and for no others."""
        return sha256(f"{self.condition}\0{self.to}".encode()).hexdigest()[:16]
