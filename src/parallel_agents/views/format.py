"""Format: values as people read them, in stable widths, without control characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from parallel_agents.core.cutting import before_cut
from parallel_agents.core.dollars import cost_of
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.unicode import without_escapes
from parallel_agents.core.usage import SIMULATED_NOTICE, SIMULATED_PART_NOTICE, Spend
from parallel_agents.core.workspace import Changes
from parallel_agents.views import cells
from parallel_agents.views.signs import SIGNS

if TYPE_CHECKING:
    from parallel_agents.core.row import Row

# Everything but tab and line feed below space, DEL, the C1 controls, and the marks that turn text
# around: what a model writes must not drive the terminal.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# And the marks that have no width, and the line ends that a shell does not know.
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\U000e0000-\U000e007f]"
)
_MANY_BLANKS = re.compile(r"[^\S\n]{4,}")
_MOST_EXACT, _EXACT_END = 4000, 1000
_STYLES = {
    RunStatus.QUEUED: "dim",
    RunStatus.RUNNING: "blue",
    RunStatus.DONE: "green",
    RunStatus.PARTIAL: "yellow",
    RunStatus.FAILED: "red",
    RunStatus.TIMED_OUT: "red",
    RunStatus.KILLED: "dim",
    RunStatus.OVER_BUDGET: "yellow",
    RunStatus.UNREADABLE: "red",
}
_SIMULATED = frozenset({SIMULATED_NOTICE, SIMULATED_PART_NOTICE})
_MINUTE, _HOUR = 60, 3600
_MOST_SECONDS = 1e11  # thousands of years
UNKNOWN = "?"
LABEL_WIDTH = 40


def clean(text: str) -> str:
    """Text without escape sequences and control characters; a carriage return becomes a line feed."""
    lines = without_escapes(text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", lines)


def one_line(text: str) -> str:
    """Clean text with its lines joined."""
    return " ".join(clean(text).split("\n"))


def exact(text: str) -> str:
    """Text in one line that shows what a terminal would hide: line ends, controls, many blanks.

    Of a long text it shows the beginning and the end.
    """
    if len(text) > _MOST_EXACT:
        text = before_cut(text)
    shown = _HIDDEN.sub(lambda hidden: hidden[0].encode("unicode_escape").decode(), text)
    shown = _MANY_BLANKS.sub(lambda blanks: f" [{len(blanks[0])} blanks] ", shown)
    shown = shown.replace("\n", " ⏎ ")
    left_out = len(shown) - _MOST_EXACT - _EXACT_END
    if left_out <= 0:
        return shown
    return f"{shown[:_MOST_EXACT]}[… {left_out:,} characters …]{shown[-_EXACT_END:]}"


def status(value: RunStatus) -> str:
    """A status as readable text: `timed out`, not `timed_out`."""
    return value.replace("_", " ")


def glyph(status: RunStatus) -> str:
    return SIGNS[status.value]


def style(status: RunStatus) -> str:
    return _STYLES[status]


def name(row: Row) -> str:
    return row.session.name


def seconds(value: float) -> str:
    """A duration, such as `7.2s`, `2m14s` or `1h05m`; a question mark for one that cannot be."""
    if not -_MOST_SECONDS < value < _MOST_SECONDS:
        return UNKNOWN
    if value < _MINUTE:
        return f"{value:.1f}s"
    if value < _HOUR:
        return f"{int(value // _MINUTE)}m{int(value % _MINUTE):02d}s"
    return f"{int(value // _HOUR)}h{int(value % _HOUR // _MINUTE):02d}m"


def money(spend: Spend) -> str:
    """Dollars, as `cost_of` tells them."""
    return cost_of(spend)


def notices(result: Result) -> tuple[str, ...]:
    """What a result has to note, except that it is simulated, which its cost says."""
    if not result.total_spend.simulated_nanousd:
        return result.notices
    return tuple(each for each in result.notices if each not in _SIMULATED)


def tokens(spend: Spend) -> str:
    usage = spend.usage
    given = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return f"{given:,}→{usage.output_tokens:,} tok"


def size(count: int) -> str:
    """A size, such as `93.8 MB`, in steps of 1,000 as on download pages."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.2f} GB"


def clock(at: float) -> str:
    """Local time of day."""
    return _written(at, "%H:%M:%S", is_local=True)


def moment(at: float) -> str:
    """Local date and time of day."""
    return _written(at, "%Y-%m-%d %H:%M:%S", is_local=True)


def utc_clock(at: float) -> str:
    """Time of day in UTC, for documents that others read."""
    return _written(at, "%H:%M:%S")


def utc_moment(at: float) -> str:
    """Date and time of day in UTC, which it says."""
    return _written(at, "%Y-%m-%d %H:%M:%S UTC")


@lru_cache(maxsize=1024)
def iso(at: float | None) -> str | None:
    """ISO 8601 in UTC, for machines; None for a moment that no calendar has."""
    found = None if at is None else _time(at)
    return None if found is None else found.isoformat()


def _written(at: float, pattern: str, *, is_local: bool = False) -> str:
    """A moment; a question mark for one that no calendar has, as a distant gateway may send it."""
    found = _time(at)
    try:
        local = found.astimezone() if found is not None and is_local else found
    except OverflowError:
        return UNKNOWN
    return UNKNOWN if local is None else local.strftime(pattern)


def _time(at: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(at, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def output(value: Json) -> str:
    """An answer as text: strings as they are, objects as `name: value`, lists with dashes."""
    if value is None:
        return ""
    return clean("\n".join(_lines(value))).rstrip()


def _lines(value: Json) -> list[str]:
    if isinstance(value, str):
        return clean(value).split("\n")
    if isinstance(value, Mapping) and value:
        return [line for name, below in value.items() for line in _named(one_line(name), below)]
    if isinstance(value, list | tuple) and value:
        return [line for item in value for line in _hung("- ", _lines(item))]
    return [orjson.dumps(value).decode()]


def _named(name: str, value: Json) -> list[str]:
    """`name: value` on one line if it fits, else the value's lines under the name."""
    lines = _lines(value)
    is_plain = isinstance(value, str | int | float | None) or not value
    if is_plain and len(lines) == 1:
        return [f"{name}: {lines[0]}".rstrip()]
    return [f"{name}:", *(f"  {line}".rstrip() for line in lines)]


def _hung(mark: str, lines: list[str]) -> list[str]:
    return [mark + lines[0], *((" " * len(mark) + line).rstrip() for line in lines[1:])]


def cut(text: str, most: int) -> str:
    """One line of at most `most` cells, with an ellipsis if it was cut."""
    return cells.ended(one_line(text), most)


def labels(texts: Iterable[str]) -> Mapping[str, str]:
    """Each label on one line and shortened, so that different ones look different if they can."""
    shown = {text: one_line(text) for text in texts}
    fitted = cells.apart(frozenset(shown.values()), LABEL_WIDTH)
    return {text: fitted[line] for text, line in shown.items()}


def changes(found: Changes) -> str:
    """What changed in a workspace: how many files, and how many lines were added and removed."""
    if not found.files:
        return "no files changed"
    files = "1 file" if found.files == 1 else f"{found.files:,} files"
    return f"{files} changed, +{found.added:,} −{found.removed:,}"  # noqa: RUF001 - a minus sign
