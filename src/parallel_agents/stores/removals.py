"""Removals: the events of what somebody took away or brought back, which no run of an agent did."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from parallel_agents.core.event import Entry, Noticed
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.shared_state import Removal, Writer
from parallel_agents.stores.event_log import Draft
from parallel_agents.stores.tables import Tables

# Somebody outside of any session, as the audit names those.
CALLER = "caller"
_MOST_NAMES = 50


def note_removal(
    tables: Tables,
    tree: SessionKey,
    writer: Writer,
    what: str,
    names: Sequence[str],
    removal: Removal,
) -> None:
    """Write who removed what, as an event of the run that did, or of the last one of the tree's root."""
    run, session = writer.run, writer.session
    if not run:
        runs = tables.database.all("runs_of_session", (tree,))
        if not runs:
            return  # a tree that the store does not know has no history
        run, session = RunId(str(runs[-1][0])), tree
    things = f"1 {what}" if removal.number == 1 else f"{removal.number} {what}s"
    named = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    text = f"removed {things} that the tree shared, {removal.bytes:,} bytes: {named}"
    _write(tables, run, session, Noticed(text=text, by=_by(writer), what="remove"))


def note_decision(tables: Tables, session: SessionKey, *, by: str, what: str, text: str) -> None:
    """Write a decision about a session, as an event of its last run; one that is gone has none."""
    if runs := tables.database.all("runs_of_session", (session,)):
        _write(tables, RunId(str(runs[-1][0])), session, Noticed(text=text, by=by, what=what))


def _by(writer: Writer) -> str:
    return writer.session or writer.by or CALLER


def _write(tables: Tables, run: RunId, session: SessionKey, noticed: Noticed) -> None:
    entry = Entry(f"noticed/{noticed.what}-{uuid.uuid4().hex[:12]}", noticed)
    tables.log.write([Draft(run, session, entry)])
