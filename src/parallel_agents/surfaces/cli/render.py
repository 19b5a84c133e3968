"""Render: the only module that prints: results on stdout, progress and notes on stderr."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from functools import cache

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text
from typing_extensions import override

from parallel_agents.core.ids import RunId, short
from parallel_agents.core.run import Failure, Result
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.usage import Spend
from parallel_agents.errors import InvalidFile, PagentsError
from parallel_agents.errors.base import where_to_look
from parallel_agents.secrets.known import KNOWN
from parallel_agents.surfaces.cli.invocation import as_called
from parallel_agents.surfaces.cli.item_lines import ItemForm, asked_form, lines_of
from parallel_agents.views import cells, format
from parallel_agents.views.code_blocks import code_blocks

NO_SESSIONS = (
    "No sessions yet. Start with: pagents demo, or pagents run --team content --input topic=..."
)
_MOST_NAMED = 5
_MOST_FINDINGS = 20
_LEAST_SHORTENED = 12
_TELLING = frozenset({"TIME", "COST", "TOKENS", "SIZE"})
_MOST_COLOURED = 50_000


class _Console(Console):
    """A console that never ends the process: the streams themselves say what a lost reader means."""

    @override
    def on_broken_pipe(self) -> None:
        self.quiet = True


@cache
def out() -> Console:
    return _Console(markup=False, highlight=False, emoji=False, soft_wrap=True)


@cache
def err() -> Console:
    return _Console(markup=False, highlight=False, emoji=False, soft_wrap=True, stderr=True)


def note(text: str, style: str = "") -> None:
    """A note for the person at the terminal; its commands can be copied as they are."""
    _print(err(), as_called(text), style)


def line(text: str, style: str = "") -> None:
    """A line of the result."""
    _print(out(), text, style)


def unwrapped(text: str) -> None:
    """Lines of a result that programs read: they are never broken."""
    out().print(_text(text))


def prose(text: str) -> None:
    """What somebody wrote, indented: wrapped to the terminal's width, except the code in it.

    Code stays as it is, so that it can be copied, and is coloured on a terminal.
    """
    for block in code_blocks(format.clean(text)):
        if not block.is_code:
            for part in block.text.splitlines():
                line(f"  {part}".rstrip())
            continue
        shown = _text(block.text)
        if out().is_terminal and not out().no_color and len(shown) <= _MOST_COLOURED:
            shown = _coloured(shown.plain, block.language)
        for part in shown.split("\n", allow_blank=True):
            out().print(Text("  ").append_text(part))


def _coloured(block: str, language: str) -> Text:
    """A block with its fences, in the colours of its language."""
    from rich.syntax import Syntax  # noqa: PLC0415 - heavy, and few answers have code

    opening, *code = block.split("\n")
    closing = [code.pop()] if code and not code[-1].strip(" \t`~") else []
    syntax = Syntax("", language or "text", theme="ansi_dark", background_color="default")
    coloured = syntax.highlight("\n".join(code))
    coloured.rstrip()
    return Text("\n").join([Text(opening, "dim"), coloured, *(Text(x, "dim") for x in closing)])


def piece(text: str) -> None:
    """A piece of a line of the result, which is shown at once; `line` ends the line."""
    out().print(_text(text), end="   ", soft_wrap=True)
    sys.stdout.flush()


def _print(console: Console, text: str, style: str) -> None:
    """Text wrapped to the terminal's width; if the output goes to a file it stays as it is."""
    if console.is_terminal:
        text = "\n".join(cells.wrapped(format.clean(text), console.width))
    console.print(_text(text, style))


def _text(text: str, style: str = "") -> Text:
    """Text whose markup and control characters have no effect."""
    return Text(KNOWN.hide(format.clean(text)), style=style)


def json_line(value: object) -> None:
    """One JSON document on a line of its own; times are ISO, money is a decimal string."""
    _write(lines_of([value], asked_form() or ItemForm.JSONL))


def _write(lines: bytes) -> None:
    sys.stdout.buffer.write(lines)
    sys.stdout.buffer.flush()


def launched(name: str, session_key: str, **more: object) -> None:
    """Tell a program what was begun, before it has ended; whoever wants items alone is not told."""
    if asked_form() is None:
        fields = {"id": name, "session_key": session_key, **more}
        json_line({"schema": "pagents.launched/1", **fields})


def envelope(
    schema: str, as_of: float, items: Sequence[object], *, total: int | None = None, **more: object
) -> None:
    """The shape of all `--json` output; `total` is how many there are if `items` are not all.

    Whoever asked for items alone gets these, and a note if there are more.
    """
    if form := asked_form():
        _write(lines_of(items, form))
        if total is not None and total > len(items):
            note(f"{len(items):,} of {total:,} are shown")
        return
    counts = {"items": len(items), "total": len(items) if total is None else total}
    json_line(
        {
            "schema": f"pagents.{schema}/1",
            "as_of": format.iso(as_of),
            "truncated": counts["items"] < counts["total"],
            "counts": counts,
            **more,
            "items": items,
        }
    )


def error(problem: PagentsError | Failure, *, is_json: bool = False) -> None:
    """Print four lines: what happened, why, what to do, where to look; an empty one is left out.

    If a file has several faults, each of the first is told like this, and the others are counted.
    """
    docs = where_to_look(problem.code)
    found = (problem, *problem.others) if isinstance(problem, InvalidFile) else (problem,)
    if is_json and asked_form() is None:
        fields = {"code": problem.code, "message": problem.message, "why": problem.why}
        findings = [_finding(each) for each in found if isinstance(each, InvalidFile)]
        rest = {"hint": problem.hint, "docs": docs, **({"findings": findings} if findings else {})}
        json_line({"schema": "pagents.error/1", **fields, **rest})
        return
    for each in found[:_MOST_FINDINGS]:
        note(f"✖ {each.code}  {format.one_line(each.message)}", "bold red")
        _titled(("why", each.why), ("hint", each.hint))
    if len(found) > _MOST_FINDINGS:
        note(f"and {len(found) - _MOST_FINDINGS} more", "bold red")
    _titled(("docs", docs))


def _titled(*texts: tuple[str, str]) -> None:
    for title, text in texts:
        if text:
            note(f"  {title:<5} {format.one_line(text)}")


def _finding(error: InvalidFile) -> dict[str, object]:
    return {"line": error.line, "message": error.message, "why": error.why, "hint": error.hint}


def table(
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    flexible: str = "",
    shortened: Sequence[str] = (),
    named: Sequence[str] | None = None,
) -> None:
    """Columns under their titles; those named in `right` are numbers.

    On a terminal the `flexible` column (by default the last) is cut to fit the width, and then the
    middle of the `shortened` ones; if that is not enough, each row takes several lines, in which
    cells of the `named` columns stand behind their titles (by default those of numbers that do not tell
    what they count). Text is cut between words, a name in its middle. Nothing else is ever cut, and
    nothing at all if the output goes to a file.
    """
    told = [[format.one_line(cell) for cell in row] for row in (titles, *rows)]
    widths = [max(cell_len(row[i]) for row in told) for i in range(len(titles))]
    bends = titles.index(flexible) if flexible else len(titles) - 1
    if out().is_terminal:
        _narrow(widths, bends, max(len(titles[bends]), 8))
        middles = [titles.index(title) for title in shortened]
        for column in middles:
            _narrow(widths, column, _LEAST_SHORTENED)
        is_flowing = sum(widths) + 2 * (len(widths) - 1) > out().width
        for column in middles:
            _fit(told[1:], column, out().width - 2 if is_flowing else widths[column])
        if is_flowing:
            if named is None:
                named = [title for title in right if title not in _TELLING]
            _flow([_named(row, titles, named) for row in told[1:]], bends)
            return
    for number, row in enumerate(told):
        shown = [
            _cell(cell, width, is_right=title in right)
            for cell, width, title in zip(row, widths, titles, strict=True)
        ]
        out().print(_text("  ".join(shown).rstrip(), "" if number else "bold"))


def _named(row: Sequence[str], titles: Sequence[str], named: Sequence[str]) -> list[str]:
    return [
        f"{_small(title)} {cell}" if cell and title in named else cell
        for cell, title in zip(row, titles, strict=True)
    ]


def _small(title: str) -> str:
    """A title within a line: `AT ONCE` is `at once`; single letters and signs stay."""
    return " ".join(word if len(word) == 1 else word.lower() for word in title.split())


def _narrow(widths: list[int], column: int, least: int) -> None:
    """Take from a column what is too wide for the terminal, but leave it some cells."""
    excess = sum(widths) + 2 * (len(widths) - 1) - out().width
    widths[column] = min(widths[column], max(widths[column] - max(excess, 0), least))


def _fit(rows: Sequence[list[str]], column: int, most: int) -> None:
    """Shorten the cells of a column, so that different ones stay different."""
    fitted = cells.apart({row[column] for row in rows}, most)
    for row in rows:
        row[column] = fitted[row[column]]


def _flow(rows: Sequence[Sequence[str]], text: int) -> None:
    """Rows of several lines, without titles: no cell is broken where another line has room for it.

    `text` is the column that has text, and no names.
    """
    for row in rows:
        for number, told in enumerate(_flowed(row, out().width, text)):
            out().print(_text(told, "" if number else "bold"))


def _flowed(row: Sequence[str], width: int, text: int | None = None) -> list[str]:
    """The cells of a row on as many lines of the terminal's width as they need."""
    lines: list[str] = []
    for place, cell in enumerate(row):
        if not cell:
            continue
        fitted = (cells.worded if place == text else cells.middle)(cell, width - 2 * bool(place))
        if lines and cell_len(lines[-1]) + 2 + cell_len(fitted) <= width:
            lines[-1] += f"  {fitted}"
        else:
            lines.append(f"{'  ' if lines else ''}{fitted}")
    return lines


def cards(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; if the terminal is too narrow, a headline of two cells with the others below."""
    widths = [max(cell_len(cell) for cell in column) for column in zip(titles, *rows, strict=True)]
    if not out().is_terminal or sum(widths) + 2 * (len(widths) - 1) <= out().width:
        table(titles, rows)
        return
    for first, second, *rest in rows:
        line(f"{format.one_line(first)}  {format.one_line(second)}", "bold")
        for cell in filter(None, rest):
            line(f"  {format.one_line(cell)}")


def _cell(text: str, width: int, *, is_right: bool) -> str:
    fitted = cells.worded(text, width)
    gap = " " * (width - cell_len(fitted))
    return gap + fitted if is_right else fitted + gap


def result(found: Result, name: str | None = None) -> None:
    """One result: a headline, its notices, the answer; `name` is what its session is called."""
    _about(found, out(), name)
    prose(format.output(found.output))
    line("")


def about(found: Result, name: str | None = None) -> None:
    """What is shown of a result besides its answer, as a note."""
    _about(found, err(), name)


def _about(found: Result, console: Console, name: str | None) -> None:
    status = found.status
    label = f"{format.glyph(status)} {format.one_line(found.label)}"
    rest = (
        format.status(status),
        format.seconds(found.seconds),
        format.tokens(found.total_spend),
        format.money(found.total_spend),
        found.model,
    )
    told = (
        _flowed((cells.middle(label, console.width), *rest), console.width)
        if console.is_terminal
        else ["  ".join((label, *rest))]
    )
    for number, text in enumerate(told):
        headline = _text(text.rstrip(), "dim")
        if not number:
            headline.stylize(f"not dim {format.style(status)}", 0, len(label))
        console.print(headline)
    for text, style in _notices(found, name or short(found.session_key)):
        _print(console, text, style)


def _notices(found: Result, name: str) -> Iterator[tuple[str, str]]:
    """The lines below a headline, with their styles."""
    if found.changes is not None:
        more = f"   pagents diff {name} · pagents merge {name}" if found.changes.files else ""
        yield as_called(f"  {format.changes(found.changes)}{more}"), ""
    if found.artifacts:
        names = ", ".join(format.one_line(each.name) for each in found.artifacts[:_MOST_NAMED])
        left = len(found.artifacts) - _MOST_NAMED
        more = f" and {left} more" if left > 0 else ""
        listing = f"pagents artifact list {name}"
        yield as_called(f"  shared {names}{more}   {listing}"), ""
    for notice in format.notices(found):
        yield f"  note: {notice}", "yellow"
    if found.error is not None:
        yield f"  {found.error.code}  {format.one_line(found.error.message)}", "red"
        docs = where_to_look(found.error.code)
        for title, text in (("why", found.error.why), ("hint", found.error.hint), ("docs", docs)):
            if text:
                yield f"  {title:<5} {as_called(format.one_line(text))}", ""


def summary(team: TeamResult, earlier: Collection[RunId] = ()) -> None:
    """A team's results as a table, and a line of totals; `earlier` are tries that later ones replaced."""
    counted = [result for result in team.results if result.run_id not in earlier]
    labels = format.labels(result.label for result in counted)
    rows = [
        (
            f"{format.glyph(r.status)} {format.status(r.status)}",
            labels[r.label],
            format.seconds(r.seconds),
            format.tokens(r.total_spend),
            format.money(r.total_spend),
            str(r.attempts),
        )
        for r in counted
    ]
    if rows:
        titles = ("STATUS", "AGENT", "TIME", "TOKENS", "COST", "ATTEMPTS")
        table(titles, rows, right=("TIME", "COST"), flexible="AGENT", shortened=("AGENT",))
    done = sum(r.is_done for r in counted)
    share = f"{done}/{len(counted)} done   " if counted else ""
    line(
        f"{format.glyph(team.status)} {format.status(team.status)} in {format.seconds(team.seconds)}   "
        f"{share}{format.tokens(team.spend)}   {format.money(team.spend)}",
        format.style(team.status),
    )
    before = [result for result in team.results if result.run_id in earlier]
    if before:
        spend = sum((result.total_spend for result in before), Spend())
        what = "1 earlier try is" if len(before) == 1 else f"{len(before):,} earlier tries are"
        line(f"{what} in the tokens and the cost only: {format.money(spend)}")
