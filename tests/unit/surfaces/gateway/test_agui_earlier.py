"""AG-UI earlier messages: those that a request repeats are told once, and no other is lost."""

from __future__ import annotations

import pytest

from parallel_agents.surfaces.agui.messages import MessageDocument
from parallel_agents.surfaces.gateway.agui_earlier import with_own
from parallel_agents.surfaces.gateway.chat_prompts import Said

EARLIER: list[MessageDocument] = [
    {"id": "s", "role": "system", "content": "Be brief."},
    {"id": "e1", "role": "user", "content": "yes"},
    {"id": "a1", "role": "assistant", "content": "Sure?"},
    {"id": "e2", "role": "user", "content": "yes"},
    {"id": "a2", "role": "assistant", "content": "Done."},
]
RULE, YES, MORE = Said("system", "Be brief."), Said("user", "yes"), Said("user", "more")


@pytest.mark.parametrize(
    ("said", "ids"),
    [
        ([YES], ["s", "e1", "a1", "e2", "a2", "0"]),
        ([YES, YES], ["s", "e1", "a1", "0", "a2", "1"]),
        ([RULE, YES, YES, YES], ["0", "1", "a1", "2", "a2", "3"]),
        ([RULE, MORE], ["0", "e1", "a1", "e2", "a2", "1"]),
        ([MORE, YES, None, MORE], ["s", "e1", "a1", "0", "1", "a2", "2", "3"]),
        ([YES, None], ["s", "e1", "a1", "e2", "a2", "0", "1"]),
    ],
)
def test_a_message_of_the_request_stands_where_it_was_said(
    said: list[Said | None], ids: list[str]
) -> None:
    own: list[dict[str, object]] = [{"id": str(number)} for number in range(len(said))]

    woven = with_own(EARLIER, own, said)

    assert [each["id"] for each in woven if isinstance(each, dict)] == ids
