"""CircuitBroken: pauses an agent whose runs keep failing; its new runs then fail at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from parallel_agents.core.breaker import Breaker, UsesInFlight, close, lose_probe
from parallel_agents.core.circuit import AGENTS, Admission
from parallel_agents.core.event import Entry, Noticed
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.runner import Activation, RunJournal, Runner
from parallel_agents.core.throttle import Throttle, name_for_agent
from parallel_agents.errors import (
    AgentCircuitOpen,
    CallsRepeated,
    GateRefused,
    ModelCrashed,
    OutputCut,
    OutputInvalid,
    PagentsError,
    RunCrashed,
    TurnLimit,
)

T = TypeVar("T")

# Failures by a provider, a budget, a time limit or a user say nothing about the agent.
_FAULTS = frozenset(
    kind.code
    for kind in (
        OutputInvalid,
        OutputCut,
        TurnLimit,
        CallsRepeated,
        GateRefused,
        ModelCrashed,
        RunCrashed,
    )
)
_BREAKER = Breaker(AGENTS)


class SharedThrottles(Protocol):
    """Access to the throttles that all processes of the store share."""

    @property
    def process(self) -> str: ...

    @property
    def now(self) -> Callable[[], float]: ...

    async def refresh(self) -> None: ...

    def known(self, model: str) -> Throttle | None: ...

    async def change(self, model: str, change: Callable[[Throttle], tuple[Throttle, T]]) -> T: ...

    def change_soon(self, model: str, change: Callable[[Throttle], Throttle]) -> None: ...


class CircuitBrokenRunner:
    """Wraps a runner of agents' runs.

    Runs that serve the runtime, such as those of judges, and tries of cases neither count nor are
    refused, and a run that has begun continues. Nothing is written while no failure is on record.
    """

    def __init__(self, runner: Runner, circuits: SharedThrottles) -> None:
        self._runner = runner
        self._circuits = circuits
        self._flights: defaultdict[str, UsesInFlight] = defaultdict(UsesInFlight)

    async def run(self, activation: Activation) -> None:
        claim = activation.claim
        options = claim.session.options
        if options.is_service or options.is_trial:
            await self._runner.run(activation)
            return
        agent = claim.session.agent.name
        is_new = claim.run.epoch == 1
        try:
            is_probe = is_new and await self._admit(agent)
        except AgentCircuitOpen as error:
            failed = Outcome(status=RunStatus.FAILED, error=Failure.of(error))
            await activation.journal.finish(failed)
            return
        counted = _CountedJournal(
            activation, self._circuits, self._flights[agent], is_probe=is_probe
        )
        try:
            await self._runner.run(replace(activation, journal=counted))
        except PagentsError:
            raise  # the run was left or ended with that error: no bug
        except Exception as bug:
            await counted.crash(bug)
            raise
        finally:
            counted.leave()

    async def _admit(self, agent: str) -> bool:
        """Return whether the run is the probe that finds out if the agent works again.

        Raises:
            AgentCircuitOpen: the agent is paused.
        """
        circuits, name = self._circuits, name_for_agent(agent)
        await circuits.refresh()
        known = circuits.known(name)
        if known is None or known.circuit.is_closed:
            return False
        admitted = await circuits.change(name, _BREAKER.admit(circuits.now(), circuits.process))
        if admitted.admission is Admission.REFUSED:
            raise _left_alone(agent, admitted.seconds, admitted.reason)
        return admitted.admission is Admission.PROBE


class _CountedJournal:
    """The journal of a run whose end counts for its agent."""

    __slots__ = (
        "_agent",
        "_circuits",
        "_epoch",
        "_flight",
        "_flights",
        "_is_probe",
        "_journal",
        "_name",
        "append",
        "note",
    )

    def __init__(
        self,
        activation: Activation,
        circuits: SharedThrottles,
        flights: UsesInFlight,
        *,
        is_probe: bool,
    ) -> None:
        self._journal: RunJournal = activation.journal
        self._epoch = activation.claim.run.epoch
        self._circuits = circuits
        self._flights = flights
        self._flight = flights.begin(circuits.now())
        self._agent = activation.claim.session.agent.name
        self._name = name_for_agent(self._agent)
        self._is_probe = is_probe
        self.note = self._journal.note
        self.append = self._journal.append

    async def finish(self, outcome: Outcome, *, steers_seen: int | None = None) -> bool:
        # Before the end: nothing may follow it in the run's history.
        if outcome.status is RunStatus.DONE or _has_mostly_worked(outcome):
            await self._done()
        elif outcome.error is not None and outcome.error.code in _FAULTS:
            await self._failed(f"{outcome.error.code} {outcome.error.message}")
        return await self._journal.finish(outcome, steers_seen=steers_seen)

    async def crash(self, bug: Exception) -> None:
        """Note that a bug ended the run, which the engine then finishes."""
        await self._failed(f"{RunCrashed.code} {type(bug).__name__}: {bug}")

    def leave(self) -> None:
        """The run has ended or continues elsewhere; a probe without a result is lost."""
        self._flights.end(self._flight)
        if self._is_probe:
            self._circuits.change_soon(self._name, lose_probe)

    async def _failed(self, reason: str) -> None:
        self._flights.end(self._flight)
        change = _BREAKER.fail(self._circuits.now(), reason, self._flights.begun())
        seconds = await self._circuits.change(self._name, change)
        self._is_probe = False
        if seconds is not None:
            left = f"agent {self._agent} keeps failing and is paused for {seconds:.0f} s"
            self._tell("opened", f"{left}: {reason}")

    async def _done(self) -> None:
        if self._is_probe:
            await self._circuits.change(self._name, close)
            self._is_probe = False
            self._tell("closed", f"agent {self._agent} has recovered")
            return
        known = self._circuits.known(self._name)
        if known is not None and known.circuit.ended:
            now = self._circuits.now()
            if known.circuit.failures(now, AGENTS):
                self._circuits.change_soon(self._name, _BREAKER.answer(now))

    def _tell(self, what: str, text: str) -> None:
        self.note(Entry(f"epoch-{self._epoch}/breaker-{what}", Noticed(text=text)))


def _has_mostly_worked(outcome: Outcome) -> bool:
    """Whether a batch that is not done has answered most of its items."""
    return len(outcome.accepted_items) > len(outcome.rejected_items)


def _left_alone(agent: str, seconds: float, reason: str) -> AgentCircuitOpen:
    until = f"for {seconds:.0f} s more" if seconds else "until its trial run has ended"
    return AgentCircuitOpen(
        f"agent {agent} is paused {until}",
        why=f"nearly all of its recent runs failed, most recently with {reason}",
        hint=f"see `pagents dlq list --agent {agent}`, correct the agent or its gates, end the pause"
        f" with `pagents limits set {name_for_agent(agent)} --off`, then"
        f" `pagents dlq retry --agent {agent} --current`",
    )
