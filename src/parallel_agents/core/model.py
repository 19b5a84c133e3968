"""Model: a transcript and tool specs in, the next message and its usage out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.message import Message
from parallel_agents.core.request_size import most_tokens, most_tokens_around
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.usage import Price, Usage
from parallel_agents.errors import ProviderError


class Finish(StrEnum):
    """Why the model stopped.

    Attributes:
        LENGTH: the reply reached its token limit.
        WINDOW: the model's context window was full.
        PAUSED: the server wants to be called again with what there is.
    """

    STOP = "stop"
    TOOLS = "tools"
    LENGTH = "length"
    WINDOW = "window"
    PAUSED = "paused"
    REFUSED = "refused"


class Payer(Protocol):
    """Charges a call to budgets: reserves its worst case before each try."""

    async def reserve(self, request: ModelRequest) -> None:
        """Return once the worst case of a try is reserved.

        Args:
            request: what is sent, with the texts of files that the model does not take as they are.

        Raises:
            OverBudget: there is no room, and there will be none.
            PriceUnknown: the model's price is unknown, and the budget is in dollars.
        """
        ...

    def release(self, *, may_be_billed: bool) -> None:
        """A try brought no reply: release its reservation, or count it as spent if it may be billed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest(Frozen):
    """One call.

    Attributes:
        system: the instructions.
        messages: the transcript, oldest first.
        tools: what the model may call.
        output_schema: JSON Schema that the final answer must match, or None for plain text.
        max_output_tokens: tokens of the reply.
        timeout_seconds: the time limit of each try of the call; None waits as long as it takes.
        thinking: None leaves it to the model; one that cannot think ignores it.
        cache_seconds: the maximum age of a stored reply to the same request; None and 0 use none.
        payer: reserves what the call can cost; None if no budget limits it.
        has_next: another model can take over, so the call does not wait for one that is paused.
        team: the root of the session that asks; teams that wait for a model take turns.
        counted: the number of messages that an earlier reply's token count covers.
        counted_tokens: that count, including instructions and tools.
        learned: what earlier refusals of the model taught about its requests, as fields of a dialect.
        files: the contents of the files in the messages, in base64, by the ids of their artifacts.
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
    learned: JsonObject = field(default_factory=dict[str, Json])
    files: Mapping[str, str] = field(default_factory=dict[str, str])

    def most_input_tokens(self) -> int:
        """An upper bound of the input tokens: the earlier count, plus a bound for what is new."""
        rest = most_tokens(self.messages[self.counted :])
        if self.counted:
            return self.counted_tokens + rest
        return rest + most_tokens_around(self.system, self.tools, self.output_schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply(Frozen):
    """A model's reply.

    Attributes:
        model: the `provider/model` that answered.
        tries: HTTP calls.
        cached: an earlier reply to the same request was used.
        is_estimated: the server counted no tokens, so that `usage` is a guess.
    """

    message: Message
    model: str
    finish: Finish = Finish.STOP
    usage: Usage = Usage()
    tries: int = 1
    cached: bool = False
    is_estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities(Frozen):
    """What the runtime must know about a model before it calls it.

    Attributes:
        streams_always: text arrives while the call runs, even if nobody wants it.
        max_parallel: the most concurrent calls that the model serves; None for no limit.
        lacks: needs that its answers do not meet, such as judgement; results say so.
        notice: added to every result, such as that no real model was asked.
        context_tokens: the size of the context window; None if it is not known.
        images: whether it sees images; None if that is not known.
        pdfs: whether it takes PDFs as they are; else it is given their text.
        is_simulated: what it says is made up, so calls that could change something are not executed.
        price: of a model that a program makes: what its tokens cost, unless the settings say so; None if
            that is not known, so that a budget in dollars refuses it.
    """

    streams_always: bool = False
    max_parallel: int | None = None
    lacks: frozenset[str] = frozenset()
    notice: str = ""
    context_tokens: int | None = None
    images: bool | None = None
    pdfs: bool | None = None
    is_simulated: bool = False
    price: Price | None = None


class Listener(Protocol):
    """Observes a call while it runs."""

    @property
    def wants_text(self) -> bool:
        """Whether to stream; if not, only a model that always streams does."""
        ...

    @property
    def keeps_text(self) -> bool:
        """Whether text that was shown stays, so that a call that fails after it is not repeated."""
        ...

    def text(self, piece: str) -> None:
        """A piece of the reply's text has arrived, of any call that streams."""
        ...

    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        """Try number `attempt` failed; the next begins after the wait."""
        ...

    def waiting(self, reason: str, seconds: float) -> None:
        """The call waits for what `reason` names, for at least `seconds` more."""
        ...

    def noticed(self, text: str) -> None:
        """There is something that watchers should know."""
        ...

    def unanswered(self) -> None:
        """A call that was made brought no reply, and may have been billed."""
        ...

    def resting(self) -> AbstractContextManager[None]:
        """A block in which the call waits and nothing is in flight; it may be cancelled there.

        Raises:
            Stopping: on entry, if this process starts nothing new.
        """
        ...


def resting(listener: Listener | None) -> AbstractContextManager[None]:
    """The listener's block; one that does nothing without a listener."""
    return nullcontext() if listener is None else listener.resting()


class Model(Protocol):
    @property
    def name(self) -> str:
        """`provider/model`."""
        ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def start(self) -> None:
        """Get ready for calls; no deadline of a call runs meanwhile. A second start does nothing.

        Raises:
            PagentsError: something is missing.
        """
        ...

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message.

        Raises:
            ProviderError: the provider's failure, mapped to one of its classes.
        """
        ...

    async def aclose(self) -> None:
        """Release connections and processes; the model is not called afterwards."""
        ...


class Models(Protocol):
    """The models by name."""

    def get(self, name: str) -> Model:
        """The model `provider/model`; the same object each time.

        Raises:
            UnknownModel: there is no such provider.
            MissingKey: the provider's key is not set; the text names the variable.
        """
        ...

    def cost_nanousd(self, model: str, usage: Usage) -> int | None:
        """The cost of `usage` on `model` now; None if its price is unknown."""
        ...

    def most_nanousd(self, model: str, input_tokens: int, output_tokens: int) -> int | None:
        """The most that a call which begins soon can cost, however its input is cached."""
        ...
