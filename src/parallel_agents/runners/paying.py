"""Paying: what a call could cost at most, and the run that has room for it reserved."""

from __future__ import annotations

from parallel_agents.core.budget import Amount, OnLimit
from parallel_agents.core.model import ModelRequest, Models
from parallel_agents.core.runner import Activation
from parallel_agents.core.usage import Usage
from parallel_agents.errors import OverBudget

ANSWER_TOKENS = 1024
# More than any wire adds for a level of thinking.
_THINKING_TOKENS = 16_384


class RunPayer:
    """The run as who pays for one of its calls; each try of it reserves anew.

    Args:
        activation: the run.
        amount: what one try could cost at most.
        is_last: the run's last call, which may use what its purses keep for that.
    """

    def __init__(self, activation: Activation, amount: Amount, *, is_last: bool) -> None:
        self._activation = activation
        self._amount = amount
        self._is_last = is_last

    async def reserve(self) -> None:
        shortage = await self._activation.reserve(self._amount, is_last=self._is_last)
        if shortage is not None:
            raise OverBudget(
                f"the budget leaves no room for the next call ({shortage.scope})",
                why=shortage.words,
                mend="raise the budget, or ask for less output with limits.max_output_tokens",
                may_answer=shortage.on_limit is OnLimit.FINISH and not self._is_last,
            )

    def give_back(self, *, may_be_billed: bool) -> None:
        self._activation.give_back(may_be_billed=may_be_billed)


def worst_case(models: Models, model: str, request: ModelRequest) -> Amount:
    """The most that a call can cost.

    The price of the input is the higher of its plain price and that of writing it to a cache.
    """
    given = request.most_input_tokens()
    output = request.max_output_tokens + (_THINKING_TOKENS if request.thinking else 0)
    plain = models.cost_nanousd(model, Usage(given, output))
    cached = models.cost_nanousd(model, Usage(0, output, cache_write_tokens=given))
    money = None if plain is None or cached is None else max(plain, cached)
    return Amount(money, given + output)
