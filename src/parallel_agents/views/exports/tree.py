"""Tree: the sessions that are exported, and what is read of them, a page at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from parallel_agents.core.artifact import Artifact
from parallel_agents.core.event import Event
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import Journal
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.verbs import SessionReads
from parallel_agents.views.documents import event_json
from parallel_agents.views.frames import Frames
from parallel_agents.views.last_tries import last_tries
from parallel_agents.views.member_sessions import member_places
from parallel_agents.views.sessions import SessionLine, lines_of

_PAGE_ROWS, _PAGE_RESULTS, _PAGE_EVENTS = 200, 20, 100
Hide = Callable[[str], str]


class ExportForm(StrEnum):
    """What the file is."""

    MD = "md"
    JSONL = "jsonl"
    CSV = "csv"
    HTML = "html"
    JSON = "json"
    TRACE = "chrome-trace"


ExportFormName: TypeAlias = (
    ExportForm | Literal["md", "jsonl", "csv", "html", "json", "chrome-trace"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of a tree is exported.

    Attributes:
        has_transcripts: whether what was said and done is in it, besides the results.
        only_failed: whether only sessions are in it that ended without success.
        is_redacted: whether everything is left out that people, models and tools wrote.
    """

    form: ExportForm
    has_transcripts: bool = True
    only_failed: bool = False
    is_redacted: bool = False

    @property
    def shows_transcripts(self) -> bool:
        """Whether there are any; a table has none, and of what is redacted only a document for programs."""
        if self.form in (ExportForm.CSV, ExportForm.TRACE):
            return False
        is_for_programs = self.form in (ExportForm.JSON, ExportForm.JSONL)
        return self.has_transcripts and (is_for_programs or not self.is_redacted)


class Exported(NamedTuple):
    """What an export has in it.

    Attributes:
        sessions: how many of the tree's are in it.
        left_out: how many are not, since they have not failed.
        transcripts: how many of its sessions have theirs in it.
        files: how many artifacts it names; their contents are not in it.
        redacted: in how many places secrets are hidden in it, now or when they were stored.
        bytes: how large it is.
        has_contents: whether what people, models and tools wrote is in it.
    """

    sessions: int
    left_out: int
    transcripts: int
    files: int
    redacted: int
    bytes: int
    has_contents: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The sessions of an export, the oldest first.

    Attributes:
        top: the team, the flow or the session that was named.
        lines: the sessions that are exported, with it.
        total: how many the tree has.
    """

    reads: SessionReads
    journal: Journal
    top: SessionLine
    lines: Sequence[SessionLine]
    artifacts: Sequence[Artifact]
    total: int
    at: float

    async def results(self) -> AsyncGenerator[tuple[SessionLine, Result | None]]:
        """Each session with the result of its run; None if it has not ended."""
        for start in range(0, len(self.lines), _PAGE_RESULTS):
            page = self.lines[start : start + _PAGE_RESULTS]
            found = await self.reads.results([line.row.run.id for line in page])
            by_run = {result.run_id: result for result in found}
            for line in page:
                yield line, by_run.get(line.row.run.id)

    async def events(self, session: SessionKey) -> AsyncGenerator[Event]:
        """What happened in a session, in order."""
        after = 0
        while True:
            page = await self.journal.events(after=after, session=session, limit=_PAGE_EVENTS)
            for event in page:
                yield event
            if len(page) < _PAGE_EVENTS:
                return
            after = page[-1].seq

    def document(self, event: Event) -> Mapping[str, object]:
        """An event as JSON."""
        return event_json(event)

    async def frames(self) -> Frames:
        """What each of the sessions did and when, and what those at work do now."""
        frames = Frames()
        for line in self.lines:
            session = line.row.session
            async for event in self.events(session.key):
                frames.take(event, lane_label(line), session.agent.name)
            frame = frames.by_session.get(session.key)
            if frame is not None and (line.is_asking or not line.is_stopped):
                frame.until(self.at)
        return frames


async def read_tree(
    reads: SessionReads,
    journal: Journal,
    name: str,
    *,
    artifacts: Callable[[SessionKey], Awaitable[Sequence[Artifact]]],
    only_failed: bool = False,
) -> Tree:
    """The tree below the session that a name means.

    Raises:
        NotFound, Ambiguous: the name is not that of one session.
    """
    top = await reads.find(name)
    rows = await _rows_below(reads, top)
    (top_line,) = lines_of(await journal.look([top]))
    lines: list[SessionLine] = []
    at = 0.0
    for start in range(0, len(rows), _PAGE_ROWS):
        seen = await journal.look(rows[start : start + _PAGE_ROWS])
        lines += lines_of(seen)
        at = seen.now
    former = (await last_tries(reads, journal, top)).former
    lines = [replace(line, is_former=True) if line.row.run.id in former else line for line in lines]
    wanted = [line for line in lines if not only_failed or has_failed(line)]
    is_top = top.session.parent is None
    shared = await artifacts(top.session.root) if is_top else ()
    return Tree(
        reads=reads,
        journal=journal,
        top=top_line,
        lines=wanted,
        artifacts=list(dict.fromkeys(shared)),
        total=len(rows),
        at=at,
    )


async def _rows_below(reads: SessionReads, top: Row) -> list[Row]:
    chosen = Filter(tree=top.session.key, limit=_PAGE_ROWS)
    rows: list[Row] = []
    while page := await reads.list(chosen):
        rows += page
        if len(page) < _PAGE_ROWS:
            break
        chosen = replace(chosen, after=page[-1].session.key)
    places = await member_places(reads, top)
    rows.sort(key=lambda row: _place(row, places))
    return rows


def _place(row: Row, places: Mapping[SessionKey, int]) -> tuple[int, int, float, str]:
    """The tasks of a team or flow stand in their order, and others as they were spawned."""
    key = row.session.key
    return row.session.depth, places.get(key, len(places)), row.run.created_at, key


def lane_label(line: SessionLine) -> str:
    """What a lane is called: the session's label, and why it does not count any more."""
    return ", ".join(filter(None, (line.row.session.label, line.counts_told)))


def has_failed(line: SessionLine) -> bool:
    """Whether a session ended without success."""
    status = line.row.run.status
    return status.is_over and status is not RunStatus.DONE
