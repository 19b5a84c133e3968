"""Checks: a few small calls that find out what a model takes, on purpose instead of by refusals.

What they find is kept as lessons, so that runs use it from then on.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from typing_extensions import override

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.message import user
from parallel_agents.core.model import Model, ModelReply, ModelRequest, Models
from parallel_agents.core.output import Accepted, check_output
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.errors import (
    MalformedReply,
    ModelRefused,
    ModelSlipped,
    OutputCut,
    PagentsError,
    ProviderError,
    RequestRejected,
    StreamCut,
)
from parallel_agents.models.dialect import Structured
from parallel_agents.models.learning import Lessons
from parallel_agents.models.wrapped import WrappedListener

_OUTPUT_TOKENS = 512
_SECONDS = 120.0
_LOOK_UP = ToolSpec(
    "look_up",
    "Looks up the country of a city.",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)
_CITY: JsonObject = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "country": {"type": "string"}},
    "required": ["city", "country"],
    "additionalProperties": False,
}
_PLAIN = ModelRequest(
    messages=(user("Answer with the one word: ready"),),
    system="Be brief.",
    max_output_tokens=_OUTPUT_TOKENS,
    timeout_seconds=_SECONDS,
)
_ONE = replace(_PLAIN, messages=(user("Call look_up for Paris."),), tools=(_LOOK_UP,))
_TWO = replace(_ONE, messages=(user("Call look_up for Paris and for Rome, both at once."),))
_SCHEMA = replace(
    _PLAIN,
    messages=(user("Paris is in France. Give the city and the country."),),
    output_schema=_CITY,
)
_BOTH = replace(
    _ONE,
    messages=(user("Call look_up for Zyxburg; answer only once you have its result."),),
    output_schema=_CITY,
)
_WARM = replace(_PLAIN, temperature=0.2)
_THINKS = replace(_PLAIN, thinking=ThinkingLevel.LOW)
# What a model does not take, or does not do; other failures say nothing about it.
_FINDINGS = (MalformedReply, ModelRefused, ModelSlipped, OutputCut, RequestRejected, StreamCut)
# All that may be sent: a structured answer is asked for in up to three ways.
REQUESTS = (_ONE, _TWO, *(_SCHEMA, _BOTH) * 3, _PLAIN, _WARM, _THINKS)


class Check(NamedTuple):
    """What one check found.

    Attributes:
        is_met: the model does it as it is asked.
        detail: how it does it, or why not.
        instead: what runs do from now on; empty for nothing else.
    """

    name: str
    is_met: bool
    detail: str = ""
    instead: str = ""


@dataclass(slots=True)
class Checks:
    """The checks of one model.

    Attributes:
        spend: what they have used so far.
    """

    model: Model
    models: Models
    lessons: Lessons
    spend: Spend = Spend()
    _notices: list[str] = field(default_factory=list[str])

    async def run(self) -> AsyncGenerator[Check]:
        """Yield each check as it ends.

        Raises:
            ProviderError: a call failed for a reason that says nothing about what the model takes.
        """
        for check in (
            self._tools,
            self._parallel,
            self._schema,
            self._schema_with_tools,
            self._stream,
            self._temperature,
            self._thinking,
        ):
            async for found in _each(check):
                yield found

    async def _tools(self) -> list[Check]:
        reply = await self._ask(_ONE)
        if isinstance(reply, PagentsError):
            return [Check("tools", False, reply.message)]
        return [Check("tools", bool(reply.message.tool_calls), _refused(reply, "it called none"))]

    async def _parallel(self) -> list[Check]:
        reply = await self._ask(_TWO)
        if isinstance(reply, PagentsError):
            return [Check("parallel", False, reply.message)]
        is_met = len(reply.message.tool_calls) > 1
        return [Check("parallel", is_met, "" if is_met else "it made one call at a time")]

    async def _schema(self) -> list[Check]:
        return [await self._structured("schema", "structured", _SCHEMA, _fits_schema)]

    async def _schema_with_tools(self) -> list[Check]:
        return [
            await self._structured(
                "schema with tools", "structured_with_tools", _BOTH, _calls_first
            )
        ]

    async def _structured(
        self,
        name: str,
        field_name: str,
        request: ModelRequest,
        is_met: Callable[[ModelReply], bool],
    ) -> Check:
        """Try the ways of asking for a structured answer, the present one first."""
        has_tools = bool(request.tools)
        first = self.lessons.dialect(self.model.name).structure(has_tools=has_tools)
        ways = [first, *(way for way in (Structured.TOOL, Structured.PROMPT) if way is not first)]
        said, is_found = "", False
        try:
            for way in ways:
                if way is not self.lessons.dialect(self.model.name).structure(has_tools=has_tools):
                    await self.lessons.learn(self.model.name, {field_name: way.value})
                reply = await self._ask(request)
                if isinstance(reply, PagentsError):
                    said = reply.message
                elif is_met(reply):
                    is_found = True
                    used = self.lessons.dialect(self.model.name).structure(has_tools=has_tools)
                    is_first = used is first and first is not Structured.PROMPT
                    return Check(name, is_first, instead="" if is_first else f"by {used.value}")
        finally:
            if not is_found:
                await self.lessons.learn(self.model.name, {field_name: first.value})
        return Check(name, False, said or "its answers do not match")

    async def _stream(self) -> list[Check]:
        pieces: list[str] = []
        reply = await self._ask(_PLAIN, pieces)
        if isinstance(reply, PagentsError):
            return [Check("stream", False, reply.message)]
        counted = "in the last chunk" if not reply.is_estimated else "is not counted: estimated"
        return [
            Check("stream", bool(pieces)),
            Check("usage", not reply.is_estimated, counted),
        ]

    async def _temperature(self) -> list[Check]:
        return [await self._taken("temperature", _WARM)]

    async def _thinking(self) -> list[Check]:
        return [await self._taken("thinking", _THINKS)]

    async def _taken(self, name: str, request: ModelRequest) -> Check:
        before = self.lessons.dialect(self.model.name)
        reply = await self._ask(request)
        after = self.lessons.dialect(self.model.name)
        if isinstance(reply, PagentsError):
            return Check(name, False, reply.message)
        is_left_out = name in after.omit or (name == "thinking" and after.thinking.value == "none")
        changed = self._notices[-1].rpartition("sent again ")[2] if before != after else ""
        return Check(name, not is_left_out, instead="left out" if is_left_out else changed)

    async def _ask(
        self, request: ModelRequest, pieces: list[str] | None = None
    ) -> ModelReply | ProviderError:
        listener = _Listener(pieces, self._notices)
        try:
            reply = await self.model.respond(request, listener)
        except _FINDINGS as error:
            return error
        counted = Usage() if reply.is_estimated else reply.usage
        cost = self.models.cost_nanousd(reply.model, counted)
        self.spend += Spend(reply.usage, 1, cost or 0, int(cost is None))
        return reply


async def _each(check: Callable[[], Awaitable[list[Check]]]) -> AsyncGenerator[Check]:
    for found in await check():
        yield found


def _refused(reply: ModelReply, otherwise: str) -> str:
    return "" if reply.message.tool_calls else otherwise


def _fits_schema(reply: ModelReply) -> bool:
    return isinstance(check_output(reply.message.text, _CITY), Accepted)


def _calls_first(reply: ModelReply) -> bool:
    return bool(reply.message.tool_calls)


class _Listener(WrappedListener):
    """Collects the pieces of a streamed reply, if wanted, and the notices; nothing else is a finding."""

    def __init__(self, pieces: list[str] | None, notices: list[str]) -> None:
        super().__init__(None)
        self._pieces = pieces
        self._notices = notices

    @property
    def wants_text(self) -> bool:
        return self._pieces is not None

    def text(self, piece: str) -> None:
        if self._pieces is not None:
            self._pieces.append(piece)

    @override
    def noticed(self, text: str) -> None:
        self._notices.append(text)
