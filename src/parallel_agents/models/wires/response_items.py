"""Response items: the output of the Responses API as parts of a draft, whole or by its events.

An event names its item by its id, by its place in the output, or not at all, and servers get each of
these wrong: ids that change with each event, places that are all 0 or that differ between the events
and the last one. So an id that is known counts before a place, and the last event's items replace
those of the events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

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


class _Key(NamedTuple):
    """The key of a block: the number of its item, in the order in which items began, and its part."""

    item: int
    kind: Kind
    part: int | str = 0


def take_event(draft: Draft, event: str, value: JsonObject) -> None:
    """Apply an event that does not end the stream; `event` is its type without `response.`."""
    match event:
        case "output_text.delta":
            draft.add(_text_block(draft, value), text_at(value, "delta"))
        case "output_text.done" | "content_part.done":
            part = object_at(value, "part") or value
            _complete_text(draft, value, text_at(part, "text"))
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
            draft.grow(len(text_at(value, "delta")))
            draft.refusal += text_at(value, "delta")
        case "refusal.done":
            draft.refusal = text_at(value, "refusal") or draft.refusal
        case "output_item.added":
            item = object_at(value, "item")
            _take_item(draft, _begin(draft, item, index_at(value, "output_index")), item)
        case "output_item.done":
            item = object_at(value, "item")
            number = _find(draft, item, index_at(value, "output_index"))
            _take_item(draft, number, item, is_done=True)
        case _:
            pass  # what it says is in another event as well


def take_output(draft: Draft, response: JsonObject) -> None:
    """Apply the output of a whole reply, or of the last event of a stream.

    The items of a kind replace those of the events, unless there are fewer of them.
    """
    items = [item for item in objects_at(response, "output") if item.get("type") in _KINDS]
    show, shown = draft.show, _text_of(draft)
    if shown:
        draft.show = None
    final = [_KINDS[item["type"]] for item in items]
    for kind in set(final):
        if final.count(kind) >= len(_numbers(draft, kind)):
            gone = set(_keys(draft, kind))
            draft.blocks = {key: block for key, block in draft.blocks.items() if key not in gone}
            draft.names = {name: at for name, at in draft.names.items() if name[0] is not kind}
    numbers = [_find(draft, item, None) for item in items]
    for number, item in zip(numbers, items, strict=True):
        _take_item(draft, number, item, is_done=True)
    _sort(draft, numbers)
    if not draft.blocks and (text := text_at(response, "output_text")):
        draft.add(draft.block(_Key(0, Kind.TEXT), Kind.TEXT), text)
    draft.show = show
    if shown and (text := _text_of(draft)).startswith(shown):
        draft.show_more(text[len(shown) :])


def is_incomplete(response: JsonObject) -> bool:
    """Whether an item of the output was cut, whatever the response says of itself."""
    return any(item.get("status") == "incomplete" for item in objects_at(response, "output"))


def _sort(draft: Draft, numbers: list[int]) -> None:
    """Put the blocks in the order of the last event; what it does not have came before it."""
    places = {number: place for place, number in enumerate(numbers)}

    def place(key: object) -> int:
        return places.get(key.item, -1) if isinstance(key, _Key) else -1

    draft.blocks = dict(sorted(draft.blocks.items(), key=lambda pair: place(pair[0])))


def _keys(draft: Draft, kind: Kind) -> list[_Key]:
    return [key for key in draft.blocks if isinstance(key, _Key) and key.kind is kind]


def _numbers(draft: Draft, kind: Kind) -> list[int]:
    """The items of a kind that have begun, the last one last."""
    return list(dict.fromkeys(key.item for key in _keys(draft, kind)))


def _text_of(draft: Draft, number: int | None = None) -> str:
    """The text of an item, or of all of them."""
    keys = _keys(draft, Kind.TEXT)
    return "".join(draft.blocks[key].text for key in keys if number in (None, key.item))


def _ids(item: JsonObject) -> list[str]:
    return [name for key in ("id", "call_id") if (name := word_at(item, key))]


def _begin(draft: Draft, item: JsonObject, place: int | None) -> int:
    """The number of an item that begins, under its ids and its place from now on."""
    kind = _KINDS.get(item.get("type"), Kind.TEXT)
    known = next(
        (draft.names[kind, name] for name in _ids(item) if (kind, name) in draft.names), None
    )
    number = _next(draft) if known is None else known
    _name(draft, kind, number, [*_ids(item), *([] if place is None else [place])])
    return number


def _find(draft: Draft, item: JsonObject, place: int | None) -> int:
    """The number of an item that is complete; a new one if no item that began can be it."""
    kind = _KINDS.get(item.get("type"), Kind.TEXT)
    for name in _ids(item):
        if (kind, name) in draft.names:
            return draft.names[kind, name]
    at_place = draft.names.get((kind, place)) if place is not None else None
    begun = _numbers(draft, kind)
    candidates = begun[::-1] if place is None else [n for n in begun if n == at_place]
    found = next((n for n in candidates if _can_be(draft, n, item, kind)), None)
    return _begin(draft, item, place) if found is None else found


def _can_be(draft: Draft, number: int, item: JsonObject, kind: Kind) -> bool:
    """Whether an item that began can be the one that is complete, although its ids are others."""
    match kind:
        case Kind.CALL:
            begun, ids = draft.blocks[_Key(number, kind)].id, _ids(item)
            return not begun or not ids or begun in ids
        case Kind.TEXT:
            return "".join(_texts(item)).startswith(_text_of(draft, number))
        case Kind.THINKING:
            return True


def _item_of(draft: Draft, event: JsonObject, kind: Kind) -> int:
    """The number of an event's item: by its id, its place, or else the last one of its kind."""
    place, name = index_at(event, "output_index"), word_at(event, "item_id")
    for known in (name, place):
        if known not in (None, "") and (kind, known) in draft.names:
            return draft.names[kind, known]
    begun = _numbers(draft, kind)
    number = begun[-1] if place is None and begun else _next(draft)
    _name(draft, kind, number, [each for each in (name, place) if each not in (None, "")])
    return number


def _name(draft: Draft, kind: Kind, number: int, names: Iterable[str | int | None]) -> None:
    draft.names.update({(kind, name): number for name in names})


def _next(draft: Draft) -> int:
    items = (key.item for key in draft.blocks if isinstance(key, _Key))
    return 1 + max((*items, *draft.names.values()), default=-1)


def _block(draft: Draft, event: JsonObject, kind: Kind) -> Block:
    return draft.block(_Key(_item_of(draft, event, kind), kind), kind)


def _text_block(draft: Draft, event: JsonObject) -> Block:
    number = _item_of(draft, event, Kind.TEXT)
    return _part_block(draft, number, index_at(event, "content_index") or 0)


def _part_block(draft: Draft, number: int, part: int) -> Block:
    """The block of a part of a message; that of the message's phase if it is a commentary."""
    phase = draft.blocks.get(_Key(number, Kind.TEXT, PHASE))
    if phase is not None and phase.signature == PHASE + _COMMENTARY:
        return phase
    return draft.block(_Key(number, Kind.TEXT, part), Kind.TEXT)


def _complete_text(draft: Draft, event: JsonObject, text: str) -> None:
    """Bring a part to its final text, which may be that of all parts: their indices may rise."""
    block = _text_block(draft, event)
    whole = _text_of(draft, _item_of(draft, event, Kind.TEXT))
    if not block.text.startswith(text) and text.startswith(whole):
        draft.add(block, text[len(whole) :])
    elif text != whole:
        draft.complete(block, text)


def _take_item(draft: Draft, number: int, item: JsonObject, *, is_done: bool = False) -> None:
    match item.get("type"):
        case "message":
            _take_message(draft, number, item)
        case "function_call":
            block = draft.block(_Key(number, Kind.CALL), Kind.CALL)
            block.id = word_at(item, "call_id") or word_at(item, "id")
            block.name = text_at(item, "name")
            draft.complete(block, _json_text(item.get("arguments")))
        case "reasoning":
            block = draft.block(_Key(number, Kind.THINKING), Kind.THINKING)
            draft.complete(block, _reasoning_text(item))
            if is_done:  # before, the encrypted content may be incomplete
                block.signature = ITEM + dump(_kept(item)).decode()
        case _:
            pass  # of a tool that runs on the server; no request offers one


def _take_message(draft: Draft, number: int, item: JsonObject) -> None:
    phase = text_at(item, "phase")
    if phase:
        block = draft.block(_Key(number, Kind.TEXT, PHASE), Kind.THINKING)
        block.signature = PHASE + phase
    content = item.get("content")
    if not isinstance(content, str):
        refusals = [text_at(part, "refusal") for part in objects_at(item, "content")]
        draft.refusal = "".join(refusals) or draft.refusal
    texts = _texts(item)
    if phase == _COMMENTARY or not texts:
        texts = ["".join(texts)]
    keys = [key for key in _keys(draft, Kind.TEXT) if key.item == number and key.part != PHASE]
    if len(keys) > len(texts):
        whole = _text_of(draft, number)
        if "".join(texts) != whole:
            for key in keys[1:]:
                del draft.blocks[key]
            draft.blocks[keys[0]].pieces[:] = texts
        return
    for part, text in enumerate(texts):
        draft.complete(_part_block(draft, number, part), text)


def _texts(item: JsonObject) -> list[str]:
    """The texts of a message's parts."""
    content = item.get("content")
    if isinstance(content, str):
        return [content]
    return [text_at(part, "text") for part in objects_at(item, "content")]


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
