"""Wire: what a client asks a gateway to look up, and the forms in which values cross the network.

Both ends use the types of `core`: their fields are the format, and its number changes if an end of
another version could misread them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import ClassVar, Generic, TypeAlias, TypeVar, cast

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypeForm

from parallel_agents.core.artifact import ArtifactRecord
from parallel_agents.core.budget import BudgetAccountState
from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter
from parallel_agents.core.event import Event
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import Snapshot
from parallel_agents.core.notification import Unsent
from parallel_agents.core.overview import Cost, Origin
from parallel_agents.core.owner import Owner
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.core.shared_state import StateEntry
from parallel_agents.core.store_care import Pages
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.throttle import Throttle
from parallel_agents.core.transcript_search import Coverage, Hits
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import Until
from parallel_agents.core.vitals import Vitals
from parallel_agents.core.workspace_verbs import KeptWorkspace
from parallel_agents.errors import PagentsError
from parallel_agents.gateway_client.forms import (
    ArtifactForm,
    AuditForm,
    BegunMapForm,
    ContentForm,
    DiffForm,
    KilledForm,
    MapResultsForm,
    MergedForm,
    PieceForm,
    PooledForm,
    PricedMapForm,
    RemovalForm,
    ResolvingForm,
    RetriedForm,
    SentForm,
    SignForm,
    SpawnedForm,
    SteeredForm,
    WrittenForm,
)
from parallel_agents.gateway_client.price_forms import PriceForm

T = TypeVar("T")

FORMAT = 1
LOOK, FOLLOW, LISTEN = "/client/look", "/client/follow", "/client/listen"
VERIFY = "/client/verify"
FIRST_SENT = "X-First-Sent-Seconds-Ago"  # of a request that is sent again
MOST_ASKED = 60_000  # characters of what is asked, in an address
MOST_PUT_BYTES = 11_000_000  # of which base64 fits into a request
MOST_NAMES = 500
MOST_ROWS = 2_000
SENT_PAGE = 20
WAIT_SECONDS = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is looked up; each look uses a few of these, named as in `core.verbs` and `core.inspection`."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    look: str
    name: str = ""
    names: tuple[str, ...] = ()
    after: int = 0
    before: int | None = None
    limit: int | None = None
    rows: Filter | None = None
    letters: DeadLetterFilter | None = None
    session: SessionKey | None = None
    tree: SessionKey | None = None
    kinds: tuple[str, ...] | None = None
    since: float | None = None
    tag: str | None = None
    until: Until = Until.ALL
    seconds: float | None = None
    condition: str | None = None
    sessions: tuple[SessionKey, ...] | None = None
    place: str = ""


class Look(Generic[T]):
    """One thing that can be looked up, and the type of what is found."""

    def __init__(self, name: str, kind: TypeForm[T]) -> None:
        self.name = name
        self._kind = kind

    def read(self, value: object) -> T:
        """What was found, of a value as JSON parsers return it.

        Raises:
            UnreadableAnswer: it does not have the type.
        """
        try:
            return self._adapter.validate_json(orjson.dumps(value))
        except (ValidationError, PagentsError, ValueError, TypeError, RecursionError) as error:
            raise UnreadableAnswer(_first_line(error)) from error

    @cached_property
    def _adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self._kind)


class UnreadableAnswer(ValueError):
    """A value from the other end does not have the type that it should have."""


FIND = Look("find", Row)
LIST = Look("list", list[Row])
CHILD_RUNS = Look("child_runs", list[ChildRun])
CHILDREN_NAMED = Look("children_named", list[ChildRun])
SPENT_BELOW = Look("spent_below", Spend)
BATCHES = Look("batches", list[Event])
HISTORY = Look("history", list[Event])
MEMBERS = Look("members", list[Row])
MEMBER_RUNS = Look("member_runs", list[RunId])
ROWS_OF = Look("rows_of", list[Row])
RESULTS = Look("results", list[Result])
TEAM_RESULT = Look("team_result", TeamResult)
QUESTIONS = Look("questions", list[OpenQuestion])
DEAD_LETTERS = Look("dead_letters", list[DeadLetter])
_Results: TypeAlias = list[Result] | None
WAIT: Look[_Results] = Look("wait", _Results)
SNAPSHOT = Look("look", Snapshot)
OWNERS = Look("owners", list[Owner])
EVENTS = Look("events", list[Event])
LAST_EVENTS = Look("last_events", list[Event])
VITALS = Look("vitals", Vitals)
LAST_SEQ = Look("last_seq", int)
PAGES = Look("pages", Pages)
UNSENT = Look("unsent", Unsent)
COUNT_EVENTS = Look("count_events", int)
COUNT_ROWS = Look("count_rows", int)
COSTS = Look("costs", list[Cost])
COUNT_UNANSWERED = Look("count_unanswered", int)
_Account: TypeAlias = BudgetAccountState | None
BUDGET: Look[_Account] = Look("budget", _Account)
ORIGINS = Look("origins", dict[SessionKey, Origin])
THROTTLES = Look("throttles", list[Throttle])
NOW = Look("now", float)
STATE = Look("state", list[StateEntry])
_Entry: TypeAlias = StateEntry | None
STATE_KEY: Look[_Entry] = Look("state_key", _Entry)
STATE_WAIT: Look[_Entry] = Look("state_wait", _Entry)
ARTIFACTS = Look("artifacts", list[ArtifactRecord])
CATCH_UP = Look("catch_up", Coverage)
SESSIONS_WITH = Look("sessions_with", list[SessionKey])
FIND_HITS = Look("find_hits", Hits)
STATE_WRITTEN = Look("state_written", WrittenForm)
REMOVED = Look("removed", RemovalForm)
PUT = Look("put", ArtifactForm)
POOLED = Look("pooled", PooledForm)
SENT = Look("sent", list[SentForm])
BEGUN_MAP = Look("begun_map", BegunMapForm)
PRICED_MAP = Look("priced_map", PricedMapForm)
MAP_RESULTS = Look("map_results", MapResultsForm)
WORKSPACES = Look("workspaces", list[KeptWorkspace])
DIFF = Look("diff", DiffForm)
RESOLVING = Look("resolving", ResolvingForm)
MERGED = Look("merged", list[MergedForm])
HEALTH = Look("health", list[SignForm])
EVENT = Look("event", Event)
SPAWNED = Look("spawned", SpawnedForm)
STEERED = Look("steered", SteeredForm)
PIECE = Look("piece", PieceForm)
_Contents: TypeAlias = tuple[ContentForm, ...]
CONTENTS: Look[_Contents] = Look("contents", _Contents)
_Audit: TypeAlias = AuditForm | None
AUDIT: Look[_Audit] = Look("audit", _Audit)
KILLED = Look("killed", KilledForm)
PRICE = Look("price", PriceForm)
RETRIED = Look("retried", RetriedForm)
COUNT = Look("count", int)
ENTRIES = Look("entries", list[dict[str, Json]])
ANSWER = Look("answer", dict[str, Json])
_Schema: TypeAlias = dict[str, Json] | None
SCHEMA: Look[_Schema] = Look("schema", _Schema)

_ASKED = Look("asked", Asked)


def encode(value: object) -> bytes:
    """A value of `core` as JSON."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def encode_asked(asked: Asked) -> str:
    """What is asked, as JSON without what is not asked."""
    given = {each.name: getattr(asked, each.name) for each in fields(Asked)}
    usual = {each.name: each.default for each in fields(Asked)}
    chosen = {name: value for name, value in given.items() if value != usual[name]}
    return encode(chosen).decode()


def read_asked(text: str) -> Asked:
    """What is asked, of its JSON.

    Raises:
        UnreadableAnswer: it is not of this form.
    """
    try:
        return _ASKED.read(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise UnreadableAnswer(str(error)) from error


def _plain(value: object) -> object:
    if isinstance(value, tuple | frozenset | set):
        return [*cast("tuple[object, ...]", value)]
    raise TypeError(f"{type(value).__name__} is not JSON")


def _first_line(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)[:200]
    found = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'/'.join(map(str, found['loc']))}: {found['msg']}"[:200]
