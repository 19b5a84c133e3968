"""Submission: an answer for its agent's gates to judge, and a draft for another agent to improve."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

from parallel_agents.core.kept import KeptCall
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.session import Session

NOTHING: JsonObject = MappingProxyType({})


class Submission(NamedTuple):
    """An answer as a gate sees it.

    Attributes:
        session: the session of the run that gave the answer.
        attempt: the number of the run's attempt.
        turn: the last reply; a late message leads to another answer in the same attempt.
        task: the task as the agent was given it.
        given: the input of the task.
        item: the number of the item of a batch that it answers; empty for a task of one piece.
        sandbox: where commands about it run, REQUIRE or OFF.
        calls: the calls of tools that the run has made, in all of its attempts.
    """

    session: Session
    attempt: int
    turn: int
    task: str
    answer: Json
    text: str
    sandbox: Sandbox
    calls: Sequence[KeptCall] = ()
    given: JsonObject = NOTHING
    item: str = ""


class Draft(NamedTuple):
    """The best answer so far, as the agent that revises it sees it.

    Attributes:
        session: the session of the run that gave the answer.
        attempt: the run's attempt that the next version will be.
        task: the task as the writer was given it, with the messages since.
        work: the best version so far.
        critique: what to improve.
        model: the model that the run is on.
    """

    session: Session
    attempt: int
    task: str
    work: str
    critique: str
    model: str
