"""Quotes: whether what an answer quotes is in the input of its task, whose it is, and that it is not used twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from parallel_agents.core.gate import QuotesGate, Verdict, describe_gate
from parallel_agents.core.passages import UsedPassages, is_long, is_passage
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
    sources = [_Source.of(value) for value in _values(given) if isinstance(value, Mapping)]
    findings = list(_findings(answer, gate.path))
    wrong = [
        item
        for item in chain.from_iterable(findings)
        if not any(source.has(item, gate.fields) for source in sources)
    ]
    critique = ""
    if wrong:
        critique = (
            f"Each of {gate.items} must have its {' and '.join(gate.fields)} copied from one place of "
            f"the input: all of a text, or at least three whole words of it. These do not: {_listed(wrong)}"
        )
    elif not all(findings):
        critique = f"Each must have {gate.items}, and one has none."
    elif again := _repeated(findings, gate.fields):
        critique = (
            f"One quote cannot stand for several of {gate.path[0]}: leave out, merge or quote something "
            f"else for {_listed(again)}"
        )
    return Verdict(gate=describe_gate(gate), is_accepted=not critique, critique=critique)


class _Source(NamedTuple):
    """An object of the input that an item may be from, and the texts in it by the names of their fields."""

    value: Mapping[str, Json]
    texts: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, value: Mapping[str, Json]) -> _Source:
        return cls(value, [(name, _squeezed(text)) for name, text in _texts("", value)])

    def has(self, item: Json, fields: Sequence[str]) -> bool:
        """Whether this is what an item names first, and has all else that the item quotes."""
        naming = fields[0]
        if not isinstance(item, Mapping) or naming not in self.value:
            return False
        own = self.value[naming]
        name = item.get(naming)
        if isinstance(own, str) and isinstance(name, str):
            is_named = is_passage(_squeezed(name), _squeezed(own))
        else:
            is_named = name is not None and name == own
        return is_named and all(self._has(field, item.get(field), naming) for field in fields[1:])

    def _has(self, field: str, quote: Json, naming: str) -> bool:
        if not isinstance(quote, str):
            return quote is not None and quote == self.value.get(field)
        words = _squeezed(quote)
        # What names the source proves nothing about it, and a short value is one of its own field.
        return any(
            is_passage(words, text) and (name == field or (name != naming and is_long(words)))
            for name, text in self.texts
        )


def _listed(items: Sequence[Json]) -> str:
    return "; ".join(shown(item, 200) for item in items[:_MOST_LISTED])


def _findings(value: Json, path: tuple[str, ...]) -> Iterator[list[Json]]:
    """The items of each finding: the elements of the outermost list are findings."""
    if isinstance(value, list | tuple):
        yield from (list(_items(each, path)) for each in value)
    elif not path:
        yield [value]
    else:
        yield from _findings(value.get(path[0]) if isinstance(value, Mapping) else None, path[1:])


def _items(value: Json, path: tuple[str, ...]) -> Iterator[Json]:
    """What is at a path that leads through lists; what is missing there is an item that is null."""
    if isinstance(value, list | tuple):
        yield from chain.from_iterable(_items(each, path) for each in value)
    elif not path:
        yield value
    else:
        yield from _items(value.get(path[0]) if isinstance(value, Mapping) else None, path[1:])


def _repeated(findings: Sequence[Sequence[Json]], fields: Sequence[str]) -> list[Json]:
    """The first item of each finding that quotes nothing of its own, and items that are in a finding twice."""
    used: defaultdict[str, UsedPassages] = defaultdict(UsedPassages)
    repeated: list[Json] = []
    for items in findings:
        quoted = [_quoted(item, fields) for item in items]
        repeated += [
            item for n, item in enumerate(items) if quoted[n].texts and quoted[n] in quoted[:n]
        ]
        if all(each.texts and each.is_in(used[each.source]) for each in quoted):
            repeated.append(items[0])
        for each in quoted:
            for text in each.texts:
                used[each.source].add(text)
    return repeated


class _Quoted(NamedTuple):
    """What an item quotes, and from which source; names and numbers are not quotes."""

    source: str
    texts: tuple[str, ...]

    def is_in(self, used: UsedPassages) -> bool:
        return all(map(used.has, self.texts))


def _quoted(item: Json, fields: Sequence[str]) -> _Quoted:
    values = [item.get(field) for field in fields] if isinstance(item, Mapping) else []
    texts = [_squeezed(value) if isinstance(value, str) else "" for value in values]
    source, quotes = (texts[0], texts[1:]) if len(texts) > 1 else ("", texts)
    return _Quoted(source, tuple(text for text in quotes if " " in text))


def _values(value: Json) -> Iterator[Json]:
    """A value and all values in it."""
    yield value
    if isinstance(value, Mapping):
        yield from chain.from_iterable(map(_values, value.values()))
    elif isinstance(value, list | tuple):
        yield from chain.from_iterable(map(_values, value))


def _texts(name: str, value: Json) -> Iterator[tuple[str, str]]:
    """All texts in a value, each with the name of its field."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping):
        for field, each in value.items():
            yield from _texts(field, each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(name, each)


def _squeezed(text: str) -> str:
    return " ".join(text.split())
