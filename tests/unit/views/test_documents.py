"""Documents: what is unknown is null, and events are as they are stored."""

from __future__ import annotations

from parallel_agents.core.event import Event, Noticed
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.views.documents import event_json, money_json


def test_an_unknown_amount_is_null() -> None:
    assert money_json(None) is None


def test_an_event_has_its_number_and_its_body() -> None:
    event = Event(
        session=SessionKey("s"), run=RunId("r"), key="k", at=0.0, body=Noticed(text="x"), seq=7
    )

    found = event_json(event)

    assert (found["seq"], found["at"]) == (7, "1970-01-01T00:00:00+00:00")
    assert isinstance(found["event"], dict)
    assert found["event"]["kind"] == "noticed"
