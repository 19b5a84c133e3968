"""Budget answer: what a person answers to a run whose budget is used up: raise it, finish, or stop."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from parallel_agents.core.shown import shown
from parallel_agents.core.usage import NANOUSD_PER_USD
from parallel_agents.errors import InvalidInput

FINISH, STOP = "finish", "stop"
HOW_TO_ANSWER = "raise it, as +2 usd or +50000 tokens; finish in one last call; or stop"
_RAISE = re.compile(
    r"\+?\s*(?P<dollar>\$)?\s*(?P<amount>[0-9][0-9_,]*(?:\.[0-9]+)?)\s*(?P<unit>usd|tokens?)?",
    re.IGNORECASE,
)
# What a budget can hold at most, as `Budget` has it.
_MOST_USD, _MOST_TOKENS = Decimal(9_000_000_000), Decimal(10**12)


class Raise(NamedTuple):
    """By how much the limits of a budget are raised."""

    nanousd: int = 0
    tokens: int = 0


def read_raise(text: str, *, in_usd: bool, in_tokens: bool) -> Raise | None:
    """How far an answer raises a budget; None if it raises none: `finish` or `stop`.

    Args:
        text: `finish`, `stop`, or an amount such as `+2 usd`, `$2` or `50000 tokens`; a budget with
            one limit needs no unit.
        in_usd: whether the budget has a limit in US dollars.
        in_tokens: whether it has one in tokens.

    Raises:
        InvalidInput: it is none of these, or not in what the budget limits.
    """
    if text.strip().lower() in {FINISH, STOP}:
        return None
    found = _RAISE.fullmatch(text.strip())
    if found is None or (found["dollar"] and (found["unit"] or "usd").lower() != "usd"):
        raise InvalidInput(
            f"{shown(text)} is not an answer to a used-up budget", hint=HOW_TO_ANSWER
        )
    unit = "usd" if found["dollar"] else (found["unit"] or "").lower()
    if not unit and in_usd != in_tokens:
        unit = "usd" if in_usd else "tokens"
    is_usd = unit == "usd"
    if not unit or not (in_usd if is_usd else in_tokens):
        limits = " and ".join([*["usd"] * in_usd, *["tokens"] * in_tokens])
        raise InvalidInput(
            f"{shown(text)} does not raise this budget",
            why=f"it has a limit in {limits}",
            hint="name one of them, as +2 usd or +50000 tokens",
        )
    amount = Decimal(re.sub("[_,]", "", found["amount"]))
    most = _MOST_USD if is_usd else _MOST_TOKENS
    if not 0 < amount <= most or (not is_usd and amount != int(amount)):
        raise InvalidInput(
            f"a budget cannot be raised by {shown(text)}",
            why=f"it must be more than 0 and at most {most:,} {'usd' if is_usd else 'tokens'}",
            hint=HOW_TO_ANSWER,
        )
    nanousd = int(amount * NANOUSD_PER_USD)
    return Raise(nanousd=nanousd) if is_usd else Raise(tokens=int(amount))


def is_raise(text: str) -> bool:
    """Whether an answer that was accepted raises the budget."""
    return text.strip().lower() not in {FINISH, STOP}
