"""Subagent: the loop of one run: model, tools, model … until there is an answer that fits.

What to do next follows from the transcript alone, so a run that was interrupted anywhere goes on
by the same steps as one that never was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.event import (
    Attempted,
    Closing,
    Delivered,
    Entry,
    Event,
    HandedBack,
    Queued,
    Refused,
    Replied,
    Retrying,
)
from parallel_agents.core.ids import RunId, is_team_key
from parallel_agents.core.message import Role
from parallel_agents.core.model import Finish, Model, ModelReply, ModelRequest, Models
from parallel_agents.core.output import Rejected, check_output
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.runner import Activation
from parallel_agents.core.session import Session
from parallel_agents.core.tool import Tool
from parallel_agents.core.transcript import fold
from parallel_agents.core.usage import Usage
from parallel_agents.errors import (
    LeftRun,
    OutputCut,
    OutputInvalid,
    OverBudget,
    PagentsError,
    ProviderError,
    RunTimedOut,
    StoreError,
    TurnLimit,
)
from parallel_agents.runners.clock import Clock, seconds_left
from parallel_agents.runners.family import Family, Kin
from parallel_agents.runners.paying import ANSWER_TOKENS, RunPayer, worst_case
from parallel_agents.runners.tool_calls import ToolCalls

_NOTICES = {
    Need.JUDGEMENT: "{model} is too small to judge: read this as a draft, not as a verdict",
    Need.FACTS: "{model} knows few facts and has no web: check what it states",
}
_LAST_WORDS = (
    "Your budget is used up. Call no more tools: give your final answer now, from what you have."
)
_CHILD = (
    "You are a subagent, {session.label}, at depth {session.depth}. Your last message is your "
    "result: it goes to the session that spawned you, so make it whole and short. Nobody answers "
    "questions."
)


class Subagent:
    """The runner of agents' runs.

    Args:
        models: where models come from, by name.
        tools: what agents may name as tools.
        kin: the verbs, for the children that a run spawns.
        session_tools: names of the tools that an agent gets whose policy lets it spawn.
        hand_back_tokens: of a child's output that its parent is told.
    """

    def __init__(
        self,
        models: Models,
        tools: Mapping[str, Tool],
        kin: Kin,
        *,
        session_tools: Collection[str] = (),
        hand_back_tokens: int = 2000,
    ) -> None:
        self._models = models
        self._tools = tools
        self._kin = kin
        self._session_tools = tuple(session_tools)
        self._hand_back_tokens = hand_back_tokens

    async def run(self, activation: Activation) -> None:
        session = activation.claim.session
        family = Family(self._kin, session, most_tokens=self._hand_back_tokens)
        work = _Work(activation, self._models, family)
        try:
            await work.make_ready(self._tools, self._session_tools)
            await self._carry_on(work, activation)
        except (StoreError, LeftRun):
            raise
        except OverBudget as error:
            await work.break_off(RunStatus.OVER_BUDGET, error)
        except PagentsError as error:
            await work.break_off(RunStatus.FAILED, error)

    async def _carry_on(self, work: _Work, activation: Activation) -> None:
        """Carry the run on within its time; that of other processes with it counts, too."""
        claim = activation.claim
        clock = Clock(activation, seconds_left(work.timeout_seconds, claim.events, claim.run.id))
        try:
            async with clock:
                await work.carry_on(clock)
        except TimeoutError:
            if not clock.has_run_out:
                raise
            late = RunTimedOut(
                f"not done in {work.timeout_seconds:g} s",
                mend="give it more time with limits.timeout_seconds or --timeout",
            )
            await work.break_off(RunStatus.TIMED_OUT, late)


class _Work:
    """One run on its way."""

    def __init__(self, activation: Activation, models: Models, family: Family) -> None:
        claim = activation.claim
        self._activation = activation
        self._models = models
        self._family = family
        self._may_spawn = False
        self._agent: Agent = claim.session.agent
        self._limits = _queued(claim.events, claim.run.id).limits
        self._state = fold(claim.events, claim.run.id)
        self._notices: tuple[str, ...] = ()
        self._heard: list[str] = []

    @property
    def timeout_seconds(self) -> float | None:
        return self._limits.timeout_seconds

    async def make_ready(self, tools: Mapping[str, Tool], session_tools: Collection[str]) -> None:
        """Have the tools and the model; what it fetches or loads is not of the run's time."""
        self._model = self._models.get(self._activation.claim.run.model)
        offered = list(self._agent.tools)
        if _may_delegate(self._activation.claim.session, self._model):
            offered += [name for name in session_tools if name not in offered]
        self._may_spawn = not set(session_tools).isdisjoint(offered)
        self._tools = ToolCalls(offered, tools, timeout_seconds=self._limits.call_timeout_seconds)
        await self._model.start()
        # A list of prices takes 0.1 s to load: now, and not while the first answer is to be kept.
        self._models.cost_nanousd(self._model.name, Usage())
        self._notices = _notices(self._agent, self._model)

    async def carry_on(self, clock: Clock) -> None:
        """Take one step after another until the run is over."""
        is_over = False
        while not is_over:
            for word in self._activation.take_steers():
                self._state.apply(word.key, word.body)
            self._activation.check_stopping()
            if self._state.asked and self._state.closing is not None:
                is_over = await self._close(self._state.closing)
            elif self._state.asked:
                await self._tools.make(self._activation, self._state, clock)
            elif self._state.pending:
                await self._deliver()
            elif self._state.messages[-1].role is Role.ASSISTANT:
                is_over = await self._settle(clock)
            else:
                await self._ask_or_close()

    async def break_off(self, status: RunStatus, error: PagentsError) -> None:
        """End a run that has no accepted answer, with what there is of one, and its children."""
        if self._may_spawn:
            await self._family.end(by="its parent's end")
        text = "".join(self._heard) or self._state.last_text
        broken_off = Outcome(
            status=status,
            output=text or None,
            text=text,
            error=Failure.of(error),
            notices=self._notices,
        )
        await self._activation.finish(broken_off)

    async def _ask_or_close(self) -> None:
        """Call the model; without room for that in the budget, prepare for one last answer."""
        try:
            await self._ask()
        except OverBudget as error:
            if self._state.closing is not None or not (error.may_answer and self._state.turn):
                raise
            turn = self._state.turn
            closing = Closing(turn=turn, text=_LAST_WORDS, error=Failure.of(error))
            await self._write(Entry(f"turn-{turn}/closing", closing))

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
        is_last = self._state.closing is not None
        most = self._limits.max_output_tokens or 4096
        request = ModelRequest(
            system=system_of(self._activation.claim.session),
            messages=tuple(self._state.messages),
            tools=self._tools.specs,
            output_schema=self._agent.output_schema,
            max_output_tokens=min(most, ANSWER_TOKENS) if is_last else most,
            temperature=self._agent.temperature,
            timeout_seconds=self._limits.call_timeout_seconds,
            thinking=self._agent.thinking,
        )
        if self._activation.is_budgeted:
            amount = worst_case(self._models, self._model.name, request, self._state)
            payer = RunPayer(self._activation, amount, is_last=is_last)
            request = replace(request, payer=payer)
        ear = _Ear(self._activation, turn, self._heard)
        async with self._activation.interruptible():
            return await self._model.respond(request, ear)
        return None

    async def _hear_children(self, clock: Clock) -> bool:
        """Wait for children that the run has not heard of, and tell it; False where there are none."""
        if not self._may_spawn or not (runs := await self._family.untold(self._state.handed_back)):
            return False
        loop = asyncio.get_running_loop()
        began = loop.time()
        clock.park()
        text = await self._family.wait(runs)
        await clock.go_on()
        turn = self._state.turn
        told = HandedBack(
            turn=turn, text=text, runs=tuple(runs), parked_seconds=loop.time() - began
        )
        await self._write(Entry(f"turn-{turn}/handed-back", told))
        return True

    async def _settle(self, clock: Clock) -> bool:
        """Accept the answer and end the run, or say what is wrong with it."""
        if self._state.closing is not None:
            return await self._close(self._state.closing)
        state, attempts = self._state, self._limits.attempts or 1
        verdict = check_output(state.last_text, self._agent.output_schema)
        is_cut = state.last_finish is Finish.LENGTH
        if not is_cut and not isinstance(verdict, Rejected):
            if await self._hear_children(clock):
                return False
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

    async def _close(self, error: Failure) -> bool:
        """End a run whose budget is used up, with the answer that it gave last."""
        if self._may_spawn:
            await self._family.end(by="its parent's end")
        text = self._state.last_text
        verdict = check_output(text, self._agent.output_schema)
        outcome = Outcome(
            status=RunStatus.OVER_BUDGET,
            output=(text or None) if isinstance(verdict, Rejected) else verdict.output,
            text=text,
            error=error,
            notices=self._notices,
        )
        return await self._activation.finish(outcome)

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
    of_model, lacks = model.capabilities.notice, model.capabilities.lacks
    of_needs = [_NOTICES[n].format(model=model.name) for n in agent.needs if n in lacks]
    return (of_model, *of_needs) if of_model else tuple(of_needs)


def system_of(session: Session) -> str:
    """The agent's instructions; a child is told what it is, after what it shares with others."""
    instructions = session.agent.instructions
    if session.parent is None or is_team_key(session.parent):
        return instructions
    return f"{instructions}\n\n{_CHILD.format(session=session)}"


def _may_delegate(session: Session, model: Model) -> bool:
    """Whether the session's agent is offered the session tools though it does not name them."""
    lacks = model.capabilities.lacks
    return session.agent.policy.may_spawn_at(session.depth) and Need.DELEGATION not in lacks


def _queued(events: Iterable[Event], run: RunId) -> Queued:
    return next(e.body for e in events if e.run == run and isinstance(e.body, Queued))
