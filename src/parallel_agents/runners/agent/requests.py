"""Requests: what a model is sent, made of a session and its transcript, for calls and for whoever reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from parallel_agents.core.batch import answer_schema, limits_of_batch, open_items
from parallel_agents.core.event import Event, Queued, Replied
from parallel_agents.core.ids import RunId
from parallel_agents.core.limits import Limits
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.session import Session
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.transcript import Transcript
from parallel_agents.runners.agent.prompts import system_of

# The log that has a record of each request.
REQUESTS = "parallel_agents.requests"
ANSWER_TOKENS = 1024
OUTPUT_TOKENS = 4096


class Terms(NamedTuple):
    """How a process asks for a reply, whatever the conversation; see `core.model.ModelRequest`."""

    has_next: bool = False
    cache_seconds: float | None = None


_ANY = Terms()


def request_of(
    session: Session,
    limits: Limits,
    transcript: Transcript,
    tools: tuple[ToolSpec, ...],
    *,
    most: int | None = None,
    is_last: bool = False,
    terms: Terms = _ANY,
) -> ModelRequest:
    """The request for the next reply.

    Args:
        session: the session, whose agent asks.
        limits: those of the run.
        transcript: the conversation.
        tools: what the model may call.
        most: the most tokens of the reply that its context has room for; None if that is not known.
        is_last: whether it is the last call of a budget that is used up.
        terms: what only the process that asks decides.
    """
    agent = session.agent
    items = open_items(session.options.batch, transcript.accepted_items)
    output = limits.max_output_tokens or OUTPUT_TOKENS
    if most is not None:
        output = min(output, most)
    return ModelRequest(
        system=system_of(session, items),
        messages=tuple(transcript.messages),
        tools=tools,
        output_schema=answer_schema(agent, items),
        max_output_tokens=min(output, ANSWER_TOKENS) if is_last else output,
        temperature=agent.temperature,
        timeout_seconds=limits.call_timeout_seconds,
        thinking=agent.thinking,
        team=session.root,
        counted=transcript.counted,
        counted_tokens=transcript.counted_tokens,
        has_next=terms.has_next,
        cache_seconds=terms.cache_seconds,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRequest:
    """A request that a model answered.

    Attributes:
        turn: the number of the reply in its run, from 1.
        at: when it was answered, in seconds since the epoch.
        model: `provider/model` that answered.
    """

    run: RunId
    turn: int
    at: float
    model: str
    request: ModelRequest


def answered_requests(
    session: Session, events: Iterable[Event], tools: tuple[ToolSpec, ...]
) -> Iterator[AnsweredRequest]:
    """The requests of a session's events that were answered, made again by what made them.

    Summaries of the conversation are left out: they are calls of their own.
    """
    by_run: dict[RunId, list[Event]] = {}
    for event in events:
        by_run.setdefault(event.run, []).append(event)
    state = Transcript()
    for of_run in by_run.values():
        limits = session.options.limits
        for event in of_run:
            body = event.body
            if isinstance(body, Queued):
                own = session.options.limits.over(body.limits)
                limits = limits_of_batch(own, session.options.batch)
            if isinstance(body, Replied) and not body.is_summary:
                state.close_turn()
                is_last = state.closing is not None
                yield AnsweredRequest(
                    run=event.run,
                    turn=body.turn,
                    at=event.at,
                    model=body.model,
                    request=request_of(session, limits, state, tools, is_last=is_last),
                )
            state.take(event)
