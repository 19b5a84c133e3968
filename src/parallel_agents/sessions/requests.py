"""Requests: a request is checked as a whole before any of it is stored."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import orjson

from parallel_agents.core.agent import Agent, AnyAgent
from parallel_agents.core.batch import check_batch, items_of, numbers
from parallel_agents.core.cutting import head
from parallel_agents.core.fitting import fitted
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.fork import Fork
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.json_example import example_of_input
from parallel_agents.core.message import ToolCall
from parallel_agents.core.object_schema import check_spelling, ways_to_give
from parallel_agents.core.permission import Permissions
from parallel_agents.core.question import Answer, Question
from parallel_agents.core.row import Row
from parallel_agents.core.schema import Json, JsonObject, compiled
from parallel_agents.core.shown import shown
from parallel_agents.core.task import AnyTask, Task, TeamTask
from parallel_agents.core.tool import Access, Subject, SubjectKind, ToolSpec
from parallel_agents.core.unicode import canonical
from parallel_agents.errors import BatchRefused, InvalidInput
from parallel_agents.runners.agent.approvals import Approvals, denial

MAX_INPUT_BYTES = 4_000_000
# In JSON a NUL is \u0000 after an even number of backslashes; source code may spell it out.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_key(key: str) -> None:
    """Raise if a run name is not safe to use in a key, a path or a shell command.

    Raises:
        InvalidInput: the name is too long, or has a character other than a letter, digit, dot, dash
            or underscore.
    """
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            f"{head(key, 80)!r} is not a valid name for a run",
            why="a name has 1 to 64 letters, digits, dots, dashes and underscores",
            hint="choose another name, such as monday-1",
        )


def check_task(task: AnyTask, agent: AnyAgent) -> None:
    """Check a task's input against its agent's schema, and its text against what a model can read.

    Raises:
        InvalidInput: the task is not valid.
    """
    check_text(task.text, task.values)
    if task.options.batch:
        _check_items(task, agent)
        return
    if agent.input_schema is None:
        return
    _check_given(task, agent, agent.input_schema)
    check_spelling(task.input, agent.input_schema)
    problems = compiled(agent.input_schema).problems(task.values)
    if problems:
        raise InvalidInput(
            f"the input does not match the input schema of agent {agent.name}",
            why="; ".join(str(problem) for problem in problems),
            hint=_how_to_write(agent, problems[0].where.partition("/")[0]),
        )


def _how_to_write(agent: Agent, name: str) -> str:
    shows = f"`pagents agents show {agent.name}` shows the input that it takes"
    if not name or agent.input_schema is None:
        return shows
    return f"write, for example, -i {example_of_input(agent.input_schema, name).option}; {shows}"


def _check_items(task: Task, agent: Agent) -> None:
    """Check each item of a batch as its own task would be checked."""
    count, options = task.options.batch, replace(task.options, batch=0)
    check_batch(agent, refine=task.refine, workspace=task.workspace)
    if set(task.input) != set(numbers(count)):
        raise BatchRefused(
            f"a batch of {count} items has the items {', '.join(task.input) or 'none'}",
            why="its input has each item under its number, from 1",
            hint="have `pagents map --batch`, or map_rows(batch=), make the task",
        )
    for item in items_of(task.text, task.values).values():
        check_task(replace(task, text=item.text, input=item.input, options=options), agent)


def _check_given(task: Task, agent: Agent, schema: JsonObject) -> None:
    """Raise if the input has nothing of what the agent requires; the error says what would do."""
    ways = ways_to_give(schema)
    if any(all(name in task.input for name in way) for way in ways):
        return
    lacking = [[name for name in way if name not in task.input] for way in ways]
    first = lacking[0][0]
    there = agent.with_workspace
    would_do = there is not None and there.input_schema is not None
    choices = [", ".join(map(repr, names)) for names in lacking]
    choices += ["a workspace"] if would_do else []
    examples = [example_of_input(schema, names[0]) for names in lacking]
    options = [f"-i {each.option}" for each in examples] + [f"-i {first}=@FILE"]
    options += ["--workspace DIR"] if would_do else []
    raise InvalidInput(
        f"{agent.name} needs {' or '.join(choices)}",
        hint=f"add {' or '.join(options)}; in Python, Task(..., input={examples[0].python})"
        + (", or workspace=" if would_do else ""),
    )


def check_team(team: TeamTask) -> None:
    """Refuse a team whose sessions could not be told apart by their labels, or that has none.

    Raises:
        InvalidInput: there is no task, or two pieces of work have one label.
    """
    if not team.tasks:
        raise InvalidInput(
            "tasks is empty",
            why="a team has at least one task",
            hint='pass a list such as [Task("AGENT", "what to do")]',
        )
    key_of: dict[str, str] = {}
    for key, task in zip(team.keys, team.tasks, strict=True):
        if task.label and key_of.setdefault(canonical(task.label), key) != key:
            raise InvalidInput(
                f"two tasks have the label {shown(task.label)}",
                why="RUN/LABEL is the name of one session",
                hint="give one of them another label",
            )


def check_answer(question: Question, answer: Answer) -> None:
    """Raise if an answer does not fit its question.

    Raises:
        InvalidInput: it is not an answer to such a question, or its arguments are not the tool's.
    """
    fitted(question, answer)
    if question.is_approval:
        _check_arguments(question, answer)


def _check_arguments(question: Question, answer: Answer) -> None:
    if answer.arguments is None or not question.parameters:
        return
    if problems := compiled(question.parameters).problems(answer.arguments):
        raise InvalidInput(
            f"these are not arguments of {question.tool}, and nothing was answered",
            why="; ".join(str(problem) for problem in problems),
            hint="change the arguments that the question shows, and keep their form",
        )


def check_permitted(
    question: Question, arguments: JsonObject, layers: Sequence[Permissions], folder: str
) -> None:
    """Raise if the permissions deny the waiting call with these arguments; this may look at files.

    Args:
        question: asks whether the call may be made.
        arguments: those that the call would be made with.
        layers: the rules that apply to the run, the outermost first.
        folder: where the run's tools work.

    Raises:
        InvalidInput: a rule denies it, or none allows it.
    """
    if not question.access:
        return  # it was asked by an earlier version, and the run decides
    argument, kind = question.subject or ("", SubjectKind.TEXT.value)
    spec = ToolSpec(
        name=question.tool,
        description="",
        parameters=question.parameters,
        access=Access(question.access),
        subject=Subject(argument, SubjectKind(kind)) if argument else None,
    )
    call = ToolCall("", question.tool, arguments)
    if why := denial(call, Approvals(layers, folder).decide(spec, call)):
        raise InvalidInput(
            "the call cannot be made with these arguments, and nothing was answered",
            why=why,
            hint="change them to what the permissions allow, or answer deny",
        )


def check_text(text: str, values: JsonObject, what: str = "task") -> None:
    """Refuse a text and input that no model can read: both empty, binary, not Unicode, or megabytes.

    Args:
        text: what a person or a program writes.
        values: what it passes as input.
        what: what both are called in the refusal.

    Raises:
        InvalidInput: the error says what is wrong.
    """
    if not (text.strip() or values):
        raise InvalidInput(
            f"the {what} is empty", hint="write what the agent is to do, or give its input"
        )
    try:
        size = len(text.encode()) + len(orjson.dumps(values))
    except (UnicodeEncodeError, orjson.JSONEncodeError) as error:
        raise InvalidInput(
            f"the {what} is not Unicode text, or its input is not JSON",
            why=str(error),
            hint="read files as UTF-8, and pass strings, numbers, lists and dictionaries",
        ) from error
    if size > MAX_INPUT_BYTES:
        raise InvalidInput(
            f"the {what} and its input have {size:,} bytes",
            why=f"the limit is {MAX_INPUT_BYTES:,} bytes, which is more than any model can read",
            hint="split the work into several tasks",
        )
    if _has_nonfinite(values):
        raise InvalidInput(
            "the input has NaN or an infinite number",
            why="JSON has neither, so no model can read it",
            hint="pass finite numbers, or None for a missing one",
        )
    if "\0" in text or _NUL.search(orjson.dumps(values)):
        raise InvalidInput(
            f"the {what} or its input has a NUL character",
            why="it looks like binary data, which models do not read",
            hint="pass text",
        )


def check_message(text: str, values: JsonObject) -> None:
    """As `check_text`, of what is said to a session that there is.

    Raises:
        InvalidInput: the error says what is wrong.
    """
    if not (text.strip() or values):
        raise InvalidInput("the message is empty", hint="write what the agent is to read or to do")
    check_text(text, values, "message")


def _has_nonfinite(value: Json) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, Mapping):
        return any(map(_has_nonfinite, value.values()))
    return (
        not isinstance(value, str)
        and isinstance(value, Sequence)
        and any(map(_has_nonfinite, value))
    )


def check_reads_messages(row: Row) -> None:
    """Refuse a message to a team or a flow.

    Raises:
        InvalidInput: the session has no model to read the message.
    """
    if row.run.kind.is_group:
        kind, name = row.run.kind.value, row.session.name
        hint = f"name one of its agents: {name}/LABEL; `pagents list {name}` shows them"
        if row.session.killed:  # as all of its agents were
            hint = f"all in it was killed: `pagents fork {name}/LABEL` takes up what one has said"
        raise InvalidInput(
            f"{name} is a {kind}, and a {kind} reads no messages",
            why="its agents read messages, each in its own session",
            hint=hint,
        )


def task_digest(task: AnyTask) -> str:
    """A digest of the agent, text and input, to tell whether one key is used for the same work."""
    work: list[Json] = [task.agent_name, task.text, task.values]
    if task.files:
        work.append([file.id for file in task.files])
    return _digest(work)


def fork_digest(session: SessionKey, fork: Fork) -> str:
    """A digest of what is forked, where, and what is said, asked or edited there."""
    edited = () if fork.result is None else (fork.result, fork.call)
    return _digest(["fork", session, fork.at, fork.text, fork.model, *edited])


def team_digest(team: TeamTask) -> str:
    return _digest([team.name, [task_digest(task) for task in team.tasks]])


def flow_digest(flow: FlowTask) -> str:
    """A digest of the function's name and its input; the function may change."""
    return _digest([flow.name, flow.input])


def _digest(work: Json) -> str:
    return hashlib.sha256(orjson.dumps(work, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
