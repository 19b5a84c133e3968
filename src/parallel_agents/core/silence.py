"""Silence: whether a run that has written nothing for a while is stuck, or waits for something.

A run is stuck once it has been silent for a multiple of the longest gap that is usual for its agent.
What it is known to wait for is no silence: a person, its children, a rate limit, a retry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.core.call_decisions import Asked
from parallel_agents.core.event import Body, Retrying, Started, ToolStarted, Waiting
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.on_stuck import OnStuck
from parallel_agents.core.stuck_rules import StuckRules

# Of fewer gaps, none is usual.
_LEAST_GAPS = 20
# A rare long gap is not a habit of the agent, as when its machine slept.
_USUAL_SHARE = 0.95
_LOCAL = "local/"
# Tools that do nothing but wait, each with a time limit of its own.
# A person is told of these by their questions.
YOUR_ANSWER = "your answer"
_WAITING_TOOLS = frozenset({"agents_wait", "sessions_yield", "state_wait_for", "sessions_send"})


class SilentRun(NamedTuple):
    """A run that a living process executes, and the last thing that it did.

    Attributes:
        owner: the process, and `epoch` its claim.
        number: that of the last event that the run wrote itself.
        name: what lists call its session.
        agent: the name of its agent.
        at: when it wrote its last event, in seconds since 1970; what others wrote does not count.
        body: that event.
        has_children: whether runs that it waits for, or may wait for, are live.
        is_asking: whether a question of the run has no answer.
        was_told: whether it was told as stuck since that event; it stays so, whatever becomes usual.
        on_stuck: what its session says happens if it is stuck; None for what the settings say.
    """

    run: RunId
    session: SessionKey
    owner: OwnerId
    epoch: int
    number: int
    name: str
    label: str
    agent: str
    model: str
    at: float
    body: Body
    has_children: bool = False
    is_asking: bool = False
    on_stuck: OnStuck | None = None
    was_told: bool = False


class Gap(NamedTuple):
    """The seconds between two events of an ended run, and whether it waited for others meanwhile."""

    seconds: float
    is_wait: bool = False


class Silence(NamedTuple):
    """How long a run has been silent.

    Attributes:
        seconds: since its last event, or since the end of the wait that this began.
        usual: the longest gap that is usual for its agent; None if nobody knows.
        most: from when on the silence means that the run is stuck.
        waits_for: what the run is known to wait for, which makes it no silence; empty for nothing.
        was_told: whether the run was told as stuck in this silence.
    """

    seconds: float
    usual: float | None
    most: float
    waits_for: str = ""
    was_told: bool = False

    @property
    def is_stuck(self) -> bool:
        return not self.waits_for and (self.was_told or self.seconds > self.most)


def usual_gap(gaps: Iterable[Gap]) -> float | None:
    """The longest gap that is usual: that of 95 in 100; None if too few are known."""
    known = sorted(gap.seconds for gap in gaps if not gap.is_wait)
    if len(known) < _LEAST_GAPS:
        return None
    return max(known[math.ceil(len(known) * _USUAL_SHARE) - 1], 0.0)


def silence_of(found: SilentRun, gaps: Sequence[Gap], rules: StuckRules, now: float) -> Silence:
    """How long a run has been silent at `now`, and what that means."""
    return _silence(found, usual_gap(gaps), rules, now)


def silences_of(
    silent: Sequence[SilentRun], gaps: Mapping[str, Sequence[Gap]], rules: StuckRules, now: float
) -> list[tuple[SilentRun, Silence]]:
    """The same of several runs, whose agents have these gaps."""
    usual = {agent: usual_gap(of_agent) for agent, of_agent in gaps.items()}
    return [(each, _silence(each, usual.get(each.agent), rules, now)) for each in silent]


def _silence(found: SilentRun, usual: float | None, rules: StuckRules, now: float) -> Silence:
    most = (
        rules.unknown_seconds if usual is None else max(usual * rules.factor, rules.least_seconds)
    )
    reason, until = _wait(found)
    return Silence(
        seconds=max(now - max(found.at, min(until, now)), 0.0),
        usual=usual,
        most=most,
        waits_for=reason if now < until else "",
        was_told=found.was_told,
    )


def described(silence: Silence) -> str:
    """What a silence means, such as `stuck: silent for 12m00s (usually at most 4.0s)`."""
    usual = "" if silence.usual is None else f" (usually at most {_duration(silence.usual)})"
    return f"stuck: silent for {_duration(silence.seconds)}{usual}"


def _duration(seconds: float) -> str:
    """As `views.format.seconds` has it, which is above this layer."""
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{rest:02d}s"


def left_of(body: Body, passed_seconds: float) -> Body:
    """An event so many seconds after it was written: a wait has what is left of it, at least 0 s."""
    passed = max(passed_seconds, 0.0)
    match body:
        case Waiting(seconds=seconds):
            return replace(body, seconds=max(seconds - passed, 0.0))
        case Retrying(wait_seconds=seconds):
            return replace(body, wait_seconds=max(seconds - passed, 0.0))
        case _:
            return body


def _wait(found: SilentRun) -> tuple[str, float]:
    """What a run waits for by its last event, and until when it may."""
    body = found.body
    if found.is_asking or isinstance(body, Asked):
        return YOUR_ANSWER, math.inf
    if found.has_children:
        return "its agents", math.inf
    match body:
        case ToolStarted(call=call) if call.name in _WAITING_TOOLS:
            return "others", math.inf
        case Waiting(reason=reason, seconds=seconds):
            return reason, found.at + seconds
        case Retrying(wait_seconds=seconds):
            return "the time to try again", found.at + seconds
        case Started() if found.model.startswith(_LOCAL):
            return "its model to load", math.inf
        case _:
            return "", 0.0
