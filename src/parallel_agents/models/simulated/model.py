"""Simulated: a model that asks none: `sim/DAY` gives made-up answers on days good and bad.

What happens to a call follows from the seed, the day, the request and how often it was made, so that
a day can be had again; a change of price comes after so many calls, and storms of rate limits by the
clock. Errors are as the wires raise them. Where there are tools it calls some before it answers.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import Counter
from hashlib import sha256
from random import Random
from typing import NamedTuple, NoReturn

from parallel_agents.core.message import Message, Role, ToolCall, assistant
from parallel_agents.core.model import Capabilities, Finish, Listener, ModelReply, ModelRequest
from parallel_agents.core.usage import Usage
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
from parallel_agents.models.simulated.days import DAYS, DEAR, PROVIDER, Day, Mishap

NOTICE = "simulated: no model is asked, no money is spent, and the answers are made up"
_ENDPOINT = Endpoint(provider=PROVIDER, wire=Wire.CHAT, base_url="http://simulated.invalid")
_WORDLESS = frozenset(
    {Mishap.RATE_LIMITED, Mishap.OVERLOADED, Mishap.STALL, Mishap.MALFORMED, Mishap.REFUSAL}
)
# Ids of sessions and runs are made anew on each day, and results may tell the time.
_MADE_ANEW = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CHARACTERS_A_TOKEN = 4
_DRIP_SECONDS = 1.5
_DRIP_PIECES = 24


class _Said(NamedTuple):
    """What a reply holds: the answer, or calls."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()

    @property
    def characters(self) -> int:
        return len(self.text) + sum(len(dump(call.arguments)) for call in self.calls)


class Simulated:
    """A model of provider `sim`.

    Args:
        day: how it behaves.
        seed: another seed gives other answers and other mishaps.
    """

    def __init__(self, day: Day, seed: int = 0) -> None:
        self.name = f"{PROVIDER}/{day.name}" + (f"@{seed}" if seed else "")
        self.capabilities = Capabilities(notice=NOTICE)
        self.calls = 0
        self._day = day
        self._seed = seed
        self._asked: Counter[bytes] = Counter()
        self._began: float | None = None

    async def start(self) -> None:
        """Nothing is to be made ready."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """A made-up reply, or what the day has instead.

        Raises:
            ProviderError: as the wires raise it.
            RequestRejected: no answer was found that fits the request's schema.
        """
        self.calls += 1
        rng = self._rng(request)
        mishap = self._day.draw(rng)
        if storm := self._storm_left():
            await asyncio.sleep(self._day.latency_seconds[0])
            _refuse_for(storm)
        await asyncio.sleep(rng.uniform(*self._day.latency_seconds))
        said = _Said() if mishap in _WORDLESS else self._say(request, rng, mishap)
        if mishap is not None:
            await self._suffer(mishap, said, rng, listener)
        if mishap is not Mishap.DRIP:
            _show(said.text, listener)
        return self._reply(request, said, rng)

    async def aclose(self) -> None:
        """Nothing is held."""

    def _rng(self, request: ModelRequest) -> Random:
        """The rng of this try of this request."""
        asked = repr((self._seed, self._day.name, request.system, _lasting(request.messages)))
        if request.tools:
            asked = _MADE_ANEW.sub("", asked)
        digest = sha256(asked.encode("utf-8", "replace")).digest()
        self._asked[digest] += 1
        number = int.from_bytes(digest[:8]) + self._asked[digest]
        return Random(number)  # noqa: S311 - the same each time is what is wanted

    def _storm_left(self) -> float:
        now = asyncio.get_running_loop().time()
        self._began = now if self._began is None else self._began
        # In whole milliseconds, or the same day would not come again to the last bit.
        return round(self._day.storm_left(round(now - self._began, 3)), 3)

    def _say(self, request: ModelRequest, rng: Random, mishap: Mishap | None) -> _Said:
        """The answer, or calls of tools that come before it."""
        if calls := make_calls(request, rng) if request.tools else ():
            is_misshapen = mishap is Mishap.WRONG_SCHEMA
            return _Said(calls=misshapen(calls, rng) if is_misshapen else calls)
        return _Said(self._text(request, rng, mishap))

    def _text(self, request: ModelRequest, rng: Random, mishap: Mishap | None) -> str:
        if request.output_schema is None:
            return make_text(rng, 60, 600)
        if mishap is Mishap.WRONG_SCHEMA:
            return dump({"unexpected": make_text(rng), "number": rng.randint(1, 9)}).decode()
        try:
            answer = dump(make_answer(request.output_schema, rng)).decode()
        except ValueError as error:
            raise make_failure(
                RequestRejected, _ENDPOINT, "made up no answer that fits the schema", why=str(error)
            ) from error
        return answer[: len(answer) // 2] if mishap is Mishap.BROKEN_JSON else answer

    async def _suffer(
        self, mishap: Mishap, said: _Said, rng: Random, listener: Listener | None
    ) -> None:
        """What `mishap` does before there is a reply, or instead of one."""
        match mishap:
            case Mishap.RATE_LIMITED:
                _refuse_for(rng.uniform(*self._day.retry_after_seconds))
            case Mishap.OVERLOADED:
                _refuse(529, "simulated: overloaded", {})
            case Mishap.STALL:
                await _wait_gone()
            case Mishap.HALF_OPEN:
                _show_half(said.text, listener)
                await _wait_gone()
            case Mishap.CUT:
                _show_half(said.text, listener)
                raise _failure(StreamCut, "broke off in the middle of its reply")
            case Mishap.MALFORMED:
                raise _failure(MalformedReply, "sent what is no reply", "<html>Bad Gateway</html>")
            case Mishap.REFUSAL:
                raise _failure(ModelRefused, "refused: I cannot help with that.")
            case Mishap.DRIP:
                size = max(1, -(-said.characters // _DRIP_PIECES))
                for start in range(0, said.characters, size):
                    await asyncio.sleep(_DRIP_SECONDS)
                    _show(said.text[start : start + size], listener)
            case Mishap.BROKEN_JSON if said.calls:
                raise _failure(MalformedReply, "sent a call whose arguments are not JSON")
            case Mishap.BROKEN_JSON | Mishap.WRONG_SCHEMA:
                pass  # the answer itself is what is wrong, or what a call is given

    def _reply(self, request: ModelRequest, said: _Said, rng: Random) -> ModelReply:
        given = sum(len(message.text) for message in request.messages) + len(request.system)
        tokens = max(1, given // _CHARACTERS_A_TOKEN)
        cached = int(tokens * rng.choice((0.0, 0.0, 0.5, 0.8)))
        written = max(1, said.characters // _CHARACTERS_A_TOKEN)
        most = request.max_output_tokens
        is_dear = self._day.dear_after is not None and self.calls > self._day.dear_after
        finish, message = Finish.STOP, assistant(said.text)
        if said.calls:
            finish, message = Finish.TOOLS, Message(Role.ASSISTANT, said.calls)
        elif written > most:
            finish, message = Finish.LENGTH, assistant(said.text[: most * _CHARACTERS_A_TOKEN])
        return ModelReply(
            message=message,
            model=self.name + DEAR if is_dear else self.name,
            finish=finish,
            usage=Usage(tokens - cached, min(written, most), cache_read_tokens=cached),
        )


def make_simulated(name: str) -> Simulated:
    """The model `sim/DAY` or `sim/DAY@SEED`.

    Raises:
        UnknownModel: no such day, or a seed that is no number.
    """
    day, _, seed = name.partition("/")[2].partition("@")
    if day in DAYS and (not seed or (seed.isascii() and seed.isdigit() and len(seed) < 10)):
        return Simulated(DAYS[day], int(seed or 0))
    raise UnknownModel(
        f"no simulated day {name[:80]!r}",
        why=f"the days are {', '.join(DAYS)}",
        hint=f"name one, such as {PROVIDER}/calm, or {PROVIDER}/calm@7 for another seed",
    )


def _lasting(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The messages without what tools gave."""
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


async def _wait_gone() -> None:
    """Wait until the caller gives the call up."""
    await asyncio.Event().wait()
