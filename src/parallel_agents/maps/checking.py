"""Checking: all rows of a map are read once before the first of them is begun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from parallel_agents.errors import InvalidInput
from parallel_agents.maps.filling import Filled, Filling
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.source import Format, fingerprint


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """How many rows a map has, and a digest of them by which a change is noticed."""

    count: int
    digest: str


def check_rows(
    request: MapRequest,
    model: str | None = None,
    *,
    check: Callable[[Filled], None] = lambda _: None,
) -> CheckedRows:
    """Read all rows and make their tasks, none of which is kept.

    Args:
        request: the map.
        model: as for `Filling`.
        check: raises InvalidInput at a task that its agent does not take.

    Raises:
        InvalidInput: a row is not valid, or there is none; the error names the line.
    """
    digest, filling, count = fingerprint(), Filling(request, model), 0
    with request.source.opened(digest) as rows:
        for filled in filling.filled(islice(rows, request.limit)):
            count += 1
            try:
                check(filled)
            except InvalidInput as error:
                message = f"{filling.where(filled.row)}: {error.message}"
                raise InvalidInput(message, why=error.why, hint=error.hint) from error
    if not count:
        raise no_rows(request)
    return CheckedRows(count, digest.hexdigest())


def changed(request: MapRequest) -> InvalidInput:
    """The error of rows that are not those that were checked."""
    return InvalidInput(
        f"{request.source.name} changed while its rows were worked on",
        why="a row is not what it was when all rows were checked",
        hint="do it again with the same id or key: rows that are done are not paid again",
    )


def no_rows(request: MapRequest) -> InvalidInput:
    """The refusal of a source without a row."""
    source = request.source
    if source.format is Format.FILES and source.empty_files():
        return InvalidInput(
            f"{source.name} has no rows",
            why="each file is empty, and there is nothing in it to work on",
            hint="name files that have something in them",
        )
    if source.format is Format.FILES:
        return InvalidInput(
            f"no file matches {source.name}",
            why=f"it was looked for in {source.folder}",
            hint="quote the pattern, as in 'src/**/*.py', and look at what it matches with ls",
        )
    if source.title:
        return InvalidInput(
            "there are no rows", why="what was given is empty", hint="give one row or more"
        )
    return InvalidInput(
        f"{source.name} has no rows",
        why="it has a header and nothing else" if source.format is Format.CSV else "it is empty",
        hint="each line after the header is a row"
        if source.format is Format.CSV
        else "write one object to a line",
    )
