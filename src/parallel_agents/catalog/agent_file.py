"""Agent file: YAML front matter that defines the agent, then its instructions in Markdown."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated

from pydantic import Field, JsonValue

from parallel_agents.catalog.document import Document, parse_document
from parallel_agents.catalog.fields import (
    NAME_PATTERN,
    Fields,
    check_object_schema,
    check_schema,
    check_stem,
    read_fields,
)
from parallel_agents.catalog.gate_fields import GateFields, RefineFields, read_gates
from parallel_agents.catalog.source import Source
from parallel_agents.core.agent import Agent, Need, Start, ThinkingLevel, Tier
from parallel_agents.core.budget import Budget, OnLimit
from parallel_agents.core.limits import Limits
from parallel_agents.core.permission import Permissions
from parallel_agents.core.policy import Policy
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.errors import InvalidInput

_RULE = "---"
_LIMIT_NAMES = [field.name for field in fields(Limits)]

NonEmpty = Annotated[str, Field(min_length=1)]


class PolicyFields(Fields):
    """What the agent may spawn."""

    spawns: tuple[NonEmpty, ...] = ()
    denies: tuple[NonEmpty, ...] = ()
    max_depth: Annotated[int, Field(ge=0)] | None = None
    max_children: Annotated[int, Field(ge=1)] | None = None
    max_total: Annotated[int, Field(ge=1)] | None = None


class PermissionFields(Fields):
    """Which calls of its tools are made, wait for a person, or are refused."""

    allow: tuple[NonEmpty, ...] = ()
    ask: tuple[NonEmpty, ...] = ()
    deny: tuple[NonEmpty, ...] = ()


class BudgetFields(Fields):
    """What the agent or the task may spend."""

    usd: Annotated[float, Field(gt=0)] | None = None
    tokens: Annotated[int, Field(gt=0)] | None = None
    on_limit: OnLimit = OnLimit.FINISH

    @property
    def budget(self) -> Budget:
        return Budget(usd=self.usd, tokens=self.tokens, on_limit=self.on_limit)


class AgentFields(Fields):
    """The front matter."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    description: NonEmpty
    category: NonEmpty = "general"
    tier: Tier = Tier.SMALL
    model: NonEmpty | None = None
    input: dict[str, JsonValue] | None = None
    output: dict[str, JsonValue] | None = None
    limits: Limits = Limits()
    tools: tuple[NonEmpty, ...] = ()
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    thinking: ThinkingLevel | None = None
    policy: PolicyFields = PolicyFields()
    permissions: PermissionFields = PermissionFields()
    sandbox: Sandbox = Sandbox.INHERIT
    budget: BudgetFields = BudgetFields()
    gates: tuple[GateFields, ...] = ()
    refine: RefineFields | None = None
    ladder: tuple[NonEmpty, ...] = ()
    start: Start = Start.CHEAPEST
    cache_seconds: Annotated[float, Field(ge=0)] | None = None
    needs: tuple[Need, ...] = ()


_NESTED = {
    "limits": _LIMIT_NAMES,
    "policy": PolicyFields.model_fields,
    "permissions": PermissionFields.model_fields,
    "budget": BudgetFields.model_fields,
    "gates": GateFields.model_fields,
    "refine": RefineFields.model_fields,
}


def parse_agent(source: Source) -> Agent:
    """The agent in a file.

    Raises:
        InvalidFile: the error names the line, and what to write instead.
    """
    front, instructions = _split(source)
    document = parse_document(front)
    found = _fields(document)
    check_stem(document, found.name)
    if found.input is not None:
        check_object_schema(document, ("input",), found.input)
    if found.output is not None:
        check_schema(document, ("output",), found.output)
    return Agent(
        name=found.name,
        description=found.description,
        instructions=instructions,
        category=found.category,
        input_schema=found.input,
        output_schema=found.output,
        model=found.model,
        tier=found.tier,
        tools=found.tools,
        limits=found.limits,
        temperature=found.temperature,
        thinking=found.thinking,
        policy=Policy(**found.policy.model_dump()),
        permissions=_permissions(document, found.permissions),
        sandbox=found.sandbox,
        budget=found.budget.budget,
        gates=read_gates(document, ("gates",), found.gates),
        refine=found.refine and found.refine.refine,
        ladder=found.ladder,
        start=found.start,
        cache_seconds=found.cache_seconds,
        needs=found.needs,
    )


def _permissions(document: Document, found: PermissionFields) -> Permissions:
    try:
        return Permissions(allow=found.allow, ask=found.ask, deny=found.deny)
    except InvalidInput as error:
        raise document.error(
            ("permissions",), error.message, why=error.why, hint=error.hint
        ) from error


def _split(source: Source) -> tuple[Source, str]:
    """The front matter, with its line in the file, and the instructions."""
    lines = source.text.split("\n")
    if lines[0].rstrip() != _RULE:
        raise source.error(
            1, "no front matter", hint="begin the file with the line `---` and `name: ...` below it"
        )
    rules = (n for n, line in enumerate(lines) if n > 0 and line.rstrip() == _RULE)
    end = next(rules, None)
    if end is None:
        raise source.error(1, "the front matter has no end", hint="end it with another line `---`")
    instructions = "\n".join(lines[end + 1 :]).strip()
    if not instructions:
        raise source.error(
            end + 1,
            "the instructions are empty",
            hint="below the second `---`, write who the agent is, how it works and what it returns",
        )
    return Source(source.file, "\n".join(lines[1:end]), first_line=2), instructions


def _fields(document: Document) -> AgentFields:
    try:
        return read_fields(
            document,
            AgentFields,
            nested=_NESTED,
        )
    except InvalidInput as error:
        limit = error.message.partition(" ")[0]
        raise document.error(
            ("limits", limit), error.message, why=error.why, hint=error.hint
        ) from error
