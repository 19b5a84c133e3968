"""Submission: an answer that is to pass the gates of its agent, and a draft that is to be better."""

from __future__ import annotations

from typing import NamedTuple

from parallel_agents.core.schema import Json
from parallel_agents.core.session import Session


class Submission(NamedTuple):
    """What a gate is shown.

    Attributes:
        session: whose run gave the answer.
        attempt: which one of the run it is of.
        turn: the last reply; a word that comes in late brings another answer in the same attempt.
        task: what was to be done, in the words that the agent was given.
    """

    session: Session
    attempt: int
    turn: int
    task: str
    answer: Json
    text: str


class Draft(NamedTuple):
    """What the agent is shown that makes the next version of an answer.

    Attributes:
        session: whose run gave the answer.
        attempt: which one of the run the next version is.
        work: the best version so far.
        critique: what is to be better.
        model: the one that the run is on.
    """

    session: Session
    attempt: int
    task: str
    work: str
    critique: str
    model: str
