"""Item lines: the items of a JSON document, each on a line of its own or as a row of CSV."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import cast

import orjson

from parallel_agents.core.schema import Json
from parallel_agents.secrets.known import KNOWN

_MONEY = frozenset({"amount", "currency"})


class ItemForm(StrEnum):
    """How items are printed in place of the document that has them."""

    JSONL = "jsonl"
    CSV = "csv"


_asked: ContextVar[ItemForm | None] = ContextVar("item_form", default=None)


def asked_form() -> ItemForm | None:
    """The form that the command was asked for; None if it prints whole documents."""
    return _asked.get()


@contextmanager
def printing(form: ItemForm) -> Generator[None]:
    """Documents are printed in this form within the block."""
    token = _asked.set(form)
    try:
        yield
    finally:
        _asked.reset(token)


def lines_of(items: Sequence[object], form: ItemForm) -> bytes:
    """The items in this form, without the secrets that this process knows."""
    if form is ItemForm.JSONL:
        return b"".join(KNOWN.hide_json(orjson.dumps(item)) + b"\n" for item in items)
    return _csv([orjson.loads(orjson.dumps(item)) for item in items]).encode()


def _csv(items: Sequence[Json]) -> str:
    """A row for each item; its columns are the names in any of them, in their order."""
    from parallel_agents.views.exports.tables import csv_cell, csv_row  # noqa: PLC0415 - heavy

    rows = [item if isinstance(item, Mapping) else {"value": item} for item in items]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if not columns:
        return ""
    cells = ([csv_cell(_plain(row.get(name)), KNOWN.hide) for name in columns] for row in rows)
    return "".join(map(csv_row, (columns, *cells)))


def _plain(value: Json) -> Json:
    """An amount of money as its number; a truth as JSON writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping) and frozenset(value) == _MONEY:
        return float(cast("str", value["amount"]))
    return value
