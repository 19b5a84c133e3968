"""Written: simulated models whose answers were written for the pictures, with their days' mishaps and prices."""

from __future__ import annotations

import asyncio
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.model import Finish, Listener, ModelReply, ModelRequest
from parallel_agents.models.simulated.model import make_simulated
from parallel_agents.testing import Answer
from parallel_agents.testing.scripted import to_reply

# What this task asks for is written in part, and never ends, so that a picture shows it being written.
ENDLESS = "Read the log of last night"
_CHARACTERS_A_TOKEN = 4
_QUESTION = "Two prices are in the catalog for Uji 100 g. Which one is printed?"
_CALLS: dict[str, tuple[ToolCall, ...]] = {
    "Mend the negative total": (
        ToolCall("c1", "read_file", {"path": "basket.py"}),
        ToolCall(
            "c2",
            "edit_file",
            {
                "path": "basket.py",
                "old_text": "    return price - discount\n",
                "new_text": "    return max(0, price - discount)\n",
            },
        ),
        ToolCall(
            "c3",
            "write_file",
            {
                "path": "test_basket.py",
                "content": "from basket import total\n\n\ndef test_a_discount_is_bounded():\n"
                "    assert total([9], discount=20) == 0\n",
            },
        ),
    ),
    "Print the price list": (
        ToolCall("c1", "ask_human", {"question": _QUESTION, "choices": ["11.90", "12.50"]}),
    ),
}
_AFTER_CALLS = "A total is never below zero now: `total` in basket.py, with a test for a discount above the price."


class _Written(NamedTuple):
    of: str
    texts: list[str]


def _read() -> tuple[_Written, ...]:
    found = tomllib.loads(Path(__file__).with_name("texts.toml").read_text("utf-8"))
    return tuple(_Written(each["of"], each["texts"]) for each in found["answer"])


class Written:
    """`sim/DAY`, with other words."""

    def __init__(self, name: str) -> None:
        self._day = make_simulated(name)
        self.name = self._day.name
        # These calls are known, so the tools carry them out.
        self.capabilities = replace(self._day.capabilities, notice="", is_simulated=False)
        self._texts = _read()

    async def start(self) -> None:
        """Do nothing; the model is always ready."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        asked = f"{request.system}\n{request.messages[0].text}"
        turn = sum(message.role is Role.ASSISTANT for message in request.messages)
        answer = self._answer(asked, turn)
        if ENDLESS in asked and isinstance(answer, str):
            await _write_without_end(answer, listener)
        reply = await self._day.respond(request)
        if answer is None:
            return reply
        message = to_reply(answer, self.name).message
        written = max(1, _length(message) // _CHARACTERS_A_TOKEN)
        usage = replace(reply.usage, output_tokens=written)
        finish = Finish.TOOLS if message.tool_calls else Finish.STOP
        return ModelReply(message=message, model=reply.model, finish=finish, usage=usage)

    async def aclose(self) -> None:
        """Do nothing; the model holds no resources."""

    def _answer(self, asked: str, turn: int) -> Answer | None:
        for of, calls in _CALLS.items():
            if of in asked:
                return calls[turn] if turn < len(calls) else _AFTER_CALLS
        for written in self._texts:
            if written.of in asked:
                return written.texts[min(turn, len(written.texts) - 1)]
        return None


def _length(message: Message) -> int:
    return len(message.text) + sum(len(repr(call.arguments)) for call in message.tool_calls)


async def _write_without_end(text: str, listener: Listener | None) -> None:
    if listener is not None and listener.wants_text:
        listener.text(text)
    await asyncio.Event().wait()
