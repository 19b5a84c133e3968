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


def is_team_key(key: SessionKey) -> bool:
    return key.startswith("team:")


def make_run_id() -> RunId:
    return RunId(str(uuid.uuid4()))


def make_owner_id() -> OwnerId:
    return OwnerId(str(uuid.uuid4()))


def make_name() -> str:
    """A name of eight hexadecimal digits, for a team run that its user did not name."""
    return uuid.uuid4().hex[:8]


def short(key: SessionKey) -> str:
    """A key as tables show it: a team run's name, or the first eight digits of the UUID.

    >>> short(SessionKey("agent:code_reviewer:subagent:1f0c2a34-8c1e-4a39-9f0e-0c4f5a2b7d11"))
    '1f0c2a34'
    >>> short(SessionKey("team:content:monday"))
    'monday'
    """
    last = key.rsplit(":", 1)[-1]
    return last[:8] if key.startswith("agent:") else last
