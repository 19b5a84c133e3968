"""A session is called as its user named it, if a command can take that as a name."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.session import Session

KEY = SessionKey("agent:writer:subagent:1f0c2a34-8c1e-4a39-9f0e-0c4f5a2b7d11")
WRITER = Agent("writer", instructions="Write.")


@pytest.mark.parametrize(
    ("spawn_key", "parent", "name"),
    [
        ("monday-1", None, "monday-1"),
        ("writer-1", SessionKey("team:content:monday"), "1f0c2a34"),
        (KEY, None, "1f0c2a34"),
        ("monday/retry-2", None, "1f0c2a34"),
        ("-f", None, "1f0c2a34"),
        ("the first draft", None, "1f0c2a34"),
        ("aff2745d80724624", None, "1f0c2a34"),
        ("0b9f2d0e-1df3-4c2c-a2a5-6a3d3f3f2c11", None, "1f0c2a34"),
    ],
)
def test_the_name_is_the_id_that_was_given_if_it_can_be_typed(
    spawn_key: str, parent: SessionKey | None, name: str
) -> None:
    session = Session(
        key=KEY, agent=WRITER, label="draft", spawn_key=spawn_key, parent=parent, root=parent or KEY
    )

    assert session.name == name
