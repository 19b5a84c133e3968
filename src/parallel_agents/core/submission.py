"""Submission: an answer that is to pass the gates of its agent."""

from __future__ import annotations

from typing import NamedTuple

from parallel_agents.core.schema import Json
from parallel_agents.core.session import Session


class Submission(NamedTuple):
    """What a gate is shown.

    Attributes:
        session: whose run gave the answer.
        attempt: which one of the run it is of.
        task: what was to be done, in the words that the agent was given.
    """

    session: Session
    attempt: int
    task: str
    answer: Json
    text: str
