"""Team file: YAML with the tasks of a team, their agents, and the inputs that fill them in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn

from parallel_agents.catalog.document import Document, Steps, parse_document
from parallel_agents.catalog.fields import check_object_schema, read_right_fields
from parallel_agents.catalog.findings import Findings
from parallel_agents.catalog.gate_fields import read_gates
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
from parallel_agents.core.agent import Agent
from parallel_agents.core.cutting import head
from parallel_agents.core.limits import Limits
from parallel_agents.core.object_schema import defaults, properties, required, sure_names
from parallel_agents.core.plan import Plan
from parallel_agents.core.schema import JsonObject, Schema
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.template import names_in, paths_in, texts_in, whole_name
from parallel_agents.errors import InvalidFile, InvalidInput, UnknownAgent

_MOST_CHARACTERS = 120


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
    found = read.fields
    limits = _check_head(document, found, findings)
    with findings.collecting():
        _check_labels(document, found.tasks)
    with findings.collecting():
        _check_min_done(document, found)
    tasks: list[TaskTemplate] = []
    for number, task in enumerate(found.tasks):
        place = ("tasks", str(number))
        for error in _wrong_placeholders(document, place, task, inputs=found.input):
            findings.add(error)
        with findings.collecting():
            tasks.append(
                _task(document, place, task, sure=sure_names(found.input), find_agent=find_agent)
            )
    findings.refuse()
    return Team(
        name=found.name,
        description=found.description,
        input_schema=found.input,
        tasks=tuple(tasks),
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
    limits = _check_head(file.document, read.fields, findings)
    plan = make_plan(file, read, limits, findings)
    findings.refuse()
    return _Read(read.fields, plan, limits)


def _check_head(document: Document, found: HeadFields, findings: Findings) -> Limits:
    """Check what is above the tasks; the limits there."""
    with findings.collecting():
        check_object_schema(document, ("input",), found.input)
        _check_defaults(document, found.input)
    with findings.collecting():
        return _limits(document, found)
    return Limits()


def _limits(document: Document, found: HeadFields) -> Limits:
    try:
        return Limits(max_parallel=found.max_parallel, timeout_seconds=found.timeout_seconds)
    except InvalidInput as error:
        limit = error.message.partition(" ")[0]
        raise document.error((limit,), error.message, why=error.why, hint=error.hint) from error


def _check_defaults(document: Document, inputs: JsonObject) -> None:
    for name, value in defaults(inputs).items():
        for problem in Schema({**inputs, "required": []}).problems({name: value}):
            raise document.error(
                ("input", "properties", name, "default"),
                f"the default of {name!r} does not match its schema: {problem.why}",
                hint="change the default or the schema",
            )


def _check_min_done(document: Document, found: TeamFields) -> None:
    if found.min_done is not None and found.min_done > len(found.tasks):
        raise document.error(
            ("min_done",),
            f"min_done is {found.min_done}, but the team has {len(found.tasks)} tasks",
            hint=f"write a number from 1 to {len(found.tasks)}",
        )


def _check_labels(document: Document, tasks: list[TaskFields]) -> None:
    seen: set[str] = set()
    for number, task in enumerate(tasks):
        label = task.label or task.agent
        if label in seen:
            raise document.error(
                ("tasks", str(number), "label"),
                f"two tasks have the label {label!r}",
                why="a task without a label has its agent's name as label",
                hint="give one of them its own `label:`",
            )
        seen.add(label)


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
                hint=did_you_mean(name, known),
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
    document: Document, steps: Steps, task: TaskFields, *, sure: set[str], find_agent: FindAgent
) -> TaskTemplate:
    try:
        agent = find_agent(task.agent)
    except UnknownAgent as error:
        raise document.error((*steps, "agent"), error.message, hint=error.hint) from error
    _check_input(document, (*steps, "input"), task.input, sure=sure, agent=agent)
    return TaskTemplate(
        agent=agent,
        label=task.label or agent.name,
        text=task.text,
        input=task.input,
        model=task.model,
        ladder=task.ladder,
        gates=read_gates(document, (*steps, "gates"), task.gates),
        refine=task.refine and task.refine.refine,
        budget=task.budget.budget,
    )


def _check_input(
    document: Document, steps: Steps, values: JsonObject, *, sure: set[str], agent: Agent
) -> None:
    """Refuse input that cannot match the agent's schema; placeholders are checked once filled."""
    schema = agent.input_schema
    if schema is None:
        return
    for name in required(schema):
        if name not in values:
            raise document.error(
                steps, f"{agent.name} needs the input {name!r}", hint=f"add `{name}: ...`"
            )
        whole = whole_name(values[name])
        if whole is not None and whole not in sure:
            raise _no_value(document, (*steps, name), whole)
    for name in values:
        if schema.get("additionalProperties") is False and name not in properties(schema):
            raise document.error(
                (*steps, name),
                f"{agent.name} has no input {name!r}",
                hint=did_you_mean(name, properties(schema)),
            )
    for problem in Schema(schema).problems(values):
        name = problem.where.partition("/")[0]
        if name and not any(names_in(text) for _, text in texts_in(values[name])):
            raise document.error(
                (*steps, *problem.where.split("/")),
                f"{agent.name} does not accept this: {problem}",
                hint=f"`pagents agents show {agent.name}` shows its input",
            )
