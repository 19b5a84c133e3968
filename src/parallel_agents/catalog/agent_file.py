"""Agent file: YAML front matter that defines the agent, then its instructions in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Literal, TypeVar, cast

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue

from parallel_agents.catalog.document import Document, Steps, parse_document
from parallel_agents.catalog.fields import (
    NAME_PATTERN,
    AgentName,
    AnyAgentName,
    Fields,
    NonEmpty,
    as_path,
    check_object_schema,
    check_schema,
    check_stem,
    read_fields,
)
from parallel_agents.catalog.gate_fields import GateFields, RefineFields, read_gates
from parallel_agents.catalog.source import Source
from parallel_agents.core.agent import Agent, Need, Start, ThinkingLevel
from parallel_agents.core.budget import Budget, OnLimit
from parallel_agents.core.example import Example, WrongExample, check_examples
from parallel_agents.core.limits import NO_LIMITS, Limits
from parallel_agents.core.mcp_server import read_server
from parallel_agents.core.on_stuck import OnStuck
from parallel_agents.core.permission import PROFILES, Permissions
from parallel_agents.core.policy import Policy
from parallel_agents.core.profile import NAME
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.texts import ModelName
from parallel_agents.core.tier import Tier
from parallel_agents.core.with_workspace import WithWorkspace
from parallel_agents.core.workspace import Place, Workspace
from parallel_agents.errors import InvalidInput
from parallel_agents.setting_values import (
    Amount,
    Bound,
    Count,
    Money,
    Rules,
    ServerName,
    ServerTable,
)

_RULE = "---"
PROFILE_NAME = rf"^{NAME.pattern}$"

TableT = TypeVar("TableT", bound=Fields)


def _some(table: TableT) -> TableT:
    """Refuse a table that is there and sets nothing."""
    if not table.model_fields_set:
        raise ValueError(f"it is empty: it takes {', '.join(type(table).model_fields)}")
    return table


def _some_limit(limits: Limits) -> Limits:
    if limits == NO_LIMITS:
        raise ValueError(f"it is empty: it takes {', '.join(f.name for f in fields(Limits))}")
    return limits


class PolicyFields(Fields):
    """What the agent may spawn."""

    spawns: tuple[AnyAgentName, ...] = ()
    denies: tuple[AgentName, ...] = ()
    max_depth: Bound | None = None
    max_children: Count | None = None
    max_total: Count | None = None


class PermissionFields(Fields):
    """Which calls of its tools are made, wait for a person, or are refused."""

    allow: Rules = ()
    ask: Rules = ()
    deny: Rules = ()


def _profile(value: object) -> object:
    """The rules of a profile that is named; a table as it is."""
    if isinstance(value, dict):
        table = cast("dict[str, object]", value)
        return {name: _as_tuple(rules) for name, rules in table.items()}
    if not isinstance(value, str):
        return value
    profile = PROFILES.get(value)
    if profile is None:
        raise ValueError(f"it takes {', '.join(PROFILES)}, or a table of allow, ask and deny")
    return {"allow": profile().allow}


def _as_tuple(value: object) -> object:
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value


class BudgetFields(Fields):
    """What the agent or the task may spend."""

    usd: Money | None = None
    tokens: Amount | None = None
    on_limit: OnLimit | None = None

    @property
    def budget(self) -> Budget:
        return Budget(usd=self.usd, tokens=self.tokens, on_limit=self.on_limit)


def _in_usd(value: object) -> object:
    """A number as that many dollars, as wherever a budget is taken; anything else as it is."""
    return {"usd": value} if type(value) in {int, float} else value


def _some_budget(table: BudgetFields) -> BudgetFields:
    if not table.budget.is_bound:
        raise ValueError("it sets no limit: it takes usd, tokens or both")
    return table


# A part that is left out is not checked; one that is there must say something.
SetBudget = Annotated[
    BudgetFields,
    BeforeValidator(_in_usd, json_schema_input_type=BudgetFields | Money),
    AfterValidator(_some_budget),
]
Ladder = Annotated[tuple[ModelName, ...], Field(min_length=1)]


class WithWorkspaceFields(Fields):
    """What is different about the agent in a session that works in a folder."""

    tools: tuple[NonEmpty, ...] = ()
    instructions: NonEmpty = ""
    input: dict[str, JsonValue] | None = None
    limits: Annotated[Limits, AfterValidator(_some_limit)] = NO_LIMITS

    @property
    def overlay(self) -> WithWorkspace:
        return WithWorkspace(
            instructions=self.instructions.strip(),
            tools=self.tools,
            input_schema=self.input,
            limits=self.limits,
        )


class ExampleFields(Fields):
    """A task, and the answer that it should get."""

    text: NonEmpty = ""
    input: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    output: JsonValue


class AgentFields(Fields):
    """The front matter."""

    elsewhere = dict.fromkeys(
        ("instructions", "text"), "the instructions are the text below the second line of `---`"
    )
    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    description: NonEmpty
    category: NonEmpty = "general"
    tier: Tier = Tier.SMALL
    model: ModelName | None = None
    input: dict[str, JsonValue] | None = None
    output: dict[str, JsonValue] | None = None
    examples: tuple[ExampleFields, ...] = ()
    limits: Annotated[Limits, AfterValidator(_some_limit)] = NO_LIMITS
    tools: tuple[NonEmpty, ...] = ()
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    thinking: ThinkingLevel | None = None
    policy: Annotated[PolicyFields, AfterValidator(_some)] = PolicyFields()
    permissions: Annotated[PermissionFields, BeforeValidator(_profile), AfterValidator(_some)] = (
        PermissionFields()
    )
    workspace: Literal["own", "parent"] | None = None
    with_workspace: Annotated[WithWorkspaceFields, AfterValidator(_some)] | None = None
    sandbox: Sandbox = Sandbox.INHERIT
    profile: Annotated[str, Field(pattern=PROFILE_NAME)] = ""
    budget: SetBudget = BudgetFields()
    on_limit: OnLimit | None = None
    on_stuck: OnStuck | None = None
    gates: tuple[GateFields, ...] = ()
    refine: RefineFields | None = None
    ladder: Ladder = ()
    start: Start = Start.CHEAPEST
    cache_seconds: Annotated[float, Field(ge=0)] | None = None
    needs: tuple[Need, ...] = ()
    mcp_servers: Annotated[dict[ServerName, ServerTable], Field(default_factory=dict, min_length=1)]


def parse_agent(source: Source) -> Agent:
    """The agent in a file that is named after it.

    Raises:
        InvalidFile: the error names the line, and what to write instead.
    """
    document, agent = _parse(source)
    check_stem(document, agent.name)
    return agent


def parse_any_agent(source: Source) -> Agent:
    """The agent in a file of any name, such as one of another version of an agent.

    Raises:
        InvalidFile: the error names the line, and what to write instead.
    """
    return _parse(source)[1]


def _parse(source: Source) -> tuple[Document, Agent]:
    """The front matter, and the agent that it describes."""
    front, instructions = split_front_matter(source)
    document = parse_document(front)
    found = _fields(document)
    if found.input is not None:
        check_object_schema(document, ("input",), found.input)
    if found.output is not None:
        check_schema(document, ("output",), found.output)
    if found.with_workspace is not None and found.with_workspace.input is not None:
        _check_input_there(document, found, found.with_workspace.input)
    return document, Agent(
        name=found.name,
        description=found.description,
        instructions=instructions,
        category=found.category,
        input_schema=found.input,
        output_schema=found.output,
        examples=_examples(document, found),
        model=found.model,
        tier=found.tier,
        tools=found.tools,
        limits=found.limits,
        temperature=found.temperature,
        thinking=found.thinking,
        policy=Policy(**found.policy.model_dump()),
        sandbox=found.sandbox,
        profile=found.profile,
        permissions=Permissions(**found.permissions.model_dump()),
        workspace=found.workspace and Workspace(place=Place(found.workspace)),
        with_workspace=found.with_workspace and found.with_workspace.overlay,
        budget=found.budget.budget,
        on_limit=found.on_limit,
        on_stuck=found.on_stuck,
        gates=read_gates(document, ("gates",), found.gates),
        refine=found.refine and found.refine.refine,
        ladder=found.ladder,
        start=found.start,
        cache_seconds=found.cache_seconds,
        needs=found.needs,
        mcp_servers=tuple(read_server(name, table) for name, table in found.mcp_servers.items()),
    )


def _examples(document: Document, found: AgentFields) -> tuple[Example, ...]:
    """The examples, each as a task could be and its answer could be accepted."""
    examples: list[Example] = []
    for position, each in enumerate(found.examples):
        try:
            examples.append(Example(each.text.strip(), each.output, input=each.input))
        except InvalidInput as error:
            steps = ("examples", str(position))
            raise document.error(steps, error.message, why=error.why, hint=error.hint) from error
    try:
        check_examples(examples, found.input, found.output)
    except WrongExample as wrong:
        at = () if wrong.position is None else (str(wrong.position), wrong.part)
        steps = ("examples", *at)
        raise document.error(
            steps, wrong.of("the agent"), why=str(wrong), hint=wrong.hint
        ) from wrong
    return tuple(examples)


def _check_input_there(document: Document, found: AgentFields, schema: JsonObject) -> None:
    place = ("with_workspace", "input")
    check_object_schema(document, place, schema)
    if found.input is None:
        raise document.error(
            place,
            f"'{as_path(place)}' replaces nothing",
            why="the agent has no `input`, so it takes any, with a workspace too",
            hint="add `input:` to the agent, or delete it here",
        )


def split_front_matter(source: Source) -> tuple[Source, str]:
    """The front matter, with its line in the file, and the instructions.

    Raises:
        InvalidFile: there is no front matter, or there are no instructions.
    """
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
        return read_fields(document, AgentFields)
    except InvalidInput as error:
        limit = error.message.partition(" ")[0]
        places = (("with_workspace", "limits", limit), ("limits", limit))
        at = next((each for each in places if _says(document.content, each, error)), ())
        raise document.error(at, error.message, why=error.why, hint=error.hint) from error


def _says(content: Json, steps: Steps, error: InvalidInput) -> bool:
    """Whether a document has the value at these steps that an error is about."""
    for step in steps:
        if not isinstance(content, Mapping):
            return False
        content = content.get(step)
    return error.message == f"{steps[-1]} is {content}"
