"""The checks of a model find what it takes, keep what runs must do instead, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parallel_agents.core.message import ToolCall
from parallel_agents.core.model import Listener, Model, ModelReply, ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.errors import ModelSlipped, Overloaded, RequestRejected
from parallel_agents.errors.provider import Rejection
from parallel_agents.models.checks import Check, Checks
from parallel_agents.models.dialect import CHANGES, PLAIN, Dialect, Structured
from parallel_agents.models.governor import Governor
from parallel_agents.models.learning import Learning, Lessons
from parallel_agents.models.wrapped import Wrapped
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing.scripted import Answer, RepliesWith

NAME = "acme/m"
CITY = '{"city": "Paris", "country": "France"}'


class OneModel:
    """Knows one model, which costs nothing."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def get(self, name: str) -> Model:
        assert name == self._model.name
        return self._model

    def cost_nanousd(self, model: str, usage: Usage) -> int:
        del model, usage
        return 0

    def most_nanousd(self, model: str, input_tokens: int, output_tokens: int) -> int:
        del model, input_tokens, output_tokens
        return 0


def dialect_of(_: str, learned: JsonObject) -> Dialect:
    return PLAIN.changed(CHANGES.validate_python(learned))


def sends(name: str, request: ModelRequest, streams: bool) -> bytes:
    return repr((name, streams, dialect_of(name, request.learned))).encode()


def good(request: ModelRequest) -> Answer:
    """What a model that can do everything answers."""
    dialect = dialect_of(NAME, request.learned)
    if request.tools and (request.output_schema is None or dialect.structured_with_tools is None):
        calls = 2 if "Rome" in request.messages[0].text else 1
        return [ToolCall(f"call-{n}", "look_up", {"city": "Paris"}) for n in range(calls)]
    return CITY if request.output_schema is not None else "ready"


class Cool(Wrapped):
    """A model whose server refuses a temperature."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        if "temperature" not in dialect_of(NAME, request.learned).omit and request.temperature:
            error = RequestRejected("Unsupported parameter: 'temperature'")
            error.rejection = Rejection(
                status=400, message=error.message, text="unsupported parameter: 'temperature'"
            )
            raise error
        return await self._model.respond(request, listener)


def checks_of(
    answer: Callable[[ModelRequest], Answer], wrap: Callable[[Model], Model] = lambda model: model
) -> Checks:
    lessons = Lessons(dialect_of, sends, Governor(MemoryStore()))
    model = Learning(wrap(RepliesWith(answer, NAME)), lessons)
    return Checks(model, OneModel(model), lessons)


async def found(checks: Checks) -> dict[str, Check]:
    return {check.name: check async for check in checks.run()}


async def test_a_model_that_does_everything_teaches_nothing() -> None:
    checks = checks_of(good)

    results = await found(checks)

    assert [name for name, check in results.items() if not check.is_met] == []
    assert checks.lessons.dialect(NAME) == PLAIN
    assert checks.spend.calls == 7


async def test_a_refused_temperature_is_left_out_from_then_on() -> None:
    checks = checks_of(good, Cool)

    results = await found(checks)

    assert results["temperature"] == Check("temperature", False, instead="left out")
    assert checks.lessons.dialect(NAME).omit == {"temperature"}


async def test_a_schema_that_only_a_tool_brings_is_asked_for_by_a_tool() -> None:
    def answer(request: ModelRequest) -> Answer:
        by_tool = dialect_of(NAME, request.learned).structured is Structured.TOOL
        is_schema = request.output_schema is not None and not request.tools
        return "no JSON" if is_schema and not by_tool else good(request)

    checks = checks_of(answer)
    results = await found(checks)

    assert results["schema"].instead == "by tool"
    assert checks.lessons.dialect(NAME).structured is Structured.TOOL


async def test_what_no_way_brings_changes_nothing() -> None:
    checks = checks_of(lambda r: "no JSON" if r.output_schema and not r.tools else good(r))

    results = await found(checks)

    assert results["schema"] == Check("schema", False, "its answers do not match")
    assert checks.lessons.dialect(NAME).structured is PLAIN.structured


async def test_a_slip_is_a_finding() -> None:
    def answer(request: ModelRequest) -> Answer:
        is_one = bool(request.tools) and "Rome" not in request.messages[0].text
        return ModelSlipped("it wrote half a call") if is_one else good(request)

    results = await found(checks_of(answer))

    assert results["tools"] == Check("tools", False, "it wrote half a call")


async def test_a_server_that_is_busy_ends_the_checks_and_teaches_nothing() -> None:
    def answer(request: ModelRequest) -> Answer:
        return Overloaded("busy") if request.output_schema is not None else good(request)

    checks = checks_of(answer)
    with pytest.raises(Overloaded):
        await found(checks)

    assert checks.lessons.dialect(NAME).structured is PLAIN.structured
