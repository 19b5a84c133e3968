"""Compare: two runs at a gateway, as a document and as the client of this package sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parallel_agents.api.connected_sessions import ConnectedSessions
from parallel_agents.app.reading import open_reader
from parallel_agents.comparing.reading import compare
from parallel_agents.errors import SameRun
from tests.integration.gateway.test_client_contract import distant_of

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Serving

TASK = {
    "agent": "code_reviewer",
    "input": {"code": "x = 1", "language": "python"},
    "model": "sim/calm",
}


async def test_two_runs_are_compared_at_a_gateway_as_they_are_in_the_home(serving: Serving) -> None:
    async with serving() as served, served.worker():
        for label, text in (("one", "Look"), ("two", "Look twice")):
            await served.post("/runs", {**TASK, "text": text, "label": label})
        await served.get("/wait?names=one,two")
        status, found = await served.get("/compare?a=one&b=two")
        async with served.http.get("/api/v1/compare?a=one&b=two") as answer:
            tag = answer.headers["etag"]
        path = "/api/v1/compare?a=one&b=two"
        async with served.http.get(path, headers={"If-None-Match": tag}) as answer:
            again = answer.status
        refused = await served.get("/compare?a=one&b=one")
        missing = await served.get("/compare?a=one")
        async with (
            open_reader(served.environment, served.settings) as here,
            distant_of(served) as distant,
        ):
            expected = await compare(here.sessions, here.journal, "one", "two")
            sessions = ConnectedSessions(distant)
            at_distance = await sessions.compare("one", "two")
            with pytest.raises(SameRun):
                await sessions.compare("two", "two")

    assert (status, again) == (200, 304)
    assert found["divergence"]["what"] == "task"
    assert found["divergence"]["words"]["after"] == "Look twice"
    assert found["divergence"]["then"]["what"] == "reply at step 1"
    assert (refused[0], refused[1]["code"]) == (422, "PA-E327")
    assert missing[0] == 422
    assert at_distance == expected
