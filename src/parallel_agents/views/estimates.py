"""Estimates: what work would cost, from prices and from what the same agents have cost before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from parallel_agents.core.budget import Amount
from parallel_agents.core.usage import Spend
from parallel_agents.views.costs import AgentCosts


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What tasks of one kind would cost.

    Attributes:
        label: what tables call the tasks.
        tasks: how many there are; for each item, if there is an open list.
        most_tasks: how many there are at most.
        open_list: the step whose list is not known before others have ended; empty for none. Amounts
            are then those of each of its items.
        first: the most that the first call of all of them can cost; None if it is not known.
        likely: what they cost if they cost what such runs did so far; None if there were none.
        runs: how many runs that is known from.
        most: what the runs cost at most if each makes all calls that it may, with a full context; None
            if that is not known, or if they have others work for them.
        is_free: the model costs nothing.
    """

    label: str
    agent: str
    model: str
    tasks: int = 1
    most_tasks: int = 1
    open_list: str = ""
    first: Spend | None = None
    likely: Spend | None = None
    runs: int = 0
    most: Spend | None = None
    is_free: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A sum of what is known.

    Attributes:
        unknown: how many of the tasks are not in it.
    """

    spend: Spend
    unknown: int


def spend_of(amount: Amount, model: str) -> Spend:
    """An amount as the spend of a call; one whose price is unknown is unpriced."""
    return Spend(
        calls=1, cost_nanousd=amount.nanousd or 0, unpriced_calls=int(amount.nanousd is None)
    ).on(model)


def likely_of(costs: Mapping[str, AgentCosts], agent: str, model: str) -> tuple[Spend | None, int]:
    """What a run of an agent on a model has cost on average, with its judges, and in how many runs.

    A run that had no reply says nothing about the next one, nor does a call that was cut off.
    """
    found = costs.get(agent)
    tier = None if found is None else found.tiers.get(model)
    if found is None or tier is None or not tier.answered:
        return None, 0
    own = shared(tier.spend, 1, tier.answered)
    reviews = shared(found.reviews, 1, found.answered) if found.answered else Spend()
    return replace(own + reviews, uncounted_runs=0), tier.answered


def shared(spend: Spend, part: int, of: int) -> Spend:
    """So many parts of a spend that has `of` of them, rounded up."""

    def scaled(amount: int) -> int:
        return -(-amount * part // of)

    return replace(
        spend,
        calls=scaled(spend.calls),
        cost_nanousd=scaled(spend.cost_nanousd),
        unpriced_calls=scaled(spend.unpriced_calls),
        simulated_nanousd=scaled(spend.simulated_nanousd),
    )


def total(spends: Iterable[Spend | None]) -> Total:
    """The sum of what is known; a spend with a call without a price is not."""
    given = list(spends)
    known = [spend for spend in given if spend is not None and spend.cost_usd is not None]
    return Total(spend=sum(known, Spend()), unknown=len(given) - len(known))


def totals(estimates: Sequence[Estimate]) -> tuple[Total, Total]:
    """The most that the first calls cost, and what all is likely to cost, without that of open lists."""
    sure = [each for each in estimates if not each.open_list]
    return (
        _total_of((each.first, each.tasks) for each in sure),
        _total_of((each.likely, each.tasks) for each in sure),
    )


def likely_per_item(estimates: Sequence[Estimate]) -> dict[str, tuple[Total, int]]:
    """What each item of each open list is likely to cost, and how many there are at most."""
    found: dict[str, tuple[Total, int]] = {}
    for name in dict.fromkeys(each.open_list for each in estimates if each.open_list):
        of = [each for each in estimates if each.open_list == name]
        likely = _total_of((each.likely, each.tasks) for each in of)
        found[name] = likely, max(each.most_tasks // max(each.tasks, 1) for each in of)
    return found


def _total_of(spends: Iterable[tuple[Spend | None, int]]) -> Total:
    """The sum of what is known of so many tasks each."""
    given = list(spends)
    known = total(spend for spend, _ in given).spend
    unknown = [tasks for spend, tasks in given if spend is None or spend.unpriced_calls]
    return Total(spend=known, unknown=sum(unknown))
