"""Identity: as whom a script calls the tools: a session, its conversation, the person, or any script of the home.

A conversation of OpenClaw runs each script as a process of its own. Those of one conversation have
something in their environment that tells them from others, or else nobody knows whose they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from parallel_agents.core.ids import SessionKey
from parallel_agents.session_tools.context import Requester
from parallel_agents.session_tools.faces import SCRIPTS
from parallel_agents.settings import CLIENT_VARIABLE, Environment

PERSON = "person"
# The client of all scripts that do not say whose they are.
ANY_SCRIPT = "scripts"
# What OpenClaw hands to the commands of a conversation, where it does.
_CONVERSATION = ("OPENCLAW_SESSION_KEY", "OPENCLAW_SESSION_ID")


def requester_of(environment: Environment, parent: str | None) -> Requester:
    """The caller in this process; `parent` is the session that it works for, if it does."""
    if parent is not None:
        return Requester(session=SessionKey(parent), face=SCRIPTS)
    named = environment.variables.get(CLIENT_VARIABLE, "").strip()
    if named == PERSON:
        return Requester(face=SCRIPTS)
    if name := named or _conversation(environment.variables):
        return Requester(client=f"{ANY_SCRIPT}-{_digest(name)}", face=SCRIPTS)
    return Requester(client=ANY_SCRIPT, is_shared=True, face=SCRIPTS)


def _conversation(variables: Mapping[str, str]) -> str:
    return next(filter(None, (variables.get(name, "").strip() for name in _CONVERSATION)), "")


def _digest(name: str) -> str:
    """A short name of a conversation, whose own may have the name of a person or a channel in it."""
    return blake2b(name.encode(), digest_size=6).hexdigest()
