"""Client: who calls, for how long it waits, and what it may do in the person's place."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import NamedTuple

from parallel_agents.core.schema import JsonObject

# The answer to a call, by the name of the tool and its arguments.
Answer = Callable[[str, JsonObject], Coroutine[None, None, JsonObject]]
OVER_HTTP = "mcp-http"  # the clients of a token are one: their requests do not tell them apart

# Most clients give a call 60 seconds, whether it reports progress or not.
LONGEST_WAIT_SECONDS = 50.0


class Client(NamedTuple):
    """A client of the server.

    Attributes:
        name: what its sessions are marked with; empty if it reaches all sessions, as the person does.
        longest_wait: the most seconds that a call of it waits; None for no limit.
        allow_answers: whether it may answer the questions of agents.
        is_session: whether it acts for a session, whose policy bounds it; it starts no teams then.
    """

    name: str = ""
    longest_wait: float | None = None
    allow_answers: bool = False
    is_session: bool = False

    @property
    def is_shared(self) -> bool:
        """Whether several clients are one, so that nobody knows which of them spawned what."""
        return self.name == OVER_HTTP


PERSON = Client()
