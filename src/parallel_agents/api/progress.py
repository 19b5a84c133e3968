"""Progress: a bar on stderr that says how many results there are, for people who wait for them."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from parallel_agents.api.team_calls import Tell
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.views import format

if TYPE_CHECKING:
    from rich.progress import Progress


class Bar(Protocol):
    """What is shown of work that continues."""

    def show(self, done: int, total: int | None, *, not_done: int, spend: Spend) -> None:
        """Show how much has ended, out of how much; None if that is not known yet.

        Args:
            done: how much has ended.
            total: out of how much.
            not_done: how much of it ended otherwise than in done.
            spend: what it used.
        """
        ...


@contextmanager
def open_bar(*, is_wanted: bool) -> Generator[Bar | None]:
    """A bar for as long as the block lasts.

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
    with Progress(*columns, console=console) as progress:
        yield _RichBar(progress)


@contextmanager
def progress_bar(total: int, *, is_wanted: bool) -> Generator[Tell[Any] | None]:
    """A bar for as long as the block lasts, and what is to be told of each result.

    Yields:
        None if there is no bar; see `open_bar`.
    """
    with open_bar(is_wanted=is_wanted) as bar:
        yield None if bar is None else _Counts(bar, total).add


class _RichBar:
    """A bar that `rich` draws."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None, told="")

    def show(self, done: int, total: int | None, *, not_done: int, spend: Spend) -> None:
        missed = f"{not_done} not done, " if not_done else ""
        is_unknown = spend.cost_usd is None
        cost = "cost unknown" if is_unknown else format.money(spend) if spend.calls else ""
        told = f"{missed}{cost}".removesuffix(", ")
        self._progress.update(self._task, completed=done, total=total, told=told)


class _Counts:
    """What the results so far come to, as a bar shows it."""

    def __init__(self, bar: Bar, total: int) -> None:
        self._bar = bar
        self._total = total
        self._done = self._not_done = 0
        self._spend = Spend()
        self._show()

    def add(self, result: Result[Any]) -> None:
        self._done += 1
        self._not_done += result.status is not RunStatus.DONE
        self._spend += result.total_spend
        self._show()

    def _show(self) -> None:
        self._bar.show(self._done, self._total, not_done=self._not_done, spend=self._spend)


def _is_terminal() -> bool:
    """Whether a person sees stderr; a program may have none, or have closed it."""
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()
