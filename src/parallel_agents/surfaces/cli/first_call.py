"""First call: a command that calls an agent or a team with input that it takes, to be copied as it is."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from random import Random

import orjson

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.team import Team
from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case
from parallel_agents.core.json_example import example_value
from parallel_agents.core.json_value import JsonObject
from parallel_agents.core.object_schema import properties, required
from parallel_agents.core.schema import compiled
from parallel_agents.errors import InvalidFile
from parallel_agents.models.simulated.answers import make_least

_MOST_CHARACTERS = 400
_TEXT, _ANYTHING = "Do this.", "..."
# What says of a text no more than that it is one.
_NOTHING: JsonObject = {}
_FREE = {"type", "minLength", "maxLength", "description", "title"}


def first_call(agent: Agent, cases: Sequence[Case]) -> str:
    """The command, with the shortest input among the agent's cases, or the least that it takes."""
    candidates = sorted((given for case in cases if (given := _of_case(case))), key=len)
    candidates = [given for given in candidates if given.isprintable()]
    given = candidates[0] if candidates and len(candidates[0]) <= _MOST_CHARACTERS else ""
    return f"pagents spawn {agent.name} {given or _of_schema(agent)} --wait"


def cases_of(catalog: Catalog, name: str) -> Sequence[Case]:
    """The cases of an agent, if there are any that can be read."""
    try:
        return catalog.cases(name)
    except InvalidFile:  # `pagents agents test` tells what is wrong with it
        return ()


def first_run(team: Team, named: str) -> str:
    """A command that runs a team with the least input that it takes, or the first if it says of none that it must.

    Args:
        team: the team.
        named: how the command names it: `--team NAME`, or its file.
    """
    first = dict.fromkeys([*properties(team.input_schema)][:1], _ANYTHING)
    values = _least(team.input_schema, team.name) or first
    return " ".join((f"pagents run {named}", *_inputs(values)))


def _of_case(case: Case) -> str:
    if case.files:
        return ""
    return " ".join((shlex.quote(case.text or _TEXT), *_inputs(case.input)))


def _inputs(values: JsonObject) -> Iterator[str]:
    for name, value in values.items():
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
        escaped = f"@{text}" if text.startswith("@") else text
        yield f"-i {shlex.quote(f'{name}={escaped}')}"


def _of_schema(agent: Agent) -> str:
    """The least that the schema takes; any text if there is none."""
    schema = agent.input_schema
    if schema is None:
        return shlex.quote("Say hello.")
    return " ".join((shlex.quote(_TEXT), *_inputs(_least(schema, agent.name))))


def _least(schema: JsonObject, seed: str) -> JsonObject:
    """The least input that a schema takes; the same each time."""
    known = properties(schema)
    values = {name: example_value(known.get(name, _NOTHING), schema) for name in required(schema)}
    if compiled(schema).fits(values):
        return values
    try:
        made = make_least(schema, Random(seed))  # noqa: S311 - no secret
    except ValueError:  # for a pattern that nothing made fits
        made = dict.fromkeys(known, _ANYTHING)
    values = made if isinstance(made, dict) else {}
    return {
        name: _ANYTHING if _is_free_text(known.get(name, _NOTHING)) else value
        for name, value in values.items()
    }


def _is_free_text(schema: JsonObject) -> bool:
    return schema.get("type") == "string" and schema.keys() <= _FREE and _fits(schema)


def _fits(schema: JsonObject) -> bool:
    least = schema.get("minLength", 0)
    return isinstance(least, int) and least <= len(_ANYTHING)
