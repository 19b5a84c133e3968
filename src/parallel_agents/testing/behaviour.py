"""Behaviour: what a loopback provider answers, how fast, and which requests fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from parallel_agents.core.annotations import Count, Index, Seconds
from parallel_agents.core.arguments import checked
from parallel_agents.core.checked import Checked
from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.models.shapes import dump, object_at, objects_at, text_at
from parallel_agents.models.wires.structured import FINAL_ANSWER
from parallel_agents.testing.samples import make_sample

Reply: TypeAlias = str | Sequence[ToolCall]


@dataclass(frozen=True, slots=True)
class HttpError(Checked):
    """A response with an error status, in the form that the wire uses for errors."""

    status: int
    message: str = "the test asked for a fault"
    type: str = "error"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Hang(Checked):
    """No answer until the client leaves; a stream falls silent after its first chunk."""


@dataclass(frozen=True, slots=True)
class Cut(Checked):
    """The connection breaks: a stream after `after_chunks` chunks, a plain reply in its middle."""

    after_chunks: Index = 1


@dataclass(frozen=True, slots=True)
class Garbage(Checked):
    """A response with status 200 whose body is not a reply."""

    body: bytes = b"<html>Bad Gateway</html>"
    content_type: str = "text/html"


@dataclass(frozen=True, slots=True)
class Refusal(Checked):
    """The model declines."""

    message: str = "I cannot help with that."


@dataclass(frozen=True, slots=True)
class Drip(Checked):
    """A stream that waits `seconds` before each chunk; a plain reply waits once."""

    seconds: Seconds


@dataclass(frozen=True, slots=True)
class Hold(Checked):
    """No answer until the condition holds, which is looked at a hundred times a second."""

    is_over: Callable[[], bool]


_TRANSCRIPTS = ("messages", "input", "contents")

Fault: TypeAlias = HttpError | Hang | Cut | Garbage | Refusal | Drip | Hold


def answer_by_schema(body: JsonObject) -> Reply:
    """The smallest answer that matches the schema in `body`, or else an echo of the last message."""
    if schema := _answer_schema(body):
        return dump(make_sample(schema)).decode()
    for name, parameters in _offered(body):
        if name == FINAL_ANSWER:
            arguments = make_sample(parameters)
            if isinstance(arguments, Mapping):
                return (ToolCall("call_final_answer", FINAL_ANSWER, arguments),)
    return last_text(body)


def _answer_schema(body: JsonObject) -> JsonObject:
    """The schema that the answer must match, on any wire; empty if there is none."""
    chat = object_at(object_at(object_at(body, "response_format"), "json_schema"), "schema")
    messages = object_at(object_at(object_at(body, "output_config"), "format"), "schema")
    responses = object_at(object_at(object_at(body, "text"), "format"), "schema")
    config = object_at(body, "generationConfig")
    gemini = object_at(config, "responseJsonSchema") or object_at(config, "responseSchema")
    return chat or messages or responses or gemini


def _offered(body: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    """The name and the parameters of each tool in a request, on any wire."""
    for tool in objects_at(body, "tools"):
        for each in objects_at(tool, "functionDeclarations") or [
            object_at(tool, "function") or tool
        ]:
            chat, messages = object_at(each, "parameters"), object_at(each, "input_schema")
            parameters = chat or messages or object_at(each, "parametersJsonSchema")
            yield text_at(each, "name"), parameters


def last_text(body: JsonObject) -> str:
    """The text of the request's last message, on any wire."""
    turns = next(filter(None, (objects_at(body, name) for name in _TRANSCRIPTS)), ())
    last: JsonObject = turns[-1] if turns else {}
    content: Json = last.get("content") or last.get("parts") or last.get("output") or ""
    if isinstance(content, str):
        return content
    return "".join(text_at(block, "text") for block in objects_at({"blocks": content}, "blocks"))


def no_fault(number: int, body: JsonObject) -> Fault | None:
    """No fault for any request."""
    del number, body


@checked
def first(count: Index, fault: Fault) -> Callable[[int, JsonObject], Fault | None]:
    """`fault` for the first `count` requests."""
    return lambda number, _: fault if number <= count else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour(Checked):
    """How a provider serves its requests.

    Attributes:
        latency_seconds: the time from the request to the first byte of the answer.
        answer: maps the request's body to a text, or to tool calls.
        fault: maps the request's number, counted from 1, and its body to a fault or None.
        usage: the tokens that each reply reports, or a function of the request's body.
        chunk_characters: the characters of text in each chunk of a stream.
    """

    latency_seconds: Seconds = 0.0
    answer: Callable[[JsonObject], Reply] = answer_by_schema
    fault: Callable[[int, JsonObject], Fault | None] = no_fault
    usage: Usage | Callable[[JsonObject], Usage] = Usage(
        input_tokens=200, output_tokens=50, cache_read_tokens=800
    )
    chunk_characters: Count = 12


GOOD_DAY = Behaviour()
