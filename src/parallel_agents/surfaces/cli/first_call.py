"""First call: a command that calls an agent with an input that it takes, to be copied as it is."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from random import Random

import orjson

from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case
from parallel_agents.core.json_value import JsonObject
from parallel_agents.core.object_schema import properties
from parallel_agents.models.simulated.answers import make_least

_MOST_CHARACTERS = 400


def first_call(agent: Agent, cases: Sequence[Case]) -> str:
    """The command, with the shortest input among the agent's cases, or the least that it takes."""
    candidates = sorted((given for case in cases if (given := _of_case(case))), key=len)
    candidates = [given for given in candidates if given.isprintable()]
    given = candidates[0] if candidates and len(candidates[0]) <= _MOST_CHARACTERS else ""
    return f"pagents spawn {agent.name} {given or _of_schema(agent)} --wait"


def _of_case(case: Case) -> str:
    if case.files:
        return ""
    parts = [shlex.quote(case.text)] if case.text else []
    return " ".join((*parts, *_inputs(case.input)))


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
    try:
        made = make_least(schema, Random(agent.name))  # noqa: S311 - no secret
    except ValueError:  # for a pattern that nothing made fits
        made = dict.fromkeys(properties(schema), "...")
    return " ".join(_inputs(made)) if isinstance(made, dict) else ""
