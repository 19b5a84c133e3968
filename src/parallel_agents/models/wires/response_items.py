"""Response items: the output of the Responses API as parts of a draft, whole or by its events.

An event names its item by its place in the output, by its id, or not at all; an item comes in pieces,
at its end, in the last event, or in several of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.models.shapes import dump, index_at, object_at, objects_at, text_at, word_at
from parallel_agents.models.wires.draft import Block, Draft, Kind

# What a reasoning is kept as: the item, to be returned unchanged.
ITEM = "item:"
# What the phase of a message is kept as; the text of a commentary is kept with it.
PHASE = "phase:"
_COMMENTARY = "commentary"
_BETWEEN = "\n\n"
_KINDS: Mapping[Json, Kind] = {
    "message": Kind.TEXT,
    "function_call": Kind.CALL,
    "reasoning": Kind.THINKING,
}
_Name: TypeAlias = "int | str"


class _Key(NamedTuple):
    """The key of a block: the name that events give its item, and the part of the item."""

    item: _Name
    kind: Kind
    part: int | str = 0


def take_event(draft: Draft, event: str, value: JsonObject) -> None:
    """Apply an event that does not end the stream; `event` is its type without `response.`."""
    match event:
        case "output_text.delta":
            draft.add(_text_block(draft, value), text_at(value, "delta"))
        case "output_text.done":
            draft.complete(_text_block(draft, value), text_at(value, "text"))
        case "function_call_arguments.delta":
            draft.add(_block(draft, value, Kind.CALL), text_at(value, "delta"))
        case "function_call_arguments.done":
            block = _block(draft, value, Kind.CALL)
            block.name = block.name or text_at(value, "name")
            draft.complete(block, _json_text(value.get("arguments")))
        case "reasoning_summary_text.delta" | "reasoning_text.delta" | "reasoning.delta":
            draft.add(_block(draft, value, Kind.THINKING), text_at(value, "delta"))
        case "reasoning_summary_part.added":
            block = _block(draft, value, Kind.THINKING)
            draft.add(block, _BETWEEN if block.pieces else "")
        case "refusal.delta":
            draft.refusal += text_at(value, "delta")
        case "refusal.done":
            draft.refusal = text_at(value, "refusal") or draft.refusal
        case "output_item.added":
            item = object_at(value, "item")
            _take_item(draft, _name_of(item, index_at(value, "output_index"), set()), item)
        case "output_item.done":
            item = object_at(value, "item")
            name = _name_of(item, index_at(value, "output_index"), _arrived(draft))
            _take_item(draft, name, item, is_done=True)
        case _:
            pass  # what it says is in another event as well


def take_output(draft: Draft, response: JsonObject) -> None:
    """Apply the output of a whole reply, or of the last event of a stream, which counts."""
    items = objects_at(response, "output")
    arrived = _arrived(draft)
    count = len(arrived)
    names = [_name_of(item, place, arrived) for place, item in enumerate(items)]
    show = draft.show
    if items and draft.blocks and len(arrived) == count:
        # Nothing tells which item is which, but the last event has them all.
        if any(block.kind is Kind.TEXT for block in draft.blocks.values()):
            draft.show = None  # it was shown as it came
        draft.blocks.clear()
    for name, item in zip(names, items, strict=True):
        _take_item(draft, name, item, is_done=True)
    draft.show = show
    _sort(draft, names)
    if not draft.blocks and (text := text_at(response, "output_text")):
        draft.add(draft.block(_Key(0, Kind.TEXT), Kind.TEXT), text)


def _sort(draft: Draft, names: list[_Name]) -> None:
    """Put the blocks in the order of their items: a reasoning may have come only at the end."""
    places = {name: place for place, name in enumerate(names)}

    def place(key: object) -> int:
        return places.get(key.item, len(places)) if isinstance(key, _Key) else len(places)

    draft.blocks = dict(sorted(draft.blocks.items(), key=lambda pair: place(pair[0])))


def _arrived(draft: Draft) -> set[tuple[_Name, Kind]]:
    """The items that have begun to arrive."""
    return {(key.item, key.kind) for key in draft.blocks if isinstance(key, _Key)}


def _name_of(item: JsonObject, place: int | None, arrived: set[tuple[_Name, Kind]]) -> _Name:
    """The name that events gave an item, which is taken out of `arrived`; or else a new one."""
    kind = _KINDS.get(item.get("type"), Kind.TEXT)
    names: list[_Name] = [name for key in ("id", "call_id") if (name := word_at(item, key))]
    if place is not None:
        names.insert(0, place)
    for name in (*names, ""):
        if (name, kind) in arrived:
            arrived.discard((name, kind))
            return name
    return names[0] if names else ""


def _event_name(draft: Draft, event: JsonObject, kind: Kind) -> _Name:
    """The name that an event gives its item; without one it means the last item of its kind."""
    place = index_at(event, "output_index")
    if place is not None:
        return place
    if name := word_at(event, "item_id"):
        return name
    begun = [key.item for key in draft.blocks if isinstance(key, _Key) and key.kind is kind]
    return begun[-1] if begun else ""


def _block(draft: Draft, event: JsonObject, kind: Kind) -> Block:
    return draft.block(_Key(_event_name(draft, event, kind), kind), kind)


def _text_block(draft: Draft, event: JsonObject) -> Block:
    name = _event_name(draft, event, Kind.TEXT)
    return _part_block(draft, name, index_at(event, "content_index") or 0)


def _part_block(draft: Draft, name: _Name, part: int) -> Block:
    """The block of a part of a message; that of the message's phase if it is a commentary."""
    phase = draft.blocks.get(_Key(name, Kind.TEXT, PHASE))
    if phase is not None and phase.signature == PHASE + _COMMENTARY:
        return phase
    return draft.block(_Key(name, Kind.TEXT, part), Kind.TEXT)


def _take_item(draft: Draft, name: _Name, item: JsonObject, *, is_done: bool = False) -> None:
    match item.get("type"):
        case "message":
            _take_message(draft, name, item)
        case "function_call":
            block = draft.block(_Key(name, Kind.CALL), Kind.CALL)
            block.id = word_at(item, "call_id") or word_at(item, "id")
            block.name = text_at(item, "name")
            draft.complete(block, _json_text(item.get("arguments")))
        case "reasoning":
            block = draft.block(_Key(name, Kind.THINKING), Kind.THINKING)
            draft.complete(block, _reasoning_text(item))
            if is_done:  # before, the encrypted content may be incomplete
                block.signature = ITEM + dump(_kept(item)).decode()
        case _:
            pass  # of a tool that runs on the server; no request offers one


def _take_message(draft: Draft, name: _Name, item: JsonObject) -> None:
    phase, content = text_at(item, "phase"), item.get("content")
    if phase:
        block = draft.block(_Key(name, Kind.TEXT, PHASE), Kind.THINKING)
        block.signature = PHASE + phase
    parts = [{"text": content}] if isinstance(content, str) else objects_at(item, "content")
    draft.refusal = "".join([text_at(part, "refusal") for part in parts]) or draft.refusal
    texts = [text_at(part, "text") for part in parts]
    if phase == _COMMENTARY or not texts:
        texts = ["".join(texts)]
    for part, text in enumerate(texts):
        draft.complete(_part_block(draft, name, part), text)


def _reasoning_text(item: JsonObject) -> str:
    summary = [text_at(part, "text") for part in objects_at(item, "summary")]
    content = [text_at(part, "text") for part in objects_at(item, "content")]
    return _BETWEEN.join(filter(None, summary)) or _BETWEEN.join(filter(None, content))


def _kept(item: JsonObject) -> JsonObject:
    """What of a reasoning the server takes back: not its status, nor its text in two forms."""
    names = ("type", "id", "summary", "encrypted_content")
    kept = {name: item[name] for name in names if item.get(name) is not None}
    kept.setdefault("summary", [])
    if "encrypted_content" not in kept and item.get("content"):
        kept["content"] = item["content"]
    return kept


def _json_text(value: Json) -> str:
    """Arguments as JSON text; some servers send the value itself."""
    if value is None:
        return ""
    return value if isinstance(value, str) else dump(value).decode()
