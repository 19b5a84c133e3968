"""Budgets: accounts in the store, what in-flight calls have reserved in them, and what was spent.

A run makes one call at a time, so it has at most one reservation in each of its accounts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from parallel_agents.core.budget import (
    ANSWER_PERCENT,
    NOTICE_PERCENTS,
    Amount,
    Budget,
    BudgetAccount,
    Charge,
    OnLimit,
    Shortage,
    session_of_account,
)
from parallel_agents.core.dollars import limit_dollars, nanodollars
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.usage import NANOUSD_PER_USD
from parallel_agents.errors import PriceUnknown
from parallel_agents.stores.database import Database, as_array
from parallel_agents.stores.day_budgets import DAY, DayBudgets


def budget_of(limit_nanousd: int | None, limit_tokens: int | None, on_limit: str) -> Budget:
    """The budget that an account was opened with."""
    usd = None if limit_nanousd is None else limit_nanousd / NANOUSD_PER_USD
    return Budget(usd=usd, tokens=limit_tokens).at(OnLimit(on_limit))


class Request(NamedTuple):
    """A reservation that a run asks for.

    Attributes:
        is_last: it is the run's last call, and may use the share that others must leave.
    """

    run: RunId
    session: SessionKey
    amount: Amount
    is_last: bool


class Spent(NamedTuple):
    """What a call of a run cost.

    Attributes:
        tokens: those of its reply, counted or guessed.
        began: when it was asked for, in seconds since the epoch.
    """

    run: RunId
    session: SessionKey
    charge: Charge
    tokens: int
    began: float


class Notice(NamedTuple):
    """An account that has just passed 80 % or 95 % of its budget, by a reply of this run.

    Attributes:
        level: how many of these it has passed.
    """

    run: RunId
    scope: str
    text: str
    level: int


@dataclass(slots=True)
class _Account:
    """An account's row."""

    scope: str
    limit_nanousd: int | None
    limit_tokens: int | None
    on_limit: str
    spent_nanousd: int
    spent_tokens: int
    reserved_nanousd: int
    reserved_tokens: int

    def used_up(self, amount: Amount, *, percent: int, with_reserved: bool = True) -> str:
        """The limits of which these percents leave no room for `amount`, such as `5000 tokens`."""
        money = self.spent_nanousd + self.reserved_nanousd * with_reserved + (amount.nanousd or 0)
        tokens = self.spent_tokens + self.reserved_tokens * with_reserved + amount.tokens
        usd = f"{self.limit_nanousd} nanousd " * _is_over(money, self.limit_nanousd, percent)
        return (
            usd + f"{self.limit_tokens} tokens" * _is_over(tokens, self.limit_tokens, percent)
        ).strip()


def _is_over(total: int, limit: int | None, percent: int) -> bool:
    return limit is not None and total * 100 > limit * percent


class _Closing(NamedTuple):
    """What a run had reserved in an account, and what it is charged."""

    run: RunId
    scope: str
    reserved_nanousd: int
    reserved_tokens: int
    nanousd: int
    tokens: int


_KINDS = (DAY, "agent", "")
_Price = Callable[[RunId, int, int], tuple[int, int]]


def _no_cost(run: RunId, nanousd: int, tokens: int) -> tuple[int, int]:
    del run, nanousd, tokens
    return 0, 0


def _whole_cost(run: RunId, nanousd: int, tokens: int) -> tuple[int, int]:
    del run
    return nanousd, tokens


class BudgetAccounts:
    """The accounts; each change is part of its caller's transaction.

    Args:
        database: holds them.
        days: which accounts of the day a call is charged to, besides those of its session and its
            ancestors.
    """

    def __init__(self, database: Database, days: DayBudgets) -> None:
        self._database = database
        self._days = days

    def open(self, accounts: Iterable[BudgetAccount]) -> None:
        """Open accounts, or set the limits of those that exist; what was spent remains."""
        rows = [
            (account.scope, account.budget.nanousd, account.budget.tokens, account.budget.at_limit)
            for account in accounts
        ]
        if rows:
            self._database.run_many("open_account", rows)

    def budgeted_among(self, sessions: Sequence[SessionKey]) -> set[str]:
        """The given sessions that have an account, or whose ancestors have one."""
        rows = self._database.all("accounts_above", (as_array(sessions),))
        return {session for session, *_ in rows}

    def reserve(self, requests: Sequence[Request]) -> list[Shortage | PriceUnknown | None]:
        """Reserve amounts in every account that they are charged to, in order; each run asks once.

        What a run had reserved before counts as spent: its call may have been made.

        Returns:
            For each request None, or why nothing was reserved.
        """
        self.forfeit([request.run for request in requests])
        accounts, scopes_of = self._accounts_for(requests)
        answers: list[Shortage | PriceUnknown | None] = []
        reserved: list[tuple[RunId, str, int, int]] = []
        for request in requests:
            paying = [accounts[scope] for scope in scopes_of[request.session]]
            answer = _reserve(request, paying)
            if isinstance(answer, Shortage) and session_of_account(answer.scope) is None:
                answer = answer._replace(set_by=self._days.set_by(answer))
            answers.append(answer)
            if answer is None:
                money, tokens = request.amount.nanousd or 0, request.amount.tokens
                reserved += [(request.run, account.scope, money, tokens) for account in paying]
        if reserved:
            self._write(reserved)
        return answers

    def _accounts_for(
        self, requests: Sequence[Request]
    ) -> tuple[dict[str, _Account], dict[str, list[str]]]:
        """Every account that a request is charged to, and the scopes that pay for each session."""
        accounts: dict[str, _Account] = {}
        scopes_of: dict[str, list[str]] = defaultdict(list)
        sessions = list({request.session for request in requests})
        for session, *columns in self._database.all("accounts_above", (as_array(sessions),)):
            account = _Account(*columns)
            accounts.setdefault(account.scope, account)
            scopes_of[session].append(account.scope)
        if self._days.is_limited:
            self._days.open_today()
            today = {session: self._days.scopes_of(session) for session in sessions}
            known = self._known({scope for scopes in today.values() for scope in scopes})
            accounts |= known
            for session, scopes in today.items():
                scopes_of[session] += [scope for scope in scopes if scope in known]
        return accounts, scopes_of

    def _known(self, scopes: Iterable[str]) -> dict[str, _Account]:
        """The accounts that exist."""
        rows = self._database.all("accounts_of", (as_array(list(scopes)),))
        return {columns[0]: _Account(*columns) for columns in rows}

    def _write(self, reserved: Sequence[tuple[RunId, str, int, int]]) -> None:
        sums: dict[str, tuple[int, int]] = {}
        for _, scope, nanousd, tokens in reserved:
            before = sums.get(scope, (0, 0))
            sums[scope] = (before[0] + nanousd, before[1] + tokens)
        self._database.run_many("reserve", [(*added, scope) for scope, added in sums.items()])
        self._database.run_many("put_reservation", reserved)

    def settle(self, spent: Sequence[Spent]) -> list[Notice]:
        """Replace what each run had reserved by what its call cost.

        A run has reserved one call; the first of its replies is the one that settles it.

        A call that reserved nothing in an account of the day, because that was limited only during
        the call, or in a process that had not heard of it, is charged to it all the same.

        Returns:
            The accounts that have now spent 80 % or 95 % of their budget, each once.
        """
        charges: dict[RunId, Charge] = {}
        for each in spent:
            charges.setdefault(each.run, each.charge)

        def price(run: RunId, nanousd: int, tokens: int) -> tuple[int, int]:
            paid = charges[run]
            return (
                nanousd if paid.nanousd is None else paid.nanousd,
                tokens if paid.tokens is None else paid.tokens,
            )

        closings = self._take(list(charges), price)
        if self._days.is_limited:
            closings += self._unreserved(spent, closings)
        notices = self._charge(closings)
        if notices:
            self._database.run_many(
                "notice_account", [(notice.level, notice.scope) for notice in notices]
            )
        return notices

    def _unreserved(self, spent: Sequence[Spent], closings: Sequence[_Closing]) -> list[_Closing]:
        """The charges to accounts of the day in which a run had reserved nothing."""
        paid = {(closing.run, closing.scope.partition(":")[0]) for closing in closings}
        owing: list[tuple[Spent, str]] = []
        for each in spent:
            for scope in self._days.scopes_of(each.session, each.began):
                kind = scope.partition(":")[0]
                if (each.run, kind) not in paid:
                    owing.append((each, scope))
            paid -= {(each.run, kind) for kind in _KINDS}
        if not owing or self._days.open_today():  # which opens it with these replies in it
            return []
        known = self._known({scope for _, scope in owing})
        return [
            _Closing(each.run, scope, 0, 0, each.charge.nanousd or 0, each.tokens)
            for each, scope in owing
            if scope in known
        ]

    def forfeit(self, runs: Sequence[RunId]) -> None:
        """Count what the runs had reserved as spent: whether the calls were made is unknown."""
        self._charge(self._take(runs, _whole_cost))

    def write_off(self, runs: Sequence[RunId]) -> None:
        """Forfeit for runs whose process is taken for dead.

        What was charged is kept, as negative reservations: a reply that comes after all pays only what
        it cost beyond that.
        """
        closings = self._take(runs, _whole_cost)
        self._charge(closings)
        charged = [(each.run, each.scope, -each.nanousd, -each.tokens) for each in closings]
        self._database.run_many("put_reservation", charged)

    def release(self, run: RunId) -> None:
        """Cancel what a run has reserved: its call cost nothing."""
        self._charge(self._take([run], _no_cost))

    def _take(self, runs: Sequence[RunId], price: _Price) -> list[_Closing]:
        """Delete the runs' reservations; each is charged what `price` makes of it."""
        order = {run: number for number, run in enumerate(runs)}
        closings = [
            _closing(RunId(run), scope, nanousd, tokens, price)
            for run, scope, nanousd, tokens in self._database.all(
                "take_reservations", (as_array(runs),)
            )
        ]
        return sorted(closings, key=lambda closing: order[closing.run])

    def _charge(self, closings: Sequence[_Closing]) -> list[Notice]:
        """Charge the accounts; return the notices of those that have passed 80 or 95 %."""
        if not closings:
            return []
        by_scope: dict[str, list[_Closing]] = defaultdict(list)
        for closing in closings:
            by_scope[closing.scope].append(closing)
        sums = [
            (scope, *(sum(column) for column in list(zip(*of_scope, strict=True))[2:]))
            for scope, of_scope in by_scope.items()
        ]
        notices: list[Notice] = []
        for scope, nano_limit, token_limit, nanousd, tokens, noticed in self._database.all(
            "settle", (as_array(sums),)
        ):
            limits = (nano_limit, token_limit)
            for level in range(len(NOTICE_PERCENTS), noticed, -1):
                if found := _notice_of(by_scope[scope], limits, (nanousd, tokens), level):
                    notices += found
                    break
        return notices


def _closing(run: RunId, scope: str, nanousd: int, tokens: int, price: _Price) -> _Closing:
    """The end of a reservation; for one that was written off, only what comes on top is charged."""
    if nanousd >= 0 and tokens >= 0:
        return _Closing(run, scope, nanousd, tokens, *price(run, nanousd, tokens))
    money, used = price(run, -nanousd, -tokens)
    return _Closing(run, scope, 0, 0, max(money + nanousd, 0), max(used + tokens, 0))


def _reserve(request: Request, paying: Sequence[_Account]) -> Shortage | PriceUnknown | None:
    """Add a request to the accounts that it is charged to, or say which account refuses it."""
    amount = request.amount
    percent = 100 if request.is_last else 100 - ANSWER_PERCENT
    for account in paying:
        if amount.nanousd is None and account.limit_nanousd is not None:
            return _no_price(account.scope)
        if cause := account.used_up(amount, percent=percent):
            may_wait = not account.used_up(amount, percent=percent, with_reserved=False)
            detail = _describe_shortage(account, amount)
            return Shortage(account.scope, detail, may_wait, OnLimit(account.on_limit), cause)
    for account in paying:
        account.reserved_nanousd += amount.nanousd or 0
        account.reserved_tokens += amount.tokens
    return None


def _notice_of(
    charges: Sequence[_Closing],
    limits: tuple[int | None, int | None],
    spent: tuple[int, int],
    level: int,
) -> list[Notice]:
    """The notice of the first charge with which an account reaches a level, if one does.

    `spent` is what is spent after all of the charges; both are in nanodollars and in tokens.
    """
    percent = NOTICE_PERCENTS[level - 1]
    nanousd = spent[0] - sum(charge.nanousd for charge in charges)
    tokens = spent[1] - sum(charge.tokens for charge in charges)
    for charge in charges:
        nanousd += charge.nanousd
        tokens += charge.tokens
        if _is_spent(nanousd, limits[0], percent) or _is_spent(tokens, limits[1], percent):
            detail = _describe_spending(*limits, nanousd, tokens)
            text = f"{percent} % of a budget is spent: {detail} ({charge.scope})"
            return [Notice(charge.run, charge.scope, text, level)]
    return []


def _is_spent(spent: int, limit: int | None, percent: int) -> bool:
    return limit is not None and spent * 100 >= limit * percent


def _no_price(scope: str) -> PriceUnknown:
    return PriceUnknown(
        "the call's price is unknown, and it counts against a budget in dollars",
        why=f"without a price, the budget {scope} cannot be enforced",
        hint="give the model's price under [providers.NAME.prices], or set a budget in tokens",
    )


def _describe_shortage(account: _Account, amount: Amount) -> str:
    spent = _describe_spending(
        account.limit_nanousd, account.limit_tokens, account.spent_nanousd, account.spent_tokens
    )
    held = nanodollars(account.reserved_nanousd)
    reserved = f"{held}, {account.reserved_tokens:,} tokens reserved"
    money = "" if amount.nanousd is None else f"{nanodollars(amount.nanousd)}, "
    return f"{spent}; {reserved}; the call could take {money}{amount.tokens:,} tokens"


def _describe_spending(
    limit_nanousd: int | None, limit_tokens: int | None, nanousd: int, tokens: int
) -> str:
    parts: list[str] = []
    if limit_nanousd is not None:
        parts.append(f"{nanodollars(nanousd)} of {limit_dollars(limit_nanousd)}")
    if limit_tokens is not None:
        parts.append(f"{tokens:,} of {limit_tokens:,} tokens")
    return ", ".join(parts)
