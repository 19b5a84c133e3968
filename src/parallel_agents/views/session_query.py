"""Session query: which sessions a person asks for, as `state:failed agent:reviewer since:2h "rate limit"`.

The same grammar holds wherever sessions are listed. A term is `field:value` or text; the terms are
joined by "and", the values of one field, as in `state:failed,killed`, by "or". Quotes keep blanks,
commas and colons within a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, NamedTuple

from parallel_agents.core.cutting import head
from parallel_agents.core.filter import Filter
from parallel_agents.core.run import LIVE, RunnerKind, RunStatus
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.tags import check_tags
from parallel_agents.core.usage import NANOUSD_PER_USD, Spend
from parallel_agents.errors import InvalidInput
from parallel_agents.views.query_fields import FIELDS
from parallel_agents.views.since import parse_since

if TYPE_CHECKING:
    from parallel_agents.views.sessions import SessionLine

_MOST_CHARACTERS, _MOST_TERMS = 2000, 50
# `flow:` is another word for `workflow:`.
_SAME = {"flow": "workflow"}
_STOPPED, _STUCK, _WAITING, _INTERRUPTED = "stopped", "stuck", "waiting", "interrupted"
_RETRYING, _PAUSED = "retrying", "paused"
_GROUPS = {"live": LIVE, "ended": frozenset(RunStatus) - LIVE}
_KINDS = tuple(kind.value for kind in RunnerKind)
_ATTENTION = frozenset({_STOPPED, _STUCK, _WAITING})
STATES = (
    *(status.value for status in RunStatus),
    *_GROUPS,
    *sorted(_ATTENTION),
    _RETRYING,
    _PAUSED,
    _INTERRUPTED,
)
_TOKEN = re.compile(r'\s+|(?P<piece>"[^"]*"|[^\s",]+|,)|(?P<open>")')
_KEY = re.compile(r"(agent|team|flow):[^:]+:.+")
_COST = re.compile(r"(?P<sign>[<>]=?)\s*\$?(?P<usd>\d{1,9}(\.\d{1,9})?)")
_FIELD = re.compile(r"([A-Za-z_]+):(.*)", re.DOTALL)


class _Term(NamedTuple):
    """A field with its values; the field of a text is `text`."""

    field: str
    values: Sequence[str]


class CostBound(NamedTuple):
    """What a session and all below it cost, compared with an amount.

    What simulated models would have cost counts, and of an unknown price what is known: as COST shows it.
    """

    sign: str
    usd: float

    def takes(self, spend: Spend) -> bool:
        """Whether the spend is within the bound."""
        compare = {">": gt, ">=": ge, "<": lt, "<=": le}[self.sign]
        return compare((spend.cost_nanousd + spend.simulated_nanousd) / NANOUSD_PER_USD, self.usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionQuery:
    """What is asked for.

    Attributes:
        filter: what the store decides.
        within: the name of a session: only it and what it spawned; empty for all.
        states: the states and kinds of attention of which a session has one; empty for any.
        costs: the bounds that its cost is within.
    """

    filter: Filter = field(default_factory=Filter)
    within: str = ""
    states: frozenset[str] = field(default_factory=frozenset[str])
    costs: tuple[CostBound, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it asks for all sessions."""
        return self == SessionQuery()

    @property
    def is_decided_by_store(self) -> bool:
        """Whether the filter is all there is to it, so that the store can count what matches.

        Whether a live run is stopped, stuck, retrying or waiting for a person, and whether a session goes on
        whose run was killed, is known only to who looks; so is what everything below a session cost.
        """
        named = self.states - _GROUPS.keys()
        looked_at = {*_ATTENTION, _INTERRUPTED, _RETRYING, _PAUSED, RunStatus.KILLED.value}
        is_looked_at = named & {*looked_at, *(status.value for status in LIVE)}
        return not is_looked_at and not self.costs

    @property
    def is_of_waiting(self) -> bool:
        """Whether only sessions are asked for whose run itself waits for a person."""
        return self.states == frozenset({_WAITING})

    def takes(self, line: SessionLine) -> bool:
        """Whether a session that the filter lets through is asked for."""
        is_in_state = not self.states or bool(self.states & _states_of(line))
        return is_in_state and all(bound.takes(line.spend) for bound in self.costs)


def parse_query(text: str, now: float) -> SessionQuery:
    """What a text asks for.

    Raises:
        InvalidInput: it cannot be read; the error names the term, and what was probably meant.
    """
    if len(text) > _MOST_CHARACTERS:
        raise InvalidInput(
            f"a filter of {len(text):,} characters is too long",
            why=f"{_MOST_CHARACTERS:,} are the most",
            hint="leave some of it out",
        )
    terms = list(_terms(text))
    if len(terms) > _MOST_TERMS:
        raise InvalidInput(f"a filter of {len(terms)} terms is too long", hint="leave some out")
    found: dict[str, list[str]] = {}
    for term in terms:
        if term.field != "text" and term.field in found:
            raise InvalidInput(
                f"{term.field}: is there twice",
                why="a session would have to match both",
                hint=f"join them: {term.field}:{','.join((*found[term.field], *term.values))}",
            )
        found.setdefault(term.field, []).extend(term.values)
    return _query(found, now)


def joined(arguments: Sequence[str]) -> str:
    """One text of the arguments of a command line, from which the shell has taken the quotes.

    An argument with blanks is one value, as in `label:two words`, unless it is several terms itself.
    """
    return " ".join(map(_requoted, arguments))


def _requoted(argument: str) -> str:
    if not re.search(r"\s", argument) or '"' in argument:
        return argument
    named = [word.partition(":")[0] for word in argument.split() if ":" in word]
    if sum(name in FIELDS for name in named) > 1:
        return argument
    name, colon, value = argument.partition(":")
    return f'{name}:"{value}"' if colon and name in FIELDS else f'"{argument}"'


def _terms(text: str) -> Iterator[_Term]:
    for word in _words(text):
        first, *rest = word
        if not rest and _KEY.fullmatch(first):
            yield _Term("in", word)
            continue
        found = None if _is_quoted(first) else _FIELD.fullmatch(first)
        if found is None:
            yield _Term("text", ["".join(map(_unquoted, word))])
            continue
        name, start = _SAME.get(found[1].lower(), found[1].lower()), found[2]
        if name not in FIELDS:
            raise InvalidInput(
                f"there is no field {head(found[1], 40)!r} to filter by",
                hint=f"{did_you_mean(name, FIELDS)} Text with a colon is quoted: '\"a:b\"'",
            )
        values = _values(name, [start, *rest] if start else rest)
        yield _Term(name, values)


def _words(text: str) -> Iterator[list[str]]:
    """The pieces of each term: quoted texts, commas, and what is between them."""
    word: list[str] = []
    for token in _TOKEN.finditer(text):
        if token["open"]:
            raise InvalidInput(
                f"the quote at character {token.start() + 1} of the filter is not closed",
                hint=f'close it: {head(text[token.start() :], 40)}"',
            )
        if token["piece"]:
            word.append(token["piece"])
        elif word:
            yield word
            word = []
    if word:
        yield word


def _values(name: str, pieces: Sequence[str]) -> list[str]:
    values = [""]
    for piece in pieces:
        if piece == ",":
            values.append("")
        else:
            values[-1] += _unquoted(piece)
    if not all(value.strip() for value in values):
        raise InvalidInput(
            f"{name}: has no value",
            why="a blank or a comma is where a value is expected",
            hint=f"write {name}:{FIELDS[name]}, without a blank after the colon",
        )
    return values


def _is_quoted(piece: str) -> bool:
    return piece.startswith('"')


def _unquoted(piece: str) -> str:
    return piece[1:-1] if _is_quoted(piece) else piece


def _query(found: dict[str, list[str]], now: float) -> SessionQuery:
    for name in ("since", "in"):
        if len(found.get(name, ())) > 1:
            raise InvalidInput(f"{name}: takes one value", hint=f"write {name}:{FIELDS[name]}")
    states = frozenset(map(_state, found.get("state", ())))
    since = next(iter(found.get("since", ())), None)
    chosen = Filter(
        statuses=_statuses(states) if states else None,
        kinds=_kinds(found),
        agents=_given(found, "agent"),
        workflows=_given(found, "workflow"),
        labels=_given(found, "label"),
        models=_given(found, "model"),
        tags=_tags(found),
        texts=_given(found, "text"),
        since=parse_since(since, now, "since:"),
    )
    return SessionQuery(
        filter=chosen,
        within=next(iter(found.get("in", ())), ""),
        states=states,
        costs=tuple(map(_cost, found.get("cost", ()))),
    )


def _given(found: dict[str, list[str]], name: str) -> tuple[str, ...] | None:
    return tuple(found[name]) if name in found else None


def _kinds(found: dict[str, list[str]]) -> tuple[RunnerKind, ...] | None:
    return tuple(map(_kind, found["kind"])) if "kind" in found else None


def _kind(value: str) -> RunnerKind:
    name = value.strip().lower()
    if name not in _KINDS:
        raise InvalidInput(
            f"there is no kind {head(value, 40)!r}",
            hint=did_you_mean(name, _KINDS, f"Kinds: {', '.join(_KINDS)}."),
        )
    return RunnerKind(name)


def _cost(value: str) -> CostBound:
    found = _COST.fullmatch(value.strip())
    if found is None:
        raise InvalidInput(
            f"cost: cannot be {head(value, 40)!r}",
            why="it is compared with an amount in US dollars",
            hint="write cost:>1 or cost:<=0.05, in quotes in a shell: 'cost:>1'",
        )
    return CostBound(found["sign"], float(found["usd"]))


def _tags(found: dict[str, list[str]]) -> tuple[str, ...] | None:
    return check_tags(found["tag"]) if "tag" in found else None


def _state(value: str) -> str:
    state = re.sub(r"[\s-]", "_", value.strip().lower())
    if state not in STATES:
        shown = [name.replace("_", "-") for name in STATES]
        raise InvalidInput(
            f"there is no state {head(value, 40)!r}",
            hint=did_you_mean(state.replace("_", "-"), shown, f"States: {', '.join(shown)}."),
        )
    return state


def _statuses(states: frozenset[str]) -> tuple[RunStatus, ...]:
    """The states of runs that sessions in one of these states may have."""
    found: set[RunStatus] = set()
    for state in states:
        if state in _ATTENTION or state == _PAUSED:
            found |= LIVE
        elif state == _RETRYING:
            found.add(RunStatus.RUNNING)
        elif state == _INTERRUPTED:
            found.add(RunStatus.KILLED)
        else:
            found |= _GROUPS[state] if state in _GROUPS else {RunStatus(state)}
    return tuple(status for status in RunStatus if status in found)


def _states_of(line: SessionLine) -> set[str]:
    status = line.row.run.status
    found = {line.state.replace(" ", "_")}
    found.add("ended" if status.is_over else "live")
    if line.is_stuck:
        found.add(_STUCK)
    if line.is_asking:
        found.add(_WAITING)
    return found
