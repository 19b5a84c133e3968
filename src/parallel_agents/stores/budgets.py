"""BudgetAccounts: budgets in the store, the room that calls have in them, and what was spent.

A run makes one call at a time, so it holds at most one reservation in each account above it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.core.budget import (
    ANSWER_SHARE,
    Amount,
    Budget,
    BudgetAccount,
    OnLimit,
    Shortage,
)
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.usage import NANOUSD_PER_USD
from parallel_agents.errors import PriceUnknown
from parallel_agents.stores.queries import query


def scope_of(session: SessionKey) -> str:
    """The name of a session's own account."""
    return f"session:{session}"


class _Row(NamedTuple):
    """A account as it stands."""

    scope: str
    limit_nanousd: int | None
    limit_tokens: int | None
    on_limit: str
    spent_nanousd: int
    spent_tokens: int
    reserved_nanousd: int
    reserved_tokens: int

    def has_room(self, amount: Amount, *, share: float, with_reserved: bool) -> bool:
        """Whether `amount` fits into this share of the limits."""
        money = self.spent_nanousd + self.reserved_nanousd * with_reserved + (amount.nanousd or 0)
        tokens = self.spent_tokens + self.reserved_tokens * with_reserved + amount.tokens
        return _fits(money, self.limit_nanousd, share) and _fits(tokens, self.limit_tokens, share)


def _fits(total: int, limit: int | None, share: float) -> bool:
    return limit is None or total <= (limit if share == 1 else int(limit * share))


class BudgetAccounts:
    """The accounts of one connection; each change is part of its caller's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection

    def open(self, account: BudgetAccount) -> None:
        """Have a account of that name with those limits; what was spent from it stays."""
        budget = account.budget
        values = (account.scope, budget.nanousd, budget.tokens, budget.on_limit)
        self._sql.execute(query("open_account"), values)

    def has_above(self, session: SessionKey) -> bool:
        """Whether a session, or one above it, has a account."""
        return self._sql.execute(query("accounts_above"), (session,)).fetchone() is not None

    def reserve(
        self,
        run: RunId,
        amount: Amount,
        session: SessionKey,
        scopes: Sequence[str],
        *,
        is_last: bool,
    ) -> Shortage | None:
        """Reserve `amount` in the accounts of a session, of those above it and in all of `scopes`.

        Or say which has no room.

        What the run had reserved before is counted as spent: its call may have been made. The last
        call of a run may use the share of a account that others leave alone.
        """
        self.forfeit(run)
        share = 1.0 if is_last else 1 - ANSWER_SHARE
        rows = self._sql.execute(query("accounts_above"), (session,)).fetchall()
        rows += [self._sql.execute(query("account"), (scope,)).fetchone() for scope in scopes]
        for row in map(_Row._make, rows):
            if amount.nanousd is None and row.limit_nanousd is not None:
                raise _no_price(row.scope)
            if not row.has_room(amount, share=share, with_reserved=True):
                may_wait = row.has_room(amount, share=share, with_reserved=False)
                return Shortage(row.scope, _words(row, amount), may_wait, OnLimit(row.on_limit))
        money = amount.nanousd or 0
        for scope, *_ in rows:
            self._sql.execute(query("reserve"), (money, amount.tokens, scope))
            self._sql.execute(query("put_reservation"), (run, scope, money, amount.tokens))
        return None

    def settle(self, run: RunId, spent: Amount) -> list[tuple[str, str]]:
        """Take what a call cost out of the accounts that had room for it.

        Returns:
            Those of which four fifths are now spent, each once, and what is to be said of it.
        """
        return [(scope, self._notice(scope)) for scope in self._close(run, spent)]

    def _notice(self, scope: str) -> str:
        told = _spent(*self._sql.execute(query("notice_account"), (scope,)).fetchone())
        return f"four fifths of a budget are spent: {told} ({scope})"

    def forfeit(self, run: RunId) -> None:
        """Count what a run has reserved as spent: nobody knows whether its call was made."""
        self._close(run, None)

    def release(self, run: RunId) -> None:
        """Give back what a run has reserved: its call cost nothing."""
        self._close(run, Amount(0, 0))

    def _close(self, run: RunId, spent: Amount | None) -> list[str]:
        """End what a run has reserved; the accounts that have just passed four fifths."""
        passed: list[str] = []
        held = self._sql.execute(query("take_reservations"), (run,)).fetchall()
        for scope, nanousd, tokens in held:
            # A cost that nobody knows is what was held for it.
            money = nanousd if spent is None or spent.nanousd is None else spent.nanousd
            count = tokens if spent is None else spent.tokens
            (is_passed,) = self._sql.execute(
                query("settle"),
                {
                    "scope": scope,
                    "held_nanousd": nanousd,
                    "held_tokens": tokens,
                    "nanousd": money,
                    "tokens": count,
                },
            ).fetchone()
            if is_passed:
                passed.append(scope)
        return passed


def _no_price(scope: str) -> PriceUnknown:
    return PriceUnknown(
        "nobody knows what the call would cost, and its budget is in dollars",
        why=f"the budget {scope} can not be held without a price",
        hint="give the model's price under [providers.NAME.prices], or a budget in tokens",
    )


def budget_of(limit_nanousd: int | None, limit_tokens: int | None, on_limit: str) -> Budget:
    """A account's limits as they were given."""
    usd = None if limit_nanousd is None else limit_nanousd / NANOUSD_PER_USD
    return Budget(usd=usd, tokens=limit_tokens, on_limit=OnLimit(on_limit))


def _words(row: _Row, amount: Amount) -> str:
    told = _spent(row.limit_nanousd, row.limit_tokens, row.spent_nanousd, row.spent_tokens)
    held = f"${row.reserved_nanousd / NANOUSD_PER_USD:.4f}, {row.reserved_tokens:,} tokens reserved"
    money = "" if amount.nanousd is None else f"${amount.nanousd / NANOUSD_PER_USD:.4f}, "
    return f"{told}; {held}; the call could take {money}{amount.tokens:,} tokens"


def _spent(limit_nanousd: int | None, limit_tokens: int | None, nanousd: int, tokens: int) -> str:
    parts: list[str] = []
    if limit_nanousd is not None:
        spent, limit = nanousd / NANOUSD_PER_USD, limit_nanousd / NANOUSD_PER_USD
        parts.append(f"${spent:.4f} of ${limit:.4f}")
    if limit_tokens is not None:
        parts.append(f"{tokens:,} of {limit_tokens:,} tokens")
    return ", ".join(parts)
