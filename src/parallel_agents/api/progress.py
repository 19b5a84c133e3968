"""Progress: a bar on stderr that says how many results there are, for people who wait for them."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from parallel_agents.api.team_calls import Tell
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.views import format


@contextmanager
def progress_bar(total: int, *, is_wanted: bool) -> Generator[Tell[Any] | None]:
    """A bar for as long as the block lasts, and what is to be told of each result.

    Yields:
        None if there is no bar: it is not wanted, or stderr is neither a terminal nor a notebook.
    """
    if not is_wanted:
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - who wants no bar does not load it

    console = Console(stderr=True)
    if not (_is_terminal() or console.is_jupyter):
        yield None
        return
    from rich.progress import (  # noqa: PLC0415 - as above
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[told]}", markup=False),
        TimeElapsedColumn(),
    )
    counts = _Counts()
    with Progress(*columns, console=console) as bar:
        shown = bar.add_task("", total=total, told="")

        def tell(result: Result[Any]) -> None:
            counts.add(result)
            bar.update(shown, advance=1, told=counts.told)

        yield tell


class _Counts:
    """What the results so far come to."""

    def __init__(self) -> None:
        self._not_done = 0
        self._spend = Spend()

    def add(self, result: Result[Any]) -> None:
        self._not_done += result.status is not RunStatus.DONE
        self._spend += result.total_spend

    @property
    def told(self) -> str:
        missed = f"{self._not_done} not done, " if self._not_done else ""
        return f"{missed}{format.money(self._spend)}"


def _is_terminal() -> bool:
    """Whether a person sees stderr; a program may have none, or have closed it."""
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()
