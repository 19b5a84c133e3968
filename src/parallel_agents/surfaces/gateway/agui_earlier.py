"""AG-UI earlier messages: what was said in a conversation before a run, which a snapshot of it has too.

A client may send only what is new, as the protocol allows where the server keeps the conversation. Its own client
drops the messages that a snapshot lacks.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from parallel_agents.core.event import Finished, Queued
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.json_value import as_list
from parallel_agents.core.row import Row
from parallel_agents.surfaces.agui.messages import MessageDocument, Messages
from parallel_agents.surfaces.agui.translation import Asking, Member, Translation
from parallel_agents.surfaces.gateway.chat_prompts import Said, said_in
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import MOST_ITEMS
from parallel_agents.surfaces.gateway.talking import ON_INPUT

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
    call: Call, session: SessionKey, run: RunId, agent: str
) -> list[MessageDocument]:
    """The messages of the runs before one, as a client has them that was told these runs.

    Messages of people have ids of the gateway, as those of clients are not kept.

    Args:
        call: the request.
        session: the conversation.
        run: the run before which they were said.
        agent: who was talked to.
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
                for number, each in enumerate(_said(body), 1):
                    messages.say(f"u{event.seq}.{number}", each.role, each.text)
            member = await members.find(event.session)
            for translation in live.values():
                for each in translation.of(event, member):
                    messages.add(each)
            if isinstance(body, Finished):
                live.pop(event.run, None)
        if len(page) < MOST_ITEMS:
            return messages.documents()
        after = page[-1].seq


def with_own(
    earlier: Sequence[MessageDocument],
    own: Sequence[dict[str, object]],
    said: Sequence[Said | None],
) -> list[object]:
    """The earlier messages with those of a request, each in the place of the earlier one that it repeats.

    What the request ends with is new, whatever it says. Of earlier messages that say the same, a message repeats
    the last one that leaves both in order.

    Args:
        earlier: what was said before the run.
        own: the messages of the request.
        said: what each of these says; None if nobody says it.
    """
    places: dict[Said, list[int]] = {}
    for place, message in enumerate(earlier):
        if "toolCallId" not in message:
            places.setdefault(Said(message["role"], message.get("content", "")), []).append(place)
    new = max((number for number, each in enumerate(said) if each is not None), default=0)
    repeated: dict[int, int] = {}
    before = len(earlier)
    for number in reversed(range(new)):
        each = said[number]
        open_places = [] if each is None else places.get(each, [])
        while open_places and open_places[-1] >= before:
            open_places.pop()
        if open_places:
            before = open_places.pop()
            repeated[before] = number
    woven: list[object] = []
    done = 0
    for place, message in enumerate(earlier):
        if place not in repeated:
            woven.append(message)
            continue
        woven += own[done : repeated[place] + 1]
        done = repeated[place] + 1
    return [*woven, *own[done:]]


def _said(queued: Queued) -> list[Said]:
    """What was said to an agent with a message, without what was added for it to read."""
    if queued.input and queued.text.strip() in ("", ON_INPUT):
        return [Said("user", orjson.dumps(queued.input, default=as_list).decode())]
    return said_in(queued.text)


def _member(row: Row) -> Member:
    session = row.session
    return Member(session.agent.name, session.agent.description, session.label, session.parent)
