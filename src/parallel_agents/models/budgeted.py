"""Budgeted: no try of a call is made before there is room for it in its budget."""

from __future__ import annotations

from parallel_agents.core.model import Listener, ModelReply, ModelRequest
from parallel_agents.errors import ProviderError
from parallel_agents.models.wrapped import Wrapped


class Budgeted(Wrapped):
    """Wraps a model, inside of what tries again, so that each try is paid for by itself.

    What a reply cost is settled with the reply, by who keeps it.
    """

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message once it can be paid for.

        Raises:
            OverBudget, PriceUnknown: it cannot.
            ProviderError: as the model raises it.
        """
        if request.payer is None:
            return await self._model.respond(request, listener)
        await request.payer.reserve()
        try:
            return await self._model.respond(request, listener)
        except ProviderError as error:
            request.payer.release(may_be_billed=error.may_be_billed)
            raise
        except BaseException:
            request.payer.release(may_be_billed=True)  # broken off on its way
            raise
