"""Routes: the table of what the API offers, from which requests are answered and OpenAPI is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import NamedTuple, TypeVar
from urllib.parse import unquote

from typing_extensions import TypeForm

from parallel_agents.core.cutting import head
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput, NoSuchPath
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Given
from parallel_agents.surfaces.gateway.problems import Refusal
from parallel_agents.surfaces.gateway.replies import Reply

G = TypeVar("G", bound=Given)
PREFIX = "/api/v1"
_MOST_NAME = 500
_CHANGED = frozenset({"runs", "questions", "dead-letters", "limits", "workspaces", "pools"})
Handler = Callable[[Call, Given], Awaitable[Reply]]


class Form(Enum):
    """What the answer of a route is: a document, a page of a list, a file, a text, or a stream."""

    DOCUMENT = auto()
    PAGE = auto()
    CONTENT = auto()
    TEXT = auto()
    STREAM = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One thing that the API does.

    Attributes:
        path: below the prefix, with names in braces.
        name: what clients made from the description call it.
        does: one sentence.
        takes: what its query, or else its body, gives.
        gives: the type of its document, or of each item of its page.
        begins: whether it may begin what is not there yet, which it says by 201.
        by_journal: whether the answer is a function of the events alone, so that an entity tag says
            without reading whether a client has it already.
        is_named_by_key: whether the key of the request names what it begins, as where `begins` is set.
        is_repeatable: whether the same request twice leaves what it leaves once, or is refused.
        prefix: what its path is below; empty for those whose whole path a standard names.
    """

    method: str
    path: str
    name: str
    does: str
    takes: type[Given]
    gives: TypeForm[object]
    form: Form
    answer: Handler = field(repr=False)
    begins: bool = False
    by_journal: bool = False
    is_named_by_key: bool = False
    is_repeatable: bool = True
    prefix: str = PREFIX

    @property
    def has_body(self) -> bool:
        return self.method in ("POST", "PUT")

    @property
    def changes(self) -> bool:
        """Whether it only changes the store, and waits for no agent."""
        first = self.path.strip("/").partition("/")[0]
        return self.method != "GET" and self.prefix == PREFIX and first in _CHANGED

    @property
    def keeps_answer(self) -> bool:
        """Whether the answer to a request with a key is kept for the same request; a price changes nothing."""
        is_change = self.method != "GET" and not self.path.startswith("/price")
        return is_change and self.prefix == PREFIX and self.form is Form.DOCUMENT

    def is_named(self, given: Given) -> bool:
        """Whether the key of the request names what it begins, because its body does not."""
        may_name = self.begins or self.is_named_by_key
        return may_name and getattr(given, "key", None) is None

    @property
    def segments(self) -> Sequence[str]:
        return self.whole_path.strip("/").split("/")

    @property
    def whole_path(self) -> str:
        return f"{self.prefix}{self.path}"


def handled(takes: type[G], answer: Callable[[Call, G], Awaitable[Reply]]) -> Handler:
    """A handler of any values, which gets those that its route takes."""

    async def handle(call: Call, given: Given) -> Reply:
        assert isinstance(given, takes)
        return await answer(call, given)

    return handle


class Found(NamedTuple):
    """The route of a request, and the names in its path."""

    route: Route
    names: Mapping[str, str]


class Router:
    """Finds the route of a request."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes
        self._by_length: dict[int, list[tuple[Sequence[str], Route]]] = {}
        for route in routes:
            self._by_length.setdefault(len(route.segments), []).append((route.segments, route))

    def find(self, method: str, raw_path: bytes) -> Found:
        """The route of a method and a path, in which a name may have encoded slashes.

        Raises:
            Refusal: there is no such path, or it has no such method.
        """
        text = raw_path.decode("ascii", "replace")
        parts = text.strip("/").split("/")
        method = "GET" if method == "HEAD" else method
        matching = [
            route
            for segments, route in self._by_length.get(len(parts), ())
            if _fits(segments, parts)
        ]
        for route in matching:
            if route.method == method:
                return Found(route, _names(route, parts))
        if matching:
            allowed = sorted({route.method for route in matching})
            raise Refusal(
                NoSuchPath(
                    f"{head(text, 80)} has no method {method[:20]}",
                    hint=f"it has {', '.join(allowed)}",
                ),
                HTTPStatus.METHOD_NOT_ALLOWED,
                {"allow": ", ".join(allowed)},
            )
        known = [route.whole_path for route in self._routes]
        raise Refusal(
            NoSuchPath(
                f"the API has no {head(text, 80)!r}",
                hint=did_you_mean(text, known, "GET /api/v1/openapi.json lists all paths."),
            )
        )


def _fits(segments: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether a path of as many parts is that of a route."""
    return all(
        segment == part or (segment.startswith("{") and part)
        for segment, part in zip(segments, parts, strict=True)
    )


def _names(route: Route, parts: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for segment, part in zip(route.segments, parts, strict=True):
        if not segment.startswith("{"):
            continue
        try:
            found[segment[1:-1]] = unquote(part, errors="strict")
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{head(part, 40)!r} is not UTF-8", hint="encode it so") from error
        if len(part) > _MOST_NAME:
            raise InvalidInput("a name in the path is too long", hint="use an id")
    return found
