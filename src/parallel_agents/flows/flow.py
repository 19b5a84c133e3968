"""Flow: what the function of a flow gets, with its steps as methods."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from parallel_agents.containment.functions import UserFunction
from parallel_agents.core.agent import Agent, T
from parallel_agents.core.annotations import Seconds
from parallel_agents.core.arguments import checked_methods, options_of
from parallel_agents.core.budget import NO_BUDGET, AnyBudget, as_budget
from parallel_agents.core.gate import AnyGate
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task
from parallel_agents.core.tool import Effect
from parallel_agents.flows import choosing, refining, repeating, routing
from parallel_agents.flows.call import Call
from parallel_agents.flows.events import nth_event
from parallel_agents.flows.function import FlowFunction, joined
from parallel_agents.flows.gathered import checked_result
from parallel_agents.flows.many import ManySteps
from parallel_agents.flows.naming import label_of
from parallel_agents.flows.own_steps import OwnSteps
from parallel_agents.flows.people import Asking
from parallel_agents.flows.steps import Steps
from parallel_agents.sessions.typed import typed

V = TypeVar("V")


@checked_methods
class Flow(ManySteps, OwnSteps):
    """The steps of a flow.

    A step is known by its name. When the flow is run again after a crash or a failure, a step that is
    done returns what is stored, and costs nothing. A name that is used again gets a number: `draft#2`.
    Steps may run at the same time, as in `asyncio.gather`.

    Attributes:
        name: the name of the flow's function.
        key: identifies this run of it.
    """

    def __init__(self, steps: Steps) -> None:
        super().__init__(steps)
        self.name = steps.request.name
        self.key = steps.work.session.spawn_key

    async def task(
        self,
        name: str,
        task: Task[T],
        *,
        check: bool = True,
        on_text: Callable[[str], None] | None = None,
    ) -> Result[T]:
        """Have an agent do a task, and return its result.

        Args:
            name: of the step.
            task: for an agent.
            check: whether to raise if the task is not done; otherwise look at the result's status.
            on_text: receives the text as the model writes it; of a step that is stored, nothing.

        Raises:
            StepFailed: the task is not done.
        """
        called = self._steps.names.take(name, task.agent_name)
        result = await self._steps.result(called, task, on_text=on_text)
        return self._steps.checked(result, called, check=check)

    async def sequence(
        self, tasks: Iterable[repeating.Next], *, key: str | None = None
    ) -> Result[Any]:
        """Have tasks done one after another, and return the result of the last.

        Args:
            tasks: tasks, or functions that make the next task of the result before it.
            key: the name of the step.

        Raises:
            StepFailed: a task is not done; those after it are not begun.
        """
        return await repeating.sequence(
            self._steps, self._steps.names.take(key, "sequence"), tuple(tasks)
        )

    async def branch(
        self,
        name: str,
        by: Task[Any],
        routes: Mapping[str, Task[T] | Callable[[Result[Any]], Task[T]]],
        *,
        field: str = "route",
        default: str | None = None,
    ) -> Result[T]:
        """Have the task done that an agent's answer names, and return its result.

        Where plain Python can decide, write `if`.

        Args:
            name: of the step.
            by: the task whose answer is the name of a route, or has it in `field`.
            routes: a task for each name, or a function that makes it of the result of `by`.
            field: of an answer with fields, the one that names the route.
            default: the route if the answer names none; if it lacks `field`, the flow's result has a
                notice as well.

        Raises:
            StepFailed: the answer names none of the routes, or a task is not done.
        """
        called = self._steps.names.take(name, "branch")
        return await routing.branch(self._steps, called, by, routes, field=field, default=default)

    async def loop_until(
        self,
        body: Callable[[int, V | None], Awaitable[V]],
        *,
        until: Callable[[V], bool],
        rounds: int = 5,
        key: str | None = None,
        check: bool = True,
    ) -> V:
        """Repeat `body` until what it returns is good enough, and return that.

        Args:
            body: is called with the number of the round, from 1, and what the round before returned.
                Its steps get numbers with each round.
            until: says whether that is good enough.
            rounds: the most rounds.
            key: what errors call the loop.
            check: whether to raise if no round was good enough; otherwise the last one counts.

        Raises:
            StepFailed: no round was good enough.
        """
        return await repeating.loop_until(
            key or "loop", body, until=until, rounds=rounds, check=check
        )

    async def best_of(
        self,
        count: int,
        task: Task[T],
        *,
        gates: Iterable[AnyGate] = (),
        score: Callable[[T], float] | None = None,
        key: str | None = None,
    ) -> choosing.BestOf[T]:
        """Have a task done several times at once, and choose the answer with the highest score.

        Args:
            count: how many times, 1 to 100.
            task: for an agent.
            gates: checks in addition to those of the task; a `JudgeGate` or a `ScoreGate` scores.
            score: scores an answer in plain Python instead.
            key: the name of the step.

        Raises:
            StepFailed: no answer is done, or none has a score.
        """
        name = self._steps.names.take(key, "best_of")
        return await choosing.best_of(
            self._steps, name, task, count=count, gates=tuple(gates), score=score
        )

    async def vote(
        self,
        tasks: Iterable[Task[T]],
        *,
        of: Callable[[T], Json] | None = None,
        at_least: float = 0.5,
        key: str | None = None,
    ) -> choosing.Vote[T]:
        """Have several tasks done at once, and return what most of them answer.

        Args:
            tasks: the voters; texts are compared without regard to case and white space.
            of: makes the vote of an answer, such as one of its fields; None for the whole.
            at_least: the part of the votes that the winner must have more of.
            key: the name of the step.

        Raises:
            StepFailed: no answer has as many votes, or nobody voted.
        """
        name = self._steps.names.take(key, "vote")
        return await choosing.vote(self._steps, name, tuple(tasks), of=of, at_least=at_least)

    async def refine(
        self,
        draft: Result[T],
        *,
        until: float = 8.5,
        rounds: int = 3,
        rubric: str | None = None,
        by: str | None = None,
        key: str | None = None,
    ) -> T:
        """Have a draft made better until it has a score, and return the best version.

        The gates of the draft's task that score it ask for the new score; without one, a judge does.

        Args:
            draft: a result of this flow; one that has the score already is returned as it is.
            until: the score that the answer needs, 0 to 10.
            rounds: the most versions; if none has the score, the flow's result has a notice.
            rubric: what makes the work good, for a judge; None for the gates of the draft's task, or
                else for a rubric that asks for what the task asks for.
            by: the agent that writes each next version; None for the draft's own.
            key: the name of the step.

        Raises:
            StepFailed: the task of making it better is not done.
        """
        name = self._steps.names.take(key, "refine")
        refined = await refining.refine(
            self._steps, name, draft, until=until, rounds=rounds, rubric=rubric, by=by
        )
        return checked_result(refined, name, check=True).output

    async def hand_off(
        self,
        task: Task[T],
        *,
        to: Iterable[str | Agent[T]] = (),
        accept: Callable[[Result[T]], bool] | None = None,
        person: str | None = None,
        key: str | None = None,
    ) -> routing.HandOff[T]:
        """Have a task done by the first agent who can, and by a person if none can.

        Args:
            task: is given to its own agent first.
            to: the agents that it is handed to, one after another, with what those before answered.
            accept: whether an answer is accepted; None accepts whatever is done.
            person: what a person is asked in the end, with the task; None asks nobody.
            key: the name of the step.

        Raises:
            InvalidInput: a definition in `to` does not take the task's input; nothing has begun. An agent
                that is only named is passed over then, with a notice.
            StepFailed: no answer is accepted, and nobody is asked.
        """
        name = self._steps.names.take(key, "hand_off")
        return await routing.hand_off(
            self._steps, name, task, to=tuple(to), accept=accept, person=person
        )

    async def manager(
        self,
        name: str,
        task: Task[T],
        agents: Iterable[str],
        *,
        max_children: int = 5,
        check: bool = True,
    ) -> Result[T]:
        """Have an agent do a task by delegating parts of it to other agents.

        Args:
            name: of the step.
            task: its agent is a definition, not a name; it is told how to delegate.
            agents: the names of the agents that it may spawn.
            max_children: the most of them that may work at once.
            check: as for `task`.

        Raises:
            InvalidInput: the task names its agent, or there are no agents.
            StepFailed: the task is not done.
        """
        called = self._steps.names.take(name, "manager")
        asked = routing.managed(task, tuple(agents), max_children)
        return self._steps.checked(await self._steps.result(called, asked), called, check=check)

    async def flow(
        self,
        name: str,
        function: Callable[..., Awaitable[T]],
        /,
        *,
        input: Mapping[str, object] | None = None,
        budget: AnyBudget = NO_BUDGET,
        timeout: float | None = None,
        check: bool = True,
        **values: object,
    ) -> Result[T]:
        """Run another flow as a step.

        Args:
            name: of the step.
            function: the function of the other flow.
            input: its arguments, which may also be passed by name.
            budget: the most that it may spend.
            timeout: seconds for all of it.
            check: whether to raise if it is not done.
            **values: arguments of the function.

        Raises:
            StepFailed: it is not done.
        """
        steps = self._steps
        other = FlowFunction(function, on_change=steps.functions.get(self.name).on_change)
        steps.functions.add(other)
        called = steps.names.take(name, other.name)
        task = other.task(
            joined(input, values, f"the step {name}"),
            label=label_of(called),
            model=steps.request.model,
            timeout=timeout,
            budget=as_budget(budget),
            options=options_of(Flow.flow),
        )
        result = typed(await steps.work.flow(called, task), other.output_type)
        return steps.checked(result, called, check=check)

    async def ask(
        self,
        question: str,
        *,
        choices: Iterable[str] = (),
        default: str = "",
        timeout: float | None = None,
        key: str | None = None,
    ) -> str:
        """Ask a person, and return the answer, whenever it comes: `pagents inbox` shows the question.

        Args:
            question: up to 4,000 characters.
            choices: the answers to choose from; any text may be the answer without.
            default: the answer once the time is up.
            timeout: seconds; None for the setting `question_seconds`.
            key: the name of the step.

        Raises:
            StepFailed: nobody answered in time, and there is no default.
        """
        name = self._steps.names.take(key, "ask")
        asking = Asking(question, tuple(choices), default, timeout)
        return await self._steps.work.ask(name, asking)

    async def on_event(self, event: str, *, timeout: Seconds | None = None) -> Json:
        """Wait for the next event of a name, and return its value.

        An event is what anybody appends to the list `events/NAME` of the state that the flow shares with
        its agents: `pagents state append FLOW events/published '{"by": "ana"}'`, the tool
        `state_append`, or `state.append`. Each call returns the next one, in order.

        Args:
            event: its name.
            timeout: seconds; None waits as long as it takes, 0 takes one that is there.

        Raises:
            StepFailed: none came in time.
        """
        name = self._steps.names.take(event, "event")
        wait = partial(nth_event, self._steps.state, event, seconds=timeout)
        with self._steps.event_number(event) as number:
            call = Call(
                UserFunction(wait, name), None, (number,), {}, Effect.IDEMPOTENT, is_wait=True
            )
            return await self._steps.work.step(name, call)


def steps_of(flow: Flow) -> Steps:
    """The steps of a flow, for functions that are built in."""
    return flow._steps  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - of this module
