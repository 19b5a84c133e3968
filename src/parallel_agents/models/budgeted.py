"""Budgeted: before each try of a call, its worst case is reserved in the budget.

A try that brought no reply and may have been billed counts as spent, and is reported.
"""

from __future__ import annotations

from parallel_agents.core.model import Listener, ModelReply, ModelRequest, Payer
from parallel_agents.errors import CallerError, ProviderError
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
        payer = request.payer
        if payer is not None:
            await payer.reserve(request)
        try:
            return await self._model.respond(request, listener)
        except ProviderError as error:
            _end(payer, listener, may_be_billed=error.may_be_billed)
            raise
        except CallerError:
            _end(payer, listener, may_be_billed=False)  # it was refused before anything was sent
            raise
        except BaseException:
            _end(payer, listener, may_be_billed=True)  # cancelled while in flight
            raise


def _end(payer: Payer | None, listener: Listener | None, *, may_be_billed: bool) -> None:
    """End a try that brought no reply."""
    if payer is not None:
        payer.release(may_be_billed=may_be_billed)
    if may_be_billed and listener is not None:
        listener.unanswered()
