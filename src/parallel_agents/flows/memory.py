"""Memory: what a flow's earlier runs have done, by the names of its steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal, TypeAlias

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import Event
from parallel_agents.core.flow import StepFinished, StepStarted
from parallel_agents.core.ids import RunId
from parallel_agents.core.question import Question
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import ChildRun
from parallel_agents.core.run import RunStatus

Kind: TypeAlias = Literal["session", "call", "question"]


@dataclass(slots=True)
class StoredStep:
    """A call of a step's function, as far as it is stored.

    Attributes:
        run: the flow's run that began it.
    """

    run: RunId
    started: StepStarted
    finished: StepFinished | None = None
    ended_at: float | None = None

    def is_tried_again(self, run: RunId) -> bool:
        """Whether it failed in an earlier run of the flow than this one."""
        return self.finished is not None and self.finished.error is not None and self.run != run


@dataclass(slots=True)
class Memory:
    """What is stored of a flow.

    Attributes:
        run: the flow's run that is executed now.
        children: the latest run of each child, by the name of its step.
        steps: the latest call of each step's function, by its name.
        asked: the questions of this run, and those of earlier ones that were answered, by what they
            are about.
        answered: the answers to these.
        retried: the names of the steps that were tried again after a failure of the flow.
    """

    run: RunId
    children: dict[str, ChildRun] = field(default_factory=dict[str, ChildRun])
    steps: dict[str, StoredStep] = field(default_factory=dict[str, StoredStep])
    asked: dict[str, Question] = field(default_factory=dict[str, Question])
    answered: dict[str, Answered] = field(default_factory=dict[str, Answered])
    retried: set[str] = field(default_factory=set[str])

    @classmethod
    def of(cls, run: RunId, children: Iterable[ChildRun], events: Iterable[Event]) -> Memory:
        memory = cls(run)
        for child in children:
            name = memory.name_of(child.key)
            if name in memory.children:
                memory.retried.add(name)
            memory.children[name] = child
        for is_now, of_run in groupby(events, key=lambda event: event.run == run):
            if is_now:  # what was asked before and not answered is asked again
                memory.asked = {about: memory.asked[about] for about in memory.answered}
            for event in of_run:
                memory._take(event)
        return memory

    def _take(self, event: Event) -> None:
        about = event.key.rpartition("/")[0]
        match event.body:
            case StepStarted(name=name) as started:
                if name in self.steps and self.steps[name].finished is not None:
                    self.retried.add(name)
                self.steps[name] = StoredStep(event.run, started)
            case Asked(question=question):
                self.asked[about] = question
            case Answered() as answered if event.run == self.run or answered.answer.allow:
                self.answered[about] = answered
            case StepFinished(name=name) as finished if name in self.steps:
                self.steps[name].finished = finished
                self.steps[name].ended_at = event.at
            case _:
                pass

    @property
    def names(self) -> list[str]:
        """The names of all steps that were begun."""
        return [*self.children, *self.steps]

    def kinds(self, name: str) -> set[Kind]:
        """What is stored under the name of a step, and is not to be tried again."""
        kinds: set[Kind] = set()
        child, step = self.children.get(name), self.steps.get(name)
        if child is not None and not self.is_tried_again(child):
            kinds.add("session")
        if step is not None and not step.is_tried_again(self.run):
            kinds.add("call")
        if f"step/{name}" in self.asked:
            kinds.add("question")
        return kinds

    def ended(self) -> list[str]:
        """The names of the steps whose stored ends the function gets, as they ended.

        One that an earlier run of the flow ended without success is tried again instead.
        """
        ends = [
            (child.ended_at or 0.0, name)
            for name, child in self.children.items()
            if child.status.is_over and not self.is_tried_again(child)
        ]
        ends += [
            (step.ended_at or 0.0, name)
            for name, step in self.steps.items()
            if step.finished is not None and not step.is_tried_again(self.run)
        ]
        return [name for _, name in sorted(ends, key=lambda end: end[0])]

    def is_tried_again(self, child: ChildRun) -> bool:
        """Whether a child's run ended without success when an earlier run of the flow waited for it.

        What somebody killed stays killed.
        """
        is_lost = child.status.is_over and child.status is not RunStatus.DONE
        return is_lost and child.asked_by != self.run and not child.stays_killed

    def name_of(self, spawn_key: str) -> str:
        """The name of the step for which a child was spawned under this key, also of a retry."""
        name = name_of(spawn_key)
        return name if name in self.children else spawn_key
