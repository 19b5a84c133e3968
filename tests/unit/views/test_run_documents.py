from __future__ import annotations

from parallel_agents.core.budget import Amount, Budget, BudgetAccount, BudgetAccountState
from parallel_agents.views.run_documents import budget_json


def test_a_budget_says_what_of_each_limit_is_spent_and_held() -> None:
    account = BudgetAccount(scope="session:x", budget=Budget(usd=2, tokens=1000))

    found = budget_json(BudgetAccountState(account, Amount(500_000_000, 900), Amount(0, 50)))

    assert found["spent"] == {"amount": "0.500000000", "currency": "USD"}
    assert found["limit_tokens"] == 1000
    assert found["reserved_tokens"] == 50
    assert found["spent_percent"] == 90.0
    assert found["on_limit"] == "finish"


def test_an_unknown_amount_and_no_limit_are_null() -> None:
    account = BudgetAccount(scope="session:x", budget=Budget(tokens=10))

    found = budget_json(BudgetAccountState(account, Amount(None, 0), Amount(None, 0)))

    assert found["spent"] is None
    assert found["limit"] is None
