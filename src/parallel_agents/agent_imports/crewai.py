"""CrewAI: the agents of an `agents.yaml`, each with a role, a goal and a backstory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from parallel_agents.agent_imports.foreign_agent import ForeignAgent
from parallel_agents.agent_imports.front_matter import names_of, text_of
from parallel_agents.catalog.document import Document, parse_document
from parallel_agents.catalog.source import Source
from parallel_agents.core.json_value import JsonObject

_TEXTS = ("role", "goal", "backstory")
_TAKEN = frozenset({*_TEXTS, "llm", "tools"})
_MOST_AGENTS = 200
_LEFT = {
    "allow_delegation": "set policy.spawns",
    "max_iter": "set limits.max_turns",
    "max_execution_time": "set limits.timeout_seconds",
    "max_rpm": "limits of models are set by `pagents limits`",
    "max_retry_limit": "set limits.attempts",
    "allow_code_execution": "permissions are never taken over",
    "code_execution_mode": "permissions are never taken over",
    "memory": "there is no counterpart",
    "verbose": "every run is in its history",
    "cache": "set cache_seconds",
    "function_calling_llm": "one model does both",
    "system_template": "instructions are sent as they are",
    "prompt_template": "instructions are sent as they are",
    "response_template": "instructions are sent as they are",
}
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,63})\}")


def read_crew(source: Source) -> list[ForeignAgent]:
    """The agents of a file.

    Raises:
        InvalidFile: it is not YAML, or has something else than agents.
    """
    document = parse_document(source)
    if len(document.content) > _MOST_AGENTS:
        raise source.error(1, f"more than {_MOST_AGENTS} agents", hint="import a part of them")
    return [*_agents(document)]


def _agents(document: Document) -> Iterator[ForeignAgent]:
    for name, table in document.content.items():
        if not isinstance(table, Mapping) or not any(text_of(table.get(each)) for each in _TEXTS):
            raise document.error(
                (name,), f"{name[:60]!r} is not an agent of CrewAI", hint="write its role and goal"
            )
        yield _agent(name, table)


def _agent(name: str, table: JsonObject) -> ForeignAgent:
    role, goal, backstory = (" ".join(text_of(table.get(each)).split()) for each in _TEXTS)
    instructions = "\n\n".join(
        filter(
            None,
            (f"You are {role}." if role else "", f"Your goal: {goal}" if goal else "", backstory),
        )
    )
    left = {field: _LEFT.get(field, "there is no counterpart") for field in table.keys() - _TAKEN}
    return ForeignAgent(
        name=name,
        description=goal or role,
        instructions=instructions,
        model=text_of(table.get("llm")),
        tools=names_of(table.get("tools")),
        inputs=tuple(dict.fromkeys(_PLACEHOLDER.findall(instructions))),
        left_out=dict(sorted(left.items())),
    )
