"""Call pieces: tool calls in the pieces of a stream, put together however a server numbers them."""

from __future__ import annotations

import orjson

from parallel_agents.models.wires.draft import Block, Draft, Kind


def take_call(
    draft: Draft, index: int | None, call_id: str, name: str, arguments: str, *, is_whole: bool
) -> Block:
    """Add a piece of a tool call, and return the call that it belongs to.

    Servers number parallel calls from 0, give all of them the number 0, or none at all; what tells
    two calls apart then is another id, or a name after arguments that are complete.
    """
    block = None if is_whole else draft.calls.get(index)
    if block is None and not is_whole and not (call_id or name):
        block = _open_call(draft)  # under a wrong number
    if block is not None and index is None and call_id and block.id != call_id:
        block = next((each for each in draft.calls.values() if each.id == call_id), None)
    if block is None or _begins(draft, block, call_id, name, arguments):
        block = draft.block(("call", len(draft.blocks)), Kind.CALL)
        draft.calls[index] = block
    block.id = block.id or call_id
    block.name = _grown_name(draft, block, name)
    draft.grow(len(name))
    draft.add(block, arguments)
    return block


def _open_call(draft: Draft) -> Block | None:
    """The last call, if its arguments are not complete."""
    last = next(reversed(draft.blocks.values()), None)
    is_open = last is not None and last.kind is Kind.CALL and not _is_complete(last.text)
    return last if is_open else None


def _begins(draft: Draft, block: Block, call_id: str, name: str, arguments: str) -> bool:
    """Whether a piece begins a new call, although it has the number of `block`.

    Some servers repeat the name in each piece, some the whole call, and some give each piece an id
    of its own; so it begins one if the call before is complete, or is another tool's.
    """
    if not name:
        return False
    before = block.text
    if block.name and name != block.name and not _is_more_of_name(draft, block, name):
        return True
    is_other = bool(call_id and block.id and call_id != block.id)
    if is_other:
        return _is_complete(before)
    is_again = arguments.startswith(before) and (arguments != before or call_id == block.id != "")
    return bool(arguments and before) and not is_again and _is_complete(before)


def _is_more_of_name(draft: Draft, block: Block, name: str) -> bool:
    """Whether a name continues that of `block`, or repeats and continues it.

    The name of `block` is then only the start of a tool's name.
    """
    if block.pieces or block.name in draft.tools:
        return False
    return any(
        known.startswith((name, block.name + name)) and known != block.name
        for known in draft.tools
        if known.startswith(block.name)
    )


def _grown_name(draft: Draft, block: Block, name: str) -> str:
    if not block.name or name == block.name:
        return block.name or name
    if not name or not _is_more_of_name(draft, block, name):
        return block.name
    return name if name.startswith(block.name) else block.name + name


def _is_complete(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False
