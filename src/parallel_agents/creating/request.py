"""Request: an agent that is to be made, made better or registered, as the run of a flow."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import orjson

from parallel_agents.core.agent import NAME_PATTERN
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.schema import Json
from parallel_agents.creating.created import CreateOptions, Wanted
from parallel_agents.creating.creator import CREATE, REFINE, REGISTER
from parallel_agents.creating.many import CREATE_MANY, MOST_WANTED
from parallel_agents.errors import InvalidInput

MOST_PURPOSE = 4000
_DIGEST_CHARACTERS = 6


def create_task(
    wanted: Wanted, options: CreateOptions, *, model: str | None = None, budget: Budget = NO_BUDGET
) -> FlowTask:
    """The making of an agent.

    Raises:
        InvalidInput: nothing could be made of it.
    """
    check_wanted(wanted)
    values = {"name": wanted.name, "purpose": wanted.purpose, "options": _json(options)}
    return FlowTask(name=CREATE, label=wanted.name, input=values, model=model, budget=budget)


def create_many_task(
    wanted: Sequence[Wanted],
    options: CreateOptions,
    *,
    model: str | None = None,
    budget: Budget = NO_BUDGET,
) -> FlowTask:
    """The making of several agents.

    Raises:
        InvalidInput: one of them cannot be made, two have one name, or there are too many.
    """
    for each in wanted:
        check_wanted(each)
    names = [each.name for each in wanted]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidInput(f"the agent {twice[0]} is wanted twice", hint="name each once")
    if not 1 <= len(wanted) <= MOST_WANTED:
        raise InvalidInput(
            f"{len(wanted):,} agents are wanted", hint=f"name 1 to {MOST_WANTED:,} agents"
        )
    values: dict[str, Json] = {"wanted": _json(list(wanted)), "options": _json(options)}
    return FlowTask(name=CREATE_MANY, label="agents", input=values, model=model, budget=budget)


def refine_task(
    name: str,
    options: CreateOptions,
    *,
    purpose: str = "",
    model: str | None = None,
    budget: Budget = NO_BUDGET,
) -> FlowTask:
    """The making better of an agent or a draft.

    Raises:
        InvalidInput: that cannot be an agent's name.
    """
    check_name(name)
    values = {"name": name, "purpose": purpose, "options": _json(options)}
    return FlowTask(name=REFINE, label=name, input=values, model=model, budget=budget)


def register_task(
    name: str, options: CreateOptions, *, model: str | None = None, budget: Budget = NO_BUDGET
) -> FlowTask:
    """The registration of an agent that a person wrote.

    Raises:
        InvalidInput: that cannot be an agent's name.
    """
    check_name(name)
    values = {"name": name, "options": _json(options)}
    return FlowTask(name=REGISTER, label=name, input=values, model=model, budget=budget)


def request_key(task: FlowTask, *more: str) -> str:
    """A key for a request that the same request has again; `more` is what else makes it another."""
    whole = orjson.dumps([task.name, task.input, task.model, more], option=orjson.OPT_SORT_KEYS)
    return f"{task.label}-{hashlib.sha256(whole).hexdigest()[:_DIGEST_CHARACTERS]}"


def check_wanted(wanted: Wanted) -> None:
    """Refuse an agent that could not be made.

    Raises:
        InvalidInput: the name is not one, or nothing says what the agent is for.
    """
    check_name(wanted.name)
    if not wanted.purpose.strip() or len(wanted.purpose) > MOST_PURPOSE:
        raise InvalidInput(
            f"the purpose of {wanted.name} has {len(wanted.purpose):,} characters",
            why=f"it says what the agent is for, in 1 to {MOST_PURPOSE:,} characters",
            hint='write a sentence, such as "Turns a list of commits into release notes"',
        )


def check_name(name: str) -> None:
    """Refuse what cannot be the name of an agent.

    Raises:
        InvalidInput: it has other characters, is empty or too long.
    """
    if not re.fullmatch(NAME_PATTERN[1:-1], name):
        raise InvalidInput(
            f"{name[:80]!r} is not the name of an agent",
            why="a name has 1 to 64 lower-case letters, digits and underscores, a letter first",
            hint="choose a name such as release_notes_writer",
        )


def _json(value: object) -> Json:
    return orjson.loads(orjson.dumps(value))
