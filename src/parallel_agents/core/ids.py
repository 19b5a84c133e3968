"""Identifiers of sessions, runs and owners, and how they are made."""

from __future__ import annotations

import hashlib
import uuid
from typing import NewType

SessionKey = NewType("SessionKey", str)
RunId = NewType("RunId", str)
OwnerId = NewType("OwnerId", str)

# Stands for a person or a program where the key of an asking session is expected.
OUTSIDE = SessionKey("")
_UUID_CHARACTERS, _HALF_CHARACTERS, _VERSION_AT = 36, 19, 14


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


def make_keyed_run_id(key: bytes, work: bytes) -> RunId:
    """The id of a run that is done once under a key, whoever asks for it.

    Its first half stands for the key, and the other for the work: two works under one key have ids
    with the same first half, which the store refuses.
    """
    halves = [bytearray(hashlib.sha256(part).digest()[:8]) for part in (key, work)]
    halves[0][6] = halves[0][6] & 0x0F | 0x80  # version 8 and the variant of RFC 9562
    halves[1][0] = halves[1][0] & 0x3F | 0x80
    return RunId(str(uuid.UUID(bytes=bytes(halves[0] + halves[1]))))


def key_half(run: RunId) -> str:
    """The half of a run's id that stands for its key; empty for a run that has none."""
    is_keyed = len(run) == _UUID_CHARACTERS and run[_VERSION_AT] == "8"
    return run[:_HALF_CHARACTERS] if is_keyed else ""


def make_owner_id() -> OwnerId:
    return OwnerId(str(uuid.uuid4()))


def make_name() -> str:
    """A name of eight hexadecimal digits, for a run that its user did not name."""
    return uuid.uuid4().hex[:8]


def make_long_name() -> str:
    """A name of 16 hexadecimal digits, for a flow's run below another flow."""
    return uuid.uuid4().hex[:16]


def seen_of(key: SessionKey) -> str:
    """What a person sees of a key: all but the words that every key of its kind has.

    >>> seen_of(SessionKey("team:content:monday"))
    'content:monday'
    """
    return key.partition(":")[2].replace(":subagent:", ":", 1)


def short(key: SessionKey) -> str:
    """A key as tables show it: the name of a team's or a flow's run, or the first eight digits of the UUID.

    >>> short(SessionKey("agent:code_reviewer:subagent:1f0c2a34-8c1e-4a39-9f0e-0c4f5a2b7d11"))
    '1f0c2a34'
    >>> short(SessionKey("team:content:monday"))
    'monday'
    """
    last = key.rsplit(":", 1)[-1]
    return last[:8] if key.startswith("agent:") else last
