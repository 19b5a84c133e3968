"""What a map came to shows itself in interpreters and notebooks, with its first rows."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from parallel_agents.core.run import Failure, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend
from parallel_agents.maps.results import MapResult

HOSTILE = "<script>alert(1)</script>\u202eevil\x1b[2J"


def line(number: int, output: Json) -> bytes:
    columns = {"city": HOSTILE}
    row = {"row": number, "columns": columns, "status": "done", "output": output, "error": None}
    return orjson.dumps(row) + b"\n"


def result(out: Path, *, rows: int = 2) -> MapResult[Json]:
    return MapResult(
        key="cities",
        status=RunStatus.PARTIAL,
        rows=rows,
        counts={RunStatus.DONE: rows},
        spend=Spend(calls=2, cost_nanousd=2_000_000),
        out=out,
        reduced=HOSTILE,
        error=Failure("PA-E306", HOSTILE),
        notices=(),
        _kind=None,
    )


def page_of(shown: MapResult[Json]) -> str:
    return shown._repr_html_()  # pyright: ignore[reportPrivateUsage] - as a notebook calls it


def test_a_notebook_shows_the_first_rows_and_how_many_there_are(tmp_path: Path) -> None:
    out = tmp_path / "cities.jsonl"
    out.write_bytes(b"".join(line(number, {"n": number}) for number in range(1, 121)))

    html = page_of(result(out, rows=120))

    assert "120 rows: 120 done, $0.002" in html
    assert html.count("<tr>") == 101
    assert "showing 100 of 120" in html


def test_what_a_row_or_a_model_says_is_only_text_on_a_page(tmp_path: Path) -> None:
    out = tmp_path / "cities.jsonl"
    out.write_bytes(line(1, HOSTILE) + line(2, {HOSTILE: [HOSTILE]}))

    html = page_of(result(out))

    assert "<script" not in html
    assert "\u202e" not in html
    assert "\x1b" not in html


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file or directory"),
        (line(1, "fine") + b"[1, 2]\n", "line 2 cannot be shown"),
        (b'{"row": "' + b"x" * (1 << 20) + b'"}\n', "line 1 cannot be shown"),
    ],
)
def test_a_file_that_cannot_be_shown_says_so(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    out = tmp_path / "cities.jsonl"
    if content is not None:
        out.write_bytes(content)

    assert told in page_of(result(out))


def test_a_table_names_its_file_alone(tmp_path: Path) -> None:
    html = page_of(result(tmp_path / "cities.csv"))

    assert "cities.csv" in html
    assert "<table>" not in html


def test_rich_gets_the_facts_of_a_map(tmp_path: Path) -> None:
    shown = dict(result(tmp_path / "cities.jsonl").__rich_repr__())

    assert shown["rows"] == "2 rows: 2 done"
    assert shown["cost"] == "$0.002"
    assert shown["error"] == f"PA-E306 {HOSTILE}"
