"""Where a fork is from is told in the same words everywhere."""

from __future__ import annotations

import pytest

from parallel_agents.core.fork import EditedResult, ForkedFrom
from parallel_agents.core.ids import SessionKey
from parallel_agents.views.forks import forked_json, told

KEY = SessionKey("agent:writer:subagent:1f0c2a34-8c1e-4a39-9f0e-0c4f5a2b7d11")


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (ForkedFrom(KEY, "tea", 4), "tea 1f0c2a34, after turn 4"),
        (ForkedFrom(KEY, "tea", 4, name="monday"), "tea monday, after turn 4"),
        (ForkedFrom(KEY, "tea", 4, is_asked_again=True), "tea 1f0c2a34, turn 4 asked again"),
        (ForkedFrom(KEY, "1f0c2a34", 1), "1f0c2a34, after turn 1"),
        (
            ForkedFrom(KEY, "1f0c2a34", 1, edited=EditedResult(call=2, tool="look")),
            "1f0c2a34, after turn 1, with another result of call 2 (look)",
        ),
    ],
)
def test_a_link_names_the_session_and_the_turn(link: ForkedFrom, words: str) -> None:
    document = forked_json(link)

    assert told(link) == words
    assert document is not None
    assert (document["id"], document["turn"]) == (link.name or "1f0c2a34", link.turn)
    assert forked_json(None) is None
