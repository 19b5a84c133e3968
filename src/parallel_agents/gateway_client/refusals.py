"""Refusals: the errors of a gateway, read from its problem documents as the errors that they are here."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import cast

import orjson

from parallel_agents.errors import (
    GatewayMismatch,
    GatewayUnreachable,
    InvalidFile,
    NoSuchPath,
    NotAtDistance,
    NotAuthorized,
    PagentsError,
)

_MOST_TEXT = 2000
_MOST_FINDINGS = 500
_BEHIND_PROXY = frozenset(
    {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}
)
_HINT_OF_401 = (
    "set PARALLEL_AGENTS_TOKEN, or in Python token=, to what is in gateway-token of the home in which "
    "`pagents serve` runs"
)


def not_at_distance(what: str, hint: str = "") -> NotAtDistance:
    """The refusal of what a distant gateway cannot be asked for."""
    return NotAtDistance(
        f"{what} is not possible over --url",
        hint=hint or "do it on the machine on which the gateway runs",
    )


def refusal_of(url: str, status: int, body: bytes) -> PagentsError:
    """The error that an answer with this status stands for; nothing in it is believed unread."""
    problem = _problem_in(body)
    code, title = _text(problem, "code"), _text(problem, "title")
    if not code or not title:
        return _without_problem(url, status)
    if code == NoSuchPath.code:
        return GatewayMismatch(
            f"the gateway at {url} does not know what was asked for",
            why=f"it is older than this command, or something else: {title}",
            hint="install the same version of pagents on both machines",
        )
    why, hint = _text(problem, "why"), _text(problem, "hint")
    if code == NotAuthorized.code:
        hint = _HINT_OF_401
    kind = _kinds().get(code)
    if kind is None:
        return GatewayMismatch(
            title,
            why=f"the gateway says {code}, which this version does not know",
            hint=hint or "install the same version of pagents on both machines",
        )
    error = kind(title, why=why, hint=hint)
    if isinstance(error, InvalidFile):
        _add_findings(error, problem.get("findings"))
    return error


def _add_findings(error: InvalidFile, found: object) -> None:
    """Add the line of an error, and what else is wrong with the file."""
    findings = cast("Sequence[object]", found) if isinstance(found, list) else ()
    tables = [
        cast("Mapping[str, object]", each)
        for each in findings[:_MOST_FINDINGS]
        if isinstance(each, dict)
    ]
    told = [
        InvalidFile(
            _text(each, "message"),
            why=_text(each, "why"),
            hint=_text(each, "hint"),
            line=line if isinstance(line := each.get("line"), int) else 0,
        )
        for each in tables
    ]
    if told:
        error.line, error.others = told[0].line, tuple(told[1:])


def refusal_named(code: str, message: str) -> PagentsError:
    """The error of a code that stands in a document, of which no more is told."""
    kind = _kinds().get(code, GatewayMismatch)
    return kind(_printable(message), hint=f"`pagents docs {_printable(code)}` explains it")


def _without_problem(url: str, status: int) -> PagentsError:
    if status in _BEHIND_PROXY:
        return GatewayUnreachable(
            f"the gateway at {url} does not answer",
            why=f"a proxy in front of it says {status}",
            hint="see whether `pagents serve` runs there",
        )
    moved = (
        " and sends on to somewhere else, to which no token is sent" if 300 <= status < 400 else ""
    )
    return GatewayMismatch(
        f"what answers at {url} is not a gateway",
        why=f"it says {status}{moved}",
        hint="name the address that `pagents serve` prints, or that its proxy has",
    )


def _problem_in(body: bytes) -> Mapping[str, object]:
    try:
        found: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return cast("Mapping[str, object]", found) if isinstance(found, dict) else {}


def _text(problem: Mapping[str, object], name: str) -> str:
    found = problem.get(name)
    if not isinstance(found, str):
        return ""
    return _printable(found)


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text[:_MOST_TEXT])


@cache
def _kinds() -> Mapping[str, type[PagentsError]]:
    """The kinds of errors by their code; of several, the most general."""
    found: dict[str, type[PagentsError]] = {}
    for kind in _below(PagentsError):
        if _takes_texts(kind):
            found.setdefault(kind.code, kind)
    return found


def _takes_texts(kind: type[PagentsError]) -> bool:
    """Whether an error of a kind can be made of its texts alone."""
    try:
        inspect.signature(kind).bind("", why="", hint="")
    except TypeError:
        return False
    return True


def _below(kind: type[PagentsError]) -> Iterator[type[PagentsError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)
