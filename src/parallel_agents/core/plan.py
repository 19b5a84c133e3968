"""Plan: steps for agents and people as data, each of which begins once the steps that it needs have ended.

A team file with `needs`, a program and an agent that plans make the same plan. Nothing in it is code:
texts and values have placeholders, and conditions are those of gates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeAlias

from pydantic_core import to_jsonable_python
from typing_extensions import override

from parallel_agents.core.annotations import Count, Duration, Index, Name, Seconds
from parallel_agents.core.budget import NO_BUDGET, TakesBudget
from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import (
    Converted,
    GivenObject,
    Items,
    NeededItems,
    Texts,
    default,
    default_made,
)
from parallel_agents.core.gate import MAX_SCORE, AnyGate, Refine
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.task import OnFailure, OnFailureName
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import InvalidInput

MOST_STEPS = 500
MOST_ROUNDS = 100
MOST_ITEMS = 1_000
ANY_OBJECT: JsonObject = {"type": "object"}
# What became of an agent that was made.
CREATED: JsonObject = {
    "type": "object",
    "properties": {"name": {}, "version": {}, "score": {}, "passed": {}, "cases": {}},
}


class RunIf(StrEnum):
    """How the steps that a step needs must have ended for it to begin.

    `all_done` asks for all of them, `any_done` for one, and `always` for none.
    """

    ALL_DONE = "all_done"
    ANY_DONE = "any_done"
    ALWAYS = "always"


RunIfName: TypeAlias = RunIf | Literal["all_done", "any_done", "always"]


class StepStatus(StrEnum):
    """How a step of a plan ended.

    `skipped` was not needed: its condition is false, a person said no, or what it needs was skipped.
    `blocked` could not begin, because a step that it needs failed, or another step's failure ended it.
    """

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop(Checked):
    """Rounds of a step, until its answer is good enough.

    Attributes:
        until: a condition on the answer, as of a gate: `score >= 8.5`.
        rounds: the most rounds, 1 to 100.
        keep_last: whether the last answer counts if none is good enough; otherwise the step fails.
    """

    until: str
    rounds: int = 3
    keep_last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Create(Checked):
    """An agent that a step makes, and that later steps may name.

    Attributes:
        name: of the agent.
        purpose: what it is for; without placeholders.
        target: the score that it needs to be registered, 0 to 10; below that the step fails.

    Raises:
        InvalidInput: the target is out of range.
    """

    name: str
    purpose: str
    target: float = 8.5

    @override
    def _check(self) -> None:
        if not 0 <= self.target <= MAX_SCORE:
            raise InvalidInput(
                f"target is {self.target:g}", hint=f"choose a number from 0 to {MAX_SCORE:g}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Checked):
    """A step: the task of an agent, a question to a person, another plan, or the making of an agent.

    Placeholders in `text`, `input`, `person`, `approve` and `for_each` read the inputs of the plan
    (`${topic}`), what earlier steps came to (`${tasks.facts.output.items}`, `${tasks.facts.status}`), the
    item (`${item}`) and the round before (`${loop.output}`, `${loop.round}`).

    Attributes:
        id: letters, digits and underscores; unique in the plan.
        agent: the name of an agent; empty for a question or a plan.
        text: what the agent is to do.
        input: values for the agent's or the plan's input.
        plan: the plan that is this step.
        create: the agent that this step makes; its output says what became of it.
        needs: the steps after which it begins.
        run_if: how these must have ended.
        when: a condition on the inputs and on results, without which it is skipped; empty for none.
        for_each: a list, or a placeholder that is one: the step is done once for each item, and its
            output is the list of the outputs of those that are done. None does it once.
        min_done: how many items must be done; None for all.
        max_parallel: the most items at once; None for as many as the plan may run.
        loop: its rounds; None for one.
        hand_off: the agents that the task is handed to, one after another, if it fails.
        person: what a person is asked: with an agent, in the end, if none did the task.
        approve: what a person is asked before it begins, and answers with yes or no; empty asks nobody.
        model: `provider/model`; None for the plan's or the agent's.
        ladder: models to escalate through, cheapest first; it overrides `model`.
        gates: checks that the answer must pass in addition to the agent's.
        refine: a loop that improves a rejected answer.
        budget: the most that each of its tasks may spend, with everything it spawns.
    """

    id: str
    agent: str = ""
    text: str = ""
    input: Converted[JsonObject, GivenObject] = default_made(dict[str, Json])
    plan: Plan | None = None
    create: Create | None = None
    needs: Texts = default(())
    run_if: Converted[RunIf, RunIfName] = default(RunIf.ALL_DONE)
    when: str = ""
    for_each: Converted[str | list[Json] | None, str | Sequence[object] | None] = default(None)
    min_done: Index | None = None
    max_parallel: Count | None = None
    loop: Loop | None = None
    hand_off: Texts = default(())
    person: str = ""
    approve: str = ""
    model: Name | None = None
    ladder: Texts = default(())
    gates: Items[AnyGate] = default(())
    refine: Refine | None = None
    budget: TakesBudget = default(NO_BUDGET)

    @property
    def agents(self) -> tuple[str, ...]:
        """The agents that may do it, in order."""
        return (self.agent, *self.hand_off) if self.agent else self.hand_off


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Checked):
    """Steps under a name, with inputs that each run fills in.

        Plan(name="post", steps=(Step(id="draft", agent="writer", text="About ${topic}"),))

    Attributes:
        name: what tables call it.
        steps: 1 to 500.
        input_schema: JSON Schema of an object whose properties are the inputs.
        model: `provider/model` for steps that name none.
        max_parallel: the most runs at once, or None to use the process's limit.
        timeout_seconds: the time limit of the plan.
        budget: the most that all steps may spend together.
        on_failure: what happens to the other steps when one fails.
        min_done: how many steps must be done, or the plan has failed; None for 1.
        cache_seconds: the maximum age of a reply that is used again; None for each agent's.
        workspace: the folder that its tasks work in; None for each agent's.
    """

    name: Name
    steps: NeededItems[Step]
    input_schema: Converted[JsonObject, GivenObject] = default_made(lambda: dict(ANY_OBJECT))
    model: Name | None = None
    max_parallel: Count | None = None
    timeout_seconds: Duration | None = None
    budget: TakesBudget = default(NO_BUDGET)
    on_failure: Converted[OnFailure, OnFailureName] = default(OnFailure.KEEP_GOING)
    min_done: int | None = None
    cache_seconds: Seconds | None = None
    workspace: Workspace | None = None

    @property
    def by_id(self) -> dict[str, Step]:
        return {step.id: step for step in self.steps}

    @property
    def last(self) -> tuple[Step, ...]:
        """The steps that no other one needs; their outputs are the plan's."""
        needed = {need for step in self.steps for need in step.needs}
        return tuple(step for step in self.steps if step.id not in needed)


def created_in(plan: Plan) -> dict[str, str]:
    """The agents that steps of a plan make, with the ids of these steps."""
    return {step.create.name: step.id for step in plan.steps if step.create is not None}


def within(plan: Plan, outer: Plan) -> Plan:
    """A plan as a step of another one, which says how tasks work unless the plan does itself."""
    return replace(
        plan,
        model=plan.model or outer.model,
        cache_seconds=outer.cache_seconds if plan.cache_seconds is None else plan.cache_seconds,
        workspace=plan.workspace or outer.workspace,
    )


def on_model(plan: Plan, model: str) -> Plan:
    """A plan all of whose tasks are done on one model."""
    steps = [
        replace(step, model=model, ladder=(), plan=step.plan and on_model(step.plan, model))
        if step.agent or step.plan
        else step
        for step in plan.steps
    ]
    return replace(plan, steps=tuple(steps), model=model)


def with_default_model(plan: Plan, model: str | None) -> Plan:
    """A plan that is done on this model where neither its steps nor it name one."""
    return replace(plan, model=plan.model or model)


class PlacedStep(NamedTuple):
    """A step of a plan, or of a plan in it.

    Attributes:
        label: with the ids of the steps above.
        plan: the one that it is a step of, which says what the plan above does for it.
        is_inner: whether that is a plan in the plan.
    """

    label: str
    step: Step
    plan: Plan
    is_inner: bool

    @property
    def model(self) -> str | None:
        """The model that it names, or its plan does."""
        return self.step.model or self.plan.model


def placed_steps(plan: Plan, above: str = "") -> Iterator[PlacedStep]:
    """The steps of a plan, and those of the plans in it, each within its own plan."""
    for step in plan.steps:
        label = f"{above}{step.id}"
        yield PlacedStep(label, step, plan, is_inner=bool(above))
        if step.plan is not None:
            yield from placed_steps(within(step.plan, plan), f"{label}.")


def all_steps(plan: Plan) -> Iterator[Step]:
    """The steps of a plan, and those of the plans in it."""
    for step in plan.steps:
        yield step
        if step.plan is not None:
            yield from all_steps(step.plan)


def as_json(plan: Plan) -> dict[str, Json]:
    """A plan as JSON, without the fields that have their defaults; Pydantic makes the plan of it."""
    steps: list[Json] = [
        {**_set(step), **({} if step.plan is None else {"plan": as_json(step.plan)})}
        for step in plan.steps
    ]
    return {**_set(plan), "steps": steps}


def _set(value: Any) -> dict[str, Json]:  # noqa: ANN401 - a step or a plan
    return {
        each.name: to_jsonable_python(found)
        for each in fields(value)
        if each.name not in {"steps", "plan"}
        and (found := getattr(value, each.name)) != _default(each)
    }


def _default(of: Any) -> object:  # noqa: ANN401 - a dataclass's field
    return of.default if of.default_factory is MISSING else of.default_factory()


def ancestors(needs: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """For each step, all steps that have ended before it begins; the needs have no cycle."""
    found: dict[str, set[str]] = {}
    for step in in_order(needs):
        found[step] = set[str]().union(*({need, *found[need]} for need in needs[step]))
    return found


def in_order(needs: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """The steps, each after those that it needs; those in a cycle and after one are left out."""
    left = {step: set(needed) for step, needed in needs.items()}
    needed_by: dict[str, list[str]] = {}
    for step, needed in left.items():
        for need in needed:
            needed_by.setdefault(need, []).append(step)
    ready = [step for step, needed in left.items() if not needed]
    for step in ready:  # it grows while it is walked
        yield step
        for later in needed_by.get(step, ()):
            left[later].discard(step)
            if not left[later]:
                ready.append(later)


def find_cycle(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Steps each of which needs the next, with the first again at the end; empty if there are none."""
    placed = set(in_order(needs))
    rest = {
        step: [n for n in needed if n in needs and n not in placed]
        for step, needed in needs.items()
        if step not in placed
    }
    step, path = next((step for step, needed in rest.items() if needed), ""), list[str]()
    while step and step not in path:
        path.append(step)
        step = next(iter(rest[step]), "")
    return [*path[path.index(step) :], step] if step else []
