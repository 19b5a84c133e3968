"""Measuring: the numbers of a store that alerts are about, at one moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import assert_never

from parallel_agents.core.alert import Condition, Measure
from parallel_agents.core.circuit import CircuitState
from parallel_agents.core.dead_letter import DeadLetterFilter
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.run import RunStatus
from parallel_agents.core.silence import silences_of
from parallel_agents.core.store import Store
from parallel_agents.core.stuck_rules import StuckRules
from parallel_agents.core.usage import NANOUSD_PER_USD, Spend

_DAY_SECONDS = 86_400.0


async def measure(store: Store, condition: Condition, rules: StuckRules, now: float) -> float:
    """The value of a condition's measure. Costs are those of calls whose price is known.

    Raises:
        StoreError: the store cannot be read.
    """
    since = now - condition.within_seconds
    match condition.measure:
        case Measure.DEAD_LETTERS:
            return len(await store.dead_letters(DeadLetterFilter(since=since)))
        case Measure.FAILURES:
            vitals = await store.vitals(rules, since=since, now=now)
            return sum(each.runs for each in vitals.failures)
        case Measure.UNSENT:
            return (await store.unsent(since)).number
        case Measure.COST | Measure.TOKENS | Measure.COST_DAY | Measure.TOKENS_DAY:
            return await _spent(store, condition.measure, since, now)
        case Measure.QUESTIONS:
            return len(await store.questions())
        case Measure.PAUSED:
            throttles = await store.throttles()
            return sum(each.circuit.state(now) is not CircuitState.CLOSED for each in throttles)
        case Measure.STUCK:
            silent, gaps = await store.silent_runs(rules, now)
            found = silences_of(silent, gaps, rules, now)
            return sum(silence.is_stuck for _, silence in found)
        case Measure.RUNNING | Measure.QUEUED | Measure.STOPPED:
            return await _live(store, condition.measure, rules, now)
        case _:
            assert_never(condition.measure)


async def _spent(store: Store, measure: Measure, since: float, now: float) -> float:
    """What runs used that are live or have ended since then, or are of this UTC day."""
    is_today = measure in (Measure.COST_DAY, Measure.TOKENS_DAY)
    costs = await store.costs(since=now // _DAY_SECONDS * _DAY_SECONDS if is_today else since)
    if is_today:
        day = datetime.fromtimestamp(now, UTC).date().isoformat()
        costs = [cost for cost in costs if cost.day == day]
    spend = sum((cost.spend for cost in costs), Spend())
    if measure in (Measure.COST, Measure.COST_DAY):
        return spend.cost_nanousd / NANOUSD_PER_USD
    return spend.usage.total_tokens


async def _live(store: Store, measure: Measure, rules: StuckRules, now: float) -> float:
    """How many live runs are executed, wait for a process, or have none left that could take them."""
    vitals = await store.vitals(rules, since=now, now=now)
    alive = {each.id for each in await store.owners() if each.state is OwnerState.LIVE}
    found = 0
    for each in vitals.live:
        is_left = each.owner not in alive if each.owner is not None else not alive
        if is_left:
            state = Measure.STOPPED
        else:
            state = Measure.RUNNING if each.status is RunStatus.RUNNING else Measure.QUEUED
        found += each.runs if state is measure else 0
    return found
