"""A model is ready, and its price is known, before there is an answer to store."""

from __future__ import annotations

from parallel_agents.core.agent import Agent
from parallel_agents.core.model import Model, ModelRequest
from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import Usage
from parallel_agents.runners.agent.loop import AgentRunner
from parallel_agents.testing import RepliesWith
from tests.unit.runners.agent.parts import ListJournal, NoChildren, NoGates, activation_of

WRITER = Agent(name="writer", description="Writes", instructions="Write.")


class PricedModels:
    """A model and its price; `asked` holds what was asked for, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._model = RepliesWith(self._answer)

    def _answer(self, request: ModelRequest) -> str:
        self.asked.append("answer")
        return f"re: {request.messages[-1].text}"

    def get(self, name: str) -> Model:
        del name
        return self._model

    def cost_nanousd(self, model: str, usage: Usage) -> int | None:
        self.asked.append(f"price of {model}")
        return usage.total_tokens


async def test_a_list_of_prices_is_loaded_before_the_first_call() -> None:
    models, journal = PricedModels(), ListJournal()
    runner = AgentRunner(models, {}, NoChildren(), lambda _: "", gatekeeper=NoGates())

    await runner.run(activation_of(WRITER, journal))

    assert models.asked[:2] == ["price of scripted/model", "answer"]
    assert journal.outcome is not None
    assert journal.outcome.status is RunStatus.DONE
    assert journal.outcome.output == "re: Hello."
