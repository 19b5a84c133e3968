"""The bounds of a request cover all that is sent."""

from __future__ import annotations

from parallel_agents.core.message import Message, Role, Thinking, ToolCall
from parallel_agents.core.request_size import most_tokens, most_tokens_around
from parallel_agents.core.tool import ToolSpec


def test_the_bound_of_a_request_counts_bytes_of_all_that_is_sent() -> None:
    spec = ToolSpec(name="look", description="\N{GRINNING FACE}" * 100, parameters={})

    assert most_tokens_around("", [spec], None) >= 400


def test_the_bound_of_a_message_counts_what_goes_back_to_the_server_unseen() -> None:
    parts = (Thinking("", "s" * 500), ToolCall("1", "look", {}, "t" * 300))

    assert most_tokens([Message(Role.ASSISTANT, parts)]) >= 800
