"""Needs: where a session came from, so that only a process of the same surroundings executes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

# What a process in a project lacks for a run of none.
STARTED = "it was started"
OUTSIDE = "outside of any project"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the process that made a session had, and any that executes it must have.

    What its agent names, its tools and gates, is not repeated here.

    Attributes:
        project: the project folder whose settings, agents and providers applied; empty for none.
        servers: the provider and the address of the server behind each of its models; the address
            is empty for a model that the program made.
        function: where the function of a flow is defined; empty if any of its name will do.
    """

    project: str = ""
    servers: tuple[tuple[str, str], ...] = ()
    function: str = ""


class Lack(NamedTuple):
    """What a process lacks for an agent's work, why that matters, and what to do about it."""

    text: str
    why: str
    hint: str
