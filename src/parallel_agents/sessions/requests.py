"""Requests: what is asked is checked whole before anything of it is kept."""

from __future__ import annotations

import hashlib
import math
import re

import orjson

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import short
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.schema import Json, JsonObject, compiled
from parallel_agents.core.store import Row
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import InvalidInput

MAX_INPUT_BYTES = 4_000_000
# In JSON a NUL is \u0000 after an even number of backslashes; source code may spell it out.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def check_key(key: str) -> None:
    """Hold a name that a user gives to a run to what can stand in keys, paths and shells."""
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            f"{key[:80]!r} cannot name a run",
            why="a name has 1 to 64 letters, digits, dots, dashes and underscores",
            mend="choose another, such as monday-1",
        )


def check_task(task: Task, agent: Agent) -> None:
    """Hold a task against its agent's input schema, and its words against what a model can read."""
    check_words(task.text, task.input)
    if task.cache_seconds is not None and not 0 <= task.cache_seconds < math.inf:
        raise InvalidInput(
            f"cache_seconds is {task.cache_seconds:g}",
            why="it is how old a reply may be",
            mend="give 0 or more seconds; 0 asks the model anew",
        )
    if agent.input_schema is None:
        return
    problems = compiled(agent.input_schema).problems(task.input)
    if problems:
        raise InvalidInput(
            f"the input does not fit agent {agent.name}",
            why="; ".join(str(problem) for problem in problems),
            mend=f"`pagents agents show {agent.name}` lists the input that it takes",
        )


def check_words(text: str, values: JsonObject) -> None:
    """Refuse what no model could be given: nothing, NUL, half characters, or megabytes."""
    if not text.strip():
        raise InvalidInput("the task is empty", mend="say in words what is to be done")
    try:
        size = len(text.encode()) + len(orjson.dumps(values))
    except (UnicodeEncodeError, orjson.JSONEncodeError) as error:
        raise InvalidInput(
            "the task or its input holds what is not Unicode text or JSON",
            why=str(error),
            mend="read files as UTF-8, and pass strings, numbers, lists and dictionaries",
        ) from error
    if size > MAX_INPUT_BYTES:
        raise InvalidInput(
            f"the task and its input have {size:,} bytes",
            why=f"at most {MAX_INPUT_BYTES:,} are taken; models read less",
            mend="split the work into several tasks",
        )
    if "\0" in text or _NUL.search(orjson.dumps(values)):
        raise InvalidInput(
            "the task or its input holds a NUL character",
            why="it is binary data, which models do not read",
            mend="pass text",
        )


def check_hears(row: Row) -> None:
    """Refuse words for a team: it has no model that would read them."""
    if row.run.kind is RunnerKind.TEAM:
        team = short(row.session.key)
        raise InvalidInput(
            f"{team} is a team, and a team reads no words",
            why="its agents do, each in a session of its own",
            mend=f"name one of them: {team}/LABEL; `pagents list {team}` shows them",
        )


def task_digest(task: Task) -> str:
    """What tells the same work from other work under one key: who, what, and from what."""
    return _digest([task.agent_name, task.text, task.input])


def team_digest(team: TeamTask) -> str:
    return _digest([team.name, [task_digest(task) for task in team.tasks]])


def _digest(work: Json) -> str:
    return hashlib.sha256(orjson.dumps(work, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
