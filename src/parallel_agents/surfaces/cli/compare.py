"""`pagents compare`: where two runs part, and what was changed between them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.comparing.comparison import ComparedRow, Comparison, Words
from parallel_agents.comparing.reading import compare as compare_runs
from parallel_agents.comparing.text_diff import Change, TextDiff
from parallel_agents.interrupts import run_cancellable
from parallel_agents.secrets.known import KNOWN
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.output_option import Form, Output
from parallel_agents.surfaces.cli.pages import Limit, most
from parallel_agents.views import cells, format
from parallel_agents.views.comparison import comparison_json
from parallel_agents.views.comparison_texts import (
    changed_text,
    comparison_md,
    diff_lines,
    figures_of,
    identical_text,
    missing_text,
    notes_of,
    rows_below,
    table_of,
    title_of,
)

_SHOWN = 50
_NAME = 9  # the cells before the text of a figure
_MOST_LINES = 40
_STYLES = {Change.SAME: "dim", Change.GONE: "red", Change.NEW: "green"}
_HELP = (
    "A run or session: an id, the start of one, a label or RUN/LABEL; NAME#2 is its second attempt."
)


def compare(
    a: Annotated[str, typer.Argument(help=_HELP, metavar="A")],
    b: Annotated[str, typer.Argument(help="The one that came after it.", metavar="B")],
    limit: Limit = _SHOWN,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """Show where two runs part, and what was changed between them.

    Sessions are paired by their labels. Those that were given the same, did the same and ended in the
    same way are only counted. What a session changed in its files is shown by `pagents diff`.
    """
    context = find_store(home)

    async def look() -> Comparison:
        async with open_reader(context.environment, context.settings) as client:
            return await compare_runs(client.sessions, client.journal, a, b)

    found = run_cancellable(look())
    if json:
        document = {**comparison_json(found, most(limit))}
        rows = document.pop("rows")
        total = document.pop("rows_total")
        render.envelope("compare", time.time(), rows, total=total, **document)  # pyright: ignore[reportArgumentType] - a list of documents and a number
    elif output is Form.MD:
        render.line(KNOWN.hide(comparison_md(found)).rstrip("\n"))
    elif output is Form.ID:
        for row in found.rows[: most(limit)]:
            render.line(" ".join(run or "-" for run in row.run_ids))
    elif output is Form.TABLE:
        _print_rows(rows_below(found), most(limit))
    else:
        _print(found, most(limit))


def _print(found: Comparison, limit: int | None) -> None:
    render.line(f"A {title_of(found.a)}  ⇄  B {title_of(found.b)}", "bold")
    for figure in figures_of(found):
        _print_figure(figure.name, figure.text)
    for note in notes_of(found):
        render.line(note, "yellow")
    for number, change in enumerate(found.changed):
        _print_figure("" if number else "changed", changed_text(change))
    if found.changed_left:
        _print_figure("", f"and {found.changed_left:,} more")
    _print_divergence(found)
    if below := rows_below(found):
        render.line("")
        _print_rows(below, limit)
    if identical := identical_text(found):
        render.line(identical)
    if (
        found.output is not None
        and found.output.added + found.output.removed
        and not found.identical
    ):
        _print_output(found)
    _print_next(found)


def _print_figure(name: str, text: str) -> None:
    """A text behind its name; further lines of a narrow terminal stand below the text."""
    told = f"{'':<{_NAME}}{text}"
    console = render.out()
    first, *more = cells.wrapped(told, console.width) if console.is_terminal else [told]
    render.line("\n".join((f"{name:<{_NAME}}{first[_NAME:]}", *more)))


def _print_rows(found: Sequence[ComparedRow], limit: int | None) -> None:
    titles, rows = table_of(found[:limit])
    labels = format.labels(row[0].strip() for row in rows)
    shown = [(row[0].replace(row[0].strip(), labels[row[0].strip()]), *row[1:]) for row in rows]
    render.table(
        titles,
        shown,
        right=titles[3:5],
        flexible="WHY",
        shortened=("AGENT",),
        named=titles[1:-1],
    )
    if (left := len(found) - len(rows)) > 0:
        render.note(f"{left:,} more differ: --limit 0 shows all.")


def _print_divergence(found: Comparison) -> None:
    first = found.divergence
    render.line("")
    if first is None:
        given = ", although they were not given the same" if found.changed else ""
        so_far = " so far" if found.is_live else ""
        render.line(f"They did the same{so_far}{given}.", "green")
        return
    render.line(f"First divergence  {format.one_line(first.what)}", "bold")
    if first.words is not None:
        _print_words(first.words)
    if first.then is not None:
        render.line(f"then  {format.one_line(first.then.what)}", "bold")
        _print_words(first.then)


def _print_words(words: Words) -> None:
    if words.diff is not None:
        _print_diff(words.diff)
        return
    for name, text in (("A", words.before), ("B", words.after)):
        lines = missing_text(text).splitlines()
        for line in (*lines[:_MOST_LINES], *(["…"] if len(lines) > _MOST_LINES else [])):
            render.line(f"  {name} {line}", "red" if name == "A" else "green")


def _print_diff(diff: TextDiff) -> None:
    lines = list(diff_lines(diff))
    for change, text in lines[:_MOST_LINES]:
        render.line(f"  {text}", _STYLES[change])
    if len(lines) > _MOST_LINES:
        render.line(f"  … {len(lines) - _MOST_LINES:,} more lines; -o md has them", "dim")


def _print_output(found: Comparison) -> None:
    first = found.divergence
    told = [] if first is None else [first.words, first.then]
    if found.output is None or any(each and each.diff == found.output for each in told):
        return
    render.line("")
    render.line("Answers", "bold")
    _print_diff(found.output)


def _print_next(found: Comparison) -> None:
    """What to type next: the two sessions that part, with their answers."""
    first = found.divergence
    if first is None or not first.row.depth:
        return
    runs = [run for run in first.row.run_ids if run]
    if len(runs) > 1:
        render.note(f"Both side by side: pagents compare {runs[0][:8]} {runs[1][:8]}")
    else:
        render.note(f"More: pagents show {runs[0][:8]}")
