"""Created: what became of an agent that was to be made or made better."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from pydantic import TypeAdapter
from typing_extensions import override

from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import Texts, default
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput

TARGET, ROUNDS, MIN_PASS = 8.5, 3, 1.0
MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOptions(Checked):
    """How an agent is made, and what it needs to be registered.

    Attributes:
        target: the reviewer's score that it needs, 0 to 10.
        rounds: the most versions that are tried.
        min_pass: the part of its cases that it must pass, 0 to 1.
        tools: the tools that it may have.
        replace: whether an agent of that name gets a new version.
        judge_model: the reviewer's model; empty for the strongest there is.
        allow_weak_judge: whether a model that is known to judge badly may review it.
        in_project: whether it is written into the project's folder instead of the home.

    Raises:
        InvalidInput: a number is out of range.
    """

    target: float = TARGET
    rounds: int = ROUNDS
    min_pass: float = MIN_PASS
    tools: Texts = default(())
    replace: bool = False
    judge_model: str = ""
    allow_weak_judge: bool = False
    in_project: bool = False

    @override
    def _check(self) -> None:
        ranges = (
            ("target", self.target, 0, 10),
            ("rounds", self.rounds, 1, MOST_ROUNDS),
            ("min_pass", self.min_pass, 0, 1),
        )
        for name, value, low, high in ranges:
            if not low <= value <= high:
                raise InvalidInput(
                    f"{name} is {value:g}", hint=f"choose a number from {low} to {high}"
                )

    def with_target(self, target: float) -> CreateOptions:
        """The same with another score."""
        return replace(self, target=target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An agent that is to be made: its name, and what it is for."""

    name: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A version that was tried.

    Attributes:
        number: from 1.
        score: the reviewer's, 0 to 10; None if it was not reviewed.
        passed: how many of its cases passed; None if they were not run.
        cases: how many cases it has.
        reasons: why it is not good enough; empty if it is.
        model: the model that its cases were run on; empty if they were not.
    """

    number: int
    score: float | None
    passed: int | None
    cases: int
    reasons: tuple[str, ...] = ()
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Created(Frozen):
    """What became of an agent.

    Attributes:
        version: the version that it was registered as; None if it was not.
        draft: whether it was kept as a draft instead.
        score: the reviewer's, 0 to 10; None if there is none.
        target: the score that it needed.
        passed: how many of its cases passed; None if they were not run.
        cases: how many cases it has.
        judge_model: the model that reviewed it; empty for none.
        weakness: why that model judges badly, if it was allowed nevertheless.
        reasons: why it is not registered; empty if it is.
        rounds: the versions that were tried.
        file: the file of the agent.
    """

    name: str
    version: int | None = None
    draft: bool = False
    score: float | None = None
    target: float = TARGET
    passed: int | None = None
    cases: int = 0
    judge_model: str = ""
    weakness: str = ""
    reasons: tuple[str, ...] = ()
    rounds: tuple[Round, ...] = ()
    file: str = ""


def created_of(result: Result, name: str, options: CreateOptions) -> Created:
    """What became of an agent, by the result of its flow; a flow that failed has made none."""
    made = read_created(result.output_json) if result.is_done else None
    if made is not None:
        return made
    error = result.error
    told = result.status.value if error is None else f"{error.code} {error.message}"
    reason = ": ".join(filter(None, (told, "" if error is None else error.why)))
    return Created(name=name, target=options.target, reasons=(reason,))


def read_created(output: Json) -> Created | None:
    """What became of an agent, from the result of the flow that made it; None if there is nothing."""
    return None if output is None else _adapter().validate_python(output)


@cache
def _adapter() -> TypeAdapter[Created]:
    return TypeAdapter(Created)
