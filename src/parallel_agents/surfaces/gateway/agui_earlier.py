"""AG-UI earlier messages: what was said in a conversation before a run, which a snapshot of it has too.

A client may send only what is new, as the protocol allows where the server keeps the conversation. Its own client
drops the messages that a snapshot lacks.
"""

from __future__ import annotations

from collections.abc import Collection

from parallel_agents.core.event import Finished, Queued
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.message import task_text
from parallel_agents.core.row import Row
from parallel_agents.surfaces.agui.messages import MessageDocument, Messages
from parallel_agents.surfaces.agui.translation import Asking, Member, Translation
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import MOST_ITEMS

_NOBODY = Asking("", "", None, {})


class Members:
    """The sessions below that of a run, as they are told; each is looked up once."""

    def __init__(self, call: Call, top: SessionKey) -> None:
        self._call = call
        self._found: dict[SessionKey, Member | None] = {top: None}

    async def find(self, key: SessionKey) -> Member | None:
        """The session of that key; None for the top, and if it is gone."""
        if key not in self._found:
            rows = await self._call.client.sessions.list(Filter(session=key))
            self._found[key] = _member(rows[0]) if rows else None
        return self._found[key]


async def earlier_messages(
    call: Call, session: SessionKey, run: RunId, agent: str, said: Collection[str]
) -> list[MessageDocument]:
    """The messages of the runs before one, as a client has them that was told these runs.

    Messages of people have ids of the gateway, as those of clients are not kept.

    Args:
        call: the request.
        session: the conversation.
        run: the run before which they were said.
        agent: who was talked to.
        said: the texts of the request itself, which are not repeated.
    """
    messages, members = Messages(), Members(call, session)
    live: dict[RunId, Translation] = {}
    after = 0
    while True:
        page = await call.client.journal.events(after=after, tree=session, limit=MOST_ITEMS)
        for event in page:
            body = event.body
            if event.session == session and isinstance(body, Queued):
                if event.run == run:
                    return messages.documents()
                live[event.run] = Translation(_NOBODY, session, event.run, agent)
                text = task_text(body.text, body.input)
                if text not in said:
                    messages.ask(f"u{event.seq}", text)
            member = await members.find(event.session)
            for translation in live.values():
                for each in translation.of(event, member):
                    messages.add(each)
            if isinstance(body, Finished):
                live.pop(event.run, None)
        if len(page) < MOST_ITEMS:
            return messages.documents()
        after = page[-1].seq


def _member(row: Row) -> Member:
    session = row.session
    return Member(session.agent.name, session.agent.description, session.label, session.parent)
