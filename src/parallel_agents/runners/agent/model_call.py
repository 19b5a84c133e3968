"""Model call: what a run gives with each call: a listener that records its waits, and a payer."""

from __future__ import annotations

from contextlib import AbstractContextManager

from parallel_agents.core.budget import Amount, OnLimit
from parallel_agents.core.event import Entry, Noticed, Retrying, Waiting
from parallel_agents.core.model import ModelRequest, Models
from parallel_agents.core.run import Failure
from parallel_agents.core.runner import Activation
from parallel_agents.core.usage import Usage
from parallel_agents.errors import OverBudget, ProviderError

ANSWER_TOKENS = 1024
# More than any wire adds for a level of thinking.
_THINKING_TOKENS = 16_384


class ModelCallListener:
    """CommandGate text on, and writes down each retry, each wait and each notice."""

    def __init__(self, activation: Activation, turn: int, heard: list[str]) -> None:
        self._activation = activation
        self._turn = turn
        self._heard = heard
        self._notes = 0

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

    def waiting(self, reason: str, seconds: float) -> None:
        self._note(Waiting(turn=self._turn, reason=reason, seconds=seconds))

    def noticed(self, text: str) -> None:
        self._note(Noticed(text=text))

    def resting(self) -> AbstractContextManager[None]:
        return self._activation.resting()

    def _note(self, body: Waiting | Noticed) -> None:
        self._notes += 1
        epoch = self._activation.claim.run.epoch
        key = f"turn-{self._turn}/epoch-{epoch}/{body.kind}-{self._notes}"
        self._activation.note(Entry(key, body))


class RunPayer:
    """The run as who pays for one of its calls; each try of it reserves anew.

    Args:
        activation: the run.
        amount: what one try could cost at most.
        is_last: the run's last call, which may use what its accounts keep for that.
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
                hint="raise the budget, or ask for less output with limits.max_output_tokens",
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
