"""Request: what a test of an agent is asked to do, as the input of its run: JSON that any process can continue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import orjson
from pydantic import TypeAdapter

from parallel_agents.cases.report import TestReport
from parallel_agents.cases.testing import check_count
from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.case import Case
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json

AGENT_TEST = "agent_test"
_LABEL_CHARACTERS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRequest:
    """A test of an agent.

    Attributes:
        agent: its definition, as it is when the test is begun.
        cases: what it is tested on.
        models: `provider/model` each; it is tested on each of them. Empty for the agent's own.
        repeat: how many times each case is tried.
        against: another version of the agent, which is tested on the same cases; None for none.
        keeps: whether the workspaces of the cases stay.

    Raises:
        InvalidInput: it tries nothing, or too much.
    """

    __test__ = False  # no test, whatever pytest makes of its name

    agent: Agent[Any]
    cases: tuple[Case, ...]
    models: tuple[str, ...] = ()
    repeat: int = 1
    against: Agent[Any] | None = None
    keeps: bool = False

    def __post_init__(self) -> None:
        check_count(len(self.cases), self.count)

    @property
    def count(self) -> int:
        """How many tries it makes."""
        versions = 1 if self.against is None else 2
        return len(self.cases) * self.repeat * len(self.tested) * versions

    @property
    def tested(self) -> Sequence[str | None]:
        """The models that it is tested on; None for the agent's own."""
        return self.models or (None,)

    def flow_task(self, *, max_parallel: int | None = None, budget: Budget = NO_BUDGET) -> FlowTask:
        """The run of this test."""
        return FlowTask(
            name=AGENT_TEST,
            label=f"test {self.agent.name}"[:_LABEL_CHARACTERS],
            input={
                "agent": _as_json(self.agent),
                "cases": [_as_json(case) for case in self.cases],
                "models": list(self.models),
                "repeat": self.repeat,
                "against": None if self.against is None else _as_json(self.against),
                "keeps": self.keeps,
            },
            max_parallel=max_parallel,
            budget=budget,
        )


def chosen(cases: Iterable[Case], ids: Sequence[str]) -> tuple[Case, ...]:
    """The cases with these ids, in their own order; all of them if none is named."""
    return tuple(case for case in cases if not ids or case.id in ids)


def _as_json(value: object) -> Json:
    return cast("Json", orjson.loads(orjson.dumps(value)))


def read_reports(result: Result[Any]) -> list[TestReport]:
    """The reports that a test's run returned.

    Raises:
        ValidationError: they are of another version.
    """
    return _reports().validate_python(result.output_json)


@cache
def _reports() -> TypeAdapter[list[TestReport]]:
    return TypeAdapter(list[TestReport])
