"""Price forms: what a gateway says that work would cost, as its Python client reads it."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agents.gateway_client.forms import MoneyForm


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedTaskForm:
    """What the tasks of one label would cost; None is unknown."""

    label: str
    agent: str
    model: str
    tasks: int
    tasks_at_most: int
    open_list: str | None
    first_call_at_most: MoneyForm | None
    likely: MoneyForm | None
    from_runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceForm:
    """What work would cost; `is_sketch` says that the tasks only stand for the steps of a plan."""

    tasks: tuple[PricedTaskForm, ...]
    budget_usd: float | None
    budget_tokens: int | None
    worst_case_usd: float | None
    worst_case_tokens: int | None
    is_sketch: bool
    notes: tuple[str, ...]
    missing_keys: tuple[str, ...]
