"""Pages: the options by which a command shows a part of what there is, and the note on the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli import render

if TYPE_CHECKING:
    from parallel_agents.core.event import Event
    from parallel_agents.core.ids import SessionKey
    from parallel_agents.core.inspection import Journal

_ALL = 1_000_000_000

Limit = Annotated[
    int, typer.Option("--limit", help="How many to show; 0 shows all.", metavar="N", min=0)
]
Before = Annotated[
    int | None,
    typer.Option("--before", help="The last ones before this event.", metavar="SEQ", min=1),
]
After = Annotated[
    int | None,
    typer.Option("--after", help="The first ones after this event.", metavar="SEQ", min=0),
]


class Page(NamedTuple):
    """Some of the events of a tree, in order, and how many there are before and after them."""

    events: Sequence[Event]
    earlier: int
    later: int

    @property
    def total(self) -> int:
        return self.earlier + len(self.events) + self.later

    @property
    def has_several(self) -> bool:
        """Whether the events are of several sessions."""
        return len({event.session for event in self.events}) > 1


def most(limit: int) -> int:
    """The most to show; 0 stands for all."""
    return limit or _ALL


def check_one_end(before: int | None, after: int | None) -> None:
    if before is not None and after is not None:
        raise InvalidInput(
            "--before and --after cannot be used together",
            why="a page has one beginning",
            hint="use --after with --limit",
        )


async def read_page(
    journal: Journal, *, limit: int, before: int | None, after: int | None, tree: SessionKey
) -> Page:
    """The last events of a tree, those before an event, or those after one."""
    if after is None:
        events = await journal.last_events(before=before, tree=tree, limit=limit)
    else:
        events = await journal.events(after=after, tree=tree, limit=limit)
    total = await journal.count_events(tree=tree)
    if not events:
        return Page([], total, 0)
    earlier = await journal.count_events(before=events[0].seq, tree=tree)
    return Page(events, earlier, total - earlier - len(events))


def note_rest(page: Page) -> None:
    """Say how many events are not shown, and how to see them."""
    if page.earlier and page.events:
        first = page.events[0].seq
        render.note(f"{page.earlier:,} earlier events: --before {first}; all: --limit 0")
    if page.later:
        last = page.events[-1].seq
        render.note(f"{page.later:,} later events: --after {last}; all: --limit 0")
