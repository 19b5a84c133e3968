"""Flows: `run_flow` and `arun_flow` run a flow to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypedDict, TypeVar

from typing_extensions import Unpack

from parallel_agents.api.opening import Options, letting_calls_end, open_parts
from parallel_agents.app.client import App
from parallel_agents.app.farewell import FlowFarewell
from parallel_agents.core.annotations import Count, Duration, Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.run import Result
from parallel_agents.core.verbs import Spawned
from parallel_agents.flows.function import FlowFunction, OnChange
from parallel_agents.interrupts import in_thread, to_its_end, unless
from parallel_agents.sessions.typed import typed

T = TypeVar("T")


class FlowOptions(Options, total=False):
    """Further options of `arun_flow` and `run_flow`.

    Keys:
        timeout: seconds for all of the flow.
        budget: the most that its steps may spend together, with everything they spawn.
        on_change: what becomes of a stored flow whose steps are not those of the function.
    """

    timeout: Duration | None
    budget: Budget
    on_change: OnChange | str
