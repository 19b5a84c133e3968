"""Fields: walks through an error in any form, also through JSON in its texts and through pages.

Forms beside those of `finding`: https://cloud.google.com/apis/design/errors (lists, `details`),
https://fastapi.tiangolo.com/tutorial/handling-errors (`loc` and `msg`), RFC 9457 (`title`, `detail`).
"""

from __future__ import annotations

import json
import re
from ast import literal_eval
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, NamedTuple

import orjson

from parallel_agents.core.json_value import is_too_deep
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.models.failures.finding import find_error
from parallel_agents.models.failures.pages import is_page, read_page

SENTENCES: Final = frozenset(
    {
        *("error", "errors", "message", "msg", "errmsg", "error_msg", "error_message"),
        *("errormessage", "error_description", "status_msg", "detail", "details", "title"),
        *("description", "faultstring", "raw"),
    }
)
PAGE: Final = "page"  # the name of the field that holds all words of a page

_MOST_BYTES: Final = 1 << 20
_MOST_DEPTH: Final = 10
_MOST_FIELDS: Final = 300
_MOST_AROUND: Final = 20_000
_MOST_WORDS_BEFORE: Final = 300
# These repeat the request or the reply, whose words must not be taken for the server's.
_ECHOES: Final = frozenset(
    {
        *("body", "ctx", "failed_generation", "flagged_input", "input", "messages", "path"),
        *("prompt", "request", "stack", "traceback", "url"),
    }
)
_AROUND: Final = re.compile(r"\{.*\}|\[.*\]", re.DOTALL)
_EVENT: Final = re.compile(r"(?:data|event|id|retry|):")
_EVENT_DATA: Final = re.compile(r"^data: ?(.*)$", re.MULTILINE)


class Field(NamedTuple):
    """A value of an error that holds no others, under the name of its field in lower case."""

    name: str
    value: bool | int | float | str | None


def parse_body(body: bytes) -> Json:
    """The JSON value of a response, or its text if it is not JSON or has more levels than are read."""
    text = body[:_MOST_BYTES].decode("utf-8", errors="replace").lstrip("\ufeff").strip()
    found = _parse(text)
    return text if found is None or is_too_deep(found, body) else found


def fields_of(value: Json) -> Iterator[Field]:
    """The fields of an error in their order, but what is called an error first."""
    return islice(_fields(value, "message", 0), _MOST_FIELDS)


def _fields(value: Json, name: str, depth: int) -> Iterator[Field]:
    if depth > _MOST_DEPTH or name in _ECHOES:
        return
    match value:
        case str():
            yield from _fields_of_text(value, name, depth)
        case Mapping():
            yield from _fields_of_object(value, name, depth)
        case Sequence():
            yield from _fields_of_list(value, name, depth)
        case _:
            yield Field(name, value)


def _fields_of_object(value: JsonObject, name: str, depth: int) -> Iterator[Field]:
    where = value.get("loc")
    if isinstance(where, Sequence) and not isinstance(where, str) and "msg" in value:
        yield from _fields_of_place(where, value)
        return
    for key in sorted(value, key=lambda key: key not in ("error", "errors")):
        inner = value[key]
        if name == "base_resp" and key == "status_code" and isinstance(inner, int | str):
            yield Field("code", f"{name}.{inner}")  # other providers give the number another sense
        else:
            yield from _fields(inner, key.lower(), depth + 1)


def _fields_of_place(where: Sequence[Json], value: JsonObject) -> Iterator[Field]:
    """The fields of an error of FastAPI, which names the place in the request."""
    place = ".".join(str(step) for step in where if step != "body")
    yield Field("param", place)
    yield Field("message", f"{place}: {value['msg']}" if place else str(value["msg"]))
    if isinstance(kind := value.get("type"), str):
        yield Field("type", kind)


def _fields_of_list(values: Sequence[Json], name: str, depth: int) -> Iterator[Field]:
    texts = [item for item in values[:5] if isinstance(item, str)]
    if texts and name in SENTENCES:
        yield from _fields("; ".join(texts), name, depth + 1)
        return
    for item in values:
        yield from _fields(item, name, depth + 1)


def _fields_of_text(text: str, name: str, depth: int) -> Iterator[Field]:
    if name not in SENTENCES:
        yield Field(name, text)
    elif inner := _fields_inside(text, depth):
        yield from inner
    elif is_page(text):
        page = read_page(text)
        yield Field(name, page.title)
        yield Field(PAGE, page.text)
    else:
        yield Field(name, text)


def _fields_inside(text: str, depth: int) -> list[Field]:
    """The fields of the error that a text holds as JSON or as a Python literal; empty if none.

    Gateways hand on what they were told as a text, often behind their own words.
    """
    value = _parse(text)
    if value is None or isinstance(value, int | float):
        found = _AROUND.search(text, 0, _MOST_AROUND)
        if found is None or found.start() > _MOST_WORDS_BEFORE:
            return []
        value = _parse(found[0]) or _literal(found[0])
    if not isinstance(value, str) and find_error(value) is None:
        return []
    return [*_fields(value, "message", depth + 1)] if value != text else []


def _parse(text: str) -> Json:
    """The JSON value at the start of a text, or in the first event of a stream; None without one."""
    if text[:1] not in ("{", "[", '"'):
        data = _EVENT_DATA.search(text) if _EVENT.match(text) else None
        return None if data is None else _parse(data[1].strip())
    value: Json
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        if text[0] == '"':
            return None  # a sentence that begins with a quoted name
        try:
            value = json.JSONDecoder().raw_decode(text)[0]  # also NaN, and text after the value
        except (ValueError, RecursionError):
            return None
    return value


def _literal(text: str) -> Json:
    """The value of a Python literal; None if the text is not one."""
    try:
        value: Json = orjson.loads(orjson.dumps(literal_eval(text), option=orjson.OPT_NON_STR_KEYS))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    return value
