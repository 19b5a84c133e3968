"""Usage and spend: tokens as the provider counted them, and what they cost.

Money is counted in whole nanodollars (1e-9 USD), so that sums and budgets are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, TypeAlias

from pydantic import Field

from parallel_agents.core.frozen import Frozen

NANOUSD_PER_USD = 1_000_000_000
SIMULATED = "sim/"  # the start of the names of models that cost no money, but have prices
SIMULATED_NOTICE = "simulated: answers are made up, no model is called and no money is spent"
SIMULATED_PART_NOTICE = (
    "simulated: at least one of the answers in it was made up by a simulated model"
)
UNBILLED = "may have been billed: the cost does not include that"
# No call has more tokens of a kind, or costs more: what claims to is a mistake, of a server or of a
# price. With these bounds no sum of calls leaves the 64 bits of a column.
MOST_CALL_TOKENS = 100_000_000
MOST_CALL_NANOUSD = 10_000 * NANOUSD_PER_USD
# The dearest output of any model was 600 USD in 2025.
MOST_PRICE_USD = 10_000
# Strict, because true is not a price.
_Usd: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=MOST_PRICE_USD)]


@dataclass(frozen=True, slots=True)
class Usage(Frozen):
    """Tokens of one or more calls; `input_tokens` excludes those read from or written to a cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )

    def since(self, before: Usage) -> Usage:
        """What was used after `before`, which is a part of it."""
        return Usage(
            self.input_tokens - before.input_tokens,
            self.output_tokens - before.output_tokens,
            self.cache_read_tokens - before.cache_read_tokens,
            self.cache_write_tokens - before.cache_write_tokens,
        )

    @property
    def all_input_tokens(self) -> int:
        """The tokens of the request, cached or not."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def total_tokens(self) -> int:
        return self.all_input_tokens + self.output_tokens

    @property
    def is_sound(self) -> bool:
        """Whether each count is one that a call can have; models of programs may say anything."""
        counts = (
            self.input_tokens,
            self.output_tokens,
            self.cache_read_tokens,
            self.cache_write_tokens,
        )
        return all(type(count) is int and 0 <= count <= MOST_CALL_TOKENS for count in counts)


@dataclass(frozen=True, slots=True)
class Spend(Frozen):
    """The usage and cost of calls.

    Attributes:
        cost_nanousd: money only.
        unpriced_calls: the calls without a known price.
        simulated_nanousd: what the calls of simulated models would have cost.
        uncounted_runs: the runs that were cut off in a call, or had one without a reply, which may
            have been billed: the cost is a lower bound.
    """

    usage: Usage = Usage()
    calls: int = 0
    cost_nanousd: int = 0
    unpriced_calls: int = 0
    simulated_nanousd: int = 0
    uncounted_runs: int = 0

    def __add__(self, other: Spend) -> Spend:
        return Spend(
            self.usage + other.usage,
            self.calls + other.calls,
            self.cost_nanousd + other.cost_nanousd,
            self.unpriced_calls + other.unpriced_calls,
            self.simulated_nanousd + other.simulated_nanousd,
            self.uncounted_runs + other.uncounted_runs,
        )

    def since(self, before: Spend) -> Spend:
        """What was spent after `before`, which is a part of it."""
        return Spend(
            self.usage.since(before.usage),
            self.calls - before.calls,
            self.cost_nanousd - before.cost_nanousd,
            self.unpriced_calls - before.unpriced_calls,
            self.simulated_nanousd - before.simulated_nanousd,
        )

    def on(self, model: str) -> Spend:
        """The same, spent on calls of this model: what a simulated one costs is not money."""
        if not model.startswith(SIMULATED):
            return self
        simulated = self.simulated_nanousd + self.cost_nanousd
        return replace(self, cost_nanousd=0, simulated_nanousd=simulated)

    def share(self, number: int, of: int) -> Spend:
        """One of so many parts, which together are the whole; they differ by one unit at most.

        Each part of a cost that is not known is not known.
        """
        usage = self.usage

        def part(whole: int) -> int:
            return whole * number // of - whole * (number - 1) // of

        return Spend(
            Usage(
                part(usage.input_tokens),
                part(usage.output_tokens),
                part(usage.cache_read_tokens),
                part(usage.cache_write_tokens),
            ),
            part(self.calls),
            part(self.cost_nanousd),
            max(part(self.unpriced_calls), min(self.unpriced_calls, 1)),  # unknown is never zero
            part(self.simulated_nanousd),
            min(self.uncounted_runs, 1),
        )

    @property
    def cost_usd(self) -> float | None:
        """The cost in USD; None if a price is unknown or a call is not counted: unknown is never zero."""
        return None if self.unpriced_calls or self.uncounted_runs else self.known_usd

    @property
    def known_usd(self) -> float:
        """What is known of the cost in USD: all of it, or the least that it can be."""
        return self.cost_nanousd / NANOUSD_PER_USD

    @property
    def simulated_usd(self) -> float:
        """What the calls of simulated models would have cost, in USD."""
        return self.simulated_nanousd / NANOUSD_PER_USD


def with_notices_of(spend: Spend, notices: tuple[str, ...]) -> tuple[str, ...]:
    """The notices of a result, with what its spend says: made-up answers, and a cost that is a lower bound."""
    if spend.simulated_nanousd and SIMULATED_NOTICE not in notices:
        notices = (SIMULATED_PART_NOTICE, *notices)
    if (runs := spend.uncounted_runs) and not any(UNBILLED in each for each in notices):
        cut_off = (
            "1 run was cut off in a call that"
            if runs == 1
            else f"{runs:,} runs were cut off in calls that"
        )
        notices = (*notices, f"{cut_off} {UNBILLED}")
    return notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Price(Frozen):
    """USD per million tokens of each kind.

    Raises:
        ValueError: one of them is not from 0 to 10,000.
    """

    input_usd: _Usd
    output_usd: _Usd
    cache_read_usd: _Usd | None = None
    cache_write_usd: _Usd | None = None

    def __post_init__(self) -> None:
        each = (self.input_usd, self.output_usd, self.cache_read_usd, self.cache_write_usd)
        if not all(usd is None or 0 <= usd <= MOST_PRICE_USD for usd in each):
            raise ValueError(f"a price must be from 0 to {MOST_PRICE_USD:,} USD a million tokens")

    def cost_nanousd(self, usage: Usage) -> int:
        """The cost of the usage of a call, rounded up; a missing cache price is the input price."""
        read = self.input_usd if self.cache_read_usd is None else self.cache_read_usd
        write = self.input_usd if self.cache_write_usd is None else self.cache_write_usd
        micro_usd = (
            usage.input_tokens * self.input_usd
            + usage.output_tokens * self.output_usd
            + usage.cache_read_tokens * read
            + usage.cache_write_tokens * write
        )
        return min(MOST_CALL_NANOUSD, -int(-round(micro_usd * 1000, 6) // 1))


FREE = Price(input_usd=0.0, output_usd=0.0)
