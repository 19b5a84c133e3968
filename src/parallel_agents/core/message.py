"""Messages: one entry of a transcript, made of typed parts, the same for every provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import orjson
from typing_extensions import override

from parallel_agents.core.artifact import Artifact
from parallel_agents.core.attachment import Shape
from parallel_agents.core.checked import Checked
from parallel_agents.core.encoded import Encodable
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import InvalidInput


class Role(StrEnum):
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Text(Frozen):
    text: str
    type: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Thinking(Frozen):
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
class ToolCall(Frozen):
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
class ToolResult(Frozen):
    call_id: str
    name: str
    content: str
    is_error: bool = False
    type: Literal["tool_result"] = "tool_result"


@dataclass(frozen=True, slots=True)
class File(Checked):
    """An image or a PDF that a model is shown: `File("chart.png")`.

    Attributes:
        path: where it is; empty once its content is an artifact.
        name: what it is called; by default as the file.
        artifact: its content; the runtime sets it, and what follows.
        width: of an image, in pixels.
        height: of an image, in pixels.
        pages: of a PDF, or an estimate.
    """

    path: str | Path = ""
    name: str = field(default="", kw_only=True)
    artifact: Artifact | None = field(default=None, kw_only=True)
    width: int = field(default=0, kw_only=True)
    height: int = field(default=0, kw_only=True)
    pages: int = field(default=0, kw_only=True)
    type: Literal["file"] = field(default="file", kw_only=True)

    @override
    def _check(self) -> None:
        object.__setattr__(self, "path", str(self.path) if self.path else "")
        if not self.path and self.artifact is None:
            raise InvalidInput("a File has no path", hint='write File("chart.png")')

    @property
    def called(self) -> str:
        return self.name or Path(self.path).name or str(self.path)

    @property
    def id(self) -> str:
        """The id of its content; empty while it has none."""
        return "" if self.artifact is None else self.artifact.id

    @property
    def media_type(self) -> str:
        return "" if self.artifact is None else self.artifact.media_type

    @property
    def shape(self) -> Shape:
        return Shape(self.media_type, self.width, self.height, self.pages)

    @override
    def __str__(self) -> str:
        """The file in one line, without its content."""
        size = "" if self.artifact is None else f", {self.artifact.size:,} bytes"
        return f"[{self.called}, {self.media_type or 'file'}{size}]"


Part: TypeAlias = Text | Thinking | ToolCall | ToolResult | File


@dataclass(frozen=True, slots=True)
class Message(Encodable, Frozen):
    """One entry of a transcript; `model` is the `provider/model` that wrote it, empty if none did."""

    role: Role
    parts: tuple[Part, ...]
    model: str = ""

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join([part.text for part in self.parts if isinstance(part, Text)])

    @property
    def files(self) -> tuple[File, ...]:
        return tuple([part for part in self.parts if isinstance(part, File)])

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        return tuple([part for part in self.parts if isinstance(part, ToolCall)])

    @property
    def tool_results(self) -> tuple[ToolResult, ...]:
        return tuple([part for part in self.parts if isinstance(part, ToolResult)])


def user(text: str, files: Sequence[File] = ()) -> Message:
    """A message of the user; models look at files best before they read what to do with them."""
    return Message(Role.USER, (*files, Text(text)))


_BEFORE_INPUT = "\n\nInput:\n"


def task_text(text: str, values: JsonObject) -> str:
    """The first message of a run: the task, if it has a text, and its input as JSON under it."""
    if not values:
        return text
    body = orjson.dumps(values, option=orjson.OPT_INDENT_2).decode()
    return f"{text}{_BEFORE_INPUT}{body}" if text.strip() else f"{_BEFORE_INPUT.lstrip()}{body}"


class SplitTask(NamedTuple):
    """The first message of a run in its two parts; the input has its heading."""

    task: str
    input: str


def split_task(message: str) -> SplitTask | None:
    """The parts of what `task_text` made; None if it has no input."""
    task, found, body = message.partition(_BEFORE_INPUT)
    if not found or not body.startswith("{"):
        return None
    return SplitTask(task, _BEFORE_INPUT.strip() + "\n" + body)


def assistant(text: str) -> Message:
    return Message(Role.ASSISTANT, (Text(text),))
