"""Tables: JSON lines and CSV that other programs can trust."""

from __future__ import annotations

import csv
import io

import orjson

from parallel_agents.views.exports.tree import ExportForm
from tests.unit.views.exports.sample import exported


async def test_a_text_that_a_spreadsheet_would_compute_has_an_apostrophe_before_it() -> None:
    text, _ = await exported(ExportForm.CSV)

    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))

    assert [row["label"][:2] for row in rows[1:]] == ["'=", "'-"]
    assert all(row["output"].startswith("'=") for row in rows if row["output"])


async def test_a_spreadsheet_is_told_that_the_table_is_utf_8() -> None:
    text, _ = await exported(ExportForm.CSV)

    assert text.startswith("\ufeffid,session_key,")


async def test_each_line_is_one_line_to_whoever_splits_it() -> None:
    text, _ = await exported(ExportForm.JSONL)

    assert text.splitlines() == text.split("\n")[:-1]


async def test_each_line_is_an_object_that_says_what_it_is() -> None:
    text, _ = await exported(ExportForm.JSONL)

    kinds = [orjson.loads(line)["type"] for line in text.splitlines()]

    assert kinds[0] == "export"
    assert kinds.count("session") == 3
    assert kinds.count("result") == 3
    assert "hush" not in text


async def test_without_transcripts_there_are_no_events() -> None:
    text, _ = await exported(ExportForm.JSONL, has_transcripts=False)

    assert {orjson.loads(line)["type"] for line in text.splitlines()} == {
        *("export", "session", "result"),
    }
