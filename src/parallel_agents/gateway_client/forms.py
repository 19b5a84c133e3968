"""Forms: what the documents of a gateway say, as its Python client reads them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.audit import Audit, ChainCheck, Checkpoint, RowCheck
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.message import Message
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import Json
from parallel_agents.core.sent import SentRequest
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.usage import NANOUSD_PER_USD


@dataclass(frozen=True, slots=True, kw_only=True)
class SpawnedForm:
    """What the gateway says of what was started; `warning` says why nobody executes it yet."""

    session_key: SessionKey
    run_id: RunId
    is_new: bool
    kept: tuple[str, ...]
    has_new_budget: bool
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SteeredForm:
    """The receipt of a message."""

    run_id: RunId
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceForm:
    """A part of what the call of a turn has brought: `text` follows its first `start` characters."""

    turn: int
    start: int
    text: str
    is_last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentForm:
    """The content of an artifact, and the bytes that it takes up."""

    id: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditForm:
    """What a check of the journal found, without the hashes of an earlier one, which stay there."""

    chain: ChainCheck
    rows: RowCheck
    earlier_events: int = 0
    earlier_at: float | None = None

    @classmethod
    def of(cls, found: Audit) -> AuditForm:
        """The form of a check."""
        if (earlier := found.earlier) is None:
            return cls(chain=found.chain, rows=found.rows)
        return cls(
            chain=found.chain,
            rows=found.rows,
            earlier_events=earlier.events,
            earlier_at=earlier.at,
        )

    @property
    def audit(self) -> Audit:
        """The check."""
        earlier = None
        if self.earlier_at is not None:
            earlier = Checkpoint(
                number=0,
                hash=b"",
                last_seq=0,
                events=self.earlier_events,
                bytes=0,
                rows_hash=b"",
                at=self.earlier_at,
            )
        return Audit(chain=self.chain, rows=self.rows, earlier=earlier)


@dataclass(frozen=True, slots=True, kw_only=True)
class KilledForm:
    """The runs that ended, or would, and how many had before."""

    runs: tuple[RunId, ...]
    already_over: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyForm:
    """An amount of US dollars, exact, as text."""

    amount: str

    @property
    def nanousd(self) -> int:
        """The amount in billionths of a dollar.

        Raises:
            ValueError: it is not an amount.
        """
        try:
            return int(Decimal(self.amount) * NANOUSD_PER_USD)
        except (InvalidOperation, OverflowError, ValueError) as error:
            raise ValueError(f"{self.amount[:40]!r} is not an amount") from error

    def __post_init__(self) -> None:
        if not 0 <= self.nanousd < 1 << 62:
            raise ValueError(f"{self.amount[:40]!r} is not an amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureForm:
    """Why something was refused."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryForm:
    """What a retry did, or would do."""

    model: str
    session_key: SessionKey | None
    is_new: bool
    first_call_at_most: MoneyForm | None
    tokens_at_most: int | None
    missing_keys: tuple[str, ...]
    error: FailureForm | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetriedForm:
    """What became of the one task that was to be retried."""

    retries: tuple[RetryForm]
    warning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignForm:
    """A sign of health, as `views.health.Sign` has it."""

    about: str
    level: str
    text: str
    hint: str
    facts: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffForm:
    """A part of a difference, in base64, and the SHA-256 of the whole."""

    part: str
    size: int
    digest: str
    not_shown: tuple[str, ...]
    is_hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutForm:
    """A file that a merge left as it is."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedForm:
    """A file in conflict that an agent resolved, and what that changes in the source's version."""

    path: str
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedForm:
    """What a merge of one workspace did, or would do."""

    id: str
    session_key: SessionKey
    label: str
    source: str
    workspace: str
    changed: tuple[str, ...]
    conflicts: tuple[LeftOutForm, ...]
    already_merged: int
    was_broken_off: bool
    resolved: tuple[ResolvedForm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvingForm:
    """What an agent is asked about the conflicts of one workspace."""

    begun: SpawnedForm | None
    left_out: tuple[LeftOutForm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryForm:
    """A value of the state of a tree."""

    key: str
    value: Json
    version: int
    at: float
    by: SessionKey


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenForm:
    """What came of a change of the state of a tree."""

    is_written: bool
    version: int
    entry: EntryForm | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalForm:
    """How many values or artifacts were removed."""

    number: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactForm:
    """An artifact that was put."""

    id: str
    name: str
    media_type: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledForm:
    """The run of a task in a pool."""

    run_id: RunId
    generation: int
    is_first: bool
    warning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentForm:
    """A request that a model answered; see `core.sent.SentRequest` and `core.model.ModelRequest`."""

    run: RunId
    turn: int
    at: float
    model: str
    body: dict[str, Json] | None
    unknown_tools: tuple[str, ...]
    system: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    output_schema: dict[str, Json] | None
    max_output_tokens: int
    temperature: float | None
    thinking: ThinkingLevel | None

    @classmethod
    def of(cls, sent: SentRequest) -> SentForm:
        """A request as it crosses the network."""
        request = sent.request
        return cls(
            run=sent.run,
            turn=sent.turn,
            at=sent.at,
            model=sent.model,
            body=None if sent.body is None else {**sent.body},
            unknown_tools=sent.unknown_tools,
            system=request.system,
            messages=request.messages,
            tools=request.tools,
            output_schema=None if request.output_schema is None else {**request.output_schema},
            max_output_tokens=request.max_output_tokens,
            temperature=request.temperature,
            thinking=request.thinking,
        )

    @property
    def sent(self) -> SentRequest:
        return SentRequest(
            run=self.run,
            turn=self.turn,
            at=self.at,
            model=self.model,
            body=self.body,
            unknown_tools=self.unknown_tools,
            request=ModelRequest(
                messages=self.messages,
                system=self.system,
                tools=self.tools,
                output_schema=self.output_schema,
                max_output_tokens=self.max_output_tokens,
                temperature=self.temperature,
                thinking=self.thinking,
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunMapForm:
    """A map and its run."""

    key: str
    session_key: SessionKey
    run_id: RunId
    is_new: bool
    kept: tuple[str, ...]
    has_new_budget: bool
    rows: int
    model: str
    has_rows: bool
    done_before: int = 0
    notes: tuple[str, ...] = ()
    warning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstForm:
    """What is asked for the first row."""

    text: str
    input: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedMapForm:
    """What the rows of a map would cost."""

    rows: int
    done: int
    would_run: int
    calls: int
    reduce_calls: int
    is_closed: bool
    agent: str
    model: str
    first: FirstForm
    first_calls_at_most: MoneyForm | None
    tokens_at_most: int
    is_exact: bool
    likely: MoneyForm | None
    from_runs: int
    worst_case_usd: float | None
    worst_case_tokens: int | None
    is_worst_budget: bool
    notes: tuple[str, ...]
    missing_keys: tuple[str, ...]
    notes_on_rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MapResultsForm:
    """Lines of the results of a map."""

    run_id: RunId
    status: str
    text: str
    after: int
    is_over: bool
    cost: MoneyForm | None
