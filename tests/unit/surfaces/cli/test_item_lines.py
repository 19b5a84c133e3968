"""Item lines: items are lines of JSON or rows, and no cell is computed by a spreadsheet."""

from __future__ import annotations

import csv
import io

import orjson
import pytest
from hypothesis import given, strategies as st

from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.item_lines import ItemForm, lines_of, printing

ITEMS = [
    {"id": "a", "cost": {"amount": "0.000215000", "currency": "USD"}, "is_new": True},
    {"id": "=1+1", "cost": None, "tags": ["x", "y"]},
]


def test_columns_are_those_of_all_items_and_money_is_a_number() -> None:
    header, first, second = csv.reader(io.StringIO(lines_of(ITEMS, ItemForm.CSV).decode()))

    assert header == ["id", "cost", "is_new", "tags"]
    assert first == ["a", "0.000215", "true", ""]
    assert second == ["'=1+1", "", "", '["x","y"]']


def test_no_items_are_no_lines() -> None:
    assert lines_of([], ItemForm.JSONL) == lines_of([], ItemForm.CSV) == b""


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers(0, 99) | st.none())))
def test_each_item_is_one_line_of_json(items: list[dict[str, object]]) -> None:
    lines = lines_of(items, ItemForm.JSONL).splitlines()

    assert [orjson.loads(line) for line in lines] == items


def test_a_document_is_its_items_alone_and_says_how_many_are_left_out(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    with printing(ItemForm.JSONL):
        render.launched("a", "key")
        render.envelope("list", 0.0, [{"id": "a"}], total=3)
    told = capfdbinary.readouterr()

    assert told.out == b'{"id":"a"}\n'
    assert b"1 of 3 are shown" in told.err
