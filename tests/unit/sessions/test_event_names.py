"""The session of an event is named once, however many events it has."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.event import Event, Started
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.overview import Origin
from parallel_agents.sessions.event_names import EventNames


class CountedOrigins:
    """Sessions whose names are counted as they are read."""

    def __init__(self) -> None:
        self.reads: list[Sequence[SessionKey]] = []

    async def origins(self, sessions: Sequence[SessionKey]) -> dict[SessionKey, Origin]:
        self.reads.append(sessions)
        known = [session for session in sessions if session != "gone"]
        return {key: Origin(key.upper(), "", None, key, ("mail-0", key)) for key in known}


def event(session: str) -> Event:
    body = Started(owner=OwnerId("o"), epoch=1)
    return Event(1, 0.0, SessionKey(session), RunId("r"), "started-1", body)


async def test_each_session_is_looked_up_once() -> None:
    origins = CountedOrigins()
    names = EventNames(origins)

    first = await names.named([event("a"), event("b"), event("a")])
    await names.named([event("b"), event("a")])
    await names.named([event("c")])

    assert [(each.label, each.path) for each in first[:2]] == [
        ("A", ("mail-0", "a")),
        ("B", ("mail-0", "b")),
    ]
    assert origins.reads == [["a", "b"], ["c"]]


async def test_an_event_of_a_session_that_is_gone_has_no_names() -> None:
    (named,) = await EventNames(CountedOrigins()).named([event("gone")])

    assert (named.label, named.path) == ("", ())
