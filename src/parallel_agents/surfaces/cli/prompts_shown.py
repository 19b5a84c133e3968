"""`pagents history --prompt`: what a session sent to its models, by turn."""

from __future__ import annotations

import time
from collections.abc import Sequence

import orjson

from parallel_agents.app.distant import open_distant
from parallel_agents.app.opening import open_without_writing
from parallel_agents.app.reading import check_exists
from parallel_agents.core.message import Message, Role, ToolResult
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import Json
from parallel_agents.core.sent import SentRequest
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.views import format
from parallel_agents.views.prompt_documents import neutral, prompt_json

_PIECE = 2_000


def show_prompts(context: CliContext, name: str, turn: int | None, *, is_json: bool) -> None:
    """Print the instructions, schema, tools and messages of a session's requests.

    Raises:
        InvalidInput: it is a team or a flow, or has no such turn.
    """
    if not context.environment.gateway:
        check_exists(context.environment)

    async def look() -> Sequence[SentRequest]:
        if context.environment.gateway:
            async with open_distant(context.environment) as distant:
                return await distant.sent.of(name)
        async with open_without_writing(context.environment, context.settings) as client:
            return await client.sent.of(name)

    sent = run_cancellable(look())
    chosen = sent if turn is None else [_turn_of(sent, turn)]
    if is_json:
        render.envelope("prompts", time.time(), [prompt_json(each) for each in chosen])
    elif turn is not None:
        render.line(orjson.dumps(_body(chosen[0]), option=orjson.OPT_INDENT_2).decode())
    else:
        _print(sent)


def _turn_of(sent: Sequence[SentRequest], turn: int) -> SentRequest:
    """The request of a turn, counted over all runs of the session."""
    if turn > len(sent):
        raise InvalidInput(
            f"there is no turn {turn}",
            why=f"its models have answered {len(sent)} times",
            hint="`pagents history NAME --prompt` shows them",
        )
    return sent[turn - 1]


def _print(sent: Sequence[SentRequest]) -> None:
    if not sent:
        render.note("No model has answered this session yet.")
        return
    before = ModelRequest(messages=())
    for number, each in enumerate(sent, start=1):
        size = format.size(len(orjson.dumps(_body(each))))
        count = len(each.request.messages)
        messages = "1 message" if count == 1 else f"{count:,} messages"
        title = f"turn {number}  {format.clock(each.at)}  {each.model}  {messages}  {size}"
        render.line(title, "bold")
        _print_frame(before, each)
        for message in _new_messages(before, each.request):
            _titled(_NAMES[message.role], _text_of(message))
        before = each.request
    render.note("The whole request as it was sent: pagents history NAME --turn N")


def _print_frame(before: ModelRequest, sent: SentRequest) -> None:
    """The instructions, schema and tools, where they are not those of the request before."""
    now = sent.request
    if now.system != before.system:
        _titled("instructions", now.system)
    if now.output_schema is not None and now.output_schema != before.output_schema:
        _titled("schema", _compact(now.output_schema))
    if now.tools != before.tools:
        _titled(
            "tools",
            "\n".join(f"{each.name}  {format.one_line(each.description)}" for each in now.tools),
        )
    if sent.unknown_tools and not before.messages:
        _titled("tools that this process does not know", ", ".join(sent.unknown_tools))


def _new_messages(before: ModelRequest, now: ModelRequest) -> Sequence[Message]:
    """The messages that the request before did not have; all, if the conversation was shortened."""
    count = len(before.messages)
    return now.messages[count:] if now.messages[:count] == before.messages else now.messages


_NAMES = {Role.USER: "user", Role.ASSISTANT: "assistant", Role.TOOL: "tool results"}


def _text_of(message: Message) -> str:
    texts = [message.text] if message.text else []
    texts += [f"calls {call.name}({_compact(call.arguments)})" for call in message.tool_calls]
    texts += [
        f"{part.name}: {part.content}" for part in message.parts if isinstance(part, ToolResult)
    ]
    texts += [f"file {file.called}" for file in message.files]
    return "\n".join(texts)


def _compact(value: Json) -> str:
    return orjson.dumps(value).decode()


def _titled(title: str, text: str) -> None:
    render.line(f"  {title}")
    shown = text[:_PIECE]
    for line in format.clean(shown).splitlines():
        render.line(f"    {line}".rstrip())
    if len(text) > len(shown):
        render.line(f"    [{len(text) - len(shown):,} more characters]")


def _body(sent: SentRequest) -> Json:
    """What was sent; what would be, for a model that is behind no wire."""
    return sent.body if sent.body is not None else neutral(sent.request)
