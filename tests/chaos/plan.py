"""Plans: one seed makes one round, as a frozen value: what the agents do, and what goes wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class ToolName(StrEnum):
    """The tools of the agents; `pay` and `note` write down each effect that they have."""

    PAY = "pay"
    NOTE = "note"
    LOOK = "look"
    BREAK = "break_down"
    HANG = "hang"
    BABBLE = "babble"


class Until(StrEnum):
    ALL = "all"
    ANY = "any"
    FIRST_DONE = "first_done"


class GateKind(StrEnum):
    """What becomes of an answer: `REVISED` refuses the first one, `NEVER` and `BROKEN` each one."""

    NONE = ""
    REVISED = "wants_revised"
    STRONG = "wants_strong"
    NEVER = "never"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Use:
    """Call a tool; `ref` names the effect, and no other call has the same."""

    tool: ToolName
    ref: str


@dataclass(frozen=True, slots=True)
class Spawn:
    child: str


@dataclass(frozen=True, slots=True)
class Join:
    """Wait for children: for all of them by `sessions_yield`, if none is named."""

    children: tuple[str, ...] = ()
    until: Until = Until.ALL
    by_subagents: bool = False


@dataclass(frozen=True, slots=True)
class Say:
    """Send a message to another session, whose reply must hold the message's own token."""

    to: str
    token: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Steer:
    child: str


@dataclass(frozen=True, slots=True)
class KillChild:
    child: str


Act: TypeAlias = Use | Spawn | Join | Say | Steer | KillChild


@dataclass(frozen=True, slots=True)
class Job:
    """What one agent does: a turn for each tuple of acts, and then its answer.

    Attributes:
        token: what its answer must hold.
        is_laddered: it begins on a weak model, and climbs.
        rounds: of a refine loop; 0 for attempts without one.
        cached: an identical request may be answered from the store.
    """

    token: str
    turns: tuple[tuple[Act, ...], ...] = ()
    gate: GateKind = GateKind.NONE
    is_laddered: bool = False
    rounds: int = 0
    cached: bool = False
    budget_tokens: int | None = None
    timeout_seconds: float | None = None

    @property
    def children(self) -> tuple[str, ...]:
        return tuple(act.child for turn in self.turns for act in turn if isinstance(act, Spawn))


class Trouble(StrEnum):
    """What goes wrong with a process.

    Attributes:
        CRASH: it is gone before a change of the store, or after it and before its answer.
        ZOMBIE: it is taken for dead, and goes on.
        STOP: it ends as after the first Ctrl-C.
        ABORT: it ends as after the second.
        FREEZE: nothing of it moves for a while.
    """

    NONE = "none"
    CRASH = "crash"
    ZOMBIE = "zombie"
    STOP = "stop"
    ABORT = "abort"
    FREEZE = "freeze"


class Mishap(StrEnum):
    """What happens to the file of the store, in rounds of processes.

    Attributes:
        LOCKED: another program holds its lock for a while.
        MOVED: it is moved away under the process, and comes back once that has ended.
    """

    NONE = "none"
    LOCKED = "locked"
    MOVED = "moved"


class Meddling(StrEnum):
    """What somebody does from outside, in a process of its own."""

    KILL = "kill"
    STEER = "steer"
    STEER_NOW = "steer_now"
    SEND = "send"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Life:
    """A process: when it starts, and what goes wrong at which of its moments.

    Attributes:
        at_change: of its changes of the store, or of its requests, counted from 1.
        is_written: whether that change is made.
        is_worker: it executes what others have left, rather than asking for the team itself.
    """

    starts_at: float
    trouble: Trouble
    at_change: int
    is_written: bool
    is_worker: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Meddle:
    at: float
    what: Meddling
    which: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A round.

    Attributes:
        roots: the tokens of the team's tasks.
        fault_rate: the share of calls that the provider answers with a fault.
        lies: whether the provider's counts of tokens mean nothing.
        crowd: how many processes ask for the team besides those in trouble, in rounds of processes.
    """

    seed: int
    jobs: tuple[Job, ...]
    roots: tuple[str, ...]
    lives: tuple[Life, ...]
    meddling: tuple[Meddle, ...]
    max_parallel: int
    on_failure: str
    fault_rate: float
    lies: bool
    latency_seconds: float
    team_tokens: int | None
    day_tokens: int | None
    mishap: Mishap
    crowd: int


_TOOLS = (ToolName.PAY,) * 5 + (ToolName.NOTE,) * 2 + (ToolName.LOOK, ToolName.BREAK)
_RARE = (*_TOOLS, ToolName.HANG, ToolName.BABBLE)
_GATES = (GateKind.NONE,) * 6 + (GateKind.REVISED,) * 3 + (GateKind.NEVER, GateKind.BROKEN)
MOST_JOBS = 14


class _Drawing:
    """The jobs of one plan, drawn from the root down."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.jobs: list[Job] = []
        self._tokens = 0
        self._says = 0

    def job(self, depth: int) -> str:
        """Draw a job and all below it; its token."""
        chance = self._chance
        self._tokens += 1
        token = f"T{self._tokens}"
        turns: list[tuple[Act, ...]] = []
        if depth < 3 and self._tokens < MOST_JOBS and chance.random() < (0.6, 0.4, 0.25)[depth]:
            turns += self._leading(depth)
        for n in range(chance.choice((0, 1, 1, 2, 3))):
            acts = chance.choice((1, 1, 1, 2, 3))
            tools = _RARE if chance.random() < 0.2 else _TOOLS
            at = chance.randint(0, len(turns))
            turns.insert(
                at, tuple(Use(chance.choice(tools), f"{token}.{n}.{act}") for act in range(acts))
            )
        is_laddered = chance.random() < 0.15
        gate = GateKind.STRONG if is_laddered else chance.choice(_GATES)
        refines = gate in (GateKind.REVISED, GateKind.NEVER) and chance.random() < 0.4
        self.jobs.append(
            Job(
                token=token,
                turns=tuple(turns),
                gate=gate,
                is_laddered=is_laddered,
                rounds=chance.choice((2, 3)) if refines else 0,
                cached=chance.random() < 0.1,
                budget_tokens=chance.choice((20_000, 60_000)) if chance.random() < 0.1 else None,
                timeout_seconds=chance.uniform(5, 90) if chance.random() < 0.07 else None,
            )
        )
        return token

    def _leading(self, depth: int) -> list[tuple[Act, ...]]:
        chance = self._chance
        children = [self.job(depth + 1) for _ in range(chance.choice((1, 2, 2, 3)))]
        split = chance.random() < 0.5
        turns: list[tuple[Act, ...]] = (
            [(Spawn(child),) for child in children]
            if split
            else [tuple(Spawn(child) for child in children)]
        )
        turns += [(self._meeting(children),) for _ in range(chance.choice((0, 0, 1, 2)))]
        ways: tuple[tuple[Act, ...], ...] = (
            (Join(),),
            (Join(tuple(children)),),
            (Join(tuple(children), chance.choice(tuple(Until))),),
            (Join(tuple(children), by_subagents=True),),
        )
        if chance.random() < 0.8:
            turns.append(chance.choice(ways))
        turns += [(self._meeting(children),) for _ in range(chance.choice((0, 0, 1)))]
        return turns

    def _meeting(self, children: list[str]) -> Act:
        chance = self._chance
        child = chance.choice(children)
        drawn = chance.random()
        if drawn < 0.15:
            return KillChild(child)
        if drawn < 0.45:
            return Steer(child)
        self._says += 1
        return Say(child, f"Q{self._says}", chance.choice((0, 0, 20)))


def _lives(chance: random.Random, changes: int) -> tuple[Life, ...]:
    lives: list[Life] = []
    for n in range(chance.choice((0, 1, 1, 2, 3))):
        trouble = chance.choice(
            (Trouble.CRASH,) * 4
            + (Trouble.ZOMBIE, Trouble.ZOMBIE, Trouble.STOP, Trouble.ABORT, Trouble.FREEZE)
        )
        lives.append(
            Life(
                starts_at=0.0 if n == 0 else chance.uniform(0, 40),
                trouble=trouble,
                at_change=1 + int(changes * chance.random() ** 1.5),
                is_written=chance.random() < 0.5,
                is_worker=n > 0 and chance.random() < 0.6,
                seconds=chance.uniform(1, 90),
            )
        )
    return tuple(lives)


def draw(seed: int) -> Plan:
    """The round of a seed: the same one each time."""
    chance = random.Random(seed)
    drawing = _Drawing(chance)
    roots = tuple(drawing.job(0) for _ in range(chance.choice((1, 1, 2, 3, 5))))
    turns = sum(1 + len(job.turns) for job in drawing.jobs)
    return Plan(
        seed=seed,
        jobs=tuple(drawing.jobs),
        roots=roots,
        lives=_lives(chance, 4 * turns),
        meddling=tuple(
            Meddle(chance.uniform(0, 60), chance.choice(tuple(Meddling)), chance.randrange(100))
            for _ in range(chance.choice((0, 0, 0, 1, 3)))
        ),
        max_parallel=chance.choice((1, 2, 4, 16)),
        on_failure=chance.choice(("keep_going",) * 4 + ("stop_new", "cancel_siblings")),
        fault_rate=chance.choice((0.0, 0.0, 0.05, 0.2)),
        lies=chance.random() < 0.15,
        latency_seconds=chance.choice((0.0, 0.5, 5.0)),
        team_tokens=chance.choice((60_000, 200_000)) if chance.random() < 0.15 else None,
        day_tokens=chance.choice((100_000, 400_000)) if chance.random() < 0.1 else None,
        mishap=chance.choice((Mishap.NONE,) * 6 + (Mishap.LOCKED, Mishap.LOCKED, Mishap.MOVED)),
        crowd=chance.choice((0,) * 8 + (2, 7)),
    )
