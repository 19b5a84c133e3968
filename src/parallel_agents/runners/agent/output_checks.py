"""Output checks: whether an answer is an instance of its agent's output type, in a process that has it.

The type's validators are code of others. What they find leaves no event: a process that continues the
run asks its own type, or goes by the schema alone if it has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import orjson

from parallel_agents.containment.calls import contained, describe
from parallel_agents.containment.functions import UserFunction
from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.output_type import OutputType
from parallel_agents.core.output_types import OutputTypes
from parallel_agents.core.schema import Json
from parallel_agents.core.steps import CheckType, TypeVerdict
from parallel_agents.errors import GateBroken
from parallel_agents.runners.agent.work import OutputCheck, Work


class TypeCheck:
    """Finds what is wrong with answers of an output type; see `OutputCheck`."""

    def __init__(self, kind: OutputType[object]) -> None:
        self._name = kind.name
        self._function = UserFunction(kind.problems, kind.name)

    async def problems(self, answer: Json, text: str) -> tuple[str, ...]:
        try:
            return await contained(self._function.call(_as_problems, answer, text), self._name)
        except Exception as error:
            raise GateBroken(
                f"the output type {self._name} raised {describe(error)}",
                why="its validators take an answer, or raise ValueError to have it corrected",
                hint="correct the type, and spawn the task again",
            ) from error


def _as_problems(problems: object) -> tuple[str, ...]:
    return cast("tuple[str, ...]", problems)


class OutputChecks:
    """The checks of all output types that this process knows."""

    def __init__(self, types: OutputTypes) -> None:
        self._types = types
        self._checks: dict[OutputType[object], TypeCheck] = {}

    def of(self, agent: AnyAgent) -> TypeCheck | None:
        kind = self._types.of(agent)
        if kind is None:
            return None
        if kind not in self._checks:
            self._checks[kind] = TypeCheck(kind)
        return self._checks[kind]


async def check_type(work: Work, step: CheckType) -> None:
    """Find out whether the last answer is of the agent's output type.

    Raises:
        GateBroken: the type cannot tell.
    """
    answer, check = work.transcript.answer_id, work.output_check
    problems = () if check is None else await _problems(check, work, step.output)
    work.prepared = work.prepared._replace(type_verdict=TypeVerdict(answer, problems))


async def _problems(check: OutputCheck, work: Work, output: Json) -> tuple[str, ...]:
    """What is wrong with an answer, or with those to the items of a batch."""
    text = work.transcript.last_text
    if not work.assignment.batch or not isinstance(output, Mapping):
        return await check.problems(output, text)
    found: list[str] = []
    for number, answer in output.items():
        written = orjson.dumps(answer).decode()
        found += [f"{number}: {problem}" for problem in await check.problems(answer, written)]
    return tuple(found)
