"""Simulated: the models `sim/DAY` make up answers on good and bad days, without any provider.

The fate of a call depends only on the seed, the day, the request and how often it was made, so that
a day can be repeated. Price changes depend on the number of calls, and storms of rate limits on the
clock. Errors are those of the wires. If a request has tools, the model calls some before it answers.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from random import Random
from typing import NamedTuple, NoReturn, cast

from parallel_agents.core.annotations import Index
from parallel_agents.core.arguments import checked
from parallel_agents.core.cutting import head
from parallel_agents.core.message import Message, Role, ToolCall, assistant
from parallel_agents.core.model import Capabilities, Finish, Listener, ModelReply, ModelRequest
from parallel_agents.core.usage import SIMULATED_NOTICE, Usage
from parallel_agents.errors import (
    MalformedReply,
    ModelRefused,
    ProviderError,
    RequestRejected,
    StreamCut,
    UnknownModel,
)
from parallel_agents.models.failures import from_response, make_failure
from parallel_agents.models.providers import Endpoint, Wire
from parallel_agents.models.shapes import dump
from parallel_agents.models.simulated.answers import make_answer, make_text
from parallel_agents.models.simulated.calls import make_calls, misshapen
from parallel_agents.models.simulated.days import DAYS, EXPENSIVE, PROVIDER, Day, Mishap

_ENDPOINT = Endpoint(provider=PROVIDER, wire=Wire.CHAT, base_url="http://simulated.invalid")
_WITHOUT_REPLY = frozenset(
    {Mishap.RATE_LIMITED, Mishap.OVERLOADED, Mishap.STALL, Mishap.MALFORMED, Mishap.REFUSAL}
)
# Ids of sessions and runs differ each time, so the seed leaves them out. Tool results are left out
# too, since they may contain the time.
_RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CHARACTERS_A_TOKEN = 4
_DRIP_SECONDS = 1.5
_DRIP_PIECES = 24


class _Content(NamedTuple):
    """The content of a reply: the answer, or calls."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()

    @property
    def characters(self) -> int:
        return len(self.text) + sum(len(dump(call.arguments)) for call in self.calls)


class Simulated:
    """A model of provider `sim`.

    Args:
        day: how the model behaves.
        seed: a different seed leads to different answers and mishaps.
    """

    @checked
    def __init__(self, day: Day, seed: Index = 0) -> None:
        self.name = f"{PROVIDER}/{day.name}" + (f"@{seed}" if seed else "")
        self.capabilities = Capabilities(
            notice=SIMULATED_NOTICE, images=True, pdfs=True, is_simulated=True
        )
        self.calls = 0
        self._day = day
        self._seed = seed
        self._repeats: Counter[bytes] = Counter()
        self._began: float | None = None

    async def start(self) -> None:
        """Do nothing; the model is always ready."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Make up a reply, or fail as the day requires.

        Raises:
            ProviderError: as the wires raise it.
            RequestRejected: no answer was found that matches the request's schema.
        """
        self.calls += 1
        rng = self._rng(request)
        mishap = self._day.draw(rng)
        if storm := self._storm_left():
            await asyncio.sleep(self._day.latency_seconds[0])
            _refuse_for(storm)
        await asyncio.sleep(rng.uniform(*self._day.latency_seconds))
        content = (
            _Content() if mishap in _WITHOUT_REPLY else self._make_content(request, rng, mishap)
        )
        if mishap is not None:
            await self._suffer(mishap, content, rng, listener)
        if mishap is not Mishap.DRIP:
            _show(content.text, listener)
        return self._reply(request, content, rng)

    async def aclose(self) -> None:
        """Do nothing; the model holds no resources."""

    def _rng(self, request: ModelRequest) -> Random:
        """The random numbers for this try of this request."""
        messages = _without_results(request.messages)
        identity = _whole((self._seed, self._day.name, request.system, messages))
        if request.tools:
            identity = _RANDOM_ID.sub("", identity)
        digest = sha256(identity.encode("utf-8", "replace")).digest()
        self._repeats[digest] += 1
        number = int.from_bytes(digest[:8]) + self._repeats[digest]
        return Random(number)  # noqa: S311 - must be reproducible

    def _storm_left(self) -> float:
        now = asyncio.get_running_loop().time()
        self._began = now if self._began is None else self._began
        # Rounded to milliseconds, or a repeated day would differ in the last bit.
        return round(self._day.storm_left(round(now - self._began, 3)), 3)

    def _make_content(self, request: ModelRequest, rng: Random, mishap: Mishap | None) -> _Content:
        """Tool calls, or the answer."""
        if calls := make_calls(request, rng) if request.tools else ():
            is_misshapen = mishap is Mishap.WRONG_SCHEMA
            return _Content(calls=misshapen(calls, rng) if is_misshapen else calls)
        return _Content(self._text(request, rng, mishap))

    def _text(self, request: ModelRequest, rng: Random, mishap: Mishap | None) -> str:
        if request.output_schema is None:
            return make_text(rng, 60, 600)
        if mishap is Mishap.WRONG_SCHEMA:
            return dump({"unexpected": make_text(rng), "number": rng.randint(1, 9)}).decode()
        try:
            answer = dump(make_answer(request.output_schema, rng)).decode()
        except ValueError as error:
            raise make_failure(
                RequestRejected,
                _ENDPOINT,
                "found no answer that matches the schema",
                why=str(error),
            ) from error
        return answer[: len(answer) // 2] if mishap is Mishap.BROKEN_JSON else answer

    async def _suffer(
        self, mishap: Mishap, content: _Content, rng: Random, listener: Listener | None
    ) -> None:
        """Let `mishap` happen, which delays the reply or replaces it with an error."""
        match mishap:
            case Mishap.RATE_LIMITED:
                _refuse_for(rng.uniform(*self._day.retry_after_seconds))
            case Mishap.OVERLOADED:
                _refuse(529, "simulated: overloaded", {})
            case Mishap.STALL:
                await _wait_until_cancelled()
            case Mishap.HALF_OPEN:
                _show_half(content.text, listener)
                await _wait_until_cancelled()
            case Mishap.CUT:
                _show_half(content.text, listener)
                raise _failure(StreamCut, "broke off in the middle of its reply")
            case Mishap.MALFORMED:
                raise _failure(MalformedReply, "sent a malformed reply", "<html>Bad Gateway</html>")
            case Mishap.REFUSAL:
                raise _failure(ModelRefused, "refused: I cannot help with that.")
            case Mishap.DRIP:
                size = max(1, -(-content.characters // _DRIP_PIECES))
                for start in range(0, content.characters, size):
                    await asyncio.sleep(_DRIP_SECONDS)
                    _show(content.text[start : start + size], listener)
            case Mishap.BROKEN_JSON if content.calls:
                raise _failure(MalformedReply, "sent a call whose arguments are not JSON")
            case Mishap.BROKEN_JSON | Mishap.WRONG_SCHEMA:
                pass  # the answer or the arguments of a call are already wrong

    def _reply(self, request: ModelRequest, content: _Content, rng: Random) -> ModelReply:
        characters = sum(len(message.text) for message in request.messages) + len(request.system)
        tokens = max(1, characters // _CHARACTERS_A_TOKEN)
        cached = int(tokens * rng.choice((0.0, 0.0, 0.5, 0.8)))
        written = max(1, content.characters // _CHARACTERS_A_TOKEN)
        most = request.max_output_tokens
        is_expensive = (
            self._day.expensive_after is not None and self.calls > self._day.expensive_after
        )
        finish, message = Finish.STOP, assistant(content.text)
        if content.calls:
            finish, message = Finish.TOOLS, Message(Role.ASSISTANT, content.calls)
        elif written > most:
            finish, message = Finish.LENGTH, assistant(content.text[: most * _CHARACTERS_A_TOKEN])
        return ModelReply(
            message=message,
            model=self.name + EXPENSIVE if is_expensive else self.name,
            finish=finish,
            usage=Usage(tokens - cached, min(written, most), cache_read_tokens=cached),
        )


def make_simulated(name: str) -> Simulated:
    """The model `sim/DAY` or `sim/DAY@SEED`.

    Raises:
        UnknownModel: the day does not exist, or the seed is not a number.
    """
    day, _, seed = name.partition("/")[2].partition("@")
    if day in DAYS and (not seed or (seed.isascii() and seed.isdigit() and len(seed) < 10)):
        return Simulated(DAYS[day], int(seed or 0))
    raise UnknownModel(
        f"no simulated day {head(name, 80)!r}",
        why=f"the days are {', '.join(DAYS)}",
        hint=f"name one of them, such as {PROVIDER}/calm, or {PROVIDER}/calm@7 for a different seed",
    )


def _whole(value: object) -> str:
    """A value with all its fields: a day draws the same numbers however a message shows itself."""
    if isinstance(value, tuple):
        items = [_whole(item) for item in cast("tuple[object, ...]", value)]
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    names: Iterable[str] = getattr(value, "__dataclass_fields__", ())
    written = ", ".join([f"{name}={_whole(getattr(value, name))}" for name in names])
    return f"{type(value).__qualname__}({written})" if written else repr(value)


def _without_results(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The messages without tool results."""
    return tuple(message for message in messages if message.role is not Role.TOOL)


def _failure(kind: type[ProviderError], what: str, why: str = "simulated") -> ProviderError:
    return make_failure(kind, _ENDPOINT, what, why=why)


def _refuse_for(seconds: float) -> NoReturn:
    _refuse(429, "simulated: slow down", {"retry-after": f"{math.ceil(seconds)}"})


def _refuse(status: int, message: str, headers: dict[str, str]) -> NoReturn:
    body = dump({"error": {"message": message, "type": "simulated"}})
    raise from_response(_ENDPOINT, status, headers=headers, body=body, now=0.0)


def _show(text: str, listener: Listener | None) -> None:
    if text and listener is not None and listener.wants_text:
        listener.text(text)


def _show_half(text: str, listener: Listener | None) -> None:
    _show(text[: len(text) // 2], listener)


async def _wait_until_cancelled() -> None:
    """Wait until the caller gives up."""
    await asyncio.Event().wait()
