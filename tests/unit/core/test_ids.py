"""A session's key: the field's form, and a short one."""

from __future__ import annotations

from parallel_agents.core.ids import make_session_key, make_team_key, short


def test_a_session_key_is_of_the_field_s_form_and_has_a_short_one() -> None:
    key = make_session_key("code_reviewer")

    assert key.startswith("agent:code_reviewer:subagent:")
    assert short(key) == key.rsplit(":", 1)[-1][:8]
    assert short(make_team_key("content", "a-long-name")) == "a-long-name"
    assert make_session_key("a") != make_session_key("a")
