"""Subagent: the loop of one run: model, tools, model … until there is an answer that fits.

What to do next follows from the transcript alone, so a run that was interrupted anywhere goes on
by the same steps as one that never was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.event import (
    Attempted,
    Delivered,
    Entry,
    Event,
    Queued,
    Refused,
    Replied,
    Retrying,
    Started,
)
from parallel_agents.core.ids import RunId
from parallel_agents.core.message import Role
from parallel_agents.core.model import Finish, Model, ModelReply, ModelRequest, Models
from parallel_agents.core.output import Rejected, check_output
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.runner import Activation
from parallel_agents.core.tool import Tool
from parallel_agents.core.transcript import fold
from parallel_agents.core.usage import Usage
from parallel_agents.errors import (
    LeftRun,
    OutputCut,
    OutputInvalid,
    PagentsError,
    ProviderError,
    RunTimedOut,
    StoreError,
    TurnLimit,
)
from parallel_agents.runners.tool_calls import ToolCalls

_NOTICES = {
    Need.JUDGEMENT: "{model} is too small to judge: read this as a draft, not as a verdict",
    Need.FACTS: "{model} knows few facts and has no web: check what it states",
}


class Subagent:
    """The runner of agents' runs.

    Args:
        models: where models come from, by name.
        tools: what agents may name as tools.
    """

    def __init__(self, models: Models, tools: Mapping[str, Tool]) -> None:
        self._models = models
        self._tools = tools

    async def run(self, activation: Activation) -> None:
        work = _Work(activation, self._models, self._tools)
        try:
            await work.make_ready()
            await self._carry_on(work, activation)
        except (StoreError, LeftRun):
            raise
        except PagentsError as error:
            await activation.finish(work.broken_off(RunStatus.FAILED, error))

    async def _carry_on(self, work: _Work, activation: Activation) -> None:
        """Carry the run on within its time; that of other processes with it counts, too."""
        spent = active_seconds(activation.claim.events, activation.claim.run.id)
        deadline = asyncio.timeout(_left(work.timeout_seconds, spent))
        try:
            async with deadline:
                await work.carry_on()
        except TimeoutError:
            if not deadline.expired():
                raise
            late = RunTimedOut(
                f"not done in {work.timeout_seconds:g} s",
                mend="give it more time with limits.timeout_seconds or --timeout",
            )
            await activation.finish(work.broken_off(RunStatus.TIMED_OUT, late))


class _Work:
    """One run on its way."""

    def __init__(self, activation: Activation, models: Models, tools: Mapping[str, Tool]) -> None:
        claim = activation.claim
        self._activation = activation
        self._models = models
        self._agent: Agent = claim.session.agent
        self._limits = _queued(claim.events, claim.run.id).limits
        self._state = fold(claim.events, claim.run.id)
        self._notices: tuple[str, ...] = ()
        self._all_tools = tools
        self._heard: list[str] = []

    @property
    def timeout_seconds(self) -> float | None:
        return self._limits.timeout_seconds

    async def make_ready(self) -> None:
        """Have the tools and the model; what it fetches or loads is not of the run's time."""
        self._tools = ToolCalls(
            self._agent.tools, self._all_tools, timeout_seconds=self._limits.call_timeout_seconds
        )
        self._model = self._models.get(self._activation.claim.run.model)
        await self._model.start()
        # A list of prices takes 0.1 s to load: now, and not while the first answer is to be kept.
        self._models.cost_nanousd(self._model.name, Usage())
        self._notices = _notices(self._agent, self._model)

    async def carry_on(self) -> None:
        """Take one step after another until the run is over."""
        is_over = False
        while not is_over:
            for word in self._activation.take_steers():
                self._state.apply(word.key, word.body)
            self._activation.check_stopping()
            if self._state.asked:
                await self._tools.make(self._activation, self._state)
            elif self._state.pending:
                await self._deliver()
            elif self._state.messages[-1].role is Role.ASSISTANT:
                is_over = await self._settle()
            else:
                await self._ask()

    def broken_off(self, status: RunStatus, error: PagentsError) -> Outcome:
        """The end of a run that has no accepted answer, with what there is of one."""
        text = "".join(self._heard) or self._state.last_text
        return Outcome(
            status=status,
            output=text or None,
            text=text,
            error=Failure.of(error),
            notices=self._notices,
        )

    async def _deliver(self) -> None:
        turn = self._state.turn + 1
        for key, steer in tuple(self._state.pending.items()):
            delivered = Delivered(steer=key, text=steer.text, turn=turn)
            await self._write(Entry(f"{key}/delivered", delivered))

    async def _ask(self) -> None:
        """Call the model, and keep its reply before anything is made of it."""
        turn = self._state.turn + 1
        if self._limits.max_turns is not None and turn > self._limits.max_turns:
            raise TurnLimit(
                f"no answer in {self._limits.max_turns} turns",
                mend="raise limits.max_turns, or give the agent a smaller task",
            )
        loop = asyncio.get_running_loop()
        began = loop.time()
        reply = await self._call(turn)
        if reply is None:
            return
        replied = Replied(
            turn=turn,
            message=reply.message,
            model=reply.model,
            finish=reply.finish,
            usage=reply.usage,
            cost_nanousd=self._models.cost_nanousd(reply.model, reply.usage),
            seconds=loop.time() - began,
            tries=reply.tries,
        )
        await self._write(Entry(f"turn-{turn}/model", replied))
        self._heard.clear()

    async def _call(self, turn: int) -> ModelReply | None:
        """The reply, or None when a word broke into the call."""
        self._heard.clear()
        request = ModelRequest(
            system=self._agent.instructions,
            messages=tuple(self._state.messages),
            tools=self._tools.specs,
            output_schema=self._agent.output_schema,
            max_output_tokens=self._limits.max_output_tokens or 4096,
            temperature=self._agent.temperature,
            timeout_seconds=self._limits.call_timeout_seconds,
        )
        ear = _Ear(self._activation, turn, self._heard)
        async with self._activation.interruptible():
            return await self._model.respond(request, ear)
        return None

    async def _settle(self) -> bool:
        """Accept the answer and end the run, or say what is wrong with it."""
        state, attempts = self._state, self._limits.attempts or 1
        verdict = check_output(state.last_text, self._agent.output_schema)
        is_cut = state.last_finish is Finish.LENGTH
        if not is_cut and not isinstance(verdict, Rejected):
            done = Outcome(
                status=RunStatus.DONE,
                output=verdict.output,
                text=state.last_text,
                notices=self._notices,
            )
            return await self._activation.finish(done, steers_seen=len(state.heard))
        if isinstance(verdict, Rejected) and not is_cut and state.repairs == 0:
            refused = Refused(turn=state.turn, words=verdict.repair_words())
            await self._write(Entry(f"turn-{state.turn}/refused", refused))
            return False
        error = self._rejection(verdict if isinstance(verdict, Rejected) else None)
        if state.attempt >= attempts:
            raise error
        again = Attempted(number=state.attempt + 1, error=Failure.of(error))
        await self._write(Entry(f"attempt-{again.number}", again))
        return False

    def _rejection(self, verdict: Rejected | None) -> PagentsError:
        if self._state.last_finish is Finish.LENGTH:
            return OutputCut(
                f"the answer was cut at {self._limits.max_output_tokens} tokens",
                mend="raise limits.max_output_tokens, or ask for less",
            )
        problems = "; ".join(verdict.problems) if verdict else ""
        return OutputInvalid(
            "the answer does not fit the agent's output schema, also after a repair",
            why=problems,
            mend="try a stronger model, or more attempts with limits.attempts",
        )

    async def _write(self, entry: Entry) -> None:
        await self._activation.append(entry)
        self._state.apply(entry.key, entry.body)


class _Ear:
    """The listener of one call: passes text on, and writes down each retry."""

    def __init__(self, activation: Activation, turn: int, heard: list[str]) -> None:
        self._activation = activation
        self._turn = turn
        self._heard = heard

    @property
    def wants_text(self) -> bool:
        return self._activation.wants_text

    def text(self, piece: str) -> None:
        self._heard.append(piece)
        self._activation.text(piece)

    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        run = self._activation.claim.run
        retrying = Retrying(
            turn=self._turn,
            attempt=attempt,
            error=Failure.of(error),
            wait_seconds=wait_seconds,
        )
        # The epoch keeps the tries of a call that is made again after a crash apart.
        self._activation.note(
            Entry(f"turn-{self._turn}/epoch-{run.epoch}/retry-{attempt}", retrying)
        )


def _notices(agent: Agent, model: Model) -> tuple[str, ...]:
    """What a reader of the answer should know of the model that gave it."""
    lacks = model.capabilities.lacks
    return tuple(_NOTICES[need].format(model=model.name) for need in agent.needs if need in lacks)


def _queued(events: Iterable[Event], run: RunId) -> Queued:
    return next(e.body for e in events if e.run == run and isinstance(e.body, Queued))


def active_seconds(events: Iterable[Event], run: RunId) -> float:
    """How long processes have worked on the run, without the time between a crash and a claim."""
    spent, began, last = 0.0, None, 0.0
    for event in events:
        if event.run != run:
            continue
        if isinstance(event.body, Started):
            if began is not None:
                spent += last - began
            began = event.at
        last = event.at
    return spent


def _left(timeout_seconds: float | None, spent: float) -> float | None:
    return None if timeout_seconds is None else max(timeout_seconds - spent, 0.0)
