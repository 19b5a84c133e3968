"""Topics: the list of runs, the tree of a session, questions and health, as their events change them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import orjson
from typing_extensions import override

from parallel_agents.core.event import Event
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.json_value import as_list
from parallel_agents.sessions.event_names import EventNames
from parallel_agents.surfaces.gateway.frames import LOOK_SECONDS, Topic
from parallel_agents.surfaces.gateway.gateway import Gateway
from parallel_agents.surfaces.gateway.hub import Members
from parallel_agents.surfaces.gateway.live_texts import LiveText, TextDocument
from parallel_agents.surfaces.gateway.view_routes import health_document
from parallel_agents.views.documents import named_event_json
from parallel_agents.views.questions import waiting_json
from parallel_agents.views.session_documents import WholeDocument, whole_json
from parallel_agents.views.sessions import lines_of

RUNS, QUESTIONS, HEALTH, SESSION = "runs", "questions", "health", "session:"
_MOST_CHANGED, _MOST_EVENTS, _MOST_ITEMS = 500, 500, 500
_MOST_KNOWN = 20_000
_ASKING = frozenset({"asked", "answered", "finished"})


class _Sent:
    """What subscribers know of each session, so that only what differs is told."""

    def __init__(self) -> None:
        self._digests: dict[SessionKey, bytes] = {}

    def differing(self, items: Sequence[WholeDocument]) -> list[WholeDocument]:
        """Those that differ from what was told before, which are told now."""
        if len(self._digests) > _MOST_KNOWN:
            self._digests.clear()
        found: list[WholeDocument] = []
        for item in items:
            digest = blake2b(orjson.dumps(item, default=as_list), digest_size=12).digest()
            if self._digests.get(item["session_key"]) != digest:
                self._digests[item["session_key"]] = digest
                found.append(item)
        return found


class _Prunings:
    """Notices, every few seconds at most, that sessions were removed: no event says so."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._known: int | None = None
        self._looked_at = 0.0

    async def happened(self) -> bool:
        """Whether there was one since this was last asked."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = time.monotonic()
        before, self._known = self._known, await self._gateway.client.last_pruning()
        return before is not None and before != self._known

    async def begin(self) -> None:
        """Know of those until now."""
        if self._known is None:
            self._known = await self._gateway.client.last_pruning()


async def _documents(gateway: Gateway, chosen: Filter) -> list[WholeDocument]:
    client = gateway.client
    rows = await client.sessions.list(chosen)
    lines = lines_of(await client.journal.look(rows), gateway.lacks)
    return [whole_json(line) for line in lines]


class RunsTopic(Topic):
    """The roots, newest first, each told again when something below it happens."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(RUNS, gateway)
        self._prunings = _Prunings(gateway)
        self._changed: set[SessionKey] = set()
        self._roots: dict[SessionKey, SessionKey] = {}
        self._sent = _Sent()

    @override
    def note(self, events: Sequence[Event]) -> bool:
        self._changed.update(event.session for event in events)
        return True

    @override
    async def changes(self, *, is_look: bool) -> dict[str, object] | None:
        changed, self._changed = self._changed, set()
        if await self._prunings.happened():
            self.forget()
            return None
        roots = await self._roots_of(changed)
        if len(roots) > _MOST_CHANGED:
            return None
        if is_look:
            chosen = Filter(roots_only=True, is_live=True, limit=_MOST_ITEMS)
            items = await _documents(self.gateway, chosen)
        else:
            items = await _documents(self.gateway, Filter(sessions=tuple(roots)))
        differing = self._sent.differing(items)
        return {"items": differing} if differing else {}

    async def _roots_of(self, sessions: set[SessionKey]) -> set[SessionKey]:
        if len(self._roots) > _MOST_KNOWN:
            self._roots.clear()
        if new := tuple(sessions - self._roots.keys()):
            rows = await self.gateway.client.sessions.list(Filter(sessions=new))
            self._roots |= {row.session.key: row.session.root for row in rows}
        return {self._roots[key] for key in sessions if key in self._roots}

    @override
    async def whole(self) -> dict[str, object]:
        await self._prunings.begin()
        items = await _documents(self.gateway, Filter(roots_only=True, limit=_MOST_ITEMS))
        total = await self.gateway.client.journal.count_rows(Filter(roots_only=True))
        return {"items": items, "total": total}

    @override
    async def missed(self, after: int) -> dict[str, object] | None:
        events = await self.gateway.client.journal.events(after=after, limit=_MOST_EVENTS)
        if len(events) == _MOST_EVENTS:
            return None
        roots = await self._roots_of({event.session for event in events})
        return {"items": await _documents(self.gateway, Filter(sessions=tuple(roots)))}


class SessionTopic(Topic):
    """The tree of a session: its events, and each session of it when something changes there."""

    def __init__(self, gateway: Gateway, top: SessionKey) -> None:
        super().__init__(f"{SESSION}{top}", gateway)
        self._top = top
        self._prunings = _Prunings(gateway)
        self._members = Members(gateway.client.sessions, top)
        self._names = EventNames(gateway.client.journal)
        self._events: list[Event] = []
        self._is_behind = False
        self._sent = _Sent()
        self._live_text = LiveText(gateway.live, top)

    @override
    async def run(self) -> None:
        self._live_text.note(await _documents(self.gateway, Filter(sessions=(self._top,))))
        with self._live_text.telling(self.tell_soon):
            await super().run()

    @override
    def note(self, events: Sequence[Event]) -> bool:
        if len(self._events) > 10 * _MOST_EVENTS:
            self._events.clear()
            self._is_behind = True
        elif not self._is_behind:
            self._events += events
        return True

    @override
    async def changes(self, *, is_look: bool) -> dict[str, object] | None:
        events, self._events = self._events, []
        was_behind, self._is_behind = self._is_behind, False
        if await self._prunings.happened():
            self.forget()
            return None
        found = [event for event in events if await self._members.has(event.session)]
        if was_behind or len(found) > _MOST_EVENTS:
            return None
        if is_look:
            items = await _documents(self.gateway, self._live)
        elif found:
            items = await self._items(found)
        else:
            items = []
        self._live_text.note(items)
        differing = self._sent.differing(items)
        text = self._live_text.news()
        if not found and not differing and text is None:
            return {}
        events = [named_event_json(event) for event in await self._names.named(found)]
        return {"items": differing, "events": events, **_written(text)}

    @property
    def _live(self) -> Filter:
        return Filter(tree=self._top, is_live=True, limit=_MOST_ITEMS)

    async def _items(self, events: Sequence[Event]) -> list[WholeDocument]:
        """The sessions of these events, and the one at the top, which counts them."""
        changed = {self._top, *(event.session for event in events)}
        return await _documents(self.gateway, Filter(sessions=tuple(changed)))

    @override
    async def whole(self) -> dict[str, object]:
        chosen = Filter(tree=self._top, limit=_MOST_ITEMS)
        items = await _documents(self.gateway, chosen)
        total = await self.gateway.client.journal.count_rows(Filter(tree=self._top))
        return {"items": items, "total": total, **_written(self._live_text.whole())}

    @override
    async def missed(self, after: int) -> dict[str, object] | None:
        await self._prunings.begin()
        journal = self.gateway.client.journal
        events = await journal.events(after=after, tree=self._top, limit=_MOST_EVENTS)
        if len(events) == _MOST_EVENTS:
            return None
        items = await self._items(events) if events else []
        told = [named_event_json(event) for event in await self._names.named(events)]
        return {"items": items, "events": told, **_written(self._live_text.whole())}


def _written(text: TextDocument | None) -> dict[str, object]:
    return {} if text is None else {"text": text}


class QuestionsTopic(Topic):
    """What waits for a person; each frame has all of it."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(QUESTIONS, gateway)
        self._told: Mapping[str, object] | None = None

    @override
    def note(self, events: Sequence[Event]) -> bool:
        return any(event.body.kind in _ASKING for event in events)

    @override
    async def changes(self, *, is_look: bool) -> dict[str, object] | None:
        content = await self.whole()
        if content == self._told:
            return {}
        self._told = content
        return content

    @override
    async def whole(self) -> dict[str, object]:
        found = await self.gateway.client.sessions.questions()
        shown = found[:_MOST_ITEMS]
        origins = await self.gateway.client.journal.origins([each.session for each in shown])
        items = [waiting_json(each, origins) for each in shown]
        return {"items": items, "total": len(found)}


class HealthTopic(Topic):
    """The signs of health; each frame has all of them, and one comes only if a sign differs."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(HEALTH, gateway)
        self._told: object = None

    @override
    def note(self, events: Sequence[Event]) -> bool:
        return any(event.body.kind in _ASKING for event in events)

    @override
    async def changes(self, *, is_look: bool) -> dict[str, object] | None:
        content = await self.whole()
        if content["signs"] == self._told:
            return {}
        self._told = content["signs"]
        return content

    @override
    async def whole(self) -> dict[str, object]:
        return dict(await health_document(self.gateway))
