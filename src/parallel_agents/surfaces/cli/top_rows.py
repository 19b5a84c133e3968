"""Rows of top: what the live terminal lists, as texts for a width."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from parallel_agents.core.dead_letter import DeadLetter
from parallel_agents.core.event import Event
from parallel_agents.core.ids import SessionKey, seen_of, short
from parallel_agents.core.overview import Cost
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.run import RunStatus
from parallel_agents.surfaces.cli.top_columns import Item, columns_of, least_columns, text_of
from parallel_agents.surfaces.cli.top_seen import MOST_BELOW, Seen
from parallel_agents.views import cells, format
from parallel_agents.views.attention import FixedOrder, Group, arranged, group_of
from parallel_agents.views.costs import By, sums_by
from parallel_agents.views.events import describe
from parallel_agents.views.frames import Frames
from parallel_agents.views.health import Level, Sign
from parallel_agents.views.lanes_text import LEGEND, lane_text
from parallel_agents.views.questions import told
from parallel_agents.views.sessions import SessionLine, doing_told, state_told
from parallel_agents.views.signs import NEEDS_YOU, sign_of
from parallel_agents.views.states import mark_of, style_of

_LABEL = 22  # cells
_MOST_WORKING, _MOST_PEEKED = 5, 2000
_LEVELS = {Level.OK: "✔", Level.NOTE: "!", Level.PROBLEM: "✖"}
_PLAIN = {
    "▶": ">",
    "✔": "+",
    "✖": "x",
    "◐": "%",
    "■": "#",
    "▲": "!",
    "◆": "*",
    "↻": "~",
    "◌": ".",
    "‖": "=",
    "†": "D",
    "▾": "v",
    "▸": ">",
    "█": "#",
    "▓": "%",
    "░": ".",
    "·": "-",
    "│": "|",
    "→": ">",
    "−": "-",  # noqa: RUF001 - a minus sign
    "…": "...",
    "─": "-",
    "⇡": "^",
    "✎": "e",
}
_ASCII = str.maketrans(_PLAIN)


_TITLES = Item("titles", ("    ", "LABEL", "DOING", "TIME", "COST"))


class Shown(NamedTuple):
    """Which of the sessions are listed."""

    opened: Collection[SessionKey] = ()
    only_problems: bool = False
    filter: str = ""


def session_rows(seen: Seen, order: FixedOrder[str], shown: Shown) -> list[Item]:
    """The tops by group, each with what below it is worth a row; the rest of it is counted."""
    items: list[Item] = []
    for top in arranged(seen.tops, order):
        key = top.row.session.key
        below = arranged(seen.below.get(key, ()), order)
        is_open = key in shown.opened
        wanted = [line for line in below if _is_wanted(line, shown)]
        if not _is_wanted(top, shown) and not wanted:
            continue
        items.append(_item(top, seen.questions, _stem(top, is_open=is_open)))
        listed = wanted if is_open else _closed(wanted)
        items += [_item(line, seen.questions, "   ") for line in listed]
        if (rest := _rest(top, listed)) and not shown.filter:
            items.append(Item(f"{key}/rest", ("   ", rest, "", "", ""), key, group=Group.DONE))
        if len(below) >= MOST_BELOW:
            text = f"only {MOST_BELOW:,} of its sessions are listed; all: pagents list {short(key)}"
            items.append(Item(f"{key}/more", ("   ", text, "", "", ""), key))
    left = seen.total - len(seen.tops)
    if left > 0:
        items.append(Item("more", ("", f"{left:,} more; all: pagents list --all", "", "", "")))
    return items


def _closed(below: Sequence[SessionLine]) -> list[SessionLine]:
    """What of a closed team has a row: whatever a person should look at, and the first that work."""
    working = [line for line in below if group_of(line) is Group.WORKING]
    return [line for line in below if group_of(line).is_problem] + working[:_MOST_WORKING]


def _is_wanted(line: SessionLine, shown: Shown) -> bool:
    if shown.only_problems and not group_of(line).is_problem:
        return False
    text = f"{line.row.session.label} {seen_of(line.row.session.key)}"
    return shown.filter.lower() in text.lower()


def _stem(top: SessionLine, *, is_open: bool) -> str:
    return ("▾ " if is_open else "▸ ") if top.row.run.kind.is_group else "  "


def _item(line: SessionLine, questions: Sequence[OpenQuestion], stem: str) -> Item:
    row, run = line.row, line.row.run
    group = group_of(line)
    seconds = line.seconds
    is_plain = group is Group.WORKING or run.status is RunStatus.DONE
    state = "" if is_plain else f"{state_told(line)}  "
    error = f"{run.error_code}  " if run.error_code else ""
    glyph = mark_of(line)
    return Item(
        row.session.key,
        (
            f"{stem}{glyph} ",
            format.one_line(row.session.label),
            format.one_line(f"{'' if line.asks else state}{error}{doing_told(line)}"),
            "" if seconds is None else format.seconds(seconds),
            format.money(line.spend) if line.spend.calls else "",
        ),
        row.session.key,
        _question_of(line, questions),
        group,
        _style(line, group),
    )


def _question_of(line: SessionLine, questions: Sequence[OpenQuestion]) -> str:
    """The id of the question that it, or the first below it, waits for; others may wait for it, too."""
    asked, key = line.asked, line.row.session.key
    if asked is None:
        return ""
    account = asked.account or None
    fits = (
        [each.id for each in questions if each.session == key],
        [each.id for each in questions if each.question == asked],
        [each.id for each in questions if each.question.account == account],
    )
    return next((found[0] for found in fits if found), "")


def _style(line: SessionLine, group: Group) -> str:
    if group is Group.NEEDS_YOU:
        return "bold magenta"
    return style_of(line)


def _rest(top: SessionLine, listed: Sequence[SessionLine]) -> str:
    """How many of a team's tasks have no row of their own."""
    if not top.counts:
        return ""
    shown = Counter(line.state for line in listed if not line.row.run.kind.is_group)
    every = Counter(top.counts) + Counter(top.later_counts)
    left = {state: count - shown[state] for state, count in every.items()}
    told = ", ".join(f"{count:,} {state}" for state, count in left.items() if count > 0)
    return f"{told}   (enter)" if told else ""


def inbox_rows(seen: Seen) -> list[Item]:
    """What waits for a person, the oldest first."""
    items = [
        Item(
            each.id,
            (
                f"{NEEDS_YOU} ",
                _label(seen, each.session),
                f"{each.id}  {told(each)}",
                format.seconds(max(0.0, seen.at - each.asked_at)),
                "",
            ),
            each.session,
            each.id,
            Group.NEEDS_YOU,
            "magenta",
        )
        for each in seen.questions
    ]
    return items or [_note("Nothing waits for you.")]


def _label(seen: Seen, session: SessionKey) -> str:
    return seen.origins[session].label if session in seen.origins else short(session)


def cost_rows(costs: Sequence[Cost]) -> list[Item]:
    """What today's runs cost, by agent and then by model."""
    rows = [
        Item(
            f"{by}/{name}",
            (
                "  ",
                format.one_line(name or "-"),
                f"{by}  {each.runs:,} runs, {each.accepted:,} accepted, {format.tokens(each.spend)}",
                "",
                format.money(each.spend),
            ),
        )
        for by in (By.AGENT, By.MODEL)
        for name, each in sums_by(by, costs).items()
    ]
    return rows or [_note("Nothing has run today.")]


def letter_rows(letters: Sequence[DeadLetter], at: float) -> list[Item]:
    """The tasks that failed for good, newest first."""
    rows = [
        Item(
            letter.run.id,
            (
                "† ",
                format.one_line(letter.session.label),
                format.one_line(_failure(letter)),
                format.seconds(max(0.0, at - letter.at)),
                format.money(letter.run.spend) if letter.run.spend.calls else "",
            ),
            letter.session.key,
            group=Group.FAILED,
            style="red",
        )
        for letter in letters
    ]
    return rows or [_note("There are no dead letters.")]


def _failure(letter: DeadLetter) -> str:
    error = letter.error
    return "no error was recorded" if error is None else f"{error.code} {error.message}"


def health_rows(signs: Sequence[Sign]) -> list[Item]:
    """What runs, and what of it needs a person."""
    return [
        Item(
            f"{number}",
            (f"{_LEVELS[sign.level]} ", sign.about, f"{sign.text}{_hint(sign)}", "", ""),
        )
        for number, sign in enumerate(signs)
    ]


def _hint(sign: Sign) -> str:
    return f"  {sign.hint}" if sign.hint else ""


def timeline_rows(frames: Frames, width: int) -> list[Item]:
    """A lane for each session of the selected tree."""
    room = max(width - least_columns(width).cells, 10)
    rows = [
        Item(
            f"lane/{key}",
            (
                "",
                format.one_line(frame.label),
                lane_text(frame, frames.began_at, frames.ended_at, room),
                format.seconds(frame.last_at - frame.began_at),
                "",
            ),
            key,
        )
        for key, frame in frames.by_session.items()
    ]
    return [*rows, _note(LEGEND)]


def text_rows(text: str) -> list[Item]:
    """A text, a row for each of its lines."""
    return [Item(f"text/{n}", ("", line, "", "", "")) for n, line in enumerate(text.split("\n"))]


def _note(text: str) -> Item:
    return Item(f"note/{text}", ("", text, "", "", ""), group=Group.DONE)


def peek_lines(
    events: Sequence[Event], most: int, session: SessionKey, labels: Mapping[SessionKey, str]
) -> list[str]:
    """The last that happened in a session, a line for each event, newest last.

    What happened below it has the label of where it did.
    """
    shown = events[-most:] if most else ()
    return [
        _peeked(event, "" if event.session == session else labels.get(event.session, ""))
        for event in shown
    ]


def _peeked(event: Event, label: str) -> str:
    found = describe(event.body)
    where = f"{cells.middle(format.one_line(label), _LABEL)}: " if label else ""
    text = f"  {found.text[:_MOST_PEEKED]}" if found.text else ""
    return format.one_line(f"{format.clock(event.at)}  {where}{found.title}{text}")


def head_line(seen: Seen, width: int, note: str = "") -> str:
    """How many are in which state, what today cost, what time it is, and the note.

    What does not fit is left out: first the name of the command, then the time, then the cost.
    """
    counts: Counter[str] = Counter()
    for top in seen.tops:
        counts.update(top.counts or {top.state: 1})
        counts.update(top.later_counts)
    signs: Counter[str] = Counter()
    for state in _HEAD:
        signs[sign_of(state)] += counts[state]
    told = [f"{NEEDS_YOU} {seen.needed:,}"] if seen.needed else []
    told += [f"{sign} {count:,}" for sign, count in signs.items() if count]
    states = "  ".join(told)
    today = f"{format.money(seen.today)} today" if seen.today.calls else ""
    time = format.clock(seen.at)
    forms = (
        ("pagents top", states, today, time, note),
        (states, today, time, note),
        (states, today, note),
        (states, note),
    )
    lines = ["   ".join(filter(None, form)) for form in forms]
    fitting = (line for line in lines if cell_len(line) <= width)
    return next(fitting, format.cut(lines[-1], width))


_HEAD = (
    "running",
    "retrying",
    "queued",
    "paused",
    "stopped",
    "failed",
    "timed out",
    "over budget",
    "done",
)


def in_ascii(text: str) -> str:
    """Text for a terminal that shows no other characters; those it cannot show are question marks."""
    return text.translate(_ASCII).encode("ascii", "replace").decode()


def plain_lines(seen: Seen, width: int) -> Iterator[str]:
    """What `--once` prints."""
    yield head_line(seen, width)
    items = session_rows(seen, FixedOrder(), Shown())
    columns = columns_of(items, width)
    if items:
        yield text_of(_TITLES, width, columns)
    for item in items:
        yield text_of(item, width, columns)
