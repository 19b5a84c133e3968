"""Codec: how one wire writes requests and reads replies; the parts that all wires share."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.message import File, Message, Role, Text, ToolCall, user
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.models.dialect import CallIds, Dialect, RoleOrder, Structured, SystemRole
from parallel_agents.models.shapes import Body
from parallel_agents.models.wires.draft import Draft
from parallel_agents.models.wires.structured import (
    BY_TOOL,
    final_answer_tool,
    has_object_root,
    with_schema,
    wrapped,
)

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,63}")  # Gemini's begin with a letter
_MADE = re.compile(r"call_[0-9a-f]{12}")  # as `Draft` makes them
_ID_FORMS: Mapping[CallIds, re.Pattern[str]] = {
    CallIds.WORD: re.compile(r"[a-zA-Z0-9_-]{1,64}"),
    CallIds.NINE: re.compile(r"[a-zA-Z0-9]{9}"),
}
_NOTHING_MORE: JsonObject = {}
_BRIDGE = Message(Role.ASSISTANT, (Text("Understood."),))


class Codec(Protocol):
    """One wire in one dialect: pure functions from requests to bodies, and from values to a draft."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of each request, including the key."""
        ...

    def url(self, *, streams: bool) -> str: ...

    def body(self, request: ModelRequest, *, streams: bool) -> Body: ...

    def take(self, value: JsonObject, draft: Draft) -> None:
        """Apply a whole reply, or an event of one, to the draft.

        Raises:
            ProviderError: the value is an error.
            ShapeError: a field that matters has another form than the wire says.
        """
        ...


class Plan(NamedTuple):
    """A request as a dialect wants it.

    Attributes:
        schema: the schema that the server is to enforce for the answer; None if it is not asked to.
        forces_call: the model must call a tool, because the answer is a call as well.
        is_wrapped: the answer is the member `answer` of an object.
    """

    system: str
    messages: Sequence[Message]
    tools: tuple[ToolSpec, ...]
    structured: Structured | None = None
    schema: JsonObject | None = None
    forces_call: bool = False
    is_wrapped: bool = False

    @property
    def answers_by_tool(self) -> bool:
        return self.structured is Structured.TOOL


def plan_request(request: ModelRequest, dialect: Dialect, *, forces: bool = True) -> Plan:
    """Decide what is sent; a request that `forces` may demand a call."""
    system, tools, schema = request.system, request.tools, request.output_schema
    structured, forces_call, is_wrapped = None, False, False
    enforced: JsonObject | None = None
    if schema is not None:
        structured = dialect.structure(has_tools=bool(tools))
        match structured:
            case Structured.PROMPT | Structured.JSON_OBJECT:
                system = with_schema(system, schema)
            case Structured.TOOL | Structured.JSON_SCHEMA:
                is_wrapped = not has_object_root(schema)
                enforced = wrapped(schema) if is_wrapped else schema
        if structured is Structured.TOOL:
            forces_call = forces and dialect.forces_tools
            if not forces_call:
                system = f"{system}\n\n{BY_TOOL}".strip()
            tools = (*tools, final_answer_tool(enforced or schema))
    messages: Sequence[Message] = request.messages
    if dialect.roles is not RoleOrder.ANY:
        messages = ordered(messages, dialect.roles)
    if system and dialect.system is SystemRole.USER:
        system, messages = "", _with_system(system, messages)
    return Plan(system, messages, tools, structured, enforced, forces_call, is_wrapped)


def make_draft(
    request: ModelRequest, dialect: Dialect, show: Callable[[str], None] | None
) -> Draft:
    """The empty draft of a request's reply."""
    schema = request.output_schema
    structured = None if schema is None else dialect.structure(has_tools=bool(request.tools))
    is_enforced = structured in {Structured.TOOL, Structured.JSON_SCHEMA}
    return Draft(
        tools={name_on_wire(spec.name): spec.name for spec in request.tools},
        answers_by_tool=structured is Structured.TOOL,
        schema=schema,
        is_wrapped=schema is not None and is_enforced and not has_object_root(schema),
        most_tokens=request.max_output_tokens,
        show=show,
    )


def most_output(request: ModelRequest, dialect: Dialect) -> int:
    """The limit on the reply, which servers refuse if it is more than the model can write."""
    return min(request.max_output_tokens, dialect.max_output_tokens or request.max_output_tokens)


def with_dialect(body: Body, dialect: Dialect, level: ThinkingLevel | None) -> Body:
    """The body with the fields that a dialect adds, and without those that it omits.

    An object that the dialect adds is merged into the one that is there.
    """
    off: JsonObject = dialect.thinking_off if level is ThinkingLevel.OFF else _NOTHING_MORE
    for name, value in (*off.items(), *dialect.extra.items()):
        known = body.get(name)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            body[name] = {**known, **value}
        else:
            body[name] = value
    for name in dialect.omit & body.keys():
        del body[name]
    return body


def encode_message(
    message: Message,
    encode: Callable[[Message], bytes],
    show: Callable[[Message, Mapping[str, str]], bytes],
    files: Mapping[str, str],
) -> bytes:
    """A message as `encode` has it, kept for later requests; one with files as `show` has it, anew.

    What is kept of a message stays as long as its session is at work, and files are large.
    """
    return show(message, files) if files and message.files else message.encoded(encode)


def data_url(file: File, files: Mapping[str, str]) -> str:
    """A file in the form in which OpenAI takes it."""
    return f"data:{file.media_type};base64,{files[file.id]}"


def taken_ids(messages: Iterable[Message]) -> set[str]:
    """The ids of all calls in a transcript."""
    return {
        part.id
        for message in messages
        if message.role is Role.ASSISTANT
        for part in message.parts
        if part.type == "tool_call"
    }


@lru_cache(maxsize=1024)
def name_on_wire(name: str) -> str:
    """A tool's name in the form that all servers accept: [a-zA-Z_][a-zA-Z0-9_-]{0,63}."""
    if _NAME.fullmatch(name):
        return name
    readable = re.sub(r"[^a-zA-Z0-9_-]+", "_", name)[:48].strip("_")
    start = "" if readable[:1].isalpha() else "tool_"
    return f"{start}{readable}_{_digest(name)[:8]}"


def id_on_wire(call_id: str, form: CallIds) -> str:
    """A call's id in the form that a server accepts; the same id each time."""
    pattern = _ID_FORMS.get(form)
    if pattern is None or pattern.fullmatch(call_id):
        return call_id
    return _digest(call_id)[:9] if form is CallIds.NINE else f"call_{_digest(call_id)[:24]}"


def is_made_here(call_id: str) -> bool:
    """Whether the server gave a call no id, so that it expects none."""
    return _MADE.fullmatch(call_id) is not None


def is_own(message: Message, provider: str) -> bool:
    """Whether `provider` wrote a message, so that it accepts the signatures in it."""
    return not message.model or message.model.partition("/")[0] == provider


def has_content(message: Message) -> bool:
    """Whether servers accept a message: they refuse a turn without text and without calls."""
    for part in message.parts:  # asked for each message of each call
        if isinstance(part, ToolCall) or (isinstance(part, Text) and part.text.strip()):
            return True
    return False


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def ordered(messages: Sequence[Message], roles: RoleOrder) -> list[Message]:
    """The messages in an order of roles that the server accepts.

    An empty reply is not sent, and what the user says before and after it is joined.
    """
    ordered: list[Message] = []
    merges = roles is RoleOrder.ALTERNATE
    for message in messages:
        if message.role is Role.ASSISTANT and not has_content(message):
            merges = True  # or what stands around it would be two turns of one role
            continue
        before = ordered[-1] if ordered else None
        is_user = message.role is Role.USER
        if is_user and roles is not RoleOrder.ANY and before and before.role is Role.TOOL:
            ordered.append(_BRIDGE)
        elif merges and before is not None and before.role is message.role:
            if is_user:
                files = (*before.files, *message.files)
                ordered[-1] = user(f"{before.text}\n\n{message.text}", files)
                continue
            if message.role is Role.ASSISTANT and not before.tool_calls:
                ordered[-1] = Message(Role.ASSISTANT, before.parts + message.parts, message.model)
                continue
        ordered.append(message)
    return ordered


def _with_system(system: str, messages: Sequence[Message]) -> list[Message]:
    first, *others = messages
    if first.role is not Role.USER:
        return [user(system), *messages]
    return [user(f"{system}\n\n{first.text}", first.files), *others]
