"""Identifiers of sessions, runs and owners, and how they are made."""

from __future__ import annotations

import uuid
from typing import NewType

SessionKey = NewType("SessionKey", str)
RunId = NewType("RunId", str)
OwnerId = NewType("OwnerId", str)

# Stands for a person or a program where the key of an asking session is expected.
OUTSIDE = SessionKey("")


def make_session_key(agent: str) -> SessionKey:
    """A key for a session of one agent, in OpenClaw's form: `agent:NAME:subagent:UUID`."""
    return SessionKey(f"agent:{agent}:subagent:{uuid.uuid4()}")


def make_team_key(team: str, name: str) -> SessionKey:
    """A key for the session of a team run: `team:TEAM:NAME`."""
    return SessionKey(f"team:{team}:{name}")


def make_flow_key(flow: str, name: str) -> SessionKey:
    """A key for the session of a flow's run: `flow:FLOW:NAME`."""
    return SessionKey(f"flow:{flow}:{name}")


def function_of(key: SessionKey) -> str:
    """The name of the function of a flow, by the key of its session; empty for other keys."""
    return key.split(":", 2)[1] if key.startswith("flow:") else ""


def is_group_key(key: SessionKey) -> bool:
    """Whether a session is a team's or a flow's, which has no model of its own."""
    return key.startswith(("team:", "flow:"))


def make_run_id() -> RunId:
    return RunId(str(uuid.uuid4()))


def make_owner_id() -> OwnerId:
    return OwnerId(str(uuid.uuid4()))


def make_name() -> str:
    """A name of eight hexadecimal digits, for a run that its user did not name."""
    return uuid.uuid4().hex[:8]


def make_long_name() -> str:
    """A name of 16 hexadecimal digits, for a flow's run below another flow."""
    return uuid.uuid4().hex[:16]


def short(key: SessionKey) -> str:
    """A key as tables show it: the name of a team's or a flow's run, or the first eight digits of the UUID.

    >>> short(SessionKey("agent:code_reviewer:subagent:1f0c2a34-8c1e-4a39-9f0e-0c4f5a2b7d11"))
    '1f0c2a34'
    >>> short(SessionKey("team:content:monday"))
    'monday'
    """
    last = key.rsplit(":", 1)[-1]
    return last[:8] if key.startswith("agent:") else last
