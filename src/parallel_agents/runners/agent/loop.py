"""AgentRunner: the loop of one run: model, tools, model … until there is an answer that fits.

What to do next follows from the transcript alone, so a run that was interrupted anywhere goes on
by the same steps as one that never was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from parallel_agents.core.agent import Agent
from parallel_agents.core.escalation import above, next_step
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
)
from parallel_agents.core.ids import RunId
from parallel_agents.core.message import Role
from parallel_agents.core.model import Finish, ModelReply, ModelRequest, Models
from parallel_agents.core.output import Rejected, check_output
from parallel_agents.core.run import Failure, RunStatus
from parallel_agents.core.runner import Activation
from parallel_agents.core.schema import Json
from parallel_agents.core.tool import Tool
from parallel_agents.core.transcript import fold, task_words
from parallel_agents.core.usage import Usage
from parallel_agents.errors import (
    ConfigError,
    LeftRun,
    LocalModelError,
    OutputCut,
    OverBudget,
    PagentsError,
    ProviderError,
    RevisionFailed,
    RunTimedOut,
    StoreError,
    TurnLimit,
)
from parallel_agents.runners.agent import outcomes
from parallel_agents.runners.agent.children import Children, ChildSessions, Report, may_delegate
from parallel_agents.runners.agent.gates import PLAIN, Gatekeeper
from parallel_agents.runners.agent.model_call import (
    ANSWER_TOKENS,
    ModelCallListener,
    RunPayer,
    worst_case,
)
from parallel_agents.runners.agent.prompts import LAST_WORDS, invalid, notices_of, system_of
from parallel_agents.runners.agent.refine import Rounds
from parallel_agents.runners.agent.tool_calls import ToolCalls
from parallel_agents.runners.clock import Clock, seconds_left


class AgentRunner:
    """The runner of agents' runs.

    Args:
        models: where models come from, by name.
        tools: what agents may name as tools.
        kin: the verbs, for the children that a run spawns.
        gatekeeper: gives the verdicts of gates, and has answers revised.
        session_tools: names of the tools that an agent gets whose policy lets it spawn.
        report: words what a parent is told of children that ended.
    """

    def __init__(
        self,
        models: Models,
        tools: Mapping[str, Tool],
        kin: ChildSessions,
        report: Report,
        *,
        gatekeeper: Gatekeeper = PLAIN,
        session_tools: Collection[str] = (),
    ) -> None:
        self._models = models
        self._tools = tools
        self._kin = kin
        self._gatekeeper = gatekeeper
        self._session_tools = tuple(session_tools)
        self._report = report

    async def run(self, activation: Activation) -> None:
        session = activation.claim.session
        family = Children(self._kin, session, self._report)
        work = _Work(activation, self._models, family, self._gatekeeper)
        try:
            await work.prepare_models(self._tools, self._session_tools)
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
                hint="give it more time with limits.timeout_seconds or --timeout",
            )
            await work.break_off(RunStatus.TIMED_OUT, late)


class _Work:
    """One run on its way."""

    def __init__(
        self, activation: Activation, models: Models, family: Children, gatekeeper: Gatekeeper
    ) -> None:
        claim = activation.claim
        self._activation = activation
        self._models = models
        self._family = family
        self._may_spawn = False
        self._agent: Agent = claim.session.agent
        queued = _queued(claim.events, claim.run.id)
        self._limits, self._ladder = queued.limits, queued.ladder
        self._cache_seconds = queued.cache_seconds
        self._state = fold(claim.events, claim.run.id)
        task = task_words(queued.text, queued.input)
        self._rounds = Rounds(claim.session, task, self._state, gatekeeper, self._write)
        self._notices: tuple[str, ...] = ()
        self._heard: list[str] = []

    @property
    def timeout_seconds(self) -> float | None:
        return self._limits.timeout_seconds

    async def prepare_models(
        self, tools: Mapping[str, Tool], session_tools: Collection[str]
    ) -> None:
        """Have the tools and the model; what it fetches or loads is not of the run's time."""
        try:
            await self._use(self._state.model or self._activation.claim.run.model)
        except PagentsError as error:
            await self._begin_again(error)
        offered = list(self._agent.tools)
        if may_delegate(self._activation.claim.session, self._model):
            offered += [name for name in session_tools if name not in offered]
        self._may_spawn = not set(session_tools).isdisjoint(offered)
        self._tools = ToolCalls(offered, tools, timeout_seconds=self._limits.call_timeout_seconds)

    async def _use(self, name: str) -> None:
        """Have a model at hand, ready to be called."""
        self._model_name = name
        self._model = self._models.get(name)
        await self._model.start()
        # A list of prices takes 0.1 s to load: now, and not while the first answer is to be kept.
        self._models.cost_nanousd(self._model.name, Usage())
        self._notices = notices_of(self._agent, self._model)

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
            elif self._state.reviser:
                is_over = await self._revise(clock)
            elif self._state.messages[-1].role is Role.ASSISTANT:
                is_over = await self._settle(clock)
            else:
                is_over = await self._ask_or_give_way()

    async def break_off(self, status: RunStatus, error: PagentsError) -> None:
        """End a run that has no accepted answer, with what there is of one, and its children."""
        if self._may_spawn:
            await self._family.end(by="its parent's end")
        said = "".join(self._heard) or self._state.last_text
        text = self._rounds.best.last_text if self._rounds.best else said
        await self._activation.finish(outcomes.broken_off(status, text, error, self._notices))

    async def _ask_or_give_way(self) -> bool:
        """Call the model, or the next of its ladder; without room in the budget, prepare to end."""
        try:
            await self._ask()
        except (ProviderError, ConfigError, LocalModelError) as error:
            return await self._begin_again(error)
        except OverBudget as error:
            if self._state.closing is not None or not (error.may_answer and self._state.turn):
                raise
            turn = self._state.turn
            closing = Closing(turn=turn, text=LAST_WORDS, error=Failure.of(error))
            await self._write(Entry(f"turn-{turn}/closing", closing))
        return False

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
                hint="raise limits.max_turns, or give the agent a smaller task",
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
            cost_nanousd=0 if reply.cached else self._models.cost_nanousd(reply.model, reply.usage),
            seconds=loop.time() - began,
            tries=reply.tries,
            cached=reply.cached,
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
            has_next=bool(above(self._ladder, self._model_name)),
            team=self._activation.claim.session.root,
            counted=self._state.counted,
            counted_tokens=self._state.counted_tokens,
            # Another attempt asks for another answer.
            cache_seconds=self._cache_seconds if self._state.attempt == 1 else None,
        )
        if self._activation.is_budgeted:
            amount = worst_case(self._models, self._model.name, request)
            payer = RunPayer(self._activation, amount, is_last=is_last)
            request = replace(request, payer=payer)
        listener = ModelCallListener(self._activation, turn, self._heard)
        async with self._activation.interruptible():
            return await self._model.respond(request, listener)
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
        state = self._state
        verdict = check_output(state.last_text, self._agent.output_schema)
        is_cut = state.last_finish is Finish.LENGTH
        if not is_cut and not isinstance(verdict, Rejected):
            if await self._hear_children(clock):
                return False
            return await self._pass_gates(verdict.output, clock)
        if isinstance(verdict, Rejected) and not is_cut and state.repairs == 0:
            refused = Refused(turn=state.turn, words=verdict.repair_words())
            await self._write(Entry(f"turn-{state.turn}/refused", refused))
            return False
        if is_cut:
            most = self._limits.max_output_tokens
            hint = "raise limits.max_output_tokens, or ask for less"
            cut = OutputCut(f"the answer was cut at {most} tokens", hint=hint)
            return await self._begin_again(cut)
        return await self._begin_again(invalid(verdict if isinstance(verdict, Rejected) else None))

    async def _pass_gates(self, output: Json, clock: Clock) -> bool:
        """End the run with an answer that passes all gates; else begin again."""
        refusal = await self._rounds.refusal(output, clock)
        if refusal is not None:
            return await self._begin_again(refusal)
        done = outcomes.accepted(self._state, output, self._notices)
        return await self._activation.finish(done, steers_seen=len(self._state.heard))

    async def _revise(self, clock: Clock) -> bool:
        """Have another agent make the attempt's answer."""
        try:
            await self._rounds.revise(self._model_name, clock)
        except RevisionFailed as error:
            return await self._begin_again(error)
        return False

    async def _begin_again(self, error: PagentsError) -> bool:
        """Begin the work again after an attempt that ended by `error`, on the model that is next.

        Where none is left the run is over, if a version of a refine loop can count.

        Raises:
            PagentsError: `error`, or the one of the last model, where there is none.
        """
        while True:
            step = next_step(
                error,
                ladder=self._ladder,
                model=self._model_name,
                tries=self._state.tries,
                attempts=self._rounds.attempts(self._limits.attempts),
            )
            if step is None:
                return await self._give_best(error)
            again = Attempted(
                number=self._state.attempt + 1,
                error=Failure.of(error),
                model=step.model,
                critique=self._rounds.critique(error),
                by=self._rounds.next_by(error),
            )
            await self._write(Entry(f"attempt-{again.number}", again))
            if not step.model:
                return False
            try:
                await self._use(step.model)
                return False
            except PagentsError as missing:
                error = missing

    async def _give_best(self, error: PagentsError) -> bool:
        """End the run with the best version of a refine loop, where nothing but a score refuses it."""
        best = self._rounds.best
        if best is None or any(verdict.score is None for verdict in best.refusals):
            raise error
        rounds, schema = self._state.attempt, self._agent.output_schema
        given = outcomes.best_of(best, rounds, schema, self._notices)
        return await self._activation.finish(given, steers_seen=len(self._state.heard))

    async def _close(self, error: Failure) -> bool:
        """End a run whose budget is used up, with the answer that it gave last."""
        if self._may_spawn:
            await self._family.end(by="its parent's end")
        text, schema = (self._rounds.best or self._state).last_text, self._agent.output_schema
        ended = outcomes.out_of_budget(text, schema, error, self._notices)
        return await self._activation.finish(ended)

    async def _write(self, entry: Entry) -> None:
        await self._activation.append(entry)
        self._state.apply(entry.key, entry.body)


def _queued(events: Iterable[Event], run: RunId) -> Queued:
    return next(e.body for e in events if e.run == run and isinstance(e.body, Queued))
