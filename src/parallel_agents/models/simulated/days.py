"""Days: what goes wrong at a simulated provider and how often, and what its tokens cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from typing_extensions import override

from parallel_agents.core.checked import Checked
from parallel_agents.core.usage import Price
from parallel_agents.errors import InvalidInput

PROVIDER = "sim"
EXPENSIVE = "-expensive"
_PRICE = Price(input_usd=1.0, output_usd=5.0, cache_read_usd=0.1)
_EXPENSIVE_PRICE = Price(input_usd=3.0, output_usd=15.0, cache_read_usd=0.3)


class Mishap(StrEnum):
    """What happens to one try of a call.

    A `stall` never answers, and a `half_open` stream falls silent until the caller gives up. A
    `cut` stream breaks off in its middle. A `malformed` response is not a reply, `broken_json` is
    an answer whose JSON is cut, and `wrong_schema` is JSON that does not match the schema. A `drip`
    is a good reply, sent very slowly.
    """

    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    STALL = "stall"
    HALF_OPEN = "half_open"
    CUT = "cut"
    MALFORMED = "malformed"
    BROKEN_JSON = "broken_json"
    REFUSAL = "refusal"
    WRONG_SCHEMA = "wrong_schema"
    DRIP = "drip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Day(Checked):
    """How a simulated provider behaves.

    Attributes:
        shares: the share of tries with each mishap, from 0 to 1; their sum is at most 1.
        latency_seconds: the shortest and the longest time of a try.
        retry_after_seconds: the shortest and the longest wait that a random rate limit asks for.
        storms: how long a storm of rate limits lasts, and the seconds until the next; None for no
            storms. The first begins with the first call. During a storm each try is refused and
            asked to wait for its end.
        expensive_after: the number of calls after which tokens cost three times as much, or None.
    """

    name: str
    shares: Mapping[Mishap, float] = field(default_factory=dict[Mishap, float])
    latency_seconds: tuple[float, float] = (0.3, 4.0)
    retry_after_seconds: tuple[float, float] = (1.0, 20.0)
    storms: tuple[float, float] | None = None
    expensive_after: int | None = None

    @override
    def _check(self) -> None:
        if sum(self.shares.values()) > 1 + 1e-9 or any(s < 0 for s in self.shares.values()):
            raise InvalidInput(
                f"the shares of day {self.name!r} are negative or exceed 1 in total",
                hint="pass shares from 0 to 1 whose sum is at most 1",
            )

    def draw(self, rng: Random) -> Mishap | None:
        """Draw the mishap of a try; None for a good reply."""
        left = rng.random()
        for mishap, share in self.shares.items():
            left -= share
            if left < 0:
                return mishap
        return None

    def storm_left(self, seconds: float) -> float:
        """How much longer the storm lasts, `seconds` after the first call; 0 between storms."""
        if self.storms is None:
            return 0.0
        storm, calm = self.storms
        return max(0.0, storm - seconds % (storm + calm))


DAYS: Mapping[str, Day] = {
    day.name: day
    for day in (
        Day(name="calm"),
        Day(name="storm", storms=(12.0, 8.0)),
        Day(name="overload", shares={Mishap.OVERLOADED: 0.4}),
        Day(name="stalls", shares={Mishap.STALL: 0.15, Mishap.HALF_OPEN: 0.05}),
        Day(name="cut", shares={Mishap.CUT: 0.3, Mishap.HALF_OPEN: 0.05}),
        Day(name="garbage", shares={Mishap.MALFORMED: 0.2, Mishap.BROKEN_JSON: 0.2}),
        Day(name="refusals", shares={Mishap.REFUSAL: 0.3}),
        Day(name="wrong-schema", shares={Mishap.WRONG_SCHEMA: 0.4}),
        Day(name="drip", shares={Mishap.DRIP: 0.8}),
        Day(name="price-change", expensive_after=20),
        Day(
            name="bad-day",
            shares={
                Mishap.OVERLOADED: 0.08,
                Mishap.STALL: 0.02,
                Mishap.HALF_OPEN: 0.02,
                Mishap.CUT: 0.06,
                Mishap.MALFORMED: 0.04,
                Mishap.BROKEN_JSON: 0.05,
                Mishap.REFUSAL: 0.03,
                Mishap.WRONG_SCHEMA: 0.06,
                Mishap.DRIP: 0.06,
            },
            storms=(12.0, 88.0),
            expensive_after=200,
        ),
    )
}


def price_of(model_id: str) -> Price:
    """The made-up price of a simulated model, named without its provider."""
    return _EXPENSIVE_PRICE if model_id.endswith(EXPENSIVE) else _PRICE
