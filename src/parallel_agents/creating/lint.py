"""Lint: what an agent's file needs before the agent is registered, and what a created one may not have."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

import orjson

from parallel_agents.catalog.agent_file import parse_agent, split_front_matter
from parallel_agents.catalog.document import Document, Steps, parse_document
from parallel_agents.catalog.source import Source
from parallel_agents.core.agent import Agent
from parallel_agents.core.object_schema import properties, required
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.creating.finding import Finding, unreadable
from parallel_agents.errors import InvalidFile

AGENT_FILE = "agent.md"
_MOST_DESCRIBED, _MOST_INSTRUCTIONS, _MOST_SCHEMA_BYTES, _MOST_FIELDS = 300, 12_000, 16_000, 40
_MOST_LEVELS = 6
_PLACEHOLDER = re.compile(
    r"\bTODO\b|\bFIXME\b|\bTBD\b|lorem ipsum|\$\{[^}\n]*\}|\{\{[^}\n]*\}\}"
    r"|\[(?:insert|your|placeholder)\b[^\]\n]*\]|<(?:insert|your|placeholder)\b[^>\n]*>",
    re.IGNORECASE,
)
_SAFE_GATES = {"condition", "regex", "sources", "judge"}
# What a created agent leaves as it is when nothing is said.
_POWERS: Mapping[str, str] = {
    "mcp_servers": "MCP servers",
    "policy": "agents to spawn",
    "permissions": "permissions",
    "ladder": "a ladder of models",
    "model": "a model of its own",
    "sandbox": "a sandbox of its own choice",
    "profile": "a profile",
    "workspace": "a workspace",
    "with_workspace": "other powers in a workspace",
    "refine": "a refine loop",
    "budget": "a budget of its own",
    "on_limit": "its own `on_limit`",
    "on_stuck": "its own `on_stuck`",
}


# Checks a valid file; the last argument is the line on which its instructions begin.
_Check: TypeAlias = Callable[[Document, Agent, int], Iterator[Finding]]


class Linted(NamedTuple):
    """A file that was read.

    Attributes:
        agent: the agent in it; None if it is not valid.
        findings: what is wrong with it.
    """

    agent: Agent | None
    findings: tuple[Finding, ...]


def lint(name: str, text: str) -> Linted:
    """An agent's file, and what it lacks: closed schemas, limits, a description, finished instructions."""
    return _read(name, text, _form)


def lint_created(name: str, text: str, tools: Collection[str]) -> Linted:
    """The same for a file that an agent has made, which has no power but the tools that it may have."""

    def both(document: Document, agent: Agent, first_line: int) -> Iterator[Finding]:
        yield from _powers(document, agent, tools)
        # A person's agent may leave its time to the settings.
        yield from _limits(document, agent, "timeout_seconds")
        yield from _form(document, agent, first_line)

    return _read(name, text, both)


def _read(name: str, text: str, check: _Check) -> Linted:
    try:
        source = Source(Path(f"{name}.md"), text)
        agent = parse_agent(source)
        front, _ = split_front_matter(source)
        document = parse_document(front)
    except InvalidFile as error:
        return Linted(None, (unreadable(AGENT_FILE, error),))
    first_line = len(front.text.split("\n")) + 3
    return Linted(agent, tuple(check(document, agent, first_line)))


def _form(document: Document, agent: Agent, first_line: int) -> Iterator[Finding]:
    def at(steps: Steps, what: str, hint: str) -> Finding:
        return Finding(AGENT_FILE, document.line(steps), what, hint)

    description = agent.description
    if "\n" in description.strip() or len(description) > _MOST_DESCRIBED:
        yield at(
            ("description",),
            "the description is not one short line",
            f"write one line of at most {_MOST_DESCRIBED} characters",
        )
    yield from _limits(document, agent, "max_output_tokens")
    if agent.input_schema is not None:
        yield from _schema(document, "input", agent.input_schema)
    if agent.output_schema is not None:
        yield from _schema(document, "output", agent.output_schema)
        yield from _open_objects(document, ("output",), agent.output_schema)
    for field in properties(agent.output_schema or {}):
        if not _names(agent.instructions, field):
            yield Finding(
                AGENT_FILE,
                first_line,
                f"the instructions do not name the field {field!r}",
                f"say what belongs into `{field}`",
            )
    yield from _instructions(agent.instructions, first_line)


def _limits(document: Document, agent: Agent, limit: str) -> Iterator[Finding]:
    if getattr(agent.limits, limit) is None:
        what, hint = f"limits.{limit} is not set", f"add `limits: {{{limit}: ...}}`"
        yield Finding(AGENT_FILE, document.line(("limits",)), what, hint)


def _instructions(text: str, first_line: int) -> Iterator[Finding]:
    if len(text) > _MOST_INSTRUCTIONS:
        yield Finding(
            AGENT_FILE,
            first_line,
            f"the instructions have {len(text):,} characters",
            f"shorten them to at most {_MOST_INSTRUCTIONS:,}",
        )
    if placeholder := _PLACEHOLDER.search(text):
        yield Finding(
            AGENT_FILE,
            first_line + text.count("\n", 0, placeholder.start()),
            f"the placeholder {placeholder.group()[:40]!r} is left",
            "write what belongs there",
        )


def _names(instructions: str, field: str) -> bool:
    spoken = field.replace("_", "[_ ]")
    return re.search(rf"(?<![a-z0-9_]){spoken}(?![a-z0-9_])", instructions.lower()) is not None


def _schema(document: Document, name: str, schema: JsonObject) -> Iterator[Finding]:
    """What of a schema no validator should be asked to do."""
    line = document.line((name,))
    if len(orjson.dumps(schema)) > _MOST_SCHEMA_BYTES or len(properties(schema)) > _MOST_FIELDS:
        yield Finding(
            AGENT_FILE, line, f"the schema of the {name} is huge", "leave what the work needs"
        )
    if name == "input" and not properties(schema):
        yield Finding(AGENT_FILE, line, "the input has no fields", "name them under `properties:`")
    for steps, inner in _parts((name,), schema):
        if len(steps) > 2 * _MOST_LEVELS:
            yield Finding(
                AGENT_FILE,
                document.line(steps),
                f"the schema of the {name} has more than {_MOST_LEVELS} levels",
                "make it flat",
            )
            return
        for keyword in ("pattern", "patternProperties", "$ref"):
            if keyword in inner:
                yield Finding(
                    AGENT_FILE,
                    document.line((*steps, keyword)),
                    f"the schema of the {name} has {keyword!r}",
                    "write an enum, or a gate of the file",
                )


def _open_objects(document: Document, place: Steps, schema: JsonObject) -> Iterator[Finding]:
    for steps, inner in _parts(place, schema):
        if inner.get("type") != "object":
            continue
        where = ".".join(steps)
        if inner.get("additionalProperties") is not False:
            yield Finding(
                AGENT_FILE,
                document.line(steps),
                f"{where} takes other fields than its own",
                "add `additionalProperties: false`",
            )
        optional = properties(inner).keys() - set(required(inner))
        if optional or not properties(inner):
            listed = ", ".join(sorted(optional)) or "no field"
            yield Finding(
                AGENT_FILE,
                document.line(steps),
                f"{where} does not require all of its fields: {listed}",
                "list each under `required:`",
            )


def _parts(place: Steps, schema: JsonObject) -> Iterator[tuple[Steps, JsonObject]]:
    """A schema and those in it, with the steps that lead to each; files nest at most 50 levels."""
    yield place, schema
    for name, inner in properties(schema).items():
        yield from _parts((*place, "properties", name), inner)
    for keyword in ("items", "additionalProperties", "not"):
        inner = schema.get(keyword)
        if isinstance(inner, Mapping):
            yield from _parts((*place, keyword), inner)
    for keyword in ("anyOf", "oneOf", "allOf", "prefixItems"):
        listed = schema.get(keyword)
        for number, inner in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(inner, Mapping):
                yield from _parts((*place, keyword, str(number)), inner)


def _powers(document: Document, agent: Agent, tools: Collection[str]) -> Iterator[Finding]:
    content = document.content
    for tool in agent.tools:
        if tool not in tools:
            allowed = ", ".join(sorted(tools)) or "none"
            yield Finding(
                AGENT_FILE,
                document.line(("tools",)),
                f"it may not have the tool {tool!r}",
                f"allowed: {allowed}; --tools names those that it may have",
            )
    for number, gate in enumerate(agent.gates):
        if gate.kind not in _SAFE_GATES:
            yield Finding(
                AGENT_FILE,
                document.line(("gates", str(number))),
                f"it may not have a gate that calls a {gate.kind}",
                "write a condition or a regex",
            )
    for field, what in _POWERS.items():
        if not _is_unset(content.get(field)):
            yield Finding(
                AGENT_FILE,
                document.line((field,)),
                f"it may not have {what}",
                f"leave `{field}` out",
            )


def _is_unset(value: Json) -> bool:
    return value is None or value in ([], {}, "")
