"""`pagents export`: all that a team, a flow or a session did, as one file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.loading import loading
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import Home, Name, find_store
from parallel_agents.surfaces.cli.out_option import Force
from parallel_agents.views import format

_FORMS = ("html", "md", "json", "jsonl", "csv", "chrome-trace")
_ENDINGS = {"chrome-trace": "trace.json"}
_MOST_NAME = 80


def export(
    name: Name,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The file; by default its id.", metavar="FILE"),
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="One page that opens offline.")] = False,
    md: Annotated[bool, typer.Option("--md", help="Markdown, for a pull request.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="A JSON object a line.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="A row for each session.")] = False,
    chrome_trace: Annotated[
        bool, typer.Option("--chrome-trace", help="The lanes, for Perfetto or chrome://tracing.")
    ] = False,
    no_transcripts: Annotated[
        bool, typer.Option("--no-transcripts", help="Leave out what was said and done.")
    ] = False,
    only_failed: Annotated[
        bool, typer.Option("--only-failed", help="Only sessions that ended without success.")
    ] = False,
    redact: Annotated[
        bool,
        typer.Option("--redact", help="Leave out all that people, models and tools wrote."),
    ] = False,
    force: Force = False,
    home: Home = None,
) -> None:
    """Write a team or session with its results and transcripts into one file, for somebody else.

    It says what goes out before the file appears, and known secrets are hidden in it. The form is
    what an option or the end of the file's name says. The HTML page asks no network.
    """
    asked = _asked(zip(_FORMS, (html, md, as_json, jsonl, csv, chrome_trace), strict=True))
    # Who only asks for help loads none of it.
    with loading():
        from parallel_agents.api.exporting import form_of, write_export  # noqa: PLC0415 - heavy
        from parallel_agents.views.exports.tree import Exported, ExportForm, Wanted  # noqa: PLC0415 - heavy
        from parallel_agents.views.exports.writing import described  # noqa: PLC0415 - heavy

    form = ExportForm(asked or "html") if out is None else form_of(out, asked)
    wanted = Wanted(
        form=form, has_transcripts=not no_transcripts, only_failed=only_failed, is_redacted=redact
    )
    context = find_store(home)

    def tell(exported: Exported) -> None:
        _tell(described(exported), exported.left_out, exported.sessions + exported.left_out)

    async def write() -> tuple[Path, Exported]:
        async with open_reader(context.environment, context.settings) as reader:
            target = out
            if target is None:
                row = await reader.sessions.find(name)
                ending = _ENDINGS.get(form, form)
                target = Path(f"{_file_name(format.name(row))}.{ending}")
            return target, await write_export(reader, name, wanted, target, force=force, tell=tell)

    target, exported = run_cancellable(write())
    render.line(f"{target}")
    render.note(f"Wrote {format.size(exported.bytes)}; only you can read the file.")


def _tell(what: str, left_out: int, total: int) -> None:
    """Say what goes out."""
    render.note(what)
    if left_out:
        render.note(f"{left_out:,} of {total:,} sessions have not failed: left out")


def _asked(forms: Iterable[tuple[str, bool]]) -> str | None:
    """The form that an option asks for; None if none does.

    Raises:
        InvalidInput: two do.
    """
    asked = [form for form, is_asked in forms if is_asked]
    if len(asked) > 1:
        raise InvalidInput(
            f"--{asked[0]} and --{asked[1]} cannot be used together",
            why="an export is one file",
            hint="choose one of them, and export again for the other",
        )
    return next(iter(asked), None)


def _file_name(name: str) -> str:
    """The name of a session as the name of a file in this folder."""
    safe = "".join(each if each.isalnum() or each in "._-" else "-" for each in name)
    return safe.strip(".-")[:_MOST_NAME] or "export"
