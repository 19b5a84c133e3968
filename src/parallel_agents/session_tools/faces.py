"""Faces: how those who call the tools do what an answer tells them to: a model by a tool, a script by a function."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """The words of one way to the tools.

    Attributes:
        to_wait: how it waits for what it has spawned.
        to_reach: what lets it reach the sessions of the person.
        to_be_known: what tells it from others that have its name.
    """

    to_wait: str
    to_reach: str
    to_be_known: str

    def not_reached(self, label: str) -> str:
        """The refusal of a session of the person."""
        return (
            f"{label} was not spawned by a client: it is the work of the person. {self.to_reach}."
        )


MODELS = Face(
    to_wait="agents_wait waits for it and for others, and returns the results.",
    to_reach="`pagents mcp --all-sessions` lets clients reach it",
    to_be_known="start `pagents mcp` without --http",
)
SCRIPTS = Face(
    to_wait="Wait for it with helpers.poll_until_complete.",
    to_reach="PARALLEL_AGENTS_CLIENT=person lets scripts reach it",
    to_be_known="set PARALLEL_AGENTS_CLIENT to a name that only the scripts of this conversation have",
)
