"""Summarize: has a model write what stands for the messages that a shortening leaves out."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from typing_extensions import override

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.event import Entry
from parallel_agents.core.message import user
from parallel_agents.core.model import Model, ModelRequest
from parallel_agents.core.shortening import size_of
from parallel_agents.core.steps import Summarize
from parallel_agents.core.summary import instructions_for, request_for, why_unusable
from parallel_agents.runners.agent.hiding import hidden_message
from parallel_agents.runners.agent.model_call import ModelCallListener, paid_by_run, replied_of
from parallel_agents.runners.agent.settle import key_of_shortening
from parallel_agents.runners.agent.work import Work


class _Quietly(ModelCallListener):
    """Notes retries and waits, and shows nobody the text: it is not an answer."""

    __slots__ = ()

    @property
    @override
    def wants_text(self) -> bool:
        return False

    @override
    def text(self, piece: str) -> None:
        pass


async def summarize(work: Work, step: Summarize) -> None:
    """Write the summary together with the shortening that uses it; a bad summary is not used.

    Both are one transaction, so that a process that dies leaves both or none. Nothing is written if
    a message interrupts the call.

    Raises:
        PagentsError: no model could be asked, or it did not reply.
    """
    loop = asyncio.get_running_loop()
    began, transcript, shortened = loop.time(), work.transcript, step.shortened
    model = await _writer(work)
    request = _request(work, step, model)
    reply = None
    work.failure = None
    async with work.activation.inbox.interruptible():
        reply = await model.respond(request, _Quietly(work, transcript.turn))
    work.failure = None
    if reply is None:
        return
    reply = replace(reply, message=hidden_message(reply.message))
    why = why_unusable(reply, step.summaries)
    cuts = replace(shortened.cuts, summary=reply.message.text.strip())
    if not why and len(cuts.summary) * 2 > size_of(cuts.left_out(transcript.messages)):
        why = "the summary is hardly shorter than what it stands for"
    changed = replace(shortened, unsummarized=why) if why else replace(shortened, cuts=cuts)
    replied = replied_of(work, reply, transcript.turn, loop.time() - began, is_summary=True)
    number = transcript.shortenings.count + 1
    key = f"turn-{transcript.turn}/attempt-{transcript.attempt}/summary-{number}"
    await work.write_together(
        Entry(key, replied), Entry(key_of_shortening(shortened, transcript), changed)
    )


async def _writer(work: Work) -> Model:
    name = work.contexts.summary_model
    if not name:
        return work.model
    model = work.models.get(name)
    await model.start()
    return model


def _request(work: Work, step: Summarize, model: Model) -> ModelRequest:
    transcript, limits = work.transcript, work.assignment.limits
    left_out = step.shortened.cuts.left_out(transcript.messages)
    request = ModelRequest(
        system=instructions_for(step.summaries),
        messages=(user(request_for(work.task, left_out)),),
        max_output_tokens=step.summaries.reply_tokens,
        timeout_seconds=limits.call_timeout_seconds,
        thinking=ThinkingLevel.OFF,
        team=work.session.root,
        cache_seconds=work.cache_seconds if transcript.attempt == 1 else None,
    )
    return paid_by_run(work, model, request, is_last=False)
