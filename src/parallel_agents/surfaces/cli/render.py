"""Render: the only place that prints: results on stdout, progress and notes on stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cache

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parallel_agents.core.run import Failure, Result, TeamResult
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend
from parallel_agents.errors import PagentsError
from parallel_agents.surfaces.cli import words


@cache
def out() -> Console:
    return Console(markup=False, highlight=False, emoji=False, soft_wrap=True)


@cache
def err() -> Console:
    return Console(markup=False, highlight=False, emoji=False, soft_wrap=True, stderr=True)


def note(text: str, style: str = "") -> None:
    """A line for the person at the terminal."""
    err().print(Text(words.clean(text), style=style))


def line(text: str, style: str = "") -> None:
    """A line of the result."""
    out().print(Text(words.clean(text), style=style))


def json_line(value: object) -> None:
    """One JSON document on a line of its own; times are ISO, money is a decimal string."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def envelope(schema: str, as_of: float, items: Sequence[object], **more: object) -> None:
    """The one shape of all `--json` output."""
    counts: dict[str, int] = {"items": len(items)}
    json_line(
        {
            "schema": f"pagents.{schema}/1",
            "as_of": words.iso(as_of),
            "truncated": False,
            "counts": counts,
            "items": items,
            **more,
        }
    )


def error(problem: PagentsError | Failure, *, is_json: bool = False) -> None:
    """Four lines: what happened, why, what to do, where to look."""
    docs = f"docs/errors.md#{problem.code.lower()}"
    if is_json:
        fields = {"code": problem.code, "message": problem.message, "why": problem.why}
        json_line({"schema": "pagents.error/1", **fields, "mend": problem.mend, "docs": docs})
        return
    err().print(Text(f"✖ {problem.code}  {words.clean(problem.message)}", style="bold red"))
    for title, text in (("why", problem.why), ("mend", problem.mend), ("docs", docs)):
        if text:
            err().print(Text(f"  {title:<5} ").append(words.clean(text)))


def table(
    titles: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()
) -> None:
    """A plain table; the columns named in `right` are numbers."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        shown.add_column(title, justify="right" if title in right else "left", no_wrap=True)
    for row in rows:
        shown.add_row(*(Text(words.clean(cell)) for cell in row))
    out().print(shown, soft_wrap=False)


def result(given: Result) -> None:
    """One result: a headline, its notices, the answer."""
    status = given.status
    headline = Text(f"{words.glyph(status)} {given.label}", style=words.style(status))
    headline.append(
        f"  {status.replace('_', ' ')}  {words.seconds(given.seconds)}  "
        f"{words.tokens(given.spend)}  {words.money(given.spend)}  {given.model}",
        style="dim",
    )
    out().print(headline)
    for notice in given.notices:
        out().print(Text(f"  note: {notice}", style="yellow"))
    if given.error is not None:
        out().print(Text(f"  {given.error.code}  {words.clean(given.error.message)}", style="red"))
        if given.error.why:
            out().print(Text(f"  why   {words.clean(given.error.why)}"))
        if given.error.mend:
            out().print(Text(f"  mend  {given.error.mend}"))
    if answer := words.output(given.output):
        out().print(Text("\n".join(f"  {part}" for part in answer.splitlines())))
    out().print()


def summary(team: TeamResult) -> None:
    """The whole team in a table, and in a line."""
    rows = [
        (
            f"{words.glyph(r.status)} {r.status.replace('_', ' ')}",
            r.label,
            words.seconds(r.seconds),
            words.tokens(r.spend),
            words.money(r.spend),
            str(r.attempts),
        )
        for r in team.results
    ]
    table(("STATUS", "AGENT", "TIME", "TOKENS", "COST", "ATTEMPTS"), rows, right=("TIME", "COST"))
    done = sum(r.is_done for r in team.results)
    total = sum((r.spend for r in team.results), Spend())
    words_of_all = (
        f"{words.glyph(team.status)} {team.status} in {words.seconds(team.seconds)}   "
        f"{done}/{len(team.results)} done   {words.tokens(total)}   {words.money(total)}"
    )
    out().print(Text(words_of_all, style=words.style(team.status)))


def result_json(given: Result) -> Mapping[str, Json]:
    """A result as `--json` gives it; an unknown cost is null."""
    usage = given.usage
    cost = given.cost_usd
    return {
        "label": given.label,
        "agent": given.agent,
        "status": given.status.value,
        "output": given.output,
        "text": given.text,
        "error": _failure_json(given.error),
        "notices": list(given.notices),
        "model": given.model,
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "cost": None if cost is None else {"amount": f"{cost:.9f}", "currency": "USD"},
        "seconds": round(given.seconds, 3),
        "attempts": given.attempts,
        "session_key": given.session_key,
        "run_id": given.run_id,
    }


def _failure_json(failure: Failure | None) -> Json:
    if failure is None:
        return None
    fields = {"code": failure.code, "message": failure.message}
    return {**fields, "why": failure.why, "mend": failure.mend}
