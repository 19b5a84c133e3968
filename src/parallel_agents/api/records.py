"""Records: what is stored of a run, to look at in a program or a notebook, however it was started."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from typing_extensions import override

from parallel_agents.api.display import Display
from parallel_agents.api.exporting import artifacts_of, export as export_file
from parallel_agents.api.held_loop import refuse_await
from parallel_agents.app.reading import Reader, check_exists, open_follower, open_reader
from parallel_agents.app.usable import find_usable
from parallel_agents.core.annotations import Name
from parallel_agents.core.arguments import checked, checked_methods
from parallel_agents.core.event import Event
from parallel_agents.core.inspection import each_event
from parallel_agents.core.message import Message
from parallel_agents.core.run import Result
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.transcript import fold
from parallel_agents.core.verbs import whole_history
from parallel_agents.errors import InvalidInput, MissingExtra, NotFound
from parallel_agents.extras import install_line
from parallel_agents.interrupts import in_thread
from parallel_agents.secrets.known import KNOWN
from parallel_agents.settings import Environment, Settings, read_environment
from parallel_agents.views import format
from parallel_agents.views.card import card_of, text_of
from parallel_agents.views.exports.tree import Exported, ExportFormName, Tree, read_tree
from parallel_agents.views.frames import Frames
from parallel_agents.views.plots import Plots
from parallel_agents.views.session_tree import Branch, branches_of
from parallel_agents.views.sessions import SessionLine
from parallel_agents.views.states import shown_state

V = TypeVar("V")
_LIVE_SECONDS = 0.25


class Where(NamedTuple):
    """Where the sessions are."""

    environment: Environment
    settings: Settings


class Seen(NamedTuple):
    """The sessions of a tree at one moment."""

    top: SessionLine
    lines: list[SessionLine]


@checked_methods
class Record:
    """A run as it was when it was looked at; what it wrote since is read by `events` and `live`.

    Attributes:
        name: the key of its session.
    """

    def __init__(self, where: Where, seen: Seen) -> None:
        self._where = where
        self._seen = seen
        self._plots: Plots | None = None
        self.name: str = seen.top.row.session.key

    @property
    def plot(self) -> Plots:
        """Its plots, `gantt`, `cost`, `ladder` and `scores`, made of all that happened until the first is asked for."""

        async def read() -> Frames:
            async with open_reader(*self._where) as reader:
                return await (await _tree(reader, self.name)).frames()

        if self._plots is None:
            self._plots = Plots(_run(read()))
        return self._plots

    def events(self) -> list[Event]:
        """All that happened in the session and in everything that it spawned, in order."""

        async def read() -> list[Event]:
            async with open_reader(*self._where) as reader:
                top = self._seen.top.row.session.key
                return [event async for event in each_event(reader.journal, tree=top)]

        return _run(read())

    def results(self) -> list[Result]:
        """The results of those of its sessions' runs that have ended, the oldest session first."""

        async def read() -> list[Result]:
            async with open_reader(*self._where) as reader:
                return await reader.sessions.results([line.row.run.id for line in self._seen.lines])

        return _run(read())

    def messages(self, label: Name | None = None) -> list[Message]:
        """The conversation of a session, oldest first.

        Args:
            label: that of a session in it; None for the run itself, if it is one of an agent.

        Raises:
            NotFound: no session in it has the label.
            InvalidInput: it is a team or a flow, whose sessions have the conversations.
        """
        line = self._line(label)
        if line.row.run.kind.is_group:
            raise InvalidInput(
                f"{line.row.session.label} is a {line.row.run.kind.value}, which has no conversation",
                why="its agents have, each in its own session",
                hint="name one: messages(LABEL); tree() shows the labels",
            )

        async def read() -> list[Message]:
            async with open_reader(*self._where) as reader:
                return fold(await whole_history(reader.sessions, line.row.session.key)).messages

        return _run(read())

    def tree(self) -> str:
        """Its sessions under those that spawned them, each with its state and cost, to print."""
        order = {line.row.session.key: place for place, line in enumerate(self._seen.lines)}
        return KNOWN.hide("\n".join(map(_branch, branches_of(self._seen.lines, order))))

    def _line(self, label: str | None) -> SessionLine:
        if label is None:
            return self._seen.top
        labels = {line.row.session.label: line for line in self._seen.lines}
        if label not in labels:
            raise NotFound(
                f"no session of {self._seen.top.row.session.label} has the label {label!r}",
                hint=did_you_mean(label, list(labels), "tree() shows the labels"),
            )
        return labels[label]

    def to_pandas(self) -> Any:  # noqa: ANN401 - of a library that need not be there
        """A data frame with a row for each session; a cost that is not known is missing.

        Raises:
            MissingExtra: pandas is not installed.
        """
        if find_spec("pandas") is None:
            raise MissingExtra(
                "to_pandas() needs pandas",
                why="the package pandas is not installed",
                hint=f"{install_line('pandas')}; without it, use results() or export a CSV",
            )
        pandas: Any = import_module("pandas")
        return pandas.DataFrame([_row(line) for line in self._seen.lines])

    def export(
        self,
        file: Path | Name,
        *,
        form: ExportFormName | None = None,
        transcripts: bool = True,
        only_failed: bool = False,
        redact: bool = False,
        force: bool = False,
    ) -> Exported:
        """Write it into one file; parameters, result and errors are those of `export`."""
        return export_file(
            self.name,
            file,
            form=form,
            transcripts=transcripts,
            only_failed=only_failed,
            redact=redact,
            force=force,
            home=self._where.environment.home,
        )

    def live(self) -> Record:
        """Show the run while it works, in one place of the notebook; return it as it ended.

        A Ctrl-C leaves it, and ends nothing. It is for runs of other processes: in a program that
        executes the run in its own event loop, await `watch` instead.
        """
        return _run(self.watch())

    async def watch(self) -> Record:
        """`live` for async code, which continues meanwhile."""
        display = Display()
        async with open_follower(*self._where) as reader:
            while True:
                await reader.notice_deaths()
                tree = await _tree(reader, self.name)
                seen = Seen(tree.top, list(tree.lines))
                display.show(*_shown(seen))
                if not _is_worked_on(seen):
                    return Record(self._where, seen)
                await asyncio.sleep(_LIVE_SECONDS)

    def _repr_html_(self) -> str:
        """What a notebook shows; nothing in it but text is from the model."""
        return _shown(self._seen)[0]

    @override
    def __repr__(self) -> str:
        return _shown(self._seen)[1]


@checked
async def arecord(name: Name, *, home: Path | Name | None = None) -> Record:
    """What is stored of a run: a team, a flow or a session, however it was started.

        launch = await pa.arecord("launch")
        launch.plot.gantt()

    Args:
        name: the name of a session; see `OpenSessions`.
        home: see `Options`.

    Raises:
        NotFound, Ambiguous: the name is not that of one session.
        StoreError: the store cannot be read.
    """
    environment = read_environment(Path(home) if home else None)
    check_exists(environment)
    where = Where(environment, (await asyncio.to_thread(find_usable, environment)).settings)
    async with open_reader(*where) as reader:
        tree = await _tree(reader, name)
        return Record(where, Seen(tree.top, list(tree.lines)))


@checked
def record(name: Name, *, home: Path | Name | None = None) -> Record:
    """`arecord` for code that is not async; it also works in a running event loop.

        launch = pa.record("launch")
        launch.to_pandas()

    Parameters, result and errors are those of `arecord`.
    """
    return _run(arecord(name, home=home))


async def _tree(reader: Reader, name: str) -> Tree:
    return await read_tree(reader.sessions, reader.journal, name, artifacts=artifacts_of(reader))


def _is_worked_on(seen: Seen) -> bool:
    """Whether a process still works on it, or something of it waits for a slot."""
    return any(
        not line.is_stopped and not line.row.run.status.is_over for line in (seen.top, *seen.lines)
    )


def _shown(seen: Seen) -> tuple[str, str]:
    html, text = card_of(seen.top, seen.lines), text_of(seen.top, seen.lines)
    return KNOWN.hide(html), KNOWN.hide(text)


def _branch(branch: Branch) -> str:
    line = branch.line
    label = format.one_line(line.row.session.label)
    cost = format.money(line.spend) if line.spend.calls else ""
    return "  ".join(filter(None, (f"{branch.stem}{label}", shown_state(line), cost)))


def _moment(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def _row(line: SessionLine) -> dict[str, object]:
    row, run = line.row, line.row.run
    usage = run.spend.usage
    return {
        "id": format.name(row),
        "label": row.session.label,
        "agent": row.session.agent.name,
        "kind": run.kind.value,
        "state": line.state,
        "model": run.model,
        "attempts": run.attempts,
        "created_at": _moment(run.created_at),
        "started_at": _moment(run.started_at),
        "finished_at": _moment(run.finished_at),
        "seconds": line.seconds,
        "input_tokens": usage.all_input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": run.spend.cost_usd,
        "simulated_usd": run.spend.simulated_usd,
        "error_code": run.error_code,
    }


def _run(work: Coroutine[None, None, V]) -> V:
    refuse_await()

    async def until(_: asyncio.Event) -> V:
        return await work

    return in_thread(until)
