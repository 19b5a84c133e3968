"""Notifying: sends the notifications that the store keeps, from a process with an engine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from typing import Protocol

import orjson

from parallel_agents.core.ids import OwnerId
from parallel_agents.core.notification import Notification, Occasion
from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.row import Row
from parallel_agents.core.schema import Json
from parallel_agents.core.store import Store
from parallel_agents.errors import StoreError
from parallel_agents.models.certificates import make_context
from parallel_agents.notify.letter import Letter, NotSent
from parallel_agents.notify.sending import Sender
from parallel_agents.settings import Environment, Settings

MOST_TRIES = 5
# To one target, and in all: one that hangs holds up no other.
_AT_ONCE, _MOST_AT_ONCE = 8, 32
_AGAIN_SECONDS = 5.0
FAREWELL_SECONDS = 3.0
_MOST_QUESTIONS = 20
_log = logging.getLogger(__name__)


def make_sender(environment: Environment, settings: Settings) -> Sender:
    """What sends the notifications of a process."""
    return Sender(
        variables=environment.variables,
        private_hosts=PrivateHosts.parse(settings.notify_private_hosts or ()),
        certificates=cache(partial(make_context, environment.variables)),
    )


class Sends(Protocol):
    """Sends letters to targets."""

    async def send(self, to: str, letter: Letter) -> None:
        """Send a letter.

        Raises:
            NotSent: it did not arrive, or nobody knows whether it did.
        """
        ...


class Notifier:
    """Sends what is due; each is sent once, unless this process dies between sending and noting it."""

    def __init__(self, store: Store, owner: OwnerId, sender: Sends) -> None:
        self._store = store
        self._owner = owner
        self._sender = sender

    async def send_due(self) -> None:
        """Send what is due, some of each target after the other.

        Raises:
            StoreError: the store cannot be read or written.
        """
        while await self._store.has_due():
            taken = await self._store.take_notifications(self._owner)
            if not taken:
                return
            await self._send_all(taken)

    async def say_farewell(self) -> None:
        """Send what the work of this process made due, before it ends.

        What other processes left is not tried, and what takes too long is left to others.
        """
        taken: list[Notification] = []
        try:
            async with asyncio.timeout(FAREWELL_SECONDS):
                while await self._store.has_due():
                    taken = await self._store.take_own_notifications(self._owner)
                    if not taken:
                        return
                    await self._send_all(taken)
        except TimeoutError:
            _log.warning(
                "what is notified did not answer within %g s; another process sends what is left of %d",
                FAREWELL_SECONDS,
                len(taken),
            )
        except StoreError:
            return  # what is due stays so

    async def _send_all(self, taken: Sequence[Notification]) -> None:
        in_all = asyncio.Semaphore(_MOST_AT_ONCE)
        turns = {each.to: asyncio.Semaphore(_AT_ONCE) for each in taken}
        await asyncio.gather(*(self._send(each, turns[each.to], in_all) for each in taken))

    async def _send(
        self, due: Notification, turn: asyncio.Semaphore, in_all: asyncio.Semaphore
    ) -> None:
        async with turn, in_all:
            letter = await self._letter(due)
            try:
                await self._sender.send(due.to, letter)
            except NotSent as error:
                await self._note_unsent(due, error)
            else:
                await self._store.note_sent(due)

    async def _note_unsent(self, due: Notification, error: NotSent) -> None:
        may_try_again = error.may_try_again and due.tries < MOST_TRIES
        again_in = _AGAIN_SECONDS * 2.0**due.tries if may_try_again else None
        await self._store.note_unsent(due, str(error), again_in)
        what = f"again in {again_in:g} s" if again_in else "given up"
        _log.warning("not notified of %s, %s: %s", due.about, what, error)

    async def _letter(self, due: Notification) -> Letter:
        (row,) = await self._store.rows_of([due.run])
        questions: list[OpenQuestion] = []
        if due.about is Occasion.NEEDS_YOU:
            questions = await self._questions(row)
        document = _document(due, row, questions, self._store.now())
        facts = {
            "PAGENTS_EVENT": due.about.value,
            "PAGENTS_NAME": row.session.name,
            "PAGENTS_LABEL": row.session.label,
            "PAGENTS_STATUS": row.run.status.value,
            "PAGENTS_ID": due.id,
        }
        return Letter(
            id=due.id,
            document=orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE),
            facts={name: value.replace("\0", "") for name, value in facts.items()},
        )

    async def _questions(self, asking: Row) -> list[OpenQuestion]:
        """The questions of the tree that wait."""
        waiting = await self._store.questions()
        rows = await self._store.rows_of(list({each.run for each in waiting}))
        roots = {row.run.id: row.session.root for row in rows}
        return [each for each in waiting if roots.get(each.run) == asking.session.root]


def _document(
    due: Notification, row: Row, questions: list[OpenQuestion], now: float
) -> Mapping[str, Json]:
    """What a notification says: what happened and how to look at it, and nothing that was said or done."""
    run = row.run
    cost = run.spend.cost_usd
    return {
        "schema": "pagents.notification/1",
        "id": due.id,
        "event": due.about.value,
        "at": datetime.fromtimestamp(now, UTC).isoformat(),
        "name": row.session.name,
        "label": row.session.label,
        "session_key": due.session,
        "run_id": due.run,
        "status": run.status.value,
        "error_code": run.error_code,
        "seconds": run.seconds,
        "cost_usd": cost,
        "tries": due.tries,
        "question_count": len(questions),
        "questions": [
            {"id": each.id, "kind": each.question.question.value, "tool": each.question.tool}
            for each in questions[:_MOST_QUESTIONS]
        ],
        "next": "pagents inbox" if questions else f"pagents show {row.session.name}",
    }
