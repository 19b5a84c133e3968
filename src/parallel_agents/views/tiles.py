"""Tiles: what a person's board shows, each a filter and a metric, as a file has them and as numbers."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeVar, assert_never

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parallel_agents.core.cutting import head
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.toml import tables_of
from parallel_agents.core.usage import Spend
from parallel_agents.errors import InvalidInput
from parallel_agents.views import format
from parallel_agents.views.session_query import parse_query
from parallel_agents.views.sessions import SessionLine

T = TypeVar("T")

_NONE = "-"


class TileMetric(StrEnum):
    """What a tile counts of the sessions of agents that its filter lets through."""

    SESSIONS = "sessions"
    SUCCESS = "success"
    COST = "cost"
    COST_P50 = "cost_p50"
    TOKENS = "tokens"
    SECONDS_P50 = "seconds_p50"
    SECONDS_P95 = "seconds_p95"


class TileBy(StrEnum):
    """What a tile has a line for each of."""

    AGENT = "agent"
    MODEL = "model"
    STATE = "state"
    TAG = "tag"


class Tile(BaseModel):
    """One tile."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1, max_length=100)
    metric: TileMetric
    filter: str = ""
    by: TileBy | None = None
    most: int = Field(default=10, ge=1, le=100, strict=True)


class TileBoard(BaseModel):
    """A board: its title, and its tiles in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1, max_length=100)
    tiles: tuple[Tile, ...] = Field(min_length=1, max_length=50)


class Value(NamedTuple):
    """A number of a tile; None if nothing has it. `spend` is what a cost is of."""

    name: str
    number: float | None
    text: str
    sessions: int


def read_board(content: bytes, name: str, now: float) -> TileBoard:
    """The board in a file.

    Raises:
        InvalidInput: it cannot be read; the error names the line or the tile, and what was meant.
    """
    try:
        tables = tables_of(content.decode())
    except ValueError as error:
        raise InvalidInput(
            f"the board {name} is not TOML", why=str(error), hint="correct that line"
        ) from None
    try:
        board = TileBoard.model_validate(tables)
    except ValidationError as error:
        raise _refused(name, error) from None
    for number, tile in enumerate(board.tiles, 1):
        try:
            parse_query(tile.filter, now)
        except InvalidInput as error:
            raise InvalidInput(
                f"the board {name}, tile {number}: {error.message}", why=error.why, hint=error.hint
            ) from None
    return board


def values_of(tile: Tile, lines: Sequence[SessionLine]) -> list[Value]:
    """The numbers of a tile: one, or one for each of what it has lines for, the greatest first."""
    # A team or a flow counts by its members, and by itself while it asks a person.
    agents = [line for line in lines if not line.row.run.kind.is_group or line.is_asking]
    if tile.by is None:
        return [_value(tile.metric, "", agents)]
    groups: dict[str, list[SessionLine]] = defaultdict(list)
    for line in agents:
        for name in _names(tile.by, line):
            groups[name].append(line)
    values = [_value(tile.metric, name, found) for name, found in groups.items()]
    values.sort(key=lambda each: (-(each.number if each.number is not None else -1.0), each.name))
    return values


def _value(metric: TileMetric, name: str, lines: Sequence[SessionLine]) -> Value:
    rows = [line.row for line in lines]
    number, text = _number(metric, rows)
    return Value(name, number, text, len(rows))


def _number(metric: TileMetric, rows: Sequence[Row]) -> tuple[float | None, str]:
    match metric:
        case TileMetric.SESSIONS:
            return len(rows), f"{len(rows):,}"
        case TileMetric.SUCCESS:
            ended = [row for row in rows if row.run.status.is_over]
            share = _share(sum(row.run.status is RunStatus.DONE for row in ended), len(ended))
            return share, _NONE if share is None else f"{share:.1%}".replace("%", " %")
        case TileMetric.COST:
            spend = sum((row.run.spend for row in rows), Spend())
            return spend.cost_usd, format.money(spend)
        case TileMetric.COST_P50:
            known = [row.run.spend for row in rows if row.run.spend.cost_usd is not None]
            spend = _percentile(known, 50, _nanousd)
            return (None, _NONE) if spend is None else (spend.cost_usd, format.money(spend))
        case TileMetric.TOKENS:
            tokens = sum(row.run.spend.usage.total_tokens for row in rows)
            return tokens, f"{tokens:,}"
        case TileMetric.SECONDS_P50 | TileMetric.SECONDS_P95:
            times = [seconds for row in rows if (seconds := row.run.seconds) is not None]
            seconds = _percentile(times, 50 if metric is TileMetric.SECONDS_P50 else 95, float)
            return seconds, _NONE if seconds is None else format.seconds(seconds)
        case _:
            assert_never(metric)


def _names(by: TileBy, line: SessionLine) -> Sequence[str]:
    row = line.row
    match by:
        case TileBy.AGENT:
            return (row.session.agent.name,)
        case TileBy.MODEL:
            return (row.run.model or _NONE,)
        case TileBy.STATE:
            return (line.state,)
        case TileBy.TAG:
            return row.session.options.tags or (_NONE,)
        case _:
            assert_never(by)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _percentile(values: Sequence[T], percent: int, size: Callable[[T], float]) -> T | None:
    """The least value that so many per cent do not exceed, by their sizes."""
    if not values:
        return None
    return sorted(values, key=size)[math.ceil(len(values) * percent / 100) - 1]


def _nanousd(spend: Spend) -> int:
    """What it cost, and what is simulated: one of them is zero."""
    return spend.cost_nanousd + spend.simulated_nanousd


def _refused(name: str, error: ValidationError) -> InvalidInput:
    first = error.errors()[0]
    where = [str(part) for part in first["loc"]]
    field = where[-1] if where else ""
    tile = f", tile {int(where[1]) + 1}" if len(where) > 1 and where[1].isdigit() else ""
    known = {"metric": TileMetric, "by": TileBy}.get(field)
    if known is not None and first["type"] == "enum":
        given = head(str(first["input"]), 40)
        names = [each.value for each in known]
        return InvalidInput(
            f"the board {name}{tile}: there is no {field} {given!r}",
            hint=did_you_mean(given, names, f"Each {field}: {', '.join(names)}."),
        )
    fields = (Tile if tile else TileBoard).model_fields
    is_unknown = first["type"] == "extra_forbidden"
    return InvalidInput(
        f"the board {name}{tile}: {field}: {first['msg']}",
        hint=did_you_mean(field, fields) if is_unknown else f"correct {field}",
    )
