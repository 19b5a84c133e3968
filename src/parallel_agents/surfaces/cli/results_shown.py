"""Results shown: results in the form that `-o` asks for, with all else on stderr."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import orjson

from parallel_agents.core.ids import SessionKey, short
from parallel_agents.core.run import Result
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.views import format
from parallel_agents.views.answer_form import MARKDOWN, form_of

_BREAK = "\n"
_TITLES = ("ID", "STATUS", "AGENT", "TIME", "TOKENS", "COST", "ATTEMPTS")


def bare_if_piped(form: Form | None) -> Form | None:
    """The form of a single result: its answer alone, unless a person sees it."""
    return Form.TEXT if form is None and not render.out().is_terminal else form


_SHORT: Mapping[SessionKey, str] = MappingProxyType({})


def print_results(
    results: Sequence[Result], form: Form, names: Mapping[SessionKey, str] = _SHORT
) -> None:
    """Results on stdout, and how each ended on stderr.

    `names` are what tables call their sessions, where it is not their keys in short.
    """
    told = [names.get(each.session_key) or short(each.session_key) for each in results]
    match form:
        case Form.TABLE:
            render.table(_TITLES, [*map(_row, told, results)], right=_TITLES[3:])
        case Form.ID:
            for name in told:
                render.line(name)
        case Form.TEXT | Form.MD | Form.JSON | Form.JSONL | Form.CSV:
            write = as_markdown if form is Form.MD else as_text
            is_one = len(results) == 1
            for number, (name, result) in enumerate(zip(told, results, strict=True)):
                render.about(result, name)
                if result.output_json is None:
                    continue
                if not is_one:
                    render.line(f"{_BREAK * bool(number)}# {format.one_line(result.label)}\n")
                render.line(write(result))


def as_text(result: Result) -> str:
    """An answer as text."""
    return format.clean(format.output(result.output_json)).rstrip("\n")


def as_markdown(result: Result) -> str:
    """An answer as Markdown; what is not text is JSON in a block."""
    form = form_of(result.output_json)
    if form is not None and form.suffix == MARKDOWN:
        return format.clean(form.text).rstrip("\n")
    if isinstance(result.output_json, str):
        return format.clean(result.output_json).rstrip("\n")
    told = orjson.dumps(result.output_json, option=orjson.OPT_INDENT_2).decode()
    return f"```json\n{told}\n```"


def _row(name: str, result: Result) -> Sequence[str]:
    spend = result.total_spend
    return (
        name,
        f"{format.glyph(result.status)} {format.status(result.status)}",
        format.one_line(result.label),
        format.seconds(result.seconds),
        format.tokens(spend),
        format.money(spend),
        str(result.attempts),
    )
