"""Dollars: amounts of money as people read them: what was spent rounded, and a limit as it was set.

The page has the same forms in `surfaces/gateway/ui/format.js`.
"""

from __future__ import annotations

from parallel_agents.core.usage import NANOUSD_PER_USD, Spend

_LEAST_SHOWN = 0.001
_ROUND = 100  # from here on, cents are exact enough


def dollars(usd: float) -> str:
    """What was spent, such as `$0.042`; `$0` only for nothing."""
    if 0 < usd < _LEAST_SHOWN:
        return f"<${_LEAST_SHOWN}"
    if not usd:
        return "$0"
    return f"${usd:.3f}" if usd < _ROUND else f"${usd:.2f}"


def at_least(usd: float) -> str:
    """What was spent, if more may have been: `≥ $0.042`, and `> $0` for less than is shown."""
    return "> $0" if 0 < usd < _LEAST_SHOWN else f"≥ {dollars(usd)}"


def cost_of(spend: Spend) -> str:
    """Dollars; `≥ $0.020` if more may have been paid, a dash if nothing is known, `$0` only for nothing.

    What simulated models would have cost is apart, and says that it is simulated.
    """
    least = at_least(spend.known_usd) if spend.cost_nanousd else "-"
    told = least if spend.cost_usd is None else dollars(spend.cost_usd)
    if not spend.simulated_nanousd:
        return told
    simulated = f"{dollars(spend.simulated_usd)} simulated"
    return simulated if spend.cost_usd == 0 else f"{told} + {simulated}"


def nanodollars(amount: int) -> str:
    """The same of an amount in nanodollars."""
    return dollars(amount / NANOUSD_PER_USD)


def limit_dollars(nanousd: int) -> str:
    """A limit with every digit that it was set with, such as `$2.00` or `$0.0009`."""
    whole, part = divmod(nanousd, NANOUSD_PER_USD)
    return f"${whole}.{f'{part:09d}'.rstrip('0'):0<2}"
