"""Rows as the command line names them: a file, a pattern, several files, or what stdin has."""

from __future__ import annotations

import glob
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from parallel_agents.core.cutting import head
from parallel_agents.errors import InvalidInput
from parallel_agents.files import make_private_folder, open_private
from parallel_agents.maps.source import Format, Source, find_source, sniffed
from parallel_agents.surfaces.cli.stdin import NAME as STDIN, open_stdin

_FOLDER = "rows"
_COLUMN = re.compile(r"\{[^{}]+\}")
_MOST_SHOWN = 80


def given_source(
    rows: str | None, files: Sequence[str], format: Format | None, home: Path, name: str
) -> Source:
    """The source of a map's rows.

    Args:
        rows: what --rows says: a file, a pattern, or `-`.
        files: what stands behind the agent, which are more where --rows is given, and many where the
            shell has replaced a pattern by names.
        format: what --format says.
        home: keeps what stdin has, so that any process can continue with it.
        name: of the map.

    Raises:
        InvalidInput: nobody can tell what is meant, or stdin is a terminal.
        NothingOnStdin: it was read before.
    """
    given = tuple(files) if rows is None else (rows, *files)
    if not given:
        raise InvalidInput(
            "nothing says what the rows are",
            hint="name a file or a pattern: pagents map AGENT data.csv --text 'Classify: {column}'",
        )
    if STDIN not in given:
        _refuse_text(given)
        return find_source(given, format, Path.cwd())
    if len(given) > 1 or format is Format.FILES:
        raise InvalidInput(
            "--rows - reads a table from stdin, and takes no files",
            hint="name the files alone, or pipe one CSV or JSONL file into it",
        )
    if not sys.stdin.buffer.closed and sys.stdin.isatty():
        raise InvalidInput(
            "--rows - reads stdin, and stdin is a terminal",
            hint="pipe rows into it: cat data.csv | pagents map AGENT --rows - ...",
        )
    path = home / _FOLDER / f"{name}.rows"
    make_private_folder(path.parent)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with open_stdin() as opened, open_private(part) as kept:
        shutil.copyfileobj(opened, kept)
    part.replace(path)
    with path.open("rb") as kept:
        found = format or sniffed(kept)
    return Source(format=found, paths=(str(path),), folder=str(Path.cwd()), title="stdin")


def _refuse_text(given: Sequence[str]) -> None:
    """Refuse a task that stands where files do.

    Raises:
        InvalidInput: it has spaces or a column, and is no file.
    """
    for each in given:
        is_text = " " in each.strip() or _COLUMN.search(each) is not None
        if is_text and not glob.has_magic(each) and not Path(each).exists():
            raise InvalidInput(
                f"there is no file {head(each, _MOST_SHOWN)!r}",
                hint=f"if it is the task of each row, write --text {shlex.quote(head(each, _MOST_SHOWN))}",
            )
