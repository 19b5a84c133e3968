"""Draft: a reply while it arrives, whole or in pieces; one class for both wires."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import assert_never

import orjson

from parallel_agents.core.message import Message, Part, Role, Text, Thinking, ToolCall
from parallel_agents.core.model import Finish, ModelReply
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.models.shapes import ShapeError, dump
from parallel_agents.models.structured import FINAL_ANSWER

Show = Callable[[str], None]


class Kind(Enum):
    TEXT = auto()
    THINKING = auto()
    CALL = auto()


@dataclass(slots=True)
class Block:
    """One part as it grows; the pieces of a call are the JSON text of its arguments."""

    kind: Kind
    id: str = ""
    name: str = ""
    signature: str = ""
    pieces: list[str] = field(default_factory=list[str])


@dataclass(slots=True)
class Draft:
    """The part of a reply that has arrived.

    Attributes:
        answers_by_tool: a call of `final_answer` is the answer and not a tool call.
        show: receives each piece of the answer; None if nobody listens.
        finish: None until the server reports why it stopped.
        refusal: the text with which the model declined; empty if it did not.
        blocks: the blocks by their index in the reply.
    """

    answers_by_tool: bool
    show: Show | None = None
    finish: Finish | None = None
    refusal: str = ""
    usage: Usage = Usage()
    blocks: dict[int, Block] = field(default_factory=dict[int, Block])

    def block(self, index: int, kind: Kind) -> Block:
        """Return the block at `index`; make one if there is none yet.

        Raises:
            ShapeError: the block there is of a different kind.
        """
        block = self.blocks.get(index)
        if block is None:
            block = self.blocks[index] = Block(kind)
        elif block.kind is not kind:
            raise ShapeError(f"part {index} mixes two kinds of content")
        return block

    def add(self, block: Block, piece: str) -> None:
        """Append `piece` to `block`, and show it if it belongs to the answer."""
        if not piece:
            return
        block.pieces.append(piece)
        if self.show is not None and (block.kind is Kind.TEXT or self._is_answer(block)):
            self.show(piece)

    def reply(self, model: str) -> ModelReply:
        """The reply; `model` is `provider/model`.

        Raises:
            ShapeError: a call's arguments are not a JSON object although the reply was not cut.
        """
        parts = tuple(part for block in self.blocks.values() for part in self._parts(block))
        if self.answers_by_tool:
            parts = _unwrapped(parts)
        calls = any(isinstance(part, ToolCall) for part in parts)
        finish = Finish.TOOLS if calls else Finish.STOP
        if self.finish is Finish.LENGTH:
            finish = Finish.LENGTH
        return ModelReply(
            message=Message(Role.ASSISTANT, parts), model=model, finish=finish, usage=self.usage
        )

    def _parts(self, block: Block) -> tuple[Part, ...]:
        text = "".join(block.pieces)
        match block.kind:
            case Kind.TEXT:
                return (Text(text),) if text else ()
            case Kind.THINKING:
                return (Thinking(text, block.signature),) if text or block.signature else ()
            case Kind.CALL:
                return self._call(block, text)
            case _:
                assert_never(block.kind)

    def _call(self, block: Block, text: str) -> tuple[Part, ...]:
        try:
            arguments = _arguments(text, block.name)
        except ShapeError:
            if self.finish is not Finish.LENGTH:
                raise
            # Cut in the middle: the start of an answer is worth keeping, but a call is useless.
            return (Text(text),) if self._is_answer(block) else ()
        return (ToolCall(block.id or f"call_{uuid.uuid4().hex[:12]}", block.name, arguments),)

    def _is_answer(self, block: Block) -> bool:
        return self.answers_by_tool and block.kind is Kind.CALL and block.name == FINAL_ANSWER


def _arguments(text: str, name: str) -> JsonObject:
    try:
        value: Json = orjson.loads(text or "{}")
    except orjson.JSONDecodeError as error:
        raise ShapeError(f"the arguments of the call to {name} are not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ShapeError(f"the arguments of the call to {name} are not an object")
    return value


def _unwrapped(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts with the answering call as their text, which replaces any other text."""
    answers = [p for p in parts if isinstance(p, ToolCall) and p.name == FINAL_ANSWER]
    if not answers:
        return parts
    others = tuple(p for p in parts if isinstance(p, ToolCall) and p.name != FINAL_ANSWER)
    if others:
        # An answer next to other calls was written before their results: it is not final.
        return tuple(p for p in parts if p not in answers)
    thinking = tuple(part for part in parts if isinstance(part, Thinking))
    return (*thinking, Text(dump(answers[0].arguments).decode()))
