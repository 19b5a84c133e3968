"""Given: what a request gives, as values of a declared form, or a refusal that names what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails
from typing_extensions import override

from parallel_agents.core.cutting import head
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import BadRequest, InvalidInput
from parallel_agents.surfaces.gateway.field_texts import field_texts
from parallel_agents.surfaces.gateway.problems import Refusal

G = TypeVar("G", bound="Given")
T = TypeVar("T")
_MOST_FIELDS, _MOST_TOLD, _MOST_SHOWN = 50, 5, 80
MOST_ITEMS, USUAL_ITEMS = 500, 50
_MOST_DIGITS = 9
MOST_NUMBER = (
    9_007_199_254_740_991  # that JSON keeps everywhere; each column and file has room for it
)


class Given(BaseModel):
    """What a request gives; nothing else is accepted."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=False,
        defer_build=True,  # few of the routes are asked in one life of a gateway
    )

    @override
    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        described = handler.resolve_ref_schema(schema).get("properties", {})
        texts = field_texts(cls)
        for name in cls.model_fields.keys() & texts.keys():
            described[cls.model_fields[name].alias or name]["description"] = texts[name]
        return schema


class Nothing(Given):
    """Nothing."""


class PageQuery(Given):
    """Which part of a list."""

    limit: int = Field(default=USUAL_ITEMS, ge=1, le=MOST_ITEMS)
    """How many to return at most."""
    after: str = Field(default="", max_length=500)
    """Begin after this one; `next` of the answer before has it."""


def part_of(found: Sequence[T], given: PageQuery) -> tuple[Sequence[T], str]:
    """The part of a list that is asked for, whose items are numbered, and where the next begins; empty after the last.

    Raises:
        InvalidInput: `after` is no number that an answer had.
    """
    if given.after and not (given.after.isdecimal() and len(given.after) <= _MOST_DIGITS):
        raise InvalidInput(f"after is {given.after[:40]!r}", hint="follow `next`")
    start = int(given.after or 0)
    end = start + given.limit
    return found[start:end], str(end) if end < len(found) else ""


def part_after(names: Sequence[str], given: PageQuery) -> tuple[slice, str]:
    """The part of a list that is asked for, whose items have names, and the name after which the next begins.

    Raises:
        InvalidInput: `after` is no name of the list.
    """
    if given.after and given.after not in names:
        raise InvalidInput(
            f"nothing comes after {given.after[:80]!r}",
            why="it is not in the list, or no longer",
            hint="begin without after",
        )
    start = names.index(given.after) + 1 if given.after else 0
    end = start + given.limit
    return slice(start, end), names[end - 1] if end < len(names) else ""


def read_query(takes: type[G], query: bytes) -> G:
    """The values of a query, such as `limit=20&after=abc`.

    Raises:
        InvalidInput: a name is unknown or given twice, or a value is not of its form.
        Refusal: the query cannot be read.
    """
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=_MOST_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise Refusal(
            BadRequest("the query cannot be read", why=str(error)[:200], hint="encode it as UTF-8")
        ) from error
    values: dict[str, str] = {}
    for name, text in pairs:
        if name in values:
            told = field_texts(takes).get(name, "")
            hint = f"give it once: {told}" if "separated by commas" in told else "give it once"
            raise InvalidInput(f"{head(name, 40)!r} is given twice", hint=hint)
        values[name] = text
    try:
        return takes.model_validate(values)
    except ValidationError as error:
        raise wrong(error, takes, "the query") from error


def read_body(takes: type[G], body: bytes) -> G:
    """The values of a JSON body; an empty one gives none.

    Raises:
        InvalidInput: a name is unknown, or a value is not of its form.
        Refusal: it is not JSON.
    """
    try:
        return takes.model_validate_json(body or b"{}", strict=True)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise Refusal(
                BadRequest(
                    "the body is not JSON",
                    why=error.errors()[0]["msg"][:200],
                    hint="send a JSON object",
                )
            ) from error
        raise wrong(error, takes, "the body") from error


def wrong(error: ValidationError, takes: type[Given], what: str) -> InvalidInput:
    """The refusal of values that do not have their form."""
    first, *others = error.errors(include_url=False)
    told = [_told(each) for each in others[:_MOST_TOLD]]
    left = len(others) - len(told)
    return InvalidInput(
        f"{what} is not valid: {_told(first)}",
        why="; ".join([*told, f"and {left} more"] if left else told),
        hint=_hint(first, takes),
    )


def _told(fault: ErrorDetails) -> str:
    if fault["type"] == "extra_forbidden":
        return f"it takes no {head('.'.join(map(str, fault['loc'])), _MOST_SHOWN)!r}"
    place = ".".join(str(part) for part in fault["loc"]) or "it"
    message = fault["msg"][:1].lower() + fault["msg"][1:]
    return f"{head(place, _MOST_SHOWN)}: {head(message, 2 * _MOST_SHOWN)}"


def _hint(fault: ErrorDetails, takes: type[Given]) -> str:
    names = sorted(takes.model_fields)
    if fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1:
        return did_you_mean(
            str(fault["loc"][0]), names, f"It takes {', '.join(names) or 'nothing'}."
        )
    return "GET /api/v1/openapi.json describes what each request takes"
