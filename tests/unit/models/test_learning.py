"""What a model's refusal teaches is used at once, kept for all processes, and bounded."""

from __future__ import annotations

import json

import pytest
from typing_extensions import override

from parallel_agents.core.message import assistant, user
from parallel_agents.core.model import Capabilities, Listener, ModelReply, ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.errors import ContextTooLong, ProviderError, RequestRejected
from parallel_agents.errors.provider import Rejection
from parallel_agents.models.dialect import CHANGES, PLAIN, Dialect
from parallel_agents.models.governor import Governor
from parallel_agents.models.learning import Learning, Lessons
from parallel_agents.models.wrapped import Wrapped
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing.listener import RecordingListener
from parallel_agents.testing.scripted import RepliesWith

NAME = "acme/m"
REQUEST = ModelRequest(messages=(user("hello"),))


def dialect_of(_: str, learned: JsonObject) -> Dialect:
    return PLAIN.changed(CHANGES.validate_python(learned))


def sends(name: str, request: ModelRequest, streams: bool) -> bytes:
    """A request that shows its whole dialect, as far as one is learned."""
    return repr((name, streams, dialect_of(name, request.learned))).encode()


def refusal(text: str) -> ProviderError:
    error = RequestRejected(text)
    error.rejection = Rejection(status=400, message=text, text=text.lower())
    return error


class Picky(Wrapped):
    """A model that refuses some fields of a request, one after the other."""

    def __init__(self, *refused: str) -> None:
        super().__init__(RepliesWith(lambda _: "ok", NAME))
        self.refused = refused
        self.requests: list[ModelRequest] = []

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        self.requests.append(request)
        omitted = dialect_of(NAME, request.learned).omit
        for name in self.refused:
            if name not in omitted:
                raise refusal(f"Unsupported parameter: '{name}' is not supported with this model.")
        return await self._model.respond(request, listener)


async def test_a_refused_request_is_sent_again_at_once_and_noticed() -> None:
    model, listener = Picky("temperature"), RecordingListener()
    learning = Learning(model, Lessons(dialect_of, sends, Governor(MemoryStore())))

    reply = await learning.respond(REQUEST, listener)

    assert reply.message.text == "ok"
    assert len(model.requests) == 2
    assert listener.notices == [
        "Unsupported parameter: 'temperature' is not supported with this model: "
        "sent again without temperature"
    ]


async def test_several_lessons_are_learned_in_one_call() -> None:
    model = Picky("temperature", "top_p", "parallel_tool_calls")
    learning = Learning(model, Lessons(dialect_of, sends, Governor(MemoryStore())))

    await learning.respond(REQUEST)

    assert len(model.requests) == 4


async def test_another_process_knows_what_was_learned() -> None:
    store, model = MemoryStore(), Picky("temperature")
    await Learning(model, Lessons(dialect_of, sends, Governor(store))).respond(REQUEST)
    other = Governor(store)
    await other.refresh()

    await Learning(model, Lessons(dialect_of, sends, other)).respond(REQUEST)

    assert len(model.requests) == 3


async def test_a_refusal_that_teaches_nothing_is_raised() -> None:
    model = Picky("messages")

    with pytest.raises(RequestRejected):
        await Learning(model, Lessons(dialect_of, sends, Governor(MemoryStore()))).respond(REQUEST)

    assert len(model.requests) == 1


async def test_what_did_not_help_is_not_kept() -> None:
    model = Picky("temperature", "messages")
    lessons = Lessons(dialect_of, sends, Governor(MemoryStore()))

    with pytest.raises(RequestRejected):
        await Learning(model, lessons).respond(REQUEST)

    assert len(model.requests) == 2
    assert lessons.learned(NAME) == {}


class TwoServers(Picky):
    """One name for two servers, of which each refuses the other's name for the limit."""

    @override
    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        self.requests.append(request)
        if dialect_of(NAME, request.learned).max_tokens_field == "max_tokens":
            raise refusal("'max_tokens' is not supported. Use 'max_completion_tokens' instead.")
        raise refusal("Unknown parameter: max_completion_tokens")


async def test_two_servers_behind_one_name_are_not_asked_in_turns() -> None:
    model = TwoServers()
    lessons = Lessons(dialect_of, sends, Governor(MemoryStore()))

    with pytest.raises(RequestRejected):
        await Learning(model, lessons).respond(REQUEST)

    assert len(model.requests) == 2
    assert lessons.learned(NAME) == {}


SIZES = {
    "openai": (
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000",
        8_192,
    ),
    "anthropic": ("prompt is too long: 210118 tokens > 200000 maximum", 200_000),
    "anthropic with a reply": (
        "input length and `max_tokens` exceed context limit: 196758 + 8192 > 200000, decrease",
        200_000,
    ),
    "gemini": ("exceeds the maximum number of tokens allowed (1048576).", 1_048_576),
    "llama.cpp": ("request (5000 tokens) exceeds the available context size (4096 tokens)", 4_096),
    "mistral": (
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        32_768,
    ),
    "xai": (
        "This model's maximum prompt length is 131072 but the request contains 131199",
        131_072,
    ),
    "dashscope": ("Range of input length should be [1, 30720]", 30_720),
    "with separators": ("maximum context length is 131,072 tokens", 131_072),
    "none named": ("Your input exceeds the context window of this model.", None),
    "absurdly small": ("maximum context length is 100 tokens", None),
}


@pytest.mark.parametrize(("text", "size"), SIZES.values(), ids=SIZES)
async def test_a_refusal_as_too_long_teaches_the_size_of_the_context(
    text: str, size: int | None
) -> None:
    def refuse(_: ModelRequest) -> ContextTooLong:
        return ContextTooLong(f"acme answered 400: {text}")

    learning = Learning(
        RepliesWith(refuse, NAME), Lessons(dialect_of, sends, Governor(MemoryStore()))
    )

    with pytest.raises(ContextTooLong):
        await learning.respond(REQUEST)

    assert learning.capabilities.context_tokens == size


def answers_json(request: ModelRequest) -> bytes:
    return json.dumps([message.text for message in request.messages]).encode()


@pytest.mark.parametrize(
    ("asked", "answered", "size"),
    [
        ("why 'Maximum context length is 8,192 tokens'?", "maximum context length is 8192", None),
        ("why 'maximum context length is 512'?", "maximum context length is 8192 tokens", 8_192),
        (
            "maximum context length is 512",
            "cannot read 'maximum context length is 512': maximum context length is 8192 tokens",
            8_192,
        ),
    ],
    ids=["quoted", "another size", "both"],
)
async def test_what_a_refusal_quotes_of_the_request_is_not_believed(
    asked: str, answered: str, size: int | None
) -> None:
    learning = Learning(
        RepliesWith(lambda _: ContextTooLong(answered), NAME),
        Lessons(dialect_of, lambda _, request, __: answers_json(request), Governor(MemoryStore())),
    )

    with pytest.raises(ContextTooLong):
        await learning.respond(ModelRequest(messages=(user(asked),)))

    assert learning.capabilities.context_tokens == size


async def test_a_context_smaller_than_an_accepted_request_is_not_believed() -> None:
    outcomes: list[ModelReply | ContextTooLong] = [
        ModelReply(
            message=assistant("ok"), model=NAME, usage=Usage(5_000, 1, cache_read_tokens=4_000)
        ),
        ContextTooLong("maximum context length is 8192 tokens"),
    ]
    learning = Learning(
        RepliesWith(lambda _: outcomes.pop(0), NAME),
        Lessons(dialect_of, sends, Governor(MemoryStore())),
    )
    await learning.respond(REQUEST)

    with pytest.raises(ContextTooLong):
        await learning.respond(REQUEST)

    assert learning.capabilities.context_tokens is None


@pytest.mark.parametrize(("configured", "size"), [(None, 8_192), (100_000, 8_192), (4_096, 4_096)])
async def test_the_smaller_size_of_a_context_is_believed_by_all_processes(
    configured: int | None, size: int
) -> None:
    store = MemoryStore()
    model = RepliesWith(
        lambda _: ContextTooLong("maximum context length is 8192 tokens"),
        NAME,
        capabilities=Capabilities(context_tokens=configured),
    )
    with pytest.raises(ContextTooLong):
        await Learning(model, Lessons(dialect_of, sends, Governor(store))).respond(REQUEST)

    other = Learning(model, Lessons(dialect_of, sends, Governor(store)))
    await other.start()

    assert other.capabilities.context_tokens == size
