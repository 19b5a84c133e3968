"""Draft: a reply while it arrives, whole or in pieces; one class for all wires."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import pairwise

import orjson

from parallel_agents.core.json_value import MOST_DEPTH, depth_of
from parallel_agents.core.message import Message, Part, Role, Text, Thinking, ToolCall
from parallel_agents.core.model import Finish, ModelReply
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.unicode import ends_in_half, whole_text
from parallel_agents.core.usage import Usage
from parallel_agents.models.bounds import MOST_CALLS, MOST_CHARACTERS, TooLarge
from parallel_agents.models.reading.finish import End, end_of
from parallel_agents.models.reading.text_calls import clean_name
from parallel_agents.models.reading.thinking import AnswerFilter, part_thinking
from parallel_agents.models.reading.usage import has_total, is_whole, read_usage
from parallel_agents.models.reading.values import read_arguments
from parallel_agents.models.shapes import ShapeError, dump
from parallel_agents.models.wires.details import to_signature
from parallel_agents.models.wires.finishing import start_of, unwrapped, with_own_id, without_wrap
from parallel_agents.models.wires.structured import FINAL_ANSWER
from parallel_agents.models.wires.text_parts import read_text_calls

Show = Callable[[str], None]
_NOTHING = Usage()
_FINISHES: Mapping[End | None, Finish] = {
    End.CUT: Finish.LENGTH,
    End.WINDOW: Finish.WINDOW,
    End.PAUSED: Finish.PAUSED,
}


class Kind(Enum):
    TEXT = auto()
    THINKING = auto()
    CALL = auto()


@dataclass(slots=True)
class Block:
    """One part as it grows; the pieces of a call are the JSON text of its arguments.

    `details` are the parts of a reasoning that go back to the server unchanged.
    """

    kind: Kind
    id: str = ""
    name: str = ""
    signature: str = ""
    pieces: list[str] = field(default_factory=list[str])
    details: list[Json] = field(default_factory=list[Json])

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def grows(self) -> bool:
        """Whether each piece repeats what came before, as some servers send it."""
        return len(self.pieces) > 1 and all(
            after.startswith(before) for before, after in pairwise(self.pieces)
        )


@dataclass(slots=True)
class Draft:
    """The part of a reply that has arrived.

    Attributes:
        tools: the tools that the model was offered: the name on the wire, and their own.
        answers_by_tool: a call of `final_answer` is the answer and not a tool call.
        schema: what the answer must fit; None if any text is one.
        show: receives each piece of the answer; None if nobody listens.
        reason: the server's own term for why the reply ended; empty until it says.
        is_wrapped: the answer is the member `answer` of an object.
        most_tokens: the limit of the reply; 0 if it is not known.
        is_over: the server has said that nothing follows.
        is_whole: the reply came in one piece.
        refusal: the text with which the model declined; empty if it did not.
        usage: what the server counted; None if it has counted nothing.
        has_total: it counted all of the tokens together, whatever parts it told.
        arrived: the number of pieces that have arrived.
        size: the characters of all that the reply holds.
        reply_id: the id of the last chunk, if chunks have one.
        has_lasting_id: two chunks had the same id.
        is_unsure: a piece came after a reason: the server writes one on each, so only the end of
            its stream tells that the reply is complete.
        unread: the text of the reply if it holds a call that cannot be read; known after `reply`.
        blocks: the parts, by whatever tells them apart on the wire.
        calls: the calls in pieces, by the server's index.
        names: the numbers of items, by their kind and what the server calls them (Responses only).
    """

    tools: Mapping[str, str] = field(default_factory=dict[str, str])
    answers_by_tool: bool = False
    schema: JsonObject | None = None
    is_wrapped: bool = False
    most_tokens: int = 0
    show: Show | None = None
    reason: str = ""
    is_over: bool = False
    is_whole: bool = False
    refusal: str = ""
    usage: Usage | None = None
    has_total: bool = False
    arrived: int = 0
    size: int = 0
    is_unsure: bool = False
    reply_id: str = ""
    has_lasting_id: bool = False
    unread: str = ""
    blocks: dict[Hashable, Block] = field(default_factory=dict[Hashable, Block])
    names: dict[tuple[Kind, str | int | None], int] = field(
        default_factory=dict["tuple[Kind, str | int | None]", int]
    )
    calls: dict[int | None, Block] = field(default_factory=dict["int | None", Block])
    _parts_by_index: dict[int | None, Block] = field(default_factory=dict["int | None", Block])
    _choice: int | None = None
    _filter: AnswerFilter | None = None
    _half: str = ""

    @property
    def end(self) -> End | None:
        """What the server's reason means; None if it gave none."""
        return end_of(self.reason) if self.reason else None

    def is_full(self, fewest: int = 0) -> bool:
        """Whether a reply without calls is as long as it may be; a request asks for at least `fewest`."""
        most = max(fewest, self.most_tokens)
        is_at_limit = self.most_tokens and self.usage and self.usage.output_tokens >= most
        return bool(is_at_limit) and all(b.kind is not Kind.CALL for b in self.blocks.values())

    @property
    def is_cut(self) -> bool:
        """Whether a limit ended the reply, so that its last part is not whole."""
        return self.end in (End.CUT, End.WINDOW)

    def begin_again(self) -> None:
        """Forget what has arrived: the server begins its reply anew, as a further call would.

        A listener hears it again, as after a retry.
        """
        self.blocks.clear()
        self.calls.clear()
        self._parts_by_index.clear()
        self.reason, self.refusal, self.is_unsure = "", "", False
        self._filter, self._half = None, ""

    def check_content(self) -> None:
        """Refuse a reply that says nothing at all.

        Raises:
            ShapeError: nothing has arrived.
        """
        if not (self.blocks or self.reason or self.refusal):
            raise ShapeError("it holds no message and no reason for its end")

    @property
    def has_calls(self) -> bool:
        """Whether the reply may ask for calls, including by words in its text."""
        return bool(self.tools) and bool(self.blocks)

    def has_call(self) -> bool:
        """Whether the reply asks for a call, even if only in its text."""
        if any(block.kind is Kind.CALL for block in self.blocks.values()):
            return True
        parts: list[Part] = []
        for block in self.blocks.values():
            is_text = block.kind is Kind.TEXT
            thought = Thinking(block.text, block.signature)
            parts.extend(self._texts(block.text) if is_text else [thought])
        read = read_text_calls(parts, self.tools, answers_by_tool=True, schema=self.schema).parts
        return any(isinstance(part, ToolCall) for part in read)

    def takes_calls_of(self, choice: int) -> bool:
        """Whether the calls of a candidate belong to the reply: only those of one do."""
        if self._choice is None:
            self._choice = choice
        return self._choice == choice

    def block(self, key: Hashable, kind: Kind) -> Block:
        """Return the block under `key`; make one if there is none yet.

        Raises:
            ShapeError: the block there is of another kind.
        """
        block = self.blocks.get(key)
        if block is None:
            if len(self.blocks) >= MOST_CALLS and kind is Kind.CALL:
                raise TooLarge(f"it has more than {MOST_CALLS:,} calls")
            block = self.blocks[key] = Block(kind)
        elif block.kind is not kind:
            raise ShapeError(f"part {key} mixes two kinds of content")
        return block

    def begin(self, index: int | None, kind: Kind) -> Block:
        """Begin a part under the server's number for it, which a part before it may have had."""
        block = self.block(("part", len(self.blocks)), kind)
        self._parts_by_index[index] = block
        return block

    def begun(self, index: int | None) -> Block | None:
        """The last part that began under a number."""
        return self._parts_by_index.get(index)

    def add(self, block: Block, piece: str) -> None:
        """Append `piece` to `block`, and show it if it belongs to the answer.

        Raises:
            TooLarge: the reply has too many characters.
        """
        if not piece:
            return
        self.arrived += 1
        self.grow(len(piece))
        if self.reason:
            self.is_unsure = True
        block.pieces.append(piece)
        if self.show is not None and (block.kind is Kind.TEXT or self._is_answer(block)):
            self._show(self.show, block, piece)

    def grow(self, characters: int) -> None:
        """Count what the reply holds, whatever it is.

        Raises:
            TooLarge: it is more than a reply may have.
        """
        self.size += characters
        if self.size > MOST_CHARACTERS:
            raise TooLarge(f"it has more than {MOST_CHARACTERS >> 20} million characters")

    def keep(self, block: Block, details: Sequence[Json]) -> None:
        """Keep parts of a reasoning for the server."""
        self.grow(sum(len(dump(each)) for each in details))
        block.details.extend(details)

    def complete(self, block: Block, text: str) -> None:
        """Bring a block to its final text: what its pieces lack is added."""
        before = block.text
        if text.startswith(before):
            self.add(block, text[len(before) :])
        elif text:
            self.grow(len(text))
            block.pieces[:] = [text]

    def show_more(self, piece: str) -> None:
        """Show what the end of a stream has of the answer beyond its pieces."""
        if piece and self.show is not None:
            self._show(self.show, Block(Kind.TEXT), piece)

    def _show(self, show: Show, block: Block, piece: str) -> None:
        piece, self._half = self._half + piece, ""
        if ends_in_half(piece):
            piece, self._half = piece[:-1], piece[-1]
        if block.kind is Kind.TEXT:
            if self._filter is None:
                self._filter = AnswerFilter()
            piece = self._filter.feed(piece)
        if piece:
            show(whole_text(piece))

    def reply(self, model: str, taken: Collection[str] = ()) -> ModelReply:
        """The reply of `model` (`provider/model`); the ids of its calls are not among `taken`."""
        if self.show is not None and self._filter is not None and (rest := self._filter.close()):
            self.show(rest)
        message = Message(Role.ASSISTANT, self._parts(set(taken)), model)
        if len(message.tool_calls) > MOST_CALLS:  # in its text
            raise TooLarge(f"it has more than {MOST_CALLS:,} calls")
        finish = Finish.TOOLS if message.tool_calls else Finish.STOP
        return ModelReply(
            message=message,
            model=model,
            finish=_FINISHES.get(self.end, finish),
            usage=self.usage or _NOTHING,
            is_estimated=not (
                self.has_total or is_whole(self.usage, has_parts=bool(message.parts))
            ),
        )

    def take_usage(self, value: Json, read: Callable[[Json, Usage], Usage] = read_usage) -> None:
        """Add what the server has counted, in the form that `read` reads."""
        if not value:
            return
        counted = read(value, self.usage or _NOTHING)
        if counted.total_tokens:
            self.usage = counted
            # Nobody asks for it if both the request and the reply were counted.
            if not self.has_total and not is_whole(counted, has_parts=True):
                self.has_total = has_total(value)

    def _parts(self, taken: set[str]) -> tuple[Part, ...]:
        parts: list[Part] = []
        last = next(reversed(self.blocks.values()), None)
        for block in self.blocks.values():
            match block.kind:
                case Kind.TEXT:
                    parts.extend(self._texts(whole_text(block.text)))
                case Kind.THINKING:
                    signature = block.signature or to_signature(block.details)
                    if block.text or signature:
                        parts.append(Thinking(whole_text(block.text), signature))
                case Kind.CALL if block.name or block.pieces:
                    parts.extend(self._call(block, is_cut=self.is_cut and block is last))
                case _:
                    pass
        if self.answers_by_tool:
            parts = unwrapped(parts)
        if self._may_have_text_calls(parts):
            parts = self._with_text_calls(parts)
        if self.is_wrapped:
            parts = [without_wrap(part) for part in parts]
        return tuple([with_own_id(part, taken) for part in parts])

    def _texts(self, text: str) -> Sequence[Part]:
        thinking, answer = part_thinking(text)
        thought: list[Part] = [Thinking(thinking)] if thinking else []
        return [*thought, Text(answer)] if answer.strip() else thought

    def _call(self, block: Block, *, is_cut: bool) -> Sequence[Part]:
        """A call as a part; not one in which the reply was cut, whatever its JSON looks like.

        The start of an answer is worth keeping, but half a call is not.
        """
        text = block.text
        if is_cut:
            return (Text(text),) if self._is_answer(block) else ()
        name = self._own_name(block.name)
        try:
            value: Json = orjson.loads(text or "{}")
        except orjson.JSONDecodeError:
            value = None
        if isinstance(value, dict):
            if text.count("[") + text.count("{") > MOST_DEPTH and depth_of(value) > MOST_DEPTH:
                why = f"they have more than {MOST_DEPTH} levels: {start_of(text)}"
                return (ToolCall(block.id, name, {}, unread=why),)
            return (ToolCall(block.id, name, value, block.signature),)
        if block.grows:
            text = block.pieces[-1]
        try:
            arguments = read_arguments(text)
        except ShapeError as error:
            if self._is_answer(block):
                return (Text(text),)
            return (ToolCall(block.id, name, {}, unread=f"{error}: {start_of(text)}"),)
        return (ToolCall(block.id, name, arguments, signature=block.signature),)

    def _own_name(self, name: str) -> str:
        if self.answers_by_tool and clean_name(name, (FINAL_ANSWER,)) == FINAL_ANSWER:
            return FINAL_ANSWER
        on_wire = clean_name(name, self.tools.keys())
        return self.tools.get(on_wire, whole_text(name))

    def _may_have_text_calls(self, parts: Sequence[Part]) -> bool:
        """Whether calls may stand in the text; one at the end of a reply that was cut is not whole."""
        has_call = any(isinstance(part, ToolCall) for part in parts)
        return bool(self.tools) and not self.is_cut and not has_call

    def _with_text_calls(self, parts: list[Part]) -> list[Part]:
        """The parts, with the calls that the server left in their text."""
        by_tool = self.answers_by_tool
        read = read_text_calls(parts, self.tools, answers_by_tool=by_tool, schema=self.schema)
        self.unread = read.unread
        return unwrapped(read.parts) if by_tool else list(read.parts)

    def _is_answer(self, block: Block) -> bool:
        return self.answers_by_tool and block.kind is Kind.CALL and block.name == FINAL_ANSWER
