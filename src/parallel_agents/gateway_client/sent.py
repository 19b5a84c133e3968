"""Sent: the requests of sessions as they went to models, made again at a distance."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.model import ModelRequest
from parallel_agents.core.sent import SentRequest
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.forms import SentForm
from parallel_agents.gateway_client.wire import SENT, SENT_PAGE, Asked


class RemoteSent:
    """See `core.sent.SentRequests`; secrets that the gateway knows are hidden."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def of(self, name: str) -> Sequence[SentRequest]:
        found: list[SentRequest] = []
        while True:
            asked = Asked(look=SENT.name, name=name, after=len(found))
            page = await self._exchange.look(SENT, asked)
            found += [_request(each) for each in page]
            if len(page) < SENT_PAGE:
                return found


def form_of(sent: SentRequest) -> SentForm:
    """A request as it crosses the network."""
    request = sent.request
    return SentForm(
        run=sent.run,
        turn=sent.turn,
        at=sent.at,
        model=sent.model,
        body=None if sent.body is None else {**sent.body},
        unknown_tools=sent.unknown_tools,
        system=request.system,
        messages=request.messages,
        tools=request.tools,
        output_schema=None if request.output_schema is None else {**request.output_schema},
        max_output_tokens=request.max_output_tokens,
        temperature=request.temperature,
        thinking=request.thinking,
    )


def _request(form: SentForm) -> SentRequest:
    return SentRequest(
        run=form.run,
        turn=form.turn,
        at=form.at,
        model=form.model,
        body=form.body,
        unknown_tools=form.unknown_tools,
        request=ModelRequest(
            messages=form.messages,
            system=form.system,
            tools=form.tools,
            output_schema=form.output_schema,
            max_output_tokens=form.max_output_tokens,
            temperature=form.temperature,
            thinking=form.thinking,
        ),
    )
