"""Built-in flows: those that every process can execute, whoever began them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from parallel_agents.flows import plan_task, planned
from parallel_agents.flows.function import FlowFunction, OnChange

# A plan is stored with its run, and what is tried again may go another way than before.
BUILT_IN_FLOWS: Mapping[str, Callable[[], FlowFunction[Any]]] = {
    plan_task.NAME: partial(FlowFunction, planned.plan, on_change=OnChange.KEEP_GOING),
}
