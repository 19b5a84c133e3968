from __future__ import annotations

import orjson
import pytest

from parallel_agents.core.cuts import Cuts, Fold, Span, TextCut
from parallel_agents.core.event import Body, Event, Shortened
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.unreadable import Unreadable
from parallel_agents.stores.codec import encode_body
from parallel_agents.views.documents import event_json
from tests.unit.views.test_events import EXAMPLES

CUT = Cuts(spans=(Span(0, 6),), texts=(TextCut(7, 90),), fold=Fold(8, 2, 300))
BODIES: list[Body] = [
    *(body for body, _, _ in EXAMPLES.values() if not isinstance(body, Unreadable)),
    Shortened(turn=1, cuts=CUT),
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.kind)
def test_every_event_is_shown_as_it_is_stored(body: Body) -> None:
    shown = event_json(Event(1, 0.0, SessionKey("s"), RunId("r"), "k", body))

    assert orjson.loads(orjson.dumps(shown))["event"] == orjson.loads(encode_body(body))
