"""Usage and spend: tokens as the provider counted them, and what they cost.

Money is counted in whole nanodollars (1e-9 USD), so that sums and budgets are exact.
"""

from __future__ import annotations

from dataclasses import dataclass

NANOUSD_PER_USD = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Usage:
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

    @property
    def total_tokens(self) -> int:
        return (
            self.input_tokens
            + self.output_tokens
            + self.cache_read_tokens
            + self.cache_write_tokens
        )


@dataclass(frozen=True, slots=True)
class Spend:
    """The usage and cost of calls. `unpriced_calls` counts the calls without a known price."""

    usage: Usage = Usage()
    calls: int = 0
    cost_nanousd: int = 0
    unpriced_calls: int = 0

    def __add__(self, other: Spend) -> Spend:
        return Spend(
            self.usage + other.usage,
            self.calls + other.calls,
            self.cost_nanousd + other.cost_nanousd,
            self.unpriced_calls + other.unpriced_calls,
        )

    @property
    def cost_usd(self) -> float | None:
        """The cost in USD, or None if the price of any call is unknown: unknown is never zero."""
        return None if self.unpriced_calls else self.cost_nanousd / NANOUSD_PER_USD


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """USD per million tokens of each kind."""

    input_usd: float
    output_usd: float
    cache_read_usd: float | None = None
    cache_write_usd: float | None = None

    def cost_nanousd(self, usage: Usage) -> int:
        """The cost of `usage`, rounded up; a missing cache price defaults to the input price."""
        read = self.input_usd if self.cache_read_usd is None else self.cache_read_usd
        write = self.input_usd if self.cache_write_usd is None else self.cache_write_usd
        micro_usd = (
            usage.input_tokens * self.input_usd
            + usage.output_tokens * self.output_usd
            + usage.cache_read_tokens * read
            + usage.cache_write_tokens * write
        )
        return -int(-round(micro_usd * 1000, 6) // 1)


FREE = Price(input_usd=0.0, output_usd=0.0)
