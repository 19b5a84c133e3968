"""A session's key: the field's form, and a short one."""

from __future__ import annotations

import uuid

from parallel_agents.core.ids import (
    RunId,
    key_half,
    make_keyed_run_id,
    make_run_id,
    make_session_key,
    make_team_key,
    short,
)


def test_a_session_key_is_of_the_field_s_form_and_has_a_short_one() -> None:
    key = make_session_key("code_reviewer")

    assert key.startswith("agent:code_reviewer:subagent:")
    assert short(key) == key.rsplit(":", 1)[-1][:8]
    assert short(make_team_key("content", "a-long-name")) == "a-long-name"
    assert make_session_key("a") != make_session_key("a")


def test_the_first_half_of_a_keyed_run_s_id_stands_for_its_key() -> None:
    one, other = (make_keyed_run_id(b"key", work) for work in (b"one", b"other"))

    assert one != other
    assert key_half(one) == key_half(other)
    assert key_half(make_keyed_run_id(b"key 2", b"one")) != key_half(one)
    assert uuid.UUID(one).variant == uuid.RFC_4122


def test_a_run_without_a_key_has_no_such_half() -> None:
    assert key_half(make_run_id()) == ""
    assert key_half(RunId("run-1")) == ""
