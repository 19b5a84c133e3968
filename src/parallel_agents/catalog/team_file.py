"""Team file: YAML with the tasks of a team, their agents, and the inputs that fill them in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeVar

from parallel_agents.catalog.document import Document, Steps, parse_document
from parallel_agents.catalog.fields import RightFields, check_object_schema, read_right_fields
from parallel_agents.catalog.findings import Findings
from parallel_agents.catalog.gate_fields import read_right_gates
from parallel_agents.catalog.plan_file import (
    FindAgent,
    FindPlan,
    PlanFields,
    PlanFile,
    is_plan,
    make_plan,
)
from parallel_agents.catalog.source import Source
from parallel_agents.catalog.team import TaskTemplate, Team
from parallel_agents.catalog.team_fields import HeadFields, TaskFields, TeamFields
from parallel_agents.core.cutting import head
from parallel_agents.core.limits import Limits
from parallel_agents.core.object_schema import defaults, properties, sure_names
from parallel_agents.core.plan import ANY_OBJECT, Plan
from parallel_agents.core.plan_inputs import check_input
from parallel_agents.core.plan_reads import DECLARES_INPUTS
from parallel_agents.core.schema import JsonObject, Schema
from parallel_agents.core.spelling import counted, did_you_mean
from parallel_agents.core.template import names_in, paths_in, texts_in, whole_name
from parallel_agents.errors import InvalidFile, InvalidInput, UnknownAgent

_MOST_CHARACTERS = 120
HeadT = TypeVar("HeadT", bound=HeadFields)


def no_other_plan(file: Path) -> NoReturn:
    """Refuse plans in other files, for texts that are not files."""
    raise InvalidFile(f"{file}: cannot be read here", hint="name a file of a team")


def parse_team(source: Source, find_agent: FindAgent, find_plan: FindPlan = no_other_plan) -> Team:
    """The team in a file, with a plan if its tasks need each other.

    Args:
        source: the text of the file.
        find_agent: returns the agents that it names.
        find_plan: returns the plans in the files that it names.

    Raises:
        InvalidFile: the team's file or an agent's is invalid; the error names the line, and says
            what to write instead.
    """
    document = parse_document(source)
    if is_plan(document.content):
        return _planned(PlanFile(document, find_agent, find_plan))
    findings = Findings()
    read = read_right_fields(document, TeamFields, findings)
    if read is None:
        raise findings.error()
    read = _check_inputs(document, read, findings)
    found = read.fields
    limits = _limits(document, found, findings)
    _check_labels(document, read, findings)
    with findings.collecting():
        _check_min_done(document, found)
    tasks = [
        _task(document, read, number, find_agent, findings) for number in range(len(found.tasks))
    ]
    findings.refuse()
    return Team(
        name=found.name,
        description=found.description,
        input_schema=found.input,
        tasks=tuple(task for task in tasks if task is not None),
        limits=limits,
        model=found.model,
        budget=found.budget.budget,
        on_failure=found.on_failure,
        min_done=found.min_done,
    )


def _planned(file: PlanFile) -> Team:
    found, plan, limits = _read_plan(file)
    return Team(
        name=found.name,
        description=found.description,
        input_schema=found.input,
        tasks=(),
        plan=plan,
        limits=limits,
        model=found.model,
        budget=found.budget.budget,
        on_failure=found.on_failure,
        min_done=found.min_done,
    )


def parse_plan(file: PlanFile) -> Plan:
    """The plan in a file, also in one whose tasks do not need each other.

    Raises:
        InvalidFile: as for `parse_team`.
    """
    return _read_plan(file).plan


class _Read(NamedTuple):
    """What is in a file, all of which is right."""

    fields: PlanFields
    plan: Plan
    limits: Limits


def _read_plan(file: PlanFile) -> _Read:
    findings = Findings()
    read = read_right_fields(file.document, PlanFields, findings)
    if read is None:
        raise findings.error()
    read = _check_inputs(file.document, read, findings)
    limits = _limits(file.document, read.fields, findings)
    plan = make_plan(file, read, limits, findings)
    findings.refuse()
    return _Read(read.fields, plan, limits)


def _check_inputs(
    document: Document, read: RightFields[HeadT], findings: Findings
) -> RightFields[HeadT]:
    """Check the schema of the inputs; one that is wrong is left out like other fields."""
    inputs = read.fields.input
    unknown = {steps[0] for steps in read.wrong} - type(read.fields).model_fields.keys()
    if unknown and "input" not in document.content:  # one of them may be meant as it
        return RightFields(read.fields, (*read.wrong, ("input",)))
    try:
        check_object_schema(document, ("input",), inputs)
    except InvalidFile as error:
        findings.add(error)
        fields = read.fields.model_copy(update={"input": dict(ANY_OBJECT)})
        return RightFields(fields, (*read.wrong, ("input",)))
    for name, value in defaults(inputs).items():
        for problem in Schema({**inputs, "required": []}).problems({name: value}):
            findings.add(
                document.error(
                    ("input", "properties", name, "default"),
                    f"the default of {name!r} does not match its schema: {problem.why}",
                    hint="change the default or the schema",
                )
            )
    return read


def _limits(document: Document, found: HeadFields, findings: Findings) -> Limits:
    limits = Limits()
    for name in ("max_parallel", "timeout_seconds"):
        try:
            limits = replace(limits, **{name: getattr(found, name)})
        except InvalidInput as error:
            findings.add(document.error((name,), error.message, why=error.why, hint=error.hint))
    return limits


def _check_min_done(document: Document, found: TeamFields) -> None:
    if found.min_done is not None and found.min_done > len(found.tasks):
        raise document.error(
            ("min_done",),
            f"min_done is {found.min_done}, but the team has {counted(len(found.tasks), 'task')}",
            hint=f"write a number from 1 to {len(found.tasks)}",
        )


def _check_labels(document: Document, read: RightFields[TeamFields], findings: Findings) -> None:
    seen: set[str] = set()
    for number, task in enumerate(read.fields.tasks):
        wrong = _wrong_in(read, number)
        if "label" in wrong or (task.label is None and "agent" in wrong):
            continue
        label = task.label or task.agent
        if label in seen:
            findings.add(
                document.error(
                    ("tasks", str(number), "label"),
                    f"two tasks have the label {label!r}",
                    why="a task without a label has its agent's name as label",
                    hint="give one of them its own `label:`",
                )
            )
        seen.add(label)


def _wrong_in(read: RightFields[TeamFields], number: int) -> set[str]:
    """The fields of a task that are wrong or missing."""
    return {steps[2] for steps in read.wrong if steps[:2] == ("tasks", str(number))}


def _wrong_placeholders(
    document: Document, steps: Steps, task: TaskFields, *, inputs: JsonObject
) -> Iterator[InvalidFile]:
    sure, known = sure_names(inputs), properties(inputs)
    # Where one is all of an input of the task, that is left out without a value.
    rest = {key: item for key, item in task.input.items() if whole_name(item) not in known}
    texts = texts_in({"text": task.text, "input": rest}, steps)
    for place, text in texts:
        try:
            unsure = [name for name in names_in(text) if name not in sure]
        except ValueError as error:
            yield document.error(place, str(error), hint=_how(text))
            continue
        for name in dict.fromkeys(unsure):
            if name in known:
                yield _no_value(document, place, name)
                continue
            yield document.error(
                place,
                f"${{{head(name, _MOST_CHARACTERS)}}} is not an input of this team",
                hint=did_you_mean(name, known, DECLARES_INPUTS),
            )


def _how(text: str) -> str:
    """How placeholders are written; that of a result makes its file a plan."""
    with suppress(ValueError):
        needed = [path[1] for path in paths_in(text) if path[0] == "tasks" and len(path) > 1]
        if needed:
            return f"add `needs: [{needed[0]}]` to this task for the result of that one"
    return "write ${name} for an input and $$ for a dollar"


def _no_value(document: Document, steps: Steps, name: str) -> InvalidFile:
    return document.error(
        steps,
        f"${{{name}}} may have no value",
        hint=f"list {name!r} under `required:`, or give it a `default:`",
    )


def _task(
    document: Document,
    read: RightFields[TeamFields],
    number: int,
    find_agent: FindAgent,
    findings: Findings,
) -> TaskTemplate | None:
    """A task; None if its agent is not known."""
    task, inputs, place = read.fields.tasks[number], read.fields.input, ("tasks", str(number))
    are_known = ("input",) not in read.wrong
    for error in _wrong_placeholders(document, place, task, inputs=inputs) if are_known else ():
        findings.add(error)
    gates = read_right_gates(document, (*place, "gates"), task.gates, read.wrong, findings)
    wrong = _wrong_in(read, number)
    if "agent" in wrong:
        return None
    try:
        agent = find_agent(task.agent)
    except UnknownAgent as error:
        findings.add(document.error((*place, "agent"), error.message, hint=error.hint))
        return None
    except InvalidFile as error:
        findings.add(error)
        return None
    unsure = properties(inputs).keys() - sure_names(inputs)
    for steps, error in check_input(task.input, agent.input_schema, agent.name, unsure):
        # What is missing may be in a field that is wrong.
        if steps or "input" not in wrong:
            where = (*place, "input", *steps)
            findings.add(document.error(where, error.message, hint=error.hint))
    return TaskTemplate(
        agent=agent,
        label=task.label or agent.name,
        text=task.text,
        input=task.input,
        model=task.model,
        ladder=task.ladder,
        gates=gates,
        refine=task.refine and task.refine.refine,
        budget=task.budget.budget,
    )
