"""Budgeted: before each try of a call, its worst case is reserved in the budget."""

from __future__ import annotations

from parallel_agents.core.model import Listener, ModelReply, ModelRequest
from parallel_agents.errors import ProviderError
from parallel_agents.models.wrapped import Wrapped


class Budgeted(Wrapped):
    """Wraps a model, inside of `Retrying`, so that each try has its own reservation.

    The runner settles the actual cost together with the reply that it stores.
    """

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message if the budget covers its worst case.

        Raises:
            OverBudget: the budget does not cover it.
            PriceUnknown: the budget is in dollars and the model has no known price.
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
            request.payer.release(may_be_billed=True)  # cancelled while in flight
            raise
