"""Model call: asks the model for the next reply, charges it to the run, and writes it down."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractContextManager
from dataclasses import replace

from parallel_agents.core.budget import Amount, LimitSetter, OnLimit, session_of_account
from parallel_agents.core.escalation import above
from parallel_agents.core.event import (
    Entry,
    Noticed,
    Replied,
    Retrying,
    Steered,
    Unanswered,
    Waiting,
)
from parallel_agents.core.ids import SessionKey, function_of, is_group_key, short
from parallel_agents.core.kept_text import READER
from parallel_agents.core.model import Finish, Model, ModelReply, ModelRequest, Models
from parallel_agents.core.run import Failure
from parallel_agents.core.session import Session
from parallel_agents.core.steps import CallModel, StartModel
from parallel_agents.core.usage import Usage
from parallel_agents.core.window import Window
from parallel_agents.errors import OverBudget, ProviderError
from parallel_agents.runners.agent.contexts import frame_tokens
from parallel_agents.runners.agent.hiding import hidden_message
from parallel_agents.runners.agent.prompts import notices_of, system_of
from parallel_agents.runners.agent.requests import OUTPUT_TOKENS, REQUESTS, Terms, request_of
from parallel_agents.runners.agent.work import Work
from parallel_agents.secrets.known import KNOWN

_trace = logging.getLogger(REQUESTS)
# More than any wire adds for a level of thinking.
_THINKING_TOKENS = 16_384
# Retries and waits of one call that its history shows; an account that waits all night has no more.
_MOST_NOTES = 200
# The built-in flow that has a command and a page of its own, by its function.
_MAP = "map"
_BEFORE = "/unanswered-before"  # ends the key of what a process notes of the one before it
_ONE_OF_EACH = Usage(1, 1)  # costs nothing only if the model is free


async def start_model(work: Work, step: StartModel) -> None:
    """Get a model ready for calls."""
    model = work.models.get(step.model)
    await model.start()
    # Loading a price list takes 0.1 s: do it now, and not when the first answer is to be stored.
    work.models.cost_nanousd(model.name, Usage())
    work.model = model
    work.notices = notices_of(work.assignment.agent, model)
    work.prepared = work.prepared._replace(model=step.model)
    fit_context(work)


async def call_model(work: Work, step: CallModel) -> None:
    """Call the model, and write its reply before anything is done with it.

    Nothing is written if a message interrupts the call.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    work.streamed.clear()
    work.failure = None
    inbox, request = work.activation.inbox, _request(work, step)
    listener = ModelCallListener(work, step.turn)
    _trace_request(work, step.turn, request)
    reply = None
    try:
        async with inbox.interruptible():
            reply = await work.model.respond(request, listener)
            listener.end_text()
        work.failure = None
        if reply is None:
            return
        window = work.prepared.shortening.window
        if window is not None:
            reply = _measured(work, window, request, reply)
        replied = replied_of(work, reply, step.turn, loop.time() - began)
        await work.write(f"turn-{step.turn}/model", replied)
        work.streamed.clear()
    finally:
        listener.end_call()


def _trace_request(work: Work, turn: int, request: ModelRequest) -> None:
    if _trace.isEnabledFor(logging.DEBUG):
        _trace.debug(
            "turn %d asks %s: messages %d, tools %d, at most %d tokens of reply",
            turn,
            work.model.name,
            len(request.messages),
            len(request.tools),
            request.max_output_tokens,
            extra={"session": work.session.key},
        )


def replied_of(
    work: Work, reply: ModelReply, turn: int, seconds: float, *, is_summary: bool = False
) -> Replied:
    """The event of a reply, with what it cost."""
    # A guess has no price: what a budget counts for it is the worst case.
    priced = Usage() if reply.is_estimated else reply.usage
    cost = 0 if reply.cached else work.models.cost_nanousd(reply.model, priced)
    return Replied(
        turn=turn,
        message=hidden_message(reply.message),
        model=reply.model,
        finish=reply.finish,
        usage=reply.usage,
        cost_nanousd=cost,
        seconds=seconds,
        tries=reply.tries,
        cached=reply.cached,
        is_estimated=reply.is_estimated,
        is_summary=is_summary,
    )


def fit_context(work: Work) -> None:
    """Say how the conversation is fitted into the context of the model, with the tools so far."""
    agent, limits = work.assignment.agent, work.assignment.limits

    def frame() -> int:
        return frame_tokens(
            system_of(work.session, work.open_items), work.specs, work.answer_schema
        )

    shortening = work.contexts.shortening(
        work.model,
        work.models,
        reply=(limits.max_output_tokens or OUTPUT_TOKENS)
        + (_THINKING_TOKENS if agent.thinking else 0),
        is_readable=any(spec.name == READER for spec in work.specs),
        frame=frame,
    )
    work.prepared = work.prepared._replace(shortening=shortening)


def learn_from_refusal(work: Work) -> None:
    """Take what a refusal as too long says of the context: its size, or that more fills it."""
    before = work.prepared.shortening.window
    fit_context(work)
    now = work.prepared.shortening.window
    if before is not None and now is not None and before.tokens == now.tokens:
        now.meter.note_refusal()


def _measured(work: Work, window: Window, request: ModelRequest, reply: ModelReply) -> ModelReply:
    """Learn from the server's count, and tell a reply that was cut by the context from others."""
    if reply.usage.all_input_tokens and not (reply.is_estimated or reply.cached):
        window.meter.learn(work.transcript, reply.usage)
    most = work.assignment.limits.max_output_tokens or OUTPUT_TOKENS
    is_full = reply.finish is Finish.LENGTH and request.max_output_tokens < most
    return replace(reply, finish=Finish.WINDOW) if is_full else reply


def note_lost_call(work: Work, turn: int) -> None:
    """Note the call that the run's last process was about to make or had in flight when it died.

    The journal has replies, not the starts of calls: whether this one was made is unknown. A call
    that was cancelled before its process died is noted already; what that process noted of the one
    before it is not about this call.
    """
    claim = work.activation.claim
    before = [event for event in claim.events if not isinstance(event.body, Steered)][:-1]
    is_noted = bool(before) and isinstance(before[-1].body, Unanswered)
    if is_noted and not before[-1].key.endswith(_BEFORE):
        return
    if not _bills(work):
        return
    work.unanswered += 1
    key = f"turn-{turn}/epoch-{claim.run.epoch}{_BEFORE}"
    work.activation.journal.note(Entry(key, Unanswered(turn=turn, model=work.model.name)))


def _bills(work: Work) -> bool:
    """Whether anybody sends a bill for calls of the run's model."""
    is_free = work.models.cost_nanousd(work.model.name, _ONE_OF_EACH) == 0
    return not (is_free or work.model.capabilities.is_simulated)


def _request(work: Work, step: CallModel) -> ModelRequest:
    transcript, window = work.transcript, work.prepared.shortening.window
    request = request_of(
        work.session,
        work.assignment.limits,
        transcript,
        work.tools.specs,
        most=None if window is None else window.room(transcript),
        is_last=step.is_last,
        terms=Terms(
            has_next=bool(above(work.assignment.ladder, work.prepared.model)),
            # A further attempt asks for a different answer.
            cache_seconds=work.cache_seconds if transcript.attempt == 1 else None,
        ),
    )
    if not work.activation.budget.is_bound:
        return request
    return paid_by_run(work, work.model, request, is_last=step.is_last)


def paid_by_run(work: Work, model: Model, request: ModelRequest, *, is_last: bool) -> ModelRequest:
    """The request, with what it can cost reserved in the run's budgets before it is made."""
    if not work.activation.budget.is_bound:
        return request
    return replace(request, payer=RunPayer(work, model.name, is_last=is_last))


class ModelCallListener:
    """Passes text on to the run's listeners, and notes each retry, wait and notice."""

    __slots__ = ("_activation", "_notes", "_stream", "_turn", "_waits", "_work")

    def __init__(self, work: Work, turn: int) -> None:
        self._work = work
        self._activation = work.activation
        self._turn = turn
        self._notes = 0
        self._waits = 0
        self._stream = KNOWN.stream()
        if self._activation.overhearing is not None:
            self._activation.overhearing.begin(turn)

    @property
    def wants_text(self) -> bool:
        overhearing = self._activation.overhearing
        return self.keeps_text or (overhearing is not None and overhearing.is_wanted)

    @property
    def keeps_text(self) -> bool:
        return bool(self._activation.listeners)

    def text(self, piece: str) -> None:
        self._tell(self._stream.feed(piece))

    def end_text(self) -> None:
        """Pass on what was held back because it might have become a secret."""
        self._tell(self._stream.end())

    def _tell(self, piece: str) -> None:
        if not piece:
            return
        self._work.streamed.append(piece)
        for listener in tuple(self._activation.listeners):
            listener(piece)
        if self._activation.overhearing is not None:
            self._activation.overhearing.write(piece)

    def end_call(self) -> None:
        """Other processes need no longer be told what this call has brought."""
        if self._activation.overhearing is not None:
            self._activation.overhearing.end_call()

    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        self._work.failure = failure = Failure.of(error)
        self._stream = KNOWN.stream()  # the text begins anew
        self._work.streamed.clear()
        if self._activation.overhearing is not None:
            self._activation.overhearing.take_back()
        if attempt > _MOST_NOTES:
            return
        retrying = Retrying(
            turn=self._turn, attempt=attempt, error=failure, wait_seconds=wait_seconds
        )
        # The epoch keeps the tries of a call that is repeated after a crash apart.
        epoch = self._activation.claim.run.epoch
        key = f"turn-{self._turn}/epoch-{epoch}/retry-{attempt}"
        self._activation.journal.note(Entry(key, retrying))

    def waiting(self, reason: str, seconds: float) -> None:
        self._waits += 1
        if self._waits <= _MOST_NOTES:
            self._note(Waiting(turn=self._turn, reason=reason, seconds=seconds))

    def noticed(self, text: str) -> None:
        self._note(Noticed(text=text))

    def unanswered(self) -> None:
        if not _bills(self._work):
            return
        self._work.unanswered += 1
        self._note(Unanswered(turn=self._turn, model=self._work.model.name))

    def resting(self) -> AbstractContextManager[None]:
        return self._activation.slot.resting()

    def _note(self, body: Waiting | Noticed | Unanswered) -> None:
        self._notes += 1
        epoch = self._activation.claim.run.epoch
        key = f"turn-{self._turn}/epoch-{epoch}/{body.kind}-{self._notes}"
        self._activation.journal.note(Entry(key, body))


class RunPayer:
    """Reserves the worst case of one of the run's calls in its budgets, anew for each try.

    Args:
        work: the run.
        model: the name of the model that is called.
        is_last: the run's last call, which may use the reserve that accounts keep for it.
    """

    __slots__ = ("_activation", "_is_last", "_model", "_models")

    def __init__(self, work: Work, model: str, *, is_last: bool) -> None:
        self._activation = work.activation
        self._models = work.models
        self._model = model
        self._is_last = is_last

    async def reserve(self, request: ModelRequest) -> None:
        amount = worst_case(self._models, self._model, request)
        shortage = await self._activation.budget.reserve(amount, is_last=self._is_last)
        if shortage is not None:
            raise OverBudget(
                f"the budget {_name(shortage.scope)} leaves no room for the next call",
                why=shortage.detail + _set_by(shortage.set_by),
                hint=_hint(shortage.scope, self._activation.claim.session, shortage.set_by),
                may_answer=shortage.on_limit is OnLimit.FINISH and not self._is_last,
                asks=shortage.scope
                if shortage.on_limit is OnLimit.ASK and not self._is_last
                else "",
                cause=shortage.cause,
                account=shortage.scope,
            )

    def release(self, *, may_be_billed: bool) -> None:
        self._activation.budget.release(may_be_billed=may_be_billed)


def _name(scope: str) -> str:
    """An account as a person calls it: `session:KEY`, `day:DATE` or `agent:NAME:DATE`."""
    kind, _, rest = scope.partition(":")
    if kind == "session":
        key = SessionKey(rest)
        return f"of the {_kind(key)} {short(key)}"
    if kind == "agent":
        agent, _, day = rest.rpartition(":")
        return f"of the agent {agent} for the day {day} (UTC)"
    return f"of the day {rest} (UTC)"


def _kind(key: SessionKey) -> str:
    """What a person calls a session of this key."""
    if not is_group_key(key):
        return "session"
    function = function_of(key)
    return "map" if function == _MAP else "flow" if function else "team"


def _set_by(setter: LimitSetter | None) -> str:
    if setter is None:
        return ""
    end = "" if setter.is_live else ", which has ended"
    return f"; the limit is a setting of the program with the process id {setter.pid} on {setter.host}{end}"


def _hint(scope: str, session: Session, setter: LimitSetter | None) -> str:
    kind = scope.partition(":")[0]
    owner = session_of_account(scope)
    if owner is not None and owner != session.root and is_group_key(owner):
        return (
            f"raise the `budget` of that {_kind(owner)} in its file, and run {short(session.root)} again: it"
            " continues where it stopped; or ask for less output with limits.max_output_tokens"
        )
    if kind == "session":
        return (
            "run it again under the same id or key with a larger budget: it continues where it"
            " stopped; or ask for less output with limits.max_output_tokens"
        )
    where = "[agent_budgets]" if kind == "agent" else "day_budget_usd or day_budget_tokens"
    if setter is not None and setter.is_live:
        return f"raise {where} in the settings of that program, or wait until 00:00 UTC"
    if setter is not None:
        return (
            f"change {where} in config.toml of the home folder to another value than it has there, which"
            " lifts the limits of programs that have ended, or wait until 00:00 UTC; then `pagents resume"
            " NAME` continues where it stopped"
        )
    return (
        f"raise {where} in config.toml of the home folder, which every process of the store obeys, or"
        " wait until 00:00 UTC; then `pagents resume NAME` continues where it stopped"
    )


def worst_case(models: Models, model: str, request: ModelRequest) -> Amount:
    """The most that a call can cost and use."""
    most_input = request.most_input_tokens()
    output = request.max_output_tokens + (_THINKING_TOKENS if request.thinking else 0)
    money = models.most_nanousd(model, most_input, output)
    return Amount(money, most_input + output)
