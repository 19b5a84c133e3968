"""Model: a transcript and tool specs in, the next message and its usage out."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.budget import most_tokens, most_tokens_around
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.message import Message
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.usage import Usage
from parallel_agents.errors import ProviderError


class Finish(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    TOOLS = "tools"
    LENGTH = "length"
    REFUSED = "refused"


class Payer(Protocol):
    """Who pays for a call: room for its worst case is reserved before each try of it."""

    async def reserve(self) -> None:
        """Return once there is room.

        Raises:
            OverBudget: there is none, and will be none.
            PriceUnknown: nobody knows what the call costs, and its budget is in dollars.
        """
        ...

    def release(self, *, may_be_billed: bool) -> None:
        """A try brought no reply: release its reservation, or count it as spent if it may be billed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One call.

    Attributes:
        system: the instructions.
        messages: the transcript, oldest first.
        tools: what the model may call.
        output_schema: JSON Schema that the final answer must fit, or None for plain text.
        max_output_tokens: tokens of the reply.
        timeout_seconds: for each try of the call; None waits as long as it takes.
        thinking: None leaves it to the model; one that cannot think ignores it.
        cache_seconds: how old a reply to the same request may be; None and 0 ask anew.
        payer: whose budget the call is on; None where there is none.
        has_next: another model stands by: one that is left alone for a while is not waited for.
        team: the root of the session that asks: teams that wait for a model take turns.
        counted: how many of the messages an earlier reply's tokens count.
        counted_tokens: what they came to, with all that stands around them.
    """

    messages: tuple[Message, ...]
    system: str = ""
    tools: tuple[ToolSpec, ...] = ()
    output_schema: JsonObject | None = None
    max_output_tokens: int = 4096
    temperature: float | None = None
    timeout_seconds: float | None = None
    thinking: ThinkingLevel | None = None
    cache_seconds: float | None = None
    payer: Payer | None = None
    has_next: bool = False
    team: SessionKey | None = None
    counted: int = 0
    counted_tokens: int = 0

    def most_input_tokens(self) -> int:
        """What a call gives the model, at most: as it was counted before, and bounds of the rest."""
        rest = most_tokens(self.messages[self.counted :])
        if self.counted:
            return self.counted_tokens + rest
        return rest + most_tokens_around(self.system, self.tools, self.output_schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """What came back. `model` is the `provider/model` that answered; `tries` counts HTTP calls.

    `cached` is a reply that was given before, to the same request.
    """

    message: Message
    model: str
    finish: Finish = Finish.STOP
    usage: Usage = Usage()
    tries: int = 1
    cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What the runtime must know of a model before it calls it.

    Attributes:
        streams_always: text arrives while the call runs, whether or not somebody listens.
        max_parallel: calls at once that the model serves, or None for no bound of its own.
        lacks: needs that its answers do not meet, such as judgement; results say so.
        notice: what every result of it says, such as that no model was asked.
    """

    streams_always: bool = False
    max_parallel: int | None = None
    lacks: frozenset[str] = frozenset()
    notice: str = ""


class Listener(Protocol):
    """Who hears of a call while it runs."""

    @property
    def wants_text(self) -> bool:
        """Whether somebody reads along; nothing is streamed for nobody."""
        ...

    def text(self, piece: str) -> None:
        """A piece of the reply's text, as it comes."""
        ...

    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        """Try number `attempt` failed; the next begins after the wait."""
        ...

    def waiting(self, reason: str, seconds: float) -> None:
        """The call waits for what `reason` names, for at least so many seconds more."""
        ...

    def noticed(self, text: str) -> None:
        """Something that whoever looks on should know."""
        ...

    def resting(self) -> AbstractContextManager[None]:
        """A block in which the call waits and nothing of it is under way: it may be broken off there.

        Raises:
            Stopping: on entry, where its process admits nothing new.
        """
        ...


def resting(listener: Listener | None) -> AbstractContextManager[None]:
    """The block of a listener, where there is one."""
    return nullcontext() if listener is None else listener.resting()


class Model(Protocol):
    @property
    def name(self) -> str:
        """`provider/model`."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def start(self) -> None:
        """Be ready for calls; done again it does nothing, and no deadline of a call runs meanwhile.

        Raises:
            PagentsError: what is missing.
        """
        ...

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message.

        Raises:
            ProviderError: the provider's failure, mapped to one of its classes.
        """
        ...

    async def aclose(self) -> None:
        """Give back connections and processes; the model is not called afterwards."""
        ...


class Models(Protocol):
    """Where the runtime gets its models by name."""

    def get(self, name: str) -> Model:
        """The model `provider/model`, the same object each time.

        Raises:
            UnknownModel: no such provider.
            MissingKey: the provider's key is not set; the text names the variable.
        """
        ...

    def cost_nanousd(self, model: str, usage: Usage) -> int | None:
        """What `usage` cost on `model`, or None where no price is known."""
        ...
