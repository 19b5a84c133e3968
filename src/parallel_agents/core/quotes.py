"""Quotes: whether what an answer quotes is in the input of its task, and whose it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from parallel_agents.core.gate import QuotesGate, Verdict, describe_gate
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.shown import shown

_MOST_LISTED = 5


def quotes_verdict(gate: QuotesGate, answer: Json, given: JsonObject) -> Verdict:
    """The verdict on the quotes of an answer.

    Args:
        gate: the gate.
        answer: the answer.
        given: the input of its task.
    """
    objects = [
        (value, {_squeezed(text) for text in _values(value) if isinstance(text, str)})
        for value in _values(given)
        if isinstance(value, Mapping)
    ]
    wrong = [
        item
        for item in _items(answer, gate.path)
        if not any(_is_from(item, gate.fields, *each) for each in objects)
    ]
    critique = ""
    if wrong:
        listed = "; ".join(shown(item, 200) for item in wrong[:_MOST_LISTED])
        critique = (
            f"Each of {gate.items} must have its {' and '.join(gate.fields)} copied from one place "
            f"of the input. These do not: {listed}"
        )
    return Verdict(gate=describe_gate(gate), is_accepted=not critique, critique=critique)


def _items(value: Json, path: tuple[str, ...]) -> Iterator[Json]:
    """What is at a path that leads through lists; what is missing there is an item that is null."""
    if isinstance(value, list | tuple):
        yield from chain.from_iterable(_items(each, path) for each in value)
    elif not path:
        yield value
    else:
        yield from _items(value.get(path[0]) if isinstance(value, Mapping) else None, path[1:])


def _is_from(
    item: Json, fields: tuple[str, ...], source: Mapping[str, Json], below: set[str]
) -> bool:
    """Whether an object is what an item names first, and has all else that the item quotes."""
    if not isinstance(item, Mapping) or fields[0] not in source:
        return False
    named, *others = (item.get(name) for name in fields)
    own = source[fields[0]]
    texts = {_squeezed(own)} if isinstance(own, str) else set[str]()
    return _is_in(named, own, texts) and all(
        _is_in(quote, source.get(name), below)
        for name, quote in zip(fields[1:], others, strict=True)
    )


def _is_in(quote: Json, own: Json, texts: set[str]) -> bool:
    if not isinstance(quote, str):
        return quote is not None and quote == own
    words = _squeezed(quote)
    # A part of a name or of a URL is another one; several words may be a part of a text.
    return bool(words) and (words in texts or (" " in words and any(words in t for t in texts)))


def _values(value: Json) -> Iterator[Json]:
    """A value and all values in it."""
    yield value
    if isinstance(value, Mapping):
        yield from chain.from_iterable(map(_values, value.values()))
    elif isinstance(value, list | tuple):
        yield from chain.from_iterable(map(_values, value))


def _squeezed(text: str) -> str:
    return " ".join(text.split())
