"""Tables: an export as JSON lines or as CSV, for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import cast

import orjson

from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.views import format
from parallel_agents.views.documents import artifact_json, money_json, result_json
from parallel_agents.views.exports.hiding import hidden
from parallel_agents.views.exports.tree import Hide, Tree, Wanted
from parallel_agents.views.sessions import SessionLine

_COLUMNS = (
    *("id", "session_key", "parent", "label", "agent", "model", "state"),
    *("is_former_try", "is_uncounted", "attempts", "score"),
    *("seconds", "input_tokens", "output_tokens", "cost_usd", "simulated_usd"),
    *("error_code", "error", "output"),
)
_BYTE_ORDER_MARK = "\ufeff"  # without it, Excel takes UTF-8 for the code page of the machine
# What some readers take for the end of a line, and what turns the order of letters round, which JSON does not escape.
_ESCAPED = {
    number: f"\\u{number:04x}"
    for number in (0x85, 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
# With what a spreadsheet takes for a formula, whatever quotes are around it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


async def jsonl_of(tree: Tree, wanted: Wanted, hide: Hide) -> AsyncGenerator[str]:
    """A line for the export itself, then for each session, its result and its events."""
    yield _line({"type": "export", **head_of(tree, wanted)}, hide)
    async for line, result in tree.results():
        yield _line({"type": "session", **session_of(line)}, hide)
        if result is not None:
            yield _line({"type": "result", **result_json(result)}, hide)
        if wanted.shows_transcripts:
            async for event in tree.events(line.row.session.key):
                yield _line({"type": "event", **tree.document(event)}, hide)


def head_of(tree: Tree, wanted: Wanted) -> Mapping[str, object]:
    """What an export is of, and what it has."""
    return {
        "schema": "pagents.export/1",
        "as_of": format.iso(tree.at),
        "name": tree.top.row.session.label,
        "session_key": tree.top.row.session.key,
        "sessions": len(tree.lines),
        "total": tree.total,
        "has_transcripts": wanted.shows_transcripts,
        "is_redacted": wanted.is_redacted,
        "artifacts": [artifact_json(each) for each in tree.artifacts],
    }


def _line(value: Mapping[str, object], hide: Hide) -> str:
    # A typed document is JSON, though not to a type checker.
    return f"{encoded(cast('Json', value), hide)}\n"


def encoded(value: Json, hide: Hide) -> str:
    """A value as JSON in one line, as every editor shows it."""
    return orjson.dumps(hidden(value, hide)).decode().translate(_ESCAPED)


def session_of(line: SessionLine) -> Mapping[str, object]:
    """A session and how its run went."""
    row, run = line.row, line.row.run
    return {
        "id": format.name(row),
        "session_key": row.session.key,
        "parent": row.session.parent,
        "label": row.session.label,
        "agent": row.session.agent.name,
        "kind": run.kind.value,
        "state": line.state,
        "is_former_try": line.counts_no_more,
        "is_uncounted": line.is_uncounted,
        "model": run.model,
        "attempts": run.attempts,
        "cost": money_json(run.spend.cost_usd),
        "simulated_cost": money_json(run.spend.simulated_usd),
        "created_at": format.iso(run.created_at),
        "started_at": format.iso(run.started_at),
        "finished_at": format.iso(run.finished_at),
    }


async def csv_of(tree: Tree, wanted: Wanted, hide: Hide) -> AsyncGenerator[str]:
    """A row for each session; a text that a spreadsheet would compute has an apostrophe before it."""
    yield f"{_BYTE_ORDER_MARK}{csv_row(_COLUMNS)}"
    async for line, result in tree.results():
        yield csv_row([csv_cell(value, hide) for value in _values(line, result)])


def _values(line: SessionLine, result: Result | None) -> Sequence[Json]:
    row, run = line.row, line.row.run
    usage = run.spend.usage
    cost = run.spend.cost_usd
    seconds = line.seconds if run.kind.is_group else run.seconds_until(line.until)
    error = None if result is None or result.error is None else result.error.message
    return (
        *(format.name(row), row.session.key, row.session.parent, row.session.label),
        *(row.session.agent.name, run.model, line.state),
        *(line.counts_no_more, line.is_uncounted, run.attempts),
        None if result is None else result.score,
        None if seconds is None else round(seconds, 3),
        *(usage.all_input_tokens, usage.output_tokens),
        *(cost, run.spend.simulated_usd),
        *(run.error_code, error),
        None if result is None else result.output_json,
    )


def csv_cell(value: Json, hide: Hide) -> str:
    """A value as a cell; empty if there is none, or if it is not known."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.9f}".rstrip("0").rstrip(".")
    if isinstance(value, str):
        text = hide(format.clean(value))
        return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
    if isinstance(value, int):
        return str(value)
    return encoded(value, hide)


def csv_row(cells: Sequence[str]) -> str:
    """The cells as a row of CSV."""
    row = io.StringIO()
    csv.writer(row).writerow(cells)
    return row.getvalue()
