"""Accounts are charged for many runs at once as they would be for one after the other."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from parallel_agents.core.budget import Amount, Budget, BudgetAccount, Charge, OnLimit, Shortage
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.errors import PriceUnknown
from parallel_agents.stores.budgets import BudgetAccounts, Request, Spent
from parallel_agents.stores.day_budgets import DayBudgets
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.sqlite_database import SqliteDatabase

RUNS = [RunId(name) for name in "abcde"]


@pytest.fixture
def database() -> SqliteDatabase:
    return SqliteDatabase.in_memory()


def accounts_with(database: SqliteDatabase, budget: Budget) -> BudgetAccounts:
    """The accounts of a store on the first day of 1970, which has this budget."""
    days = DayBudgets(database, lambda: 0.0)
    days.limit(OwnerId("me"), [BudgetAccount(scope="day", budget=budget)], [])
    return BudgetAccounts(database, days)


def request(run: RunId, amount: Amount, *, is_last: bool = False) -> Request:
    return Request(run, session_of(run), amount, is_last)


def session_of(run: RunId) -> SessionKey:
    return SessionKey(f"agent:writer:{run}")


def spent(run: RunId, charge: Charge) -> Spent:
    return Spent(run, session_of(run), charge, charge.tokens or 0, began=0.0)


def balance(database: SqliteDatabase) -> tuple[Amount, Amount]:
    """What is spent and what is reserved."""
    (state,) = Rows(database).accounts()
    return state.spent, state.reserved


def test_requests_are_granted_in_order_until_the_account_is_full(database: SqliteDatabase) -> None:
    accounts = accounts_with(database, Budget(tokens=1000))

    answers = accounts.reserve([request(run, Amount(None, 400)) for run in RUNS])

    assert answers[:2] == [None, None]
    assert [type(answer) for answer in answers[2:]] == [Shortage] * 3
    assert balance(database) == (Amount(0, 0), Amount(0, 800))


def test_a_shortage_says_what_the_account_holds(database: SqliteDatabase) -> None:
    accounts = accounts_with(database, Budget(tokens=1000, on_limit=OnLimit.STOP))
    accounts.reserve([request(RUNS[0], Amount(None, 700))])

    (answer,) = accounts.reserve([request(RUNS[1], Amount(None, 400))])

    detail = "0 of 1,000 tokens; $0, 700 tokens reserved; the call could take 400 tokens"
    assert answer == Shortage("day:1970-01-01", detail, True, OnLimit.STOP, "1000 tokens")


def test_a_shortage_names_the_limit_that_leaves_no_room_and_not_the_other(
    database: SqliteDatabase,
) -> None:
    accounts = accounts_with(database, Budget(usd=5.0, tokens=1000))

    (answer,) = accounts.reserve([request(RUNS[0], Amount(1, 1001))])

    assert isinstance(answer, Shortage)
    assert answer.cause == "1000 tokens"


def test_the_last_call_of_a_run_may_use_the_share_that_others_leave(
    database: SqliteDatabase,
) -> None:
    accounts = accounts_with(database, Budget(tokens=1000))

    refused, granted = accounts.reserve(
        [request(RUNS[0], Amount(None, 960)), request(RUNS[1], Amount(None, 960), is_last=True)]
    )

    assert isinstance(refused, Shortage)
    assert granted is None


def test_an_unknown_price_is_refused_by_a_budget_in_dollars_and_nothing_else(
    database: SqliteDatabase,
) -> None:
    accounts = accounts_with(database, Budget(usd=1))

    unknown, known = accounts.reserve(
        [request(RUNS[0], Amount(None, 10)), request(RUNS[1], Amount(5, 10))]
    )

    assert isinstance(unknown, PriceUnknown)
    assert known is None
    assert balance(database) == (Amount(0, 0), Amount(5, 10))


def test_the_reply_that_passes_four_fifths_gets_the_notice_and_no_later_one(
    database: SqliteDatabase,
) -> None:
    accounts = accounts_with(database, Budget(tokens=1000))
    accounts.reserve([request(run, Amount(None, 100)) for run in RUNS])
    calls = [spent(run, Charge(None, 250)) for run in RUNS]

    first = accounts.settle(calls[:2])
    second = accounts.settle(calls[2:])
    accounts.reserve([request(RUNS[0], Amount(None, 1), is_last=True)])
    third = accounts.settle([spent(RUNS[0], Charge(None, 1))])

    assert first == []
    (notice,) = second
    assert notice.run == RUNS[3]
    assert notice.scope == "day:1970-01-01"
    assert notice.text == "95 % of a budget is spent: 1,000 of 1,000 tokens (day:1970-01-01)"
    assert third == []


def test_a_call_of_unknown_price_costs_what_was_reserved_for_it(database: SqliteDatabase) -> None:
    accounts = accounts_with(database, Budget(usd=1))
    accounts.reserve([request(run, Amount(70, 100)) for run in RUNS[:3]])

    accounts.settle([spent(RUNS[0], Charge(None, 20)), spent(RUNS[1], Charge(30, 20))])

    assert balance(database) == (Amount(100, 40), Amount(70, 100))


def test_a_forfeited_call_costs_what_was_reserved_and_a_released_one_nothing(
    database: SqliteDatabase,
) -> None:
    accounts = accounts_with(database, Budget(tokens=1000))
    accounts.reserve([request(run, Amount(7, 100)) for run in RUNS[:3]])

    accounts.forfeit([RUNS[0]])
    accounts.release(RUNS[1])

    assert balance(database) == (Amount(7, 100), Amount(7, 100))


DRAWS, AT_ONCE = 20_000, 1_000


def plain_accounts(database: SqliteDatabase) -> BudgetAccounts:
    """The accounts of a store in which a session's own account is all that pays."""
    return BudgetAccounts(database, DayBudgets(database, lambda: 0.0))


def add_sessions(database: SqliteDatabase, names: Iterable[str]) -> None:
    rows = [(n, "", n, "", n, "", n, 0, 0, 0.0, "{}") for n in names]
    database.run_many("put_session", rows)


def draw(rng: random.Random) -> tuple[int, int]:
    """A limit of any size, and an amount that is mostly near four fifths of it."""
    limit = rng.randint(1, 10 ** rng.randint(1, 18))
    near = limit * 80 // 100 + rng.randint(-2, 2)
    return limit, max(0, near if rng.random() < 0.8 else rng.randint(0, limit * 2))


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["usd", "tokens"])
def test_four_fifths_are_told_exactly_in_twenty_thousand_draws(
    database: SqliteDatabase, unit: str
) -> None:
    rng, accounts = random.Random(5), plain_accounts(database)
    wrong: list[tuple[int, int]] = []
    for batch in range(DRAWS // AT_ONCE):
        drawn = {f"{batch}-{n}": draw(rng) for n in range(AT_ONCE)}
        rows = [
            (f"session:{name}", *((limit, None) if unit == "usd" else (None, limit)), "finish")
            for name, (limit, _) in drawn.items()
        ]
        add_sessions(database, drawn)
        database.run_many("open_account", rows)
        accounts.reserve(
            [Request(RunId(name), SessionKey(name), Amount(0, 0), is_last=True) for name in drawn]
        )
        charges = [
            spent(RunId(name), Charge(paid, 0) if unit == "usd" else Charge(0, paid))
            for name, (_, paid) in drawn.items()
        ]

        told = {notice.scope for notice in accounts.settle(charges)}

        wrong += [
            (limit, paid)
            for name, (limit, paid) in drawn.items()
            if (f"session:{name}" in told) != (paid * 5 >= limit * 4)
        ]

    assert wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("is_last", [False, True])
def test_room_is_told_exactly_in_twenty_thousand_draws(
    database: SqliteDatabase, is_last: bool
) -> None:
    rng, accounts = random.Random(6), plain_accounts(database)
    percent = 100 if is_last else 95
    wrong: list[tuple[int, int]] = []
    for batch in range(DRAWS // AT_ONCE):
        drawn: dict[str, tuple[int, int]] = {}
        for n in range(AT_ONCE):
            limit = rng.randint(1, 10 ** rng.randint(1, 18))
            drawn[f"{batch}-{n}"] = limit, max(0, limit * percent // 100 + rng.randint(-2, 2))
        add_sessions(database, drawn)
        rows = [(f"session:{n}", limit, None, "finish") for n, (limit, _) in drawn.items()]
        database.run_many("open_account", rows)

        answers = accounts.reserve(
            [
                Request(RunId(name), SessionKey(name), Amount(amount, 0), is_last)
                for name, (_, amount) in drawn.items()
            ]
        )

        wrong += [
            drawn[name]
            for name, answer in zip(drawn, answers, strict=True)
            if (answer is None) != (drawn[name][1] * 100 <= drawn[name][0] * percent)
        ]

    assert wrong == []


def test_a_call_that_was_not_counted_costs_what_was_reserved_for_it(
    database: SqliteDatabase,
) -> None:
    accounts = accounts_with(database, Budget(tokens=1000))
    accounts.reserve([request(RUNS[0], Amount(70, 100))])

    accounts.settle([spent(RUNS[0], Charge(None, None))])

    assert balance(database) == (Amount(70, 100), Amount(0, 0))
