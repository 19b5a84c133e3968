"""Download bar: the embedded model's download, with its size and what is left."""

from __future__ import annotations

from typing import Self

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from parallel_agents.models.local.fetch import Progress as Fetched
from parallel_agents.surfaces.cli import render
from parallel_agents.views import format

_STEP = 0.1


class DownloadBar:
    """Shows the progress of a download: a bar on a terminal, a line for each tenth elsewhere.

    Attributes:
        is_under_way: part of the file is still missing.
    """

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._reported = -1.0
        self.is_under_way = False

    def __call__(self, fetched: Fetched) -> None:
        self.is_under_way = fetched.left_bytes > 0
        if render.err().is_terminal:
            self._draw(fetched)
        else:
            self._print(fetched)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the bar from the terminal; the next download draws a new one."""
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

    def _print(self, fetched: Fetched) -> None:
        part = fetched.done_bytes / max(fetched.total_bytes, 1)
        if part - self._reported >= _STEP or (part == 1.0 and self._reported < 1.0):
            self._reported = part
            left = format.size(fetched.left_bytes)
            render.note(f"{_title(fetched)}: {part:.0%}, {left} left")


def _title(fetched: Fetched) -> str:
    model = f"{fetched.model} ({format.size(fetched.total_bytes)})"
    match fetched.doing:
        case "checking":
            return f"Checking {model}"
        case "another process":
            return f"Waiting for another process that is fetching {model}"
        case source:
            return f"Fetching {model} from {source}" if source else f"Fetching {model}"
