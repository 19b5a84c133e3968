"""Identity: the scripts of one conversation are one client, and those of nobody may not end all."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.session_tools.context import Requester
from parallel_agents.settings import Environment
from parallel_agents.surfaces.openclaw.identity import requester_of


def requester(parent: str | None = None, **variables: str) -> Requester:
    return requester_of(Environment(home=Path("home"), variables=variables), parent)


def test_the_scripts_of_a_conversation_are_one_client() -> None:
    first, again = (requester(OPENCLAW_SESSION_KEY="agent:main:main") for _ in range(2))
    other = requester(OPENCLAW_SESSION_KEY="agent:main:other")

    assert first == again
    assert first.client != other.client
    assert "main" not in first.client
    assert not first.is_shared


def test_a_name_goes_before_what_openclaw_says() -> None:
    key = "agent:main:main"

    assert requester(PARALLEL_AGENTS_CLIENT="a", OPENCLAW_SESSION_KEY=key) == requester(
        PARALLEL_AGENTS_CLIENT="a", OPENCLAW_SESSION_ID="b"
    )


@pytest.mark.parametrize("variables", [{}, {"OPENCLAW_SHELL": "exec"}])
def test_scripts_of_which_nobody_knows_whose_they_are_share_a_name(
    variables: dict[str, str],
) -> None:
    found = requester(**variables)

    assert (found.client, found.is_shared) == ("scripts", True)


def test_a_session_and_the_person_are_no_clients() -> None:
    assert requester("agent:main:x").session == "agent:main:x"
    assert requester("agent:main:x", PARALLEL_AGENTS_CLIENT="a").client == ""
    assert requester(PARALLEL_AGENTS_CLIENT="person").client == ""
