"""Shown results: how an interpreter and a notebook show results, in which what a model wrote is only text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

import orjson

from parallel_agents.core.dollars import cost_of
from parallel_agents.core.schema import Json
from parallel_agents.core.spelling import counted
from parallel_agents.core.usage import Spend

_MOST_IN_LINE, _MOST_IN_CELL, _MOST_IN_PAGE = 200, 300, 20_000
_MOST_IN_NOTE = 1_000
MOST_SHOWN = 100
# What a page would hide or obey, without line ends, tabs and what joins the parts of an emoji.
_NOT_SHOWN = re.compile(
    r"[^\S\n\t ]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200c\u200e\u200f\u202a-\u202e]"
)
_ALSO_NOT_SHOWN = re.compile(
    "[\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]|[\U000e0000-\U000e007f]"
)


class ShownResult(NamedTuple):
    """What is shown of a result.

    Attributes:
        spend: what it used, with all below it.
        answer: its output as JSON or text; None without one.
        failure: what ended its run; empty if it is done.
    """

    label: str
    agent: str
    status: str
    seconds: float
    spend: Spend
    answer: Json
    failure: str

    @property
    def text(self) -> str:
        """The answer, or else why there is none."""
        if self.answer is None or self.answer == "":
            return self.failure or "no output"
        if isinstance(self.answer, str):
            return self.answer
        return orjson.dumps(self.answer, option=orjson.OPT_INDENT_2).decode()

    @property
    def cost(self) -> str:
        """Its cost, as `cost_of` tells it."""
        return cost_of(self.spend)


def line_of(shown: ShownResult) -> str:
    """A result in one line, as `repr` has it."""
    answer = shown.answer
    is_json = not isinstance(answer, str | None)
    text = orjson.dumps(answer).decode() if is_json else shown.text.strip()
    told = text if is_json else repr(text)
    if not shown.failure and answer in (None, ""):
        text = told = repr(answer)
    name = "error" if shown.failure and answer in (None, "") else "output"
    if len(text) > _MOST_IN_LINE:
        told = f"{text[:_MOST_IN_LINE]!r}… {len(text):,} characters"
    facts = f"{shown.label!r}, {shown.status}, {shown.seconds:.1f}s, {shown.cost}"
    return f"Result({facts}, {name}={told})"


def counts_of(counts: Iterable[tuple[str, int]], total: int, noun: str) -> str:
    """How many of what ended with each status, such as `3 rows: 2 done, 1 failed`."""
    told = ", ".join(f"{count:,} {status}" for status, count in counts if count)
    return f"{counted(total, noun)}: {told}" if told else counted(total, noun)


def html_of(shown: ShownResult) -> str:
    """A result as HTML."""
    facts = (shown.agent, shown.status, f"{shown.seconds:.1f}s", shown.cost)
    told = " · ".join(map(_safe, facts))
    failed = f"<div>{_safe(shown.failure)}</div>" if shown.failure else ""
    text = "" if shown.text == shown.failure else shown.text
    body = f'<pre style="white-space: pre-wrap">{_cut(text, _MOST_IN_PAGE)}</pre>' if text else ""
    return f"<div><b>{_safe(shown.label)}</b> · {told}</div>{failed}{body}"


def table_of(title: str, results: Sequence[ShownResult]) -> str:
    """Results as a table in HTML, the first hundred of them."""
    rows = [_cells(each) for each in results[:MOST_SHOWN]]
    return grid_of(title, ("task", "status", "output", "time", "cost"), rows, total=len(results))


def _cells(shown: ShownResult) -> tuple[str, ...]:
    return (shown.label, shown.status, shown.text, f"{shown.seconds:.1f}s", shown.cost)


def grid_of(
    title: str,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    total: int,
    notes: Sequence[str] = (),
) -> str:
    """Texts as a table in HTML, the first hundred rows of them, each text cut if it is long.

    Args:
        title: stands above it.
        names: of its columns.
        rows: as far as they are shown.
        total: how many rows there are.
        notes: stand below it.
    """
    shown = rows[:MOST_SHOWN]
    head = _row("th", map(_safe, names))
    body = "".join(_row("td", map(_cell, row)) for row in shown)
    table = f"<table>{head}{body}</table>" if shown else ""
    rest = [f"showing {len(shown):,} of {total:,}"] if 0 < len(shown) < total else []
    below = "".join(f"<div>{_cut(note, _MOST_IN_NOTE)}</div>" for note in (*rest, *notes) if note)
    return f"<div><b>{_cut(title, _MOST_IN_NOTE)}</b></div>{table}{below}"


def text_of(value: Json) -> str:
    """JSON in one line; a text as it is."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _cell(text: str) -> str:
    cut = _cut(text, _MOST_IN_CELL)
    return f'<div style="text-align: left; white-space: pre-wrap">{cut}</div>'


def _row(kind: str, cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<{kind}>{cell}</{kind}>' for cell in cells)}</tr>"


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return _safe(text)
    return f"{_safe(text[:most])}… <i>{len(text):,} characters</i>"


def _safe(text: str) -> str:
    """Text whose markup and control characters have no effect on a page."""
    for odd in (_NOT_SHOWN, _ALSO_NOT_SHOWN):
        text = odd.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
    return escape(text)
