"""Dollars: amounts of money as people read them: what was spent rounded, and a limit as it was set."""

from __future__ import annotations

from parallel_agents.core.usage import NANOUSD_PER_USD

_LEAST_SHOWN = 0.001


def dollars(usd: float) -> str:
    """What was spent, such as `$0.042`; `$0` only for nothing."""
    if 0 < usd < _LEAST_SHOWN:
        return f"<${_LEAST_SHOWN}"
    return f"${usd:.3f}" if usd else "$0"


def nanodollars(amount: int) -> str:
    """The same of an amount in nanodollars."""
    return dollars(amount / NANOUSD_PER_USD)


def limit_dollars(nanousd: int) -> str:
    """A limit with every digit that it was set with, such as `$2.00` or `$0.0009`."""
    whole, part = divmod(nanousd, NANOUSD_PER_USD)
    return f"${whole}.{f'{part:09d}'.rstrip('0'):0<2}"
