"""Health: what runs, and what of it needs a person, as pure functions of what the store counted."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from parallel_agents.core.budget import NOTICE_PERCENTS, BudgetAccountState
from parallel_agents.core.circuit import AGENTS, MODELS, CircuitState
from parallel_agents.core.disk import Room
from parallel_agents.core.dollars import limit_dollars, nanodollars
from parallel_agents.core.notification import Unsent
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.core.question import OpenQuestion, waiting_runs
from parallel_agents.core.schema import Json
from parallel_agents.core.silence import (
    YOUR_ANSWER,
    Silence,
    SilentRun,
    described,
    silences_of,
)
from parallel_agents.core.store_care import Retention
from parallel_agents.core.stuck_rules import StuckRules
from parallel_agents.core.throttle import Throttle, name_of_agent
from parallel_agents.core.vitals import MOST_SILENT, Vitals, spent_percent
from parallel_agents.views import format
from parallel_agents.views.account_names import account_name
from parallel_agents.views.liveness import Liveness, LiveState

ALMOST_PERCENT = 95
_PERCENTS = (NOTICE_PERCENTS[0], ALMOST_PERCENT)
_CLOCK_SECONDS = 5.0
_MOST_NAMED = 10


class Level(StrEnum):
    """`ok` is as it should be, `note` is worth knowing, `problem` needs a person."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One sign of health.

    Attributes:
        about: what it is about, such as `stuck`.
        facts: the same for machines.
    """

    about: str
    level: Level
    text: str
    hint: str = ""
    facts: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found at one moment.

    Attributes:
        room: of the disk that the store is on.
        store_bytes: the size of its files.
        free_bytes: how much of that is free for what comes next.
        retention: what leaves the store by itself.
        unsent: the notifications of the last hour that were given up.
        wall_ahead: how many seconds the wall clock is ahead of the store's, which nothing sets.
        is_starting: whether a worker has been started that is not at work yet.
    """

    vitals: Vitals
    questions: Sequence[OpenQuestion]
    throttles: Sequence[Throttle]
    owners: Sequence[Owner]
    room: Room
    store_bytes: int
    free_bytes: int
    retention: Retention
    stuck_rules: StuckRules
    now: float
    unsent: Unsent
    wall_ahead: float
    is_starting: bool = False


def signs(seen: Seen) -> list[Sign]:
    """All signs of health, in the order in which they are shown."""
    return [
        _work(seen),
        *_questions(seen),
        *_silent(seen),
        *_stopped(seen),
        *_failures(seen),
        *_limited(seen),
        *_letters(seen),
        *_budgets(seen.vitals),
        *_throttled(seen),
        *_unsent(seen.unsent),
        _processes(seen),
        _disk(seen),
        *_clock(seen),
    ]


def _work(seen: Seen) -> Sign:
    found = live_states(seen)
    shown = LiveState.RUNNING, LiveState.QUEUED, LiveState.PAUSED
    facts = {state.value: found[state] for state in shown}
    running, queued, paused = facts.values()
    text = f"{_count(running, 'run')} executed, {queued:,} queued"
    text = text if running or queued else "nothing runs"
    text += f", {paused:,} paused" if paused else ""
    if (waiting := waiting_runs(seen.questions)) and not running and not queued:
        text += f"; {_count(waiting, 'run')} waiting for {YOUR_ANSWER}"
    return Sign(about="work", level=Level.OK, text=text, facts={**facts, "waiting": waiting})


def live_states(seen: Seen) -> Counter[LiveState]:
    """How many live runs of agents are in each state."""
    liveness = Liveness.of(seen.owners, seen.now, is_starting=seen.is_starting)
    return liveness.count(seen.vitals.live)


def _questions(seen: Seen) -> Iterator[Sign]:
    if not seen.questions:
        return
    oldest = seen.questions[0]
    waited = format.seconds(max(seen.now - oldest.asked_at, 0.0))
    runs = waiting_runs(seen.questions)
    waiting = f", for which {runs:,} runs wait" if runs > len(seen.questions) else ""
    yield Sign(
        about="questions",
        level=Level.PROBLEM,
        text=f"{_count(len(seen.questions), 'question')} for you{waiting}, the oldest for {waited}",
        hint="pagents inbox",
        facts={"questions": len(seen.questions), "runs": runs, "oldest": oldest.id},
    )


def _silent(seen: Seen) -> Iterator[Sign]:
    found = silences_of(seen.vitals.silent, seen.vitals.gaps, seen.stuck_rules, seen.now)
    at_least = "at least " if len(found) >= MOST_SILENT else ""
    stuck_runs = [(each, silence) for each, silence in found if silence.is_stuck]
    yield from _first(
        [
            Sign(
                about="stuck",
                level=Level.PROBLEM,
                text=f"{each.label} {each.name} is {described(silence)}",
                hint=f"pagents history {each.name} · pagents kill {each.name}",
                facts=_silence_facts(each, silence),
            )
            for each, silence in stuck_runs
        ],
        f"{at_least}{{:,}} more runs are stuck",
    )
    waits: dict[str, int] = {}
    for _, silence in found:
        if silence.waits_for and silence.waits_for != YOUR_ANSWER:
            waits[silence.waits_for] = waits.get(silence.waits_for, 0) + 1
    for what, runs in waits.items():
        text = f"{at_least}{_count(runs, 'run')} waiting for {what}"
        yield Sign(about="waits", level=Level.OK, text=text, facts={"runs": runs, "for": what})


def _silence_facts(found: SilentRun, silence: Silence) -> Mapping[str, Json]:
    return {
        "session_key": found.session,
        "run_id": found.run,
        "silent_seconds": silence.seconds,
        "usual_seconds": silence.usual,
    }


def _stopped(seen: Seen) -> Iterator[Sign]:
    """Runs that no process executes and none will claim."""
    if stopped := live_states(seen)[LiveState.STOPPED]:
        yield Sign(
            about="stopped",
            level=Level.PROBLEM,
            text=f"{_count(stopped, 'run')} that no process works on",
            hint="pagents list state:stopped says what each lacks; pagents work or pagents resume NAME continues it, or the program that began it",
            facts={"runs": stopped},
        )


def _failures(seen: Seen) -> Iterator[Sign]:
    failures = seen.vitals.failures
    if not failures:
        return
    runs = sum(each.runs for each in failures)
    states = ",".join(sorted({each.status.value.replace("_", "-") for each in failures}))
    listed = ", ".join(
        f"{each.runs:,} {each.code or format.status(each.status)}"
        for each in failures[:_MOST_NAMED]
    )
    yield Sign(
        about="failures",
        level=Level.NOTE,
        text=f"{_count(runs, 'run')} failed in the last hour: {listed}",
        hint=f"pagents list state:{states} since:1h · pagents docs CODE",
        facts={"runs": runs, "codes": {each.code: each.runs for each in failures}},
    )


def _limited(seen: Seen) -> Iterator[Sign]:
    yield from _first(
        [
            Sign(
                about="limits",
                level=Level.NOTE,
                text=f"{each.label} {each.name} hit a limit in {_count(each.calls, 'call')}:"
                f" {each.text}",
                hint=f"pagents show {each.name}",
                facts={"session_key": each.session, "limit": each.limit, "calls": each.calls},
            )
            for each in seen.vitals.limited
        ],
        "{:,} more limits were hit",
    )


def _letters(seen: Seen) -> Iterator[Sign]:
    letters = seen.vitals.dead_letters
    if letters:
        yield Sign(
            about="dead_letters",
            level=Level.NOTE,
            text=f"{_count(letters, 'failed task')} to run again or to drop",
            hint="pagents dlq list",
            facts={"tasks": letters},
        )


def _budgets(vitals: Vitals) -> Iterator[Sign]:
    day = () if vitals.day is None or vitals.day in vitals.accounts else (vitals.day,)
    worst_first = sorted((*vitals.accounts, *day), key=spent_percent, reverse=True)
    yield from _first([*map(_budget, worst_first)], "{:,} more budgets are almost spent")


def _budget(state: BudgetAccountState) -> Sign:
    percent = spent_percent(state)
    budget, spent = state.account.budget, state.spent
    parts: list[str] = []
    if budget.nanousd is not None:
        parts.append(f"{nanodollars(spent.nanousd or 0)} of {limit_dollars(budget.nanousd)}")
    if budget.tokens is not None:
        parts.append(f"{spent.tokens:,} of {budget.tokens:,} tokens")
    return Sign(
        about="budget",
        level=[*Level][bisect(_PERCENTS, percent)],
        text=f"the budget {account_name(state.account.scope)} is {percent:.0f} % spent: {', '.join(parts)}",
        facts={"scope": state.account.scope, "percent": round(percent, 1)},
    )


def _throttled(seen: Seen) -> Iterator[Sign]:
    paused = [each for each in seen.throttles if _is_paused(each, seen.now)]
    closed = [
        each
        for each in seen.throttles
        if not _is_paused(each, seen.now) and each.seconds_closed(seen.now) > 0
    ]
    yield from _first(
        [_breaker(each, seen.now) for each in paused], "{:,} more models and agents are paused"
    )
    yield from _first(
        [_rate_limit(each, seen.now) for each in closed], "{:,} more models accept no calls now"
    )


def _is_paused(throttle: Throttle, now: float) -> bool:
    return throttle.circuit.state(now) is not CircuitState.CLOSED


def _breaker(throttle: Throttle, now: float) -> Sign:
    agent = name_of_agent(throttle.model)
    left = throttle.circuit.seconds_left(now, AGENTS if agent else MODELS)
    what = f"the agent {agent}" if agent else throttle.model
    return Sign(
        about="breaker",
        level=Level.PROBLEM,
        text=f"{what} is paused for {format.seconds(left)}: {throttle.circuit.reason}",
        hint=f"pagents limits set {throttle.model} --off",
        facts={"model": throttle.model, "seconds": left},
    )


def _rate_limit(throttle: Throttle, now: float) -> Sign:
    seconds = throttle.seconds_closed(now)
    return Sign(
        about="rate_limit",
        level=Level.NOTE,
        text=f"{throttle.model} accepts calls again in {format.seconds(seconds)};"
        f" {_count(throttle.at(now).waiting(), 'call')} waiting",
        hint="pagents limits",
        facts={"model": throttle.model, "seconds": seconds},
    )


def _unsent(unsent: Unsent) -> Iterator[Sign]:
    if unsent.number:
        yield Sign(
            about="notifications",
            level=Level.PROBLEM,
            text=f"{_count(unsent.number, 'notification')} not sent in the last hour: {unsent.error}",
            hint="correct the setting notify",
            facts={"notifications": unsent.number},
        )


def _processes(seen: Seen) -> Sign:
    live = [owner for owner in seen.owners if owner.state is OwnerState.LIVE]
    workers = sum(owner.role is Role.WORKER for owner in live)
    alive = f"{_count(workers, 'worker')} and {_count(len(live) - workers, 'other process')} alive"
    beat = max((max(seen.now - owner.heartbeat_at, 0.0) for owner in live), default=0.0)
    alive = f"{alive}, the oldest heartbeat {format.seconds(beat)} ago"
    starting = "a worker is starting" if seen.is_starting else ""
    told = [*filter(None, (alive if live else "", starting))]
    return Sign(
        about="processes",
        level=Level.OK,
        text=", ".join(told) or "no process works on the store",
        facts={
            "workers": workers,
            "others": len(live) - workers,
            "heartbeat_seconds": beat if live else None,
            "is_starting": seen.is_starting,
        },
    )


def _disk(seen: Seen) -> Sign:
    room, size = seen.room, format.size(seen.store_bytes)
    is_full = room.is_nearly_full
    free = f", {format.size(seen.free_bytes)} of it free" if seen.free_bytes else ""
    kept = _kept(seen.retention)
    text = f"store {size}{free}{kept}; the disk has {format.size(room.free)} left"
    return Sign(
        about="disk",
        level=Level.PROBLEM if is_full else Level.OK,
        text=f"{text}: it is nearly full" if is_full else text,
        hint="free some space, or use another home; a full disk stops all work" if is_full else "",
        facts={
            "store_bytes": seen.store_bytes,
            "free_bytes": room.free,
            "store_free_bytes": seen.free_bytes,
            "retention_seconds": seen.retention.older_than,
            "retention_bytes": seen.retention.larger_than,
            "disk_bytes": room.total,
        },
    )


def _kept(retention: Retention) -> str:
    """What leaves the store by itself, in words."""
    age, most = retention.older_than, retention.larger_than
    days = "" if age is None else f", kept for {age / 86_400:g} days"
    return days if most is None else f"{days}, kept below {format.size(most)}"


def _clock(seen: Seen) -> Iterator[Sign]:
    ahead = seen.wall_ahead
    if abs(ahead) >= _CLOCK_SECONDS:
        way = "forward" if ahead > 0 else "back"
        yield Sign(
            about="clock",
            level=Level.NOTE,
            text=f"the wall clock was set {way} by {format.seconds(abs(ahead))} since this machine's"
            " first use of the store; ages and waits do not follow it",
            facts={"seconds": ahead},
        )


def _first(found: Sequence[Sign], more: str) -> Iterator[Sign]:
    """The first of many signs of one kind, and how many more there are."""
    if len(found) == _MOST_NAMED + 1:
        yield from found
        return
    yield from found[:_MOST_NAMED]
    if rest := found[_MOST_NAMED:]:
        is_problem = any(sign.level is Level.PROBLEM for sign in rest)
        level = Level.PROBLEM if is_problem else rest[0].level
        yield Sign(about=rest[0].about, level=level, text=more.format(len(rest)))


def _count(number: int, what: str) -> str:
    plural = "es" if what.endswith("s") else "s"
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}{plural}"
