"""Estimates: what is not known is never free, and what was measured counts with all that it took."""

from __future__ import annotations

from parallel_agents.core.budget import Amount
from parallel_agents.core.overview import Cost
from parallel_agents.core.usage import NANOUSD_PER_USD, Spend, Usage
from parallel_agents.views.costs import costs_by_agent
from parallel_agents.views.estimates import likely_of, shared, spend_of, total

MODEL = "loop/m"


def cost_of(usd: float, *, tried: int = 1, serves: str = "") -> Cost:
    spend = Spend(Usage(10, 10), tried, round(usd * NANOUSD_PER_USD))
    return Cost("writer", serves, MODEL, tried, tried, tried, spend, 0.0)


def test_a_run_is_likely_to_cost_what_such_runs_cost_with_their_judges() -> None:
    costs = costs_by_agent([cost_of(4, tried=2), cost_of(1, tried=2, serves="writer")])

    likely, runs = likely_of(costs, "writer", MODEL)

    assert runs == 2
    assert likely is not None
    assert likely.cost_usd == 2.5


def test_a_run_that_had_no_reply_makes_the_next_one_no_cheaper() -> None:
    unanswered = Cost("writer", "", MODEL, 1, 1, 0, Spend(), 0.0)

    likely, runs = likely_of(costs_by_agent([cost_of(4), unanswered]), "writer", MODEL)

    assert runs == 1
    assert likely is not None
    assert likely.cost_usd == 4.0


def test_an_agent_that_has_not_run_on_the_model_has_no_likely_cost() -> None:
    costs = costs_by_agent([cost_of(4)])

    assert likely_of(costs, "writer", "loop/other") == (None, 0)
    assert likely_of(costs, "painter", MODEL) == (None, 0)


def test_a_sum_says_how_much_of_it_is_not_known() -> None:
    unpriced = spend_of(Amount(None, 100), MODEL)

    found = total([spend_of(Amount(NANOUSD_PER_USD, 100), MODEL), unpriced, None])

    assert found.spend.cost_usd == 1.0
    assert found.unknown == 2


def test_what_a_simulated_model_would_cost_is_no_money() -> None:
    found = spend_of(Amount(NANOUSD_PER_USD, 100), "sim/calm")

    assert found.cost_usd == 0.0
    assert found.simulated_usd == 1.0


def test_a_part_of_a_spend_is_rounded_up_and_keeps_that_a_price_is_unknown() -> None:
    part = shared(Spend(calls=3, cost_nanousd=10, unpriced_calls=1), 1, 3)

    assert part.cost_nanousd == 4
    assert part.cost_usd is None
