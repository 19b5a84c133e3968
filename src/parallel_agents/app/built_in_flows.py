"""Built-in flows: those that every process can execute, besides the functions that a program passes in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Self

from parallel_agents.app.creating_flows import CREATING_NAMES
from parallel_agents.cases import agent_test
from parallel_agents.cases.report import TestReport
from parallel_agents.cases.request import AGENT_TEST
from parallel_agents.flows import plan_task, planned
from parallel_agents.flows.function import FlowFunction, OnChange
from parallel_agents.flows.functions import Functions
from parallel_agents.maps.request import MAP
from parallel_agents.maps.runner import MapRunner
from parallel_agents.orchestration.orchestrator import Orchestrator
from parallel_agents.orchestration.request import DO
from parallel_agents.settings import Settings

BUILT_IN_NAMES = frozenset({AGENT_TEST, DO, MAP, plan_task.NAME}) | CREATING_NAMES


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltInFlows:
    """The built-in flows of a process.

    Attributes:
        maps: one agent over many rows.
    """

    maps: MapRunner

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(maps=MapRunner(settings.max_parallel))

    def add_to(self, functions: Functions) -> None:
        """Make them known.

        Raises:
            InvalidInput: a program passed in a function of such a name.
        """
        functions.build_in(MAP, self.maps)
        # A plan is stored with its run, and what is tried again may go another way than before.
        plan = partial(FlowFunction, planned.plan, on_change=OnChange.KEEP_GOING)
        functions.build_in(plan_task.NAME, plan)
        keep = OnChange.KEEP_GOING
        test = partial(FlowFunction[list[TestReport]], agent_test.agent_test, on_change=keep)
        functions.build_in(AGENT_TEST, test)

    def add_orchestrator(self, functions: Functions, orchestrator: Orchestrator) -> None:
        """Make the flow known that plans for itself, for a process with these agents.

        Raises:
            InvalidInput: as for `add_to`.
        """
        do = partial(FlowFunction, orchestrator.do, on_change=OnChange.KEEP_GOING)
        functions.build_in(DO, do)
