"""Columns: what was put in is read again, however alike or different the documents are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from parallel_agents.views.exports.columns import Columns

LONG = "Every page counts. " * 4


def read(lines: bytes) -> Iterator[Any]:
    """The documents of a stream, as `stored_columns.js` reads them."""
    forms: list[Any] = []
    texts: list[str] = []
    for line in lines.splitlines():
        part = orjson.loads(line)
        forms += map(orjson.loads, part["forms"])
        rest = iter(range(len(texts), len(texts) + len(part["texts"])))
        texts += part["texts"]
        rows: dict[int, Iterator[list[Any]]] = {}
        for number, columns in part["columns"].items():
            count = part["order"].count(int(number))
            read_all = [_values(column, count, texts, rest) for column in columns]
            rows[int(number)] = iter([[each[at] for each in read_all] for at in range(count)])
        for number in part["order"]:
            yield _filled(forms[number], next(rows[number]))


def _values(column: Any, count: int, texts: list[str], rest: Iterator[int]) -> list[Any]:
    def said(value: Any) -> Any:
        if type(value) is list:
            found = _items(value)
            return texts[found[0] if found else next(rest)]
        return value

    if type(column) is dict:
        of = [said(value) for value in _items(column["of"])]
        return [of[at] for at in _items(column["at"])]
    values = [said(value) for value in _items(column)]
    return values * count if len(values) == 1 else values


def _filled(form: Any, values: list[Any]) -> Any:
    if form == 0:
        return values.pop(0)
    if type(form) is list:
        return [_filled(below, values) for below in _items(form)]
    return {name: _filled(form[name], values) for name in form}


def _items(found: Any) -> Sequence[Any]:
    return found


def test_documents_come_out_as_they_went_in() -> None:
    documents: list[Mapping[str, object]] = [
        {"n": number, "of": {"who": f"agent-{number % 3}", "parts": [None, True, number % 4 > 0]}}
        for number in range(40)
    ]
    documents += [{}, {"a": [], "b": {}, "c": [[0, 1.5], {"x": "0"}]}, {"n": 1}, {"n": True}]
    documents += [{"text": LONG, "again": LONG}, {"text": LONG[1:], "again": LONG}]
    columns = Columns(lambda text: text)

    lines = b""
    for number, document in enumerate(documents):
        columns.add(document)
        if number % 7 == 0:
            lines += columns.part()
    found = list(read(lines + columns.part()))

    assert orjson.dumps(found) == orjson.dumps(documents)
    assert lines.count(LONG.encode()) == 0
    assert columns.part().count(b"order") == 1


def test_a_long_text_is_said_once_and_what_is_alike_costs_little() -> None:
    columns = Columns(lambda text: text)

    for number in range(1000):
        columns.add({"text": LONG, "key": f"turn-{number % 20}", "is_last": False})

    assert len(columns.part()) < 6000  # of 110,000


def test_secrets_are_in_no_name_and_no_text() -> None:
    columns = Columns(lambda text: text.replace("hush", "*"))

    columns.add({"hush": ["hush", {"a hush": LONG + "hush"}]})

    assert b"hush" not in columns.part()
