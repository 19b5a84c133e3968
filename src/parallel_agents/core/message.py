"""Messages: one entry of a transcript, made of typed parts, the same for every provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from typing_extensions import override

from parallel_agents.core.encoded import Encodable
from parallel_agents.core.schema import JsonObject


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    type: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Thinking:
    """A model's reasoning; `signature` is the provider's and is returned only to it, unchanged."""

    text: str
    signature: str = ""
    type: Literal["thinking"] = "thinking"


class Place(NamedTuple):
    """Which call of a run: its turn, and its number among the calls of that turn's reply, from 1.

    This is the identity of a call. The id that a provider gives it is a label: servers repeat ids
    within a reply and in later replies.
    """

    turn: int
    number: int

    @override
    def __str__(self) -> str:
        return f"turn-{self.turn}/call/{self.number}"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asks for.

    Attributes:
        id: the provider's label, which pairs the call with its result in a request; not a key.
        signature: what the provider wants back with the call, such as Gemini's thought signature.
        unread: why the arguments that the model wrote could not be read; empty if they could.
    """

    id: str
    name: str
    arguments: JsonObject
    signature: str = ""
    unread: str = ""
    type: Literal["tool_call"] = "tool_call"


@dataclass(frozen=True, slots=True)
class ToolResult:
    call_id: str
    name: str
    content: str
    is_error: bool = False
    type: Literal["tool_result"] = "tool_result"


Part: TypeAlias = Text | Thinking | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message(Encodable):
    """One entry of a transcript; `model` is the `provider/model` that wrote it, empty if none did."""

    role: Role
    parts: tuple[Part, ...]
    model: str = ""

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join([part.text for part in self.parts if isinstance(part, Text)])

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple([part for part in self.parts if isinstance(part, ToolCall)])


def user(text: str) -> Message:
    return Message(Role.USER, (Text(text),))


def assistant(text: str) -> Message:
    return Message(Role.ASSISTANT, (Text(text),))


def forked(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages that a forked session begins with: all except tool calls without results."""
    whole = list(messages)
    while whole and whole[-1].tool_calls:
        whole.pop()
    return tuple(whole)
