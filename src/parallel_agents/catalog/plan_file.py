"""Plan file: a team file whose tasks need each other, as a plan.

A task that has any of the fields for that makes its file a plan; a file without one stays a team.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from os.path import normpath
from pathlib import Path
from typing import Annotated, ClassVar, NamedTuple, TypeAlias

from pydantic import AfterValidator, Field, JsonValue, WithJsonSchema

from parallel_agents.catalog.document import Document, Steps
from parallel_agents.catalog.fields import AgentName, Fields, NonEmpty, RightFields
from parallel_agents.catalog.findings import Findings
from parallel_agents.catalog.gate_fields import read_right_gates
from parallel_agents.catalog.team_fields import HeadFields, TaskFields
from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import AnyGate
from parallel_agents.core.limits import Limits
from parallel_agents.core.plan import ANY_OBJECT, MOST_ITEMS, Create, Loop, Plan, RunIf, Step
from parallel_agents.core.plan_checks import PlanProblem, Unclear, check_steps
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.template import paths_in
from parallel_agents.errors import InvalidFile

FindAgent: TypeAlias = Callable[[str], Agent]
# Reads the plan in another file; raises InvalidFile if that is not one.
FindPlan: TypeAlias = Callable[[Path], Plan]

_NAMING = {"label", "agent", "flow", "create"}
_APPROVE = "May the task {} begin?"


class LoopFields(Fields):
    """Rounds of a task, until its answer is good enough."""

    until: NonEmpty
    rounds: Annotated[int, Field(ge=1, le=100)] = 3
    keep_last: bool = False


class CreateFields(Fields):
    """An agent that a task makes."""

    name: AgentName
    purpose: NonEmpty
    target: Annotated[float, Field(ge=0, le=10)] = 8.5


def _check_items(value: JsonValue) -> JsonValue:
    if isinstance(value, list) and len(value) > MOST_ITEMS:
        raise ValueError(f"it must have at most {MOST_ITEMS:,} items")
    if isinstance(value, str | list):
        return value
    raise ValueError("it must be a list, or a placeholder such as ${tasks.LABEL.output.FIELD}")


def _check_approval(value: JsonValue) -> JsonValue:
    if isinstance(value, bool) or (isinstance(value, str) and value.strip()):
        return value
    raise ValueError("it must be true, or the question that a person answers with yes or no")


# One type each for what may be of two: a union would be told by the first of its types.
_LIST: dict[str, JsonValue] = {"type": "array", "maxItems": MOST_ITEMS}
Items = Annotated[
    JsonValue,
    AfterValidator(_check_items),
    WithJsonSchema({"anyOf": [{"type": "string"}, _LIST]}),
]
Approval = Annotated[
    JsonValue,
    AfterValidator(_check_approval),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "minLength": 1}]}),
]


class PlanTaskFields(TaskFields):
    """One entry of `tasks` in a file whose tasks need each other."""

    agent: str = ""
    text: str = ""
    flow: NonEmpty | None = None
    create: CreateFields | None = None
    needs: tuple[NonEmpty, ...] = ()
    run_if: RunIf = RunIf.ALL_DONE
    when: NonEmpty | None = None
    for_each: Items = None
    min_done: Annotated[int, Field(ge=0)] | None = None
    max_parallel: Annotated[int, Field(ge=1)] | None = None
    loop: LoopFields | None = None
    hand_off: Annotated[tuple[AgentName, ...], Field(min_length=1)] = ()
    person: NonEmpty | None = None
    approve: Approval = False


class PlanFields(HeadFields):
    """The file."""

    page: ClassVar[str] = "`pagents docs plans`"
    tasks: Annotated[list[PlanTaskFields], Field(min_length=1)]


NEW_FIELDS = frozenset(PlanTaskFields.model_fields) - frozenset(TaskFields.model_fields)


class PlanFile(NamedTuple):
    """What a plan is made of.

    Attributes:
        find_agent: raises UnknownAgent for a name that none has.
        find_plan: the plan in another file.
    """

    document: Document
    find_agent: FindAgent
    find_plan: FindPlan


def is_plan(content: JsonObject) -> bool:
    """Whether a file has a field that only tasks that need each other have, or one that none has.

    A misspelt field is so told with all fields that it may be.
    """
    tasks = content.get("tasks")
    if not isinstance(tasks, list | tuple):
        return False
    known = TaskFields.model_fields.keys()
    return any(isinstance(task, Mapping) and not task.keys() <= known for task in tasks)


def make_plan(
    file: PlanFile, read: RightFields[PlanFields], limits: Limits, findings: Findings
) -> Plan:
    """The plan in a file, within limits that were checked; what could only fail is added to the findings."""
    document, found = file.document, read.fields
    steps, unclear = _steps(file, read, findings)
    plan = Plan(
        name=found.name,
        steps=steps,
        input_schema=found.input or dict(ANY_OBJECT),
        model=found.model,
        max_parallel=limits.max_parallel,
        timeout_seconds=limits.timeout_seconds,
        budget=found.budget.budget,
        on_failure=found.on_failure,
        min_done=found.min_done,
    )
    for problem in check_steps(plan, file.find_agent, unclear):
        place = _place(plan, problem)
        findings.add(document.error(place, problem.message, why=problem.why, hint=problem.hint))
    return plan


def _steps(
    file: PlanFile, read: RightFields[PlanFields], findings: Findings
) -> tuple[tuple[Step, ...], Unclear]:
    """The tasks of a file as steps, and of which not every field could be read."""
    steps: list[Step] = []
    unclear: set[str] = set()
    has_labels = True
    for number, task in enumerate(read.fields.tasks):
        wrong = {steps[2] for steps in read.wrong if steps[:2] == ("tasks", str(number))}
        # A field that no task has may be meant as the one that the others know it by.
        is_named = bool(task.label) or wrong <= PlanTaskFields.model_fields.keys() - _NAMING
        has_labels = has_labels and is_named
        id = task.label or (is_named and _own_name(task)) or f"task_{number + 1}"
        place = ("tasks", str(number))
        gates = read_right_gates(file.document, (*place, "gates"), task.gates, read.wrong, findings)
        inner: Plan | None = None
        if task.flow is not None:
            try:
                inner = _inner(file, (*place, "flow"), task.flow)
            except InvalidFile as error:
                findings.add(error)
                wrong.add("flow")
        if wrong:
            unclear.add(id)
        steps.append(_step(id, task, gates, inner))
    return tuple(steps), Unclear(
        frozenset(unclear),
        labels=not has_labels,
        inputs=("input",) in read.wrong,
        created=any(each[2:3] == ("create",) for each in read.wrong),
    )


def _step(id: str, task: PlanTaskFields, gates: tuple[AnyGate, ...], inner: Plan | None) -> Step:
    approve = task.approve if isinstance(task.approve, str) else ""
    if task.approve is True:
        approve = _APPROVE.format(id) + (f"\n\n{_asked(task.text)}" if task.text else "")
    loop = task.loop and Loop(**task.loop.model_dump())
    return Step(
        id=id,
        agent=task.agent,
        text=task.text,
        input=task.input,
        plan=inner,
        create=task.create and Create(**task.create.model_dump()),
        needs=tuple(dict.fromkeys(task.needs)),
        run_if=task.run_if,
        when=task.when or "",
        for_each=[*task.for_each] if isinstance(task.for_each, list) else _text(task.for_each),
        min_done=task.min_done,
        max_parallel=task.max_parallel,
        loop=loop,
        hand_off=task.hand_off,
        person=task.person or "",
        approve=approve,
        model=task.model,
        ladder=task.ladder,
        gates=gates,
        refine=task.refine and task.refine.refine,
        budget=task.budget.budget,
    )


def _asked(text: str) -> str:
    """The text of a task in the question whether it may begin: as it is written, if it has no value yet."""
    with suppress(ValueError):  # the check of the text says what is wrong with it
        if any(path[0] in ("item", "loop") for path in paths_in(text)):
            return text.replace("$", "$$")
    return text


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _own_name(task: PlanTaskFields) -> str:
    """The name of a task without a label; empty if it has none."""
    return task.agent or _stem(task.flow) or (task.create.name if task.create else "")


def _stem(flow: str | None) -> str:
    return "" if flow is None else Path(flow).stem.replace("-", "_")


def _inner(file: PlanFile, place: Steps, written: str) -> Plan:
    here = file.document.source.file
    try:
        return file.find_plan(Path(normpath(here.parent / written)))
    except InvalidFile as error:
        first, *others = (
            file.document.error(
                place,
                f"the flow {written!r} is not valid: {each.message}",
                why=each.why,
                hint=each.hint,
            )
            for each in (error, *error.others)
        )
        first.others = tuple(others)
        raise first from error


def _place(plan: Plan, problem: PlanProblem) -> Steps:
    """The names and numbers that lead to what is wrong, in the file."""
    if not problem.step:
        return problem.field
    ids = [step.id for step in plan.steps]
    # Of two tasks with one label, the second is the one that repeats it.
    number = max(n for n, id in enumerate(ids) if id == problem.step)
    return ("tasks", str(number), *problem.field)
