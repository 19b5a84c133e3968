"""Notifications: written with the events that they tell of, and taken by whoever sends them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parallel_agents.core.cutting import head
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.notification import Notification, Occasion, Unsent, occasion_of
from parallel_agents.core.run import RunStatus
from parallel_agents.stores.database import Database, as_array
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.tables import Tables


def note_ends(tables: Tables, ends: Sequence[tuple[RunId, SessionKey, RunStatus]]) -> None:
    """Store the notifications of runs that have just ended."""
    occasions = [
        (run, session, occasion)
        for run, session, status in ends
        if (occasion := occasion_of(status)) is not None
    ]
    if occasions:
        values = {"ends": as_array(occasions), "now": tables.now()}
        tables.database.run("note_ends", values | {"unasked": tables.wishes.unasked})


def note_questions(tables: Tables, asked: Iterable[tuple[RunId, SessionKey, str]]) -> None:
    """The same for questions that have just been asked, by run, session and key."""
    for run, session, key in asked:
        tables.database.run(
            "note_question",
            {"run": run, "session": session, "key": key, "now": tables.now()}
            | {"unasked": tables.wishes.unasked},
        )


def has_due(rows: Rows, now: float) -> bool:
    found = rows.database.one("has_due", {"now": now})
    return found is not None and bool(found[0])


def take(tables: Tables, owner: OwnerId) -> list[Notification]:
    """See `core.notification.NotificationStore`."""
    return _take(tables, owner, None)


def take_own(tables: Tables, owner: OwnerId) -> list[Notification]:
    """See `core.notification.NotificationStore`."""
    return _take(tables, owner, owner)


def _take(tables: Tables, owner: OwnerId, of: OwnerId | None) -> list[Notification]:
    """Take what is due of the runs of one owner, or of all."""
    database, now = tables.database, tables.now()
    found = database.all("due_notifications", {"now": now, "owner": of})
    told = {(tree, to) for tree, to in database.all("told_and_open")}
    taken: list[Notification] = []
    for number, to, about, tree, run, tries, is_open in found:
        if about == Occasion.NEEDS_YOU:
            if not is_open or (tree, to) in told:
                _set(database, number, to, "merged", owner, now)
                continue
            told.add((tree, to))
        _set(database, number, to, "sending", owner, now)
        taken.append(
            Notification(number, to, Occasion(about), SessionKey(tree), RunId(run), tries + 1)
        )
    return taken


def note_sent(tables: Tables, sent: Notification) -> None:
    tables.database.run(
        "end_notification",
        {"number": sent.number, "to": sent.to, "state": "sent", "error": "", "at": tables.now()},
    )


def note_unsent(tables: Tables, sent: Notification, error: str, again_in: float | None) -> None:
    state = "failed" if again_in is None else "due"
    values = {"number": sent.number, "to": sent.to, "state": state, "error": head(error, 500)}
    tables.database.run("end_notification", values | {"at": tables.now() + (again_in or 0.0)})


def read_unsent(rows: Rows, since: float) -> Unsent:
    found = rows.database.one("unsent", (since,))
    return Unsent(0, "") if found is None else Unsent(int(found[0]), str(found[1] or ""))


def _set(database: Database, number: int, to: str, state: str, owner: OwnerId, now: float) -> None:
    values = {"number": number, "to": to, "state": state, "owner": owner, "now": now}
    database.run("take_notification", values)
