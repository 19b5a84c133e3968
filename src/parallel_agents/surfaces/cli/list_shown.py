"""List shown: a list in the form that `-o` asks for."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.views import format


def print_list(
    form: Form | None,
    titles: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    flexible: str = "",
    shortened: Sequence[str] = (),
) -> None:
    """A list; the first column is what other commands take as a name. The rest is as for `table`."""
    match form:
        case Form.ID:
            for row in rows:
                render.line(format.one_line(row[0]))
        case Form.MD:
            rules = ["---:" if title in right else "---" for title in titles]
            for row in (titles, rules, *rows):
                render.line(f"| {' | '.join(map(_cell, row))} |")
        case _:
            render.table(titles, rows, right=right, flexible=flexible, shortened=shortened)


def print_cards(form: Form | None, titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A list whose rows may be long; at a narrow terminal each is a headline with the rest below."""
    if form is Form.ID or form is Form.MD:
        print_list(form, titles, rows)
    else:
        render.cards(titles, rows)


def _cell(text: str) -> str:
    return format.one_line(text).replace("\\", "\\\\").replace("|", "\\|").strip()
