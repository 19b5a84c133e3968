"""Fetching: the embedded model's download as a bar that says size and what is left."""

from __future__ import annotations

from typing import Self

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from parallel_agents.models.local.fetch import Progress as Fetched
from parallel_agents.surfaces.cli import render
from parallel_agents.views import format

_STEP = 0.1


class DownloadBar:
    """Hears how far a fetch is; a bar on a terminal, a line for each tenth elsewhere.

    Attributes:
        is_under_way: some of the file is still to come.
    """

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._said = -1.0
        self.is_under_way = False

    def __call__(self, fetched: Fetched) -> None:
        self.is_under_way = fetched.left_bytes > 0
        if render.err().is_terminal:
            self._draw(fetched)
        else:
            self._say(fetched)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the bar off the terminal; a further fetch draws a new one."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _draw(self, fetched: Fetched) -> None:
        if self._bar is None:
            self._bar = Progress(
                TextColumn("  {task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.percentage:>3.0f}%  {task.fields[left]} left", markup=False),
                TimeRemainingColumn(),
                console=render.err(),
                transient=True,
            )
            self._bar.add_task(_title(fetched), total=fetched.total_bytes, left="")
            self._bar.start()
        task = self._bar.tasks[0].id
        left = format.size(fetched.left_bytes)
        self._bar.update(task, completed=fetched.done_bytes, description=_title(fetched), left=left)
        if fetched.left_bytes == 0 and fetched.doing == "":
            self.close()

    def _say(self, fetched: Fetched) -> None:
        part = fetched.done_bytes / max(fetched.total_bytes, 1)
        if part - self._said >= _STEP or (part == 1.0 and self._said < 1.0):
            self._said = part
            left = format.size(fetched.left_bytes)
            render.note(f"{_title(fetched)}: {part:.0%}, {left} left")


def _title(fetched: Fetched) -> str:
    model = f"{fetched.model} ({format.size(fetched.total_bytes)})"
    match fetched.doing:
        case "checking":
            return f"Checking {model}"
        case "another process":
            return f"Waiting for another process that fetches {model}"
        case source:
            return f"Fetching {model} from {source}" if source else f"Fetching {model}"
