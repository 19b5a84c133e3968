"""Dialect: what a model takes in a request, and what differs between servers of one wire.

A dialect is data. It is put together from the wire's defaults, the preset, the preset's tables for
models, what refusals taught, and the user's configuration; each overrides the ones before it.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter
from typing_extensions import TypedDict

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.schema import Json


class Structured(StrEnum):
    """How answers are made to match a schema: the server enforces it, except for `prompt`."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    TOOL = "tool"
    PROMPT = "prompt"


class ThinkingForm(StrEnum):
    """How a request asks for reasoning.

    Attributes:
        NONE: it does not.
        EFFORT: by a word for each level.
        BUDGET: by a number of tokens.
        ADAPTIVE: the model decides; a word for each level guides it (Anthropic from 4.6 on).
        TOGGLE: on or off (`thinking.type`; Moonshot, z.ai, DeepSeek).
        ALWAYS: the model always reasons, and takes no word about it.
    """

    NONE = "none"
    EFFORT = "effort"
    BUDGET = "budget"
    ADAPTIVE = "adaptive"
    TOGGLE = "toggle"
    ALWAYS = "always"


class SchemaSubset(StrEnum):
    """The part of JSON Schema that a server accepts."""

    PLAIN = "plain"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"


class SystemRole(StrEnum):
    """Where the instructions go; `user` folds them into the first user turn."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"


class RoleOrder(StrEnum):
    """Which order of roles a server accepts."""

    ANY = "any"
    NO_USER_AFTER_TOOL = "no_user_after_tool"
    ALTERNATE = "alternate"


class CallIds(StrEnum):
    """The ids of tool calls that a server accepts: any, [a-zA-Z0-9_-]{1,64}, or 9 of [a-zA-Z0-9]."""

    ANY = "any"
    WORD = "word"
    NINE = "nine"


class Replay(StrEnum):
    """Which reasoning goes back to the server.

    Attributes:
        NONE: none.
        SIGNED: what the server signed.
        ALL: also what it did not sign.
        REQUIRED: each reply with tool calls must have some; a placeholder is sent if there was none.
    """

    NONE = "none"
    SIGNED = "signed"
    ALL = "all"
    REQUIRED = "required"


_EFFORTS: Mapping[ThinkingLevel, str] = {
    ThinkingLevel.OFF: "",
    ThinkingLevel.MINIMAL: "minimal",
    ThinkingLevel.LOW: "low",
    ThinkingLevel.MEDIUM: "medium",
    ThinkingLevel.HIGH: "high",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What a model takes.

    Attributes:
        omit: top-level fields of a request that the model refuses.
        max_tokens_field: the server's name for the limit on a reply.
        thinking: how a request asks for reasoning.
        efforts: the server's word for each level; an empty one sends nothing. Of a model that adapts,
            the word for `off` is the kind of thinking that turns it off.
        thinking_off: further fields of a request that turns reasoning off.
        structured: how answers are made to match a schema.
        structured_with_tools: the same for requests that also have tools; None for the same.
        schema: the part of JSON Schema that the server accepts.
        strict: whether the server may enforce a schema exactly.
        system: where the instructions go.
        roles: which order of roles it accepts.
        call_ids: which ids of tool calls it accepts.
        replay: which reasoning goes back to it.
        forces_tools: whether a request may demand a tool call.
        asks_for_usage: whether requests ask a stream to count its tokens.
        sends_cache_marks: whether requests carry `cache_control` marks (Messages only).
        extra: further top-level fields, sent as they are.
        context_tokens: the size of the context window; 0 if it is not known.
        max_output_tokens: the most that a reply may have; 0 if it is not known.
        images: whether the model sees images; None if that is not known.
        pdfs: whether it takes PDFs as they are; None if that is not known.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    omit: frozenset[str] = frozenset()
    max_tokens_field: str = "max_tokens"
    thinking: ThinkingForm = ThinkingForm.EFFORT
    efforts: Mapping[ThinkingLevel, str] = field(default_factory=dict[ThinkingLevel, str])
    thinking_off: Mapping[str, Json] = field(default_factory=dict[str, Json])
    structured: Structured = Structured.JSON_SCHEMA
    structured_with_tools: Structured | None = None
    schema: SchemaSubset = SchemaSubset.PLAIN
    strict: bool = True
    system: SystemRole = SystemRole.SYSTEM
    roles: RoleOrder = RoleOrder.ANY
    call_ids: CallIds = CallIds.ANY
    replay: Replay = Replay.SIGNED
    forces_tools: bool = True
    asks_for_usage: bool = True
    sends_cache_marks: bool = True
    extra: Mapping[str, Json] = field(default_factory=dict[str, Json])
    context_tokens: int = 0
    max_output_tokens: int = 0
    images: bool | None = None
    pdfs: bool | None = None

    def effort(self, level: ThinkingLevel) -> str:
        """The server's word for a level; empty to send none."""
        if self.thinking is ThinkingForm.TOGGLE:
            return self.efforts.get(level, "")
        return self.efforts.get(level, _EFFORTS[level])

    def structure(self, *, has_tools: bool) -> Structured:
        """How the answer of a request is made to match its schema."""
        return (self.structured_with_tools if has_tools else None) or self.structured

    def changed(self, changes: DialectChanges) -> Dialect:
        """The dialect with some fields replaced; `omit`, `efforts` and `extra` gain members."""
        before: DialectChanges = {"omit": self.omit, "efforts": self.efforts, "extra": self.extra}
        merged = merge_changes(before, changes)
        values = {name: value for name, value in merged.items() if name in _NAMES}
        return replace(self, **values) if changes else self


PLAIN = Dialect()
# What most servers of a wire take.
DEFAULTS: Mapping[str, Dialect] = {
    # Many servers that enforce a schema let the model call no tool meanwhile, without a word about it.
    "chat": Dialect(structured_with_tools=Structured.PROMPT),
    "anthropic": Dialect(
        structured=Structured.TOOL,
        thinking=ThinkingForm.BUDGET,
        schema=SchemaSubset.ANTHROPIC,
        call_ids=CallIds.WORD,
    ),
    "responses": Dialect(
        max_tokens_field="max_output_tokens",
        schema=SchemaSubset.OPENAI,
        call_ids=CallIds.WORD,
    ),
    "gemini": Dialect(
        max_tokens_field="max_output_tokens",
        # Gemini 2.5 refuses an answer in JSON beside functions.
        structured_with_tools=Structured.PROMPT,
        # Gemini 3 refuses a call without a signature; 2.5 ignores the placeholder.
        replay=Replay.REQUIRED,
    ),
}
_NAMES = frozenset(each.name for each in fields(Dialect))
_Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class DialectChanges(TypedDict, total=False):
    """Some fields of a dialect, as a table of the configuration or a lesson has them.

    `source` and `checked` say where the fact is from, and when somebody last looked.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # pyright: ignore[reportGeneralTypeIssues]

    omit: frozenset[_Word]
    max_tokens_field: Annotated[str, StringConstraints(pattern=r"^max_[a-z_]+$")]
    thinking: ThinkingForm
    efforts: Mapping[ThinkingLevel, Annotated[str, StringConstraints(max_length=30)]]
    thinking_off: Mapping[_Word, Json]
    structured: Structured
    structured_with_tools: Structured
    schema: SchemaSubset
    strict: bool
    system: SystemRole
    roles: RoleOrder
    call_ids: CallIds
    replay: Replay
    forces_tools: bool
    asks_for_usage: bool
    sends_cache_marks: bool
    extra: Mapping[_Word, Json]
    context_tokens: Annotated[int, Field(ge=0, le=10**12)]
    max_output_tokens: Annotated[int, Field(ge=0, le=10**12)]
    images: bool
    pdfs: bool
    source: str
    checked: datetime.date


def merge_changes(under: DialectChanges, over: DialectChanges) -> DialectChanges:
    """Both changes in one; `omit`, `efforts` and `extra` gain members, other fields are replaced."""
    merged: DialectChanges = {**under, **over}
    if "omit" in under and "omit" in over:
        merged["omit"] = under["omit"] | over["omit"]
    if "efforts" in under and "efforts" in over:
        merged["efforts"] = {**under["efforts"], **over["efforts"]}
    if "extra" in under and "extra" in over:
        merged["extra"] = {**under["extra"], **over["extra"]}
    return merged


CHANGE_NAMES = frozenset(DialectChanges.__annotations__)
CHANGES: TypeAdapter[DialectChanges] = TypeAdapter(DialectChanges)
