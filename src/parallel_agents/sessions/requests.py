"""Requests: what is asked is checked whole before anything of it is kept."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence

import orjson

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import short
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.schema import Json, JsonObject, compiled
from parallel_agents.core.store import Row
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import InvalidInput

MAX_INPUT_BYTES = 4_000_000
MAX_LABEL_CHARACTERS = 100
# In JSON a NUL is \u0000 after an even number of backslashes; source code may spell it out.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_key(key: str) -> None:
    """Hold a name that a user gives to a run to what can stand in keys, paths and shells."""
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            f"{key[:80]!r} cannot name a run",
            why="a name has 1 to 64 letters, digits, dots, dashes and underscores",
            hint="choose another, such as monday-1",
        )


def check_task(task: Task, agent: Agent) -> None:
    """Hold a task against its agent's input schema, and its words against what a model can read."""
    check_text(task.text, task.input)
    check_label(task.label)
    if task.cache_seconds is not None and not 0 <= task.cache_seconds < math.inf:
        raise InvalidInput(
            f"cache_seconds is {task.cache_seconds:g}",
            why="it is how old a reply may be",
            hint="give 0 or more seconds; 0 asks the model anew",
        )
    if agent.input_schema is None:
        return
    problems = compiled(agent.input_schema).problems(task.input)
    if problems:
        raise InvalidInput(
            f"the input does not fit agent {agent.name}",
            why="; ".join(str(problem) for problem in problems),
            hint=f"`pagents agents show {agent.name}` lists the input that it takes",
        )


def check_label(label: str | None) -> None:
    """Hold a name for people to what stands in a line of a table.

    Raises:
        InvalidInput: it is too long, or holds what is no print.
    """
    if label is None:
        return
    if len(label) > MAX_LABEL_CHARACTERS or not label.isprintable():
        raise InvalidInput(
            f"the label {label[:40]!r} cannot be taken",
            why=f"a label has at most {MAX_LABEL_CHARACTERS} characters, none of them a control",
            hint="choose a short name, such as review-1",
        )


def check_tasks(tasks: Sequence[object]) -> None:
    """Refuse what is no task, where a program hands over a list of something else."""
    for number, task in enumerate(tasks, start=1):
        if not isinstance(task, Task):
            raise InvalidInput(
                f"number {number} of the tasks is {_what(task)}, and no Task",
                hint='write Task("AGENT", "what to do")',
            )


def _what(value: object) -> str:
    return f"{repr(value)[:40]} ({type(value).__name__})"


def check_text(text: str, values: JsonObject) -> None:
    """Refuse what no model could be given: nothing, NUL, half characters, or megabytes."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] - programs are not all typed
        raise InvalidInput(f"the task is {_what(text)}, and no text", hint="say it in words")
    if not text.strip():
        raise InvalidInput("the task is empty", hint="say in words what is to be done")
    try:
        size = len(text.encode()) + len(orjson.dumps(values))
    except (UnicodeEncodeError, orjson.JSONEncodeError) as error:
        raise InvalidInput(
            "the task or its input holds what is not Unicode text or JSON",
            why=str(error),
            hint="read files as UTF-8, and pass strings, numbers, lists and dictionaries",
        ) from error
    if size > MAX_INPUT_BYTES:
        raise InvalidInput(
            f"the task and its input have {size:,} bytes",
            why=f"at most {MAX_INPUT_BYTES:,} are taken; models read less",
            hint="split the work into several tasks",
        )
    if _holds_no_number(values):
        raise InvalidInput(
            "the input holds NaN or an infinity",
            why="JSON has neither, so no model could be given it",
            hint="pass numbers, or null where there is none",
        )
    if "\0" in text or _NUL.search(orjson.dumps(values)):
        raise InvalidInput(
            "the task or its input holds a NUL character",
            why="it is binary data, which models do not read",
            hint="pass text",
        )


def _holds_no_number(value: Json) -> bool:
    if isinstance(value, float):
        return not math.isfinite(value)
    if isinstance(value, Mapping):
        return any(map(_holds_no_number, value.values()))
    return (
        not isinstance(value, str)
        and isinstance(value, Sequence)
        and any(map(_holds_no_number, value))
    )


def check_hears(row: Row) -> None:
    """Refuse words for a team: it has no model that would read them."""
    if row.run.kind is RunnerKind.TEAM:
        team = short(row.session.key)
        raise InvalidInput(
            f"{team} is a team, and a team reads no words",
            why="its agents do, each in a session of its own",
            hint=f"name one of them: {team}/LABEL; `pagents list {team}` shows them",
        )


def task_digest(task: Task) -> str:
    """What tells the same work from other work under one key: who, what, and from what."""
    return _digest([task.agent_name, task.text, task.input])


def team_digest(team: TeamTask) -> str:
    return _digest([team.name, [task_digest(task) for task in team.tasks]])


def _digest(work: Json) -> str:
    return hashlib.sha256(orjson.dumps(work, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
