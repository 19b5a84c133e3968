"""Missing names: the refusal of a name that no session has, which says what is near it and how to list the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from parallel_agents.core.cutting import head
from parallel_agents.core.filter import Filter
from parallel_agents.core.row import Row
from parallel_agents.core.spelling import counted, meant
from parallel_agents.core.store import SessionStore
from parallel_agents.errors import NotFound

LISTED = "`pagents list --all` shows them"
_ROOTS = 200  # that a name is compared with
_COMPARED = 400  # of one tree, which takes a tenth of a second where labels are long
_MEMBERS = 1_000  # of one step, as many as it may have items
_SHOWN = 5
_CLOSE = 3
_CHARACTERS = 200
_DIGITS = re.compile(r"(\d+)")


class Missing(NamedTuple):
    """What of a name is missing.

    Attributes:
        above: the session that the beginning of the name means; None if no session is called so.
        part: the rest of the name.
    """

    above: Row | None
    part: str


async def missing(
    store: SessionStore, name: str, lacking: Missing, *, also: Sequence[str] = ()
) -> NotFound:
    """The refusal of a name; `also` are other names that may be meant instead of a root's."""
    told = head(name, _CHARACTERS)
    if lacking.above is None:
        rows = await store.rows(Filter(roots_only=True, limit=_ROOTS))
        known = {each for row in rows for each in _names_of(row)}
        first = name.partition("/")[0]
        why = f"nothing is called {head(first, _CHARACTERS)!r}" if first != name else ""
        return NotFound(
            f"no session {told!r}", why=why, hint=meant(first, {*known, *also} - {name}, LISTED)
        )
    above = name.removesuffix(f"/{lacking.part}")
    parts = await _parts(store, lacking.above, lacking.part)
    if parts:
        return _several(told, above, lacking.part, parts)
    rows = await store.rows(Filter(tree=lacking.above.session.key, limit=_COMPARED))
    known = {each for row in _below(rows, lacking.above) for each in _names_of(row)}
    numbered = [
        each for each in known if lacking.part.isdigit() and each.endswith(f"-{lacking.part}")
    ]
    close = numbered or get_close_matches(lacking.part[:_CHARACTERS], sorted(known), n=_CLOSE)
    near = " or ".join(repr(f"{above}/{each}") for each in close)
    lists = f"`pagents list {above}` shows what is in it"
    return NotFound(
        f"no session {told!r}",
        why=f"nothing in {head(above, _CHARACTERS)} is called {head(lacking.part, _CHARACTERS)!r}",
        hint=f"did you mean {near}? {lists}" if near else lists,
    )


async def _parts(store: SessionStore, above: Row, part: str) -> list[Row]:
    """The sessions of what is done in several, such as a step with `for_each`: `part-1`, or `part/x`."""
    begins = tuple(f"{part}{mark}" for mark in "-/")
    within = Filter(tree=above.session.key, labels=begins, limit=_MEMBERS)
    rows = await store.rows(within)
    parts = [row for row in _below(rows, above) if row.session.label.startswith(begins)]
    items = [row for row in parts if row.session.label[len(begins[0]) :][:1].isdigit()]
    return items or parts


def _several(told: str, above: str, part: str, parts: Sequence[Row]) -> NotFound:
    live = {row.session.label for row in parts if not row.run.status.is_over}
    every = {row.session.label for row in parts}
    labels = sorted(live or every, key=_in_order)
    names = ", ".join(f"{above}/{label}" for label in labels[:_SHOWN])
    more = f" and {len(labels) - _SHOWN:,} more" if len(labels) > _SHOWN else ""
    state = f"of which {len(live):,} are live" if live else "of which none is live"
    return NotFound(
        f"no session {told!r}",
        why=f"{head(part, _CHARACTERS)} is done in {counted(len(every), 'session')}, {state}",
        hint=f"name one: {names}{more}; `pagents list {above}` shows what is in it",
    )


def _in_order(label: str) -> list[tuple[int, str]]:
    """Numbers in a label count as numbers: item 10 follows item 9."""
    return [(int(each) if each.isdecimal() else 0, each) for each in _DIGITS.split(label)]


def _below(rows: Sequence[Row], above: Row) -> Iterator[Row]:
    return (row for row in rows if row.session.key != above.session.key)


def _names_of(row: Row) -> Iterator[str]:
    session = row.session
    yield session.label
    if session.parent is None and session.spawn_key:
        yield session.spawn_key
    if session.options.task_name:
        yield session.options.task_name
