"""Plan checks: what could only fail is found before the first call, with what to write instead."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from parallel_agents.core.agent import NAME_PATTERN, Agent
from parallel_agents.core.condition_fields import check_conditions
from parallel_agents.core.expression import expression
from parallel_agents.core.gate import MAX_SCORE
from parallel_agents.core.object_schema import properties
from parallel_agents.core.plan import (
    MOST_ROUNDS,
    MOST_STEPS,
    Create,
    Plan,
    Step,
    ancestors,
    created_in,
    find_cycle,
    in_order,
)
from parallel_agents.core.plan_inputs import check_input
from parallel_agents.core.plan_reads import Doubt, Reading
from parallel_agents.core.problems import as_path as as_path
from parallel_agents.core.spelling import counted, did_you_mean
from parallel_agents.errors import InvalidFile, InvalidInput, UnknownAgent

FindAgent: TypeAlias = Callable[[str], Agent]

MOST_PURPOSE = 4_000
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
RESERVED = ("tasks", "item", "loop")


class PlanProblem(NamedTuple):
    """What is wrong with a plan.

    Attributes:
        step: the id of the step; empty for the plan itself.
        field: the names and numbers that lead to the value in the step, or in the plan.
    """

    step: str
    field: tuple[str, ...]
    message: str
    hint: str
    why: str = ""


class Unclear(NamedTuple):
    """What is not known of a plan, because its file does not say it in a way that can be read.

    Attributes:
        steps: the ids of the steps of which not every field could be read.
        labels: whether one of them may be meant to have another id.
        inputs: whether the schema of the inputs could not be read.
        created: whether a step may create an agent whose name could not be read.
    """

    steps: frozenset[str] = frozenset()
    labels: bool = False
    inputs: bool = False
    created: bool = False


ALL_CLEAR = Unclear()


def check_plan(plan: Plan, find_agent: FindAgent) -> list[PlanProblem]:
    """What is wrong with a plan and the plans in it; empty if nothing is.

    Args:
        plan: its agents are known by name.
        find_agent: raises UnknownAgent for a name that none has.
    """
    found = check_steps(plan, find_agent)
    for step in plan.steps:
        if step.plan is not None:
            for inner in check_plan(step.plan, find_agent):
                place = (step.id, "plan", inner.step, *inner.field)
                found.append(inner._replace(step=step.id, field=tuple(filter(None, place[1:]))))
    return found


def check_steps(
    plan: Plan, find_agent: FindAgent, unclear: Unclear = ALL_CLEAR
) -> list[PlanProblem]:
    """As `check_plan`, for a plan whose inner plans were checked before.

    A problem that only follows from another one, or from what is `unclear`, is left out.
    """
    found = list(dict.fromkeys(_check_shape(plan, unclear)))  # once for all tasks of one label
    found += () if unclear.labels else _check_needs(plan)
    # Needs that lead to no step, or in a circle, say nothing of what a step may read.
    known = plan.by_id
    needs = {step.id: [need for need in step.needs if need in known] for step in plan.steps}
    cycle = find_cycle(needs)
    found += _check_cycle(plan, cycle)
    shapeless = {problem.step for problem in found if problem.field[:1] in ((), ("label",))}
    unsure = {step.id for step in plan.steps if len(needs[step.id]) < len(step.needs)}
    before = {step.id: set[str]() for step in plan.steps} | ancestors(needs)
    agents, unknown = _find_agents(plan, find_agent, before)
    found += () if unclear.created else unknown
    in_circles = needs.keys() - set(in_order(needs))
    doubt = Doubt(
        steps=unclear.steps | shapeless,
        needs={
            id
            for id, earlier in before.items()
            if id in in_circles or {id, *earlier} & (unsure | unclear.steps | shapeless)
        },
        has_labels=unclear.labels,
        has_inputs=unclear.inputs,
    )
    reading = Reading(plan, agents, doubt)
    return found + [
        problem for step in plan.steps for problem in _check_step(step, before[step.id], reading)
    ]


def _check_shape(plan: Plan, unclear: Unclear) -> Iterator[PlanProblem]:
    if not 1 <= len(plan.steps) <= MOST_STEPS:
        yield PlanProblem(
            "",
            ("tasks",),
            f"the plan has {len(plan.steps)} tasks",
            f"write 1 to {MOST_STEPS} tasks; `for_each` does one of them for each item of a list",
        )
    for name in RESERVED:
        if name in properties(plan.input_schema):
            yield PlanProblem(
                "",
                ("input", "properties", name),
                f"an input of a team whose tasks need each other cannot be called {name!r}",
                "choose another name for the input",
                f"${{{name}...}} has a meaning of its own there",
            )
    if plan.min_done is not None and not 1 <= plan.min_done <= len(plan.steps):
        yield PlanProblem(
            "",
            ("min_done",),
            f"min_done is {plan.min_done}, but the team has {counted(len(plan.steps), 'task')}",
            f"write a number from 1 to {len(plan.steps)}",
        )
    counts = Counter(step.id for step in plan.steps)
    for step in plan.steps:
        if not _ID.fullmatch(step.id):
            yield PlanProblem(
                step.id,
                ("label",),
                f"{step.id[:80]!r} cannot be the label of a task that others can need",
                "use up to 60 letters, digits and underscores, a letter first, such as first_draft",
                "conditions and placeholders name the task by its label",
            )
        elif counts[step.id] > 1:
            yield PlanProblem(
                step.id,
                ("label",),
                f"two tasks have the label {step.id!r}",
                "give one of them its own `label:`",
                "a task without a label has its agent's name as label",
            )
        if step.id not in unclear.steps:
            yield from _check_kind(step)


def _check_kind(step: Step) -> Iterator[PlanProblem]:
    """Refuse a step that is not one thing, and numbers out of range."""
    if step.create is not None:
        yield from _check_create(step, step.create)
    elif not step.agent and step.plan is None and not step.person:
        yield PlanProblem(
            step.id,
            (),
            f"the task {step.id!r} has no agent, flow or person",
            "add `agent: NAME`, `flow: FILE.yaml`, or `person: QUESTION`",
        )
    elif step.agent and step.plan is not None:
        yield PlanProblem(
            step.id, ("flow",), "a task has an agent or a flow, not both", "delete one of them"
        )
    elif step.agent and not step.text.strip():
        yield PlanProblem(step.id, (), "'text' is missing", "add `text: ...`")
    if not step.agent:
        of_agents = ("text", "hand_off", "model", "ladder", "gates", "refine")
        extra = [name for name in of_agents if getattr(step, name)]
        if step.plan is not None and step.person:
            extra.append("person")
        for name in extra:
            yield PlanProblem(
                step.id,
                (name,),
                f"a task without an agent has no {name!r}",
                f"delete `{name}:`, or add `agent: NAME`",
            )
    if step.for_each is None:
        for name in ("min_done", "max_parallel"):
            if getattr(step, name) is not None:
                yield PlanProblem(
                    step.id,
                    (name,),
                    f"{name!r} of a task is about the items of `for_each`, which it does not have",
                    f"delete `{name}:`, or write it at the top of the file for all tasks",
                )
    if step.loop is not None and not 1 <= step.loop.rounds <= MOST_ROUNDS:
        yield PlanProblem(
            step.id,
            ("loop", "rounds"),
            f"a loop cannot have {step.loop.rounds} rounds",
            f"write a number from 1 to {MOST_ROUNDS}",
        )


def _check_create(step: Step, create: Create) -> Iterator[PlanProblem]:
    for name in ("agent", "plan", "person", "for_each", "loop", "input"):
        if getattr(step, name):
            field = "flow" if name == "plan" else name
            yield PlanProblem(
                step.id,
                (field,),
                f"a task that creates an agent has no {field!r}",
                f"delete `{field}:`",
            )
    if not re.fullmatch(NAME_PATTERN[1:-1], create.name):
        yield PlanProblem(
            step.id,
            ("create", "name"),
            f"{create.name[:80]!r} cannot be the name of an agent",
            "use up to 64 lower-case letters, digits and underscores, a letter first",
        )
    if not 1 <= len(create.purpose.strip()) <= MOST_PURPOSE or not 0 <= create.target <= MAX_SCORE:
        yield PlanProblem(
            step.id,
            ("create",),
            f"the agent {create.name[:80]!r} cannot be created so",
            f"say what it is for in 1 to {MOST_PURPOSE:,} characters; its target is from 0 to {MAX_SCORE}",
        )


def _check_needs(plan: Plan) -> Iterator[PlanProblem]:
    known = plan.by_id
    for step in plan.steps:
        for number, need in enumerate(step.needs):
            if need not in known:
                others = [other for other in known if other != step.id]
                yield PlanProblem(
                    step.id,
                    ("needs", str(number)),
                    f"no task has the label {need!r}",
                    did_you_mean(need, others),
                )


def _check_cycle(plan: Plan, cycle: list[str]) -> Iterator[PlanProblem]:
    if cycle:
        first = cycle[0]
        yield PlanProblem(
            first,
            ("needs", str(plan.by_id[first].needs.index(cycle[1]))),
            f"tasks need each other in a circle: {' → '.join(cycle)}",
            "take one of these out of `needs`; to repeat a task, use `loop`",
            "none of them could ever begin",
        )


def _find_agents(
    plan: Plan, find_agent: FindAgent, before: Mapping[str, set[str]]
) -> tuple[dict[str, Agent], list[PlanProblem]]:
    """The agents of the steps, as far as they are known; of one that an earlier step makes, nothing is yet."""
    created = created_in(plan)
    found: dict[str, Agent] = {}
    problems: list[PlanProblem] = []
    for step in plan.steps:
        for number, name in enumerate(step.agents):
            if name in found:
                continue
            if created.get(name) in before[step.id]:
                found[name] = Agent(name, instructions="-", output_schema={})
                continue
            try:
                found[name] = find_agent(name)
            except (UnknownAgent, InvalidFile) as error:
                is_first = step.agent and number == 0
                place = ("agent",) if is_first else ("hand_off", str(number - bool(step.agent)))
                said = error.message
                if isinstance(error, InvalidFile):
                    said = f"the agent {name!r} is not valid: {said}"
                problems.append(PlanProblem(step.id, place, said, error.hint, error.why))
    return found, problems


def _check_step(step: Step, before: set[str], reading: Reading) -> Iterator[PlanProblem]:
    def problem(field: tuple[str, ...], error: InvalidInput) -> PlanProblem:
        return PlanProblem(step.id, field, error.message, error.hint, error.why)

    misread: set[str] = set()
    for field, error in reading.check_templates(step, before):
        misread.add(field[0])
        yield problem(field, error)
    if step.when and (error := reading.check_when(step, before)):
        yield problem(("when",), error)
    if step.loop and (error := _why_never(step.loop.until, step, reading)):
        yield problem(("loop", "until"), error)
    is_read = step.for_each is not None and "for_each" not in misread
    if is_read and (error := reading.check_list(step, before)):
        yield problem(("for_each",), error)
    for field, error in _check_inputs(step, before, reading):
        # What is missing may be in a field that is wrong.
        if field or step.id not in reading.doubt.steps:
            yield problem(("input", *field), error)
    for agent in reading.known_agents(step):
        try:
            check_conditions(step.gates, agent.output_schema)
        except InvalidInput as error:
            yield problem(("gates",), error)


def _check_inputs(
    step: Step, before: set[str], reading: Reading
) -> Iterator[tuple[tuple[str, ...], InvalidInput]]:
    takers = [(agent.name, agent.input_schema) for agent in reading.known_agents(step)]
    for name, schema in takers:
        yield from check_input(step.input, schema, name, reading.unsure)
    if step.plan is not None:
        name, schema = step.plan.name, step.plan.input_schema
        takers.append((name, schema))
        yield from check_input(step.input, schema, name, reading.unsure, closed=True)
    for name, schema in takers:
        found = reading.check_kinds(step, schema or {}, name, before)
        yield from (((field,), error) for field, error in found)


def _why_never(condition: str, step: Step, reading: Reading) -> InvalidInput | None:
    """Why no answer of a step could satisfy the condition of its loop."""
    try:
        expression(condition)
    except InvalidInput as error:
        return error
    return reading.check_until(condition, step)
