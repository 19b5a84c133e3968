"""Agent: a frozen definition of an agent; what its sessions are doing is not part of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, InitVar, dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, cast

from typing_extensions import TypeVar, override

from parallel_agents.core.budget import NO_BUDGET, OnLimit, OnLimitName, TakesBudget
from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import Converted, GivenObject, Items, Texts, default
from parallel_agents.core.example import Example, WrongExample, check_examples, fitting
from parallel_agents.core.gate import AnyGate, Refine
from parallel_agents.core.limits import Limits, TakesLimits
from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.on_stuck import OnStuck, OnStuckName
from parallel_agents.core.output_type import NoSchema, OutputType, output_type
from parallel_agents.core.permission import NO_PERMISSIONS, Permissions
from parallel_agents.core.policy import Policy
from parallel_agents.core.problems import as_path
from parallel_agents.core.sandbox import Sandbox, SandboxName
from parallel_agents.core.schema import InvalidSchema, Json, JsonObject, compiled
from parallel_agents.core.shown import shown
from parallel_agents.core.takers import JSON_OBJECT, Wrong, is_mapping
from parallel_agents.core.task_names import check_filled
from parallel_agents.core.tier import Tier, TierName
from parallel_agents.core.tool_names import ToolNames
from parallel_agents.core.with_workspace import WithWorkspace
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import InvalidInput

if TYPE_CHECKING:
    from typing_extensions import TypeForm
else:
    TypeForm = type  # older versions of typing_extensions lack it

T = TypeVar("T", default=Json)
T_co = TypeVar("T_co", covariant=True, default=Json)

MAX_TEMPERATURE = 2
NAME_PATTERN = r"^[a-z][a-z0-9_]{0,63}$"
_MOST_DESCRIBED = 100
_TAKES_OUTPUT = "a type such as a Pydantic model, dataclass or TypedDict, or a JSON Schema"
_SENTENCE_END = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s|\n")


class Need(StrEnum):
    """An ability that an agent's work needs of its model; without it the result gets a notice."""

    JUDGEMENT = "judgement"
    FACTS = "facts"
    HUMOUR = "humour"
    DELEGATION = "delegation"


NeedName: TypeAlias = Need | Literal["judgement", "facts", "humour", "delegation"]


class Start(StrEnum):
    """Where on its ladder an agent's work begins.

    `cheapest` begins with the first model. `learned` skips the first models if their answers were
    rejected so often that an attempt on them costs more than it saves; see `core.tiers`.
    """

    CHEAPEST = "cheapest"
    LEARNED = "learned"


StartName: TypeAlias = Start | Literal["cheapest", "learned"]


class ThinkingLevel(StrEnum):
    """How long a model thinks before it answers, if it can think."""

    OFF = "off"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


ThinkingLevelName: TypeAlias = ThinkingLevel | Literal["off", "minimal", "low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Agent(Checked, Generic[T_co]):
    """A definition of an agent, made in code or read from a file of the catalog.

        Agent("auditor", instructions="List what is wrong.", output=Findings)

    Attributes:
        name: lower-case letters, digits and underscores, a letter first.
        description: one sentence about its purpose, read by users and by agents that could spawn it;
            by default the first sentence of the instructions.
        instructions: the system prompt; empty for none, which a file of the catalog cannot say.
        examples: tasks with the answers that they should get, at most 20; its model is shown them
            below the instructions.
        output: the type of the answer: a Pydantic model, a dataclass, a TypedDict, or any other
            type for which Pydantic makes a JSON Schema; `str` is plain text. `output` of a result
            is then an instance of it. Only its schema is stored, as `output_schema`, which may be
            passed instead.
        category: groups the agent in lists.
        input_schema: JSON Schema of the task's `input`, or None to accept any.
        output_schema: JSON Schema of the answer, or None for plain text. An answer that does not
            match it is repaired once; then the attempt fails.
        model: `provider/model`, or None to choose by the settings and `tier`.
        tier: how strong a model it wants, if no model is named.
        tools: names of the tools that it may call.
        limits: limits on each of its runs; the task's own limits override them.
        temperature: 0 to 2, or None to leave it to the model.
        thinking: how long its model thinks, or None to leave it to the model.
        needs: abilities that its work requires of the model.
        budget: the most that each of its sessions may spend, together with everything it spawns.
        on_limit: what its runs do at the limit of a budget that does not say so itself: that of its
            sessions, of their tasks, or of a child whose agent says nothing; None for the parent's.
        on_stuck: what happens when one of its runs is stuck, or of a child whose agent says nothing;
            None for the parent's, and at the root for the setting.
        gates: checks that an answer must pass in addition to the output schema, cheapest first.
        refine: a loop that improves a rejected answer; without it, each model gets
            `limits.attempts` attempts.
        ladder: models to escalate through when an attempt fails or its answer is rejected, cheapest
            first. It overrides `model`; `ladder/NAME` refers to a ladder defined in the settings.
        start: where on the ladder its work begins.
        cache_seconds: reuse a stored reply to the same request, free of charge, if it is at most
            this old; None always calls the model.
        policy: what its sessions may spawn. An agent that may spawn gets the session tools.
        permissions: which calls of its tools are made, and which wait for a person. What writes,
            runs or leaves the machine needs a rule that allows it.
        sandbox: whether its commands and those of its gates run in a sandbox; `inherit` leaves it to
            the parent, and at the root to the setting.
        mcp_servers: servers of tools for this agent, beside those of the configuration; it names
            their tools as `mcp__SERVER__TOOL`, or `mcp__SERVER` for all.
        workspace: the folder that its sessions work in; None for that of the process, and below a
            session with a workspace for a copy of that one's.
        with_workspace: what is different about it in a session that works in a folder, such as the
            tools to read there and what its task need not contain.
        profile: the profile of the settings whose variables its commands, those of its gates and
            its MCP servers get; empty for none.

    Raises:
        InvalidInput: the name is not valid, a schema is not a valid JSON Schema, a number is out of
            range, or an example does not match the schemas.
    """

    name: str
    _: KW_ONLY
    description: str = ""
    instructions: str
    examples: Items[Example] = default(())
    category: str = "general"
    input_schema: Converted[JsonObject | None, GivenObject | None] = default(None)
    output: InitVar[type[T_co] | TypeForm[T_co] | GivenObject | None] = None
    output_schema: Converted[JsonObject | None, GivenObject | None] = default(None)
    model: str | None = None
    tier: Converted[Tier, TierName] = default(Tier.SMALL)
    tools: ToolNames = default(())
    limits: TakesLimits = default(Limits())
    temperature: float | None = None
    thinking: Converted[ThinkingLevel | None, ThinkingLevelName | None] = default(None)
    needs: Converted[tuple[Need, ...], Sequence[NeedName]] = default(())
    budget: TakesBudget = default(NO_BUDGET)
    on_limit: Converted[OnLimit | None, OnLimitName | None] = default(None)
    on_stuck: Converted[OnStuck | None, OnStuckName | None] = default(None)
    gates: Items[AnyGate] = default(())
    refine: Refine | None = None
    ladder: Texts = default(())
    start: Converted[Start, StartName] = default(Start.CHEAPEST)
    cache_seconds: float | None = None
    policy: Policy = Policy()
    permissions: Permissions = NO_PERMISSIONS
    sandbox: Converted[Sandbox, SandboxName] = default(Sandbox.INHERIT)
    workspace: Workspace | None = None
    with_workspace: WithWorkspace | None = None
    mcp_servers: Items[McpServer] = default(())
    profile: str = ""
    # No part of what is stored: encoders leave out names that begin with an underscore.
    _output_type: object = field(default=None, repr=False, compare=False)

    @override
    def __post_init__(self, output: object) -> None:
        self._set(_output_type=self._take_output(output))
        Checked.__post_init__(self)  # the class is made twice, for its slots
        if not self.description:
            self._set(description=_first_sentence(self.instructions))

    def _take_output(self, output: object) -> OutputType[Any] | None:
        """The output type, whose schema becomes the output schema.

        Raises:
            InvalidInput: there is another output schema, or none can be made from the output.
        """
        before = cast("OutputType[Any] | None", self._output_type)  # of an agent that is replaced
        is_of_before = isinstance(before, OutputType) and before.schema == self.output_schema
        if output is None:
            return before if is_of_before else None
        if self.output_schema is not None and not is_of_before:
            raise InvalidInput(
                f"Agent got output {shown(output)} and an output_schema",
                why="the schema of its answers is made from one of them",
                hint="leave one of them out",
            )
        if is_mapping(output):
            try:
                self._set(output_schema=JSON_OBJECT.take(output))
            except Wrong as wrong:
                raise wrong.refusal("output", "Agent", is_needed=False) from None
            return None
        try:
            made = output_type(output)
        except NoSchema as error:
            raise InvalidInput(
                f"output of Agent is {shown(output)} ({type(output).__name__})",
                why=f"it takes {_TAKES_OUTPUT}: {error}",
                hint=error.hint or "correct output, or leave it out",
            ) from error
        self._set(output_schema=made.schema)
        return made

    def _set(self, **values: object) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)  # the value is frozen from here on

    @property
    def output_type(self) -> OutputType[T_co] | None:
        """The type of its answers, if it was passed one in this process."""
        return cast("OutputType[T_co] | None", self._output_type)

    @property
    def possible_tools(self) -> tuple[str, ...]:
        """The tools that it may call in one session or another."""
        return self.in_folder.tools

    @property
    def in_folder(self) -> Agent[T_co]:
        """The agent as it is in a session that works in a folder."""
        there = self.with_workspace
        if there is None:
            return self
        takes = self.input_schema and (there.input_schema or self.input_schema)
        return replace(
            self,
            instructions="\n\n".join(filter(None, (self.instructions, there.instructions))),
            tools=tuple(dict.fromkeys((*self.tools, *there.tools))),
            input_schema=takes,
            examples=fitting(self.examples, takes),
            limits=there.limits.over(self.limits),
            with_workspace=None,
        )

    @override
    def _check(self) -> None:
        if self.temperature is not None and not 0 <= self.temperature <= MAX_TEMPERATURE:
            raise InvalidInput(
                f"temperature of agent {self.name} is {self.temperature:g}",
                why=f"it takes a number from 0 to {MAX_TEMPERATURE}",
                hint="leave temperature out to use the model's default",
            )
        check_cache_seconds(self.cache_seconds, f"agent {self.name}")
        for name in ("input_schema", "output_schema"):
            schema: JsonObject | None = getattr(self, name)
            if schema is not None:
                _check_schema(name, schema, self.name)
        try:
            check_examples(self.examples, self.input_schema, self.output_schema)
        except WrongExample as wrong:
            raise InvalidInput(
                wrong.of(f"agent {self.name}"), why=str(wrong), hint=wrong.hint
            ) from None

    @override
    def _check_made(self) -> None:
        if not re.fullmatch(NAME_PATTERN[1:-1], self.name):
            raise InvalidInput(
                f"name of Agent is {shown(self.name)}",
                why="a name has 1 to 64 lower-case letters, digits and underscores, a letter first",
                hint=f"choose another name, such as {_name_like(self.name)}",
            )
        for model in (self.model, *self.ladder):
            check_filled("model", model)
        for name in ("input_schema", "output_schema"):
            schema: JsonObject | None = getattr(self, name)
            misspelt = None if schema is None else compiled(schema).misspelt
            if misspelt is not None:
                raise InvalidInput(
                    f"JSON Schema has no keyword {as_path((name, *misspelt.steps))!r}",
                    why=f"a validator ignores it, and agent {self.name} would accept every value",
                    hint=f"did you mean {misspelt.meant!r}?",
                )


AnyAgent: TypeAlias = Agent[Any]


def _first_sentence(instructions: str) -> str:
    """What describes an agent that nobody described, in one line."""
    sentence = _SENTENCE_END.split(instructions.strip(), 1)[0].strip()
    is_short = len(sentence) <= _MOST_DESCRIBED
    return sentence if is_short else f"{sentence[: _MOST_DESCRIBED - 1]}…"


def _name_like(name: str) -> str:
    """A name that is allowed and close to one that is not."""
    letters = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    return letters.lstrip("_0123456789").rstrip("_")[:64] or "code_reviewer"


def check_cache_seconds(seconds: float | None, what: str) -> None:
    """Refuse a negative age of reused replies.

    Raises:
        InvalidInput: it is negative; the error names `what` it was set for.
    """
    if seconds is not None and seconds < 0:
        raise InvalidInput(
            f"cache_seconds of {what} is {seconds:g}",
            why="it is the maximum age of a reused reply, in seconds",
            hint="pass 0 or more; 0 always calls the model",
        )


def _check_schema(name: str, schema: JsonObject, agent: str) -> None:
    try:
        compiled(schema)
    except InvalidSchema as error:
        raise InvalidInput(
            f"{name} of agent {agent} is not a JSON Schema",
            why=str(error),
            hint=f"correct {name}; nothing was called or paid for",
        ) from None
