"""Design: an agent as data, as a model answers with it; the schemas and limits of the agent are made from it."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from parallel_agents.core.schema import Json, JsonObject

_TEXT_CHARACTERS, _ITEM_CHARACTERS, _MOST_ITEMS = 2000, 500, 10
_MOST_TEXT, _MOST_INPUTS, _MOST_OUTPUTS = 8000, 4, 8
_LEAST_TOKENS, _MOST_TOKENS, _CHARACTERS_OF_TOKEN = 300, 4000, 3
_TIMEOUT_SECONDS = 300
_CONSTANTS = {"true", "false", "null"}
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    YES_NO = "yes_no"
    LIST = "list_of_texts"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignField:
    """A value that the agent takes or answers with.

    Attributes:
        about: what it holds, in a sentence.
        choices: what it may be, if it is a choice.
    """

    name: str
    kind: Kind
    about: str
    choices: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Json]:
        """Its JSON Schema, bounded in every way."""
        return {**self._of_kind, "description": self.about} if self.about else self._of_kind

    @property
    def _of_kind(self) -> dict[str, Json]:
        match self.kind:
            case Kind.TEXT:
                return {"type": "string", "maxLength": _TEXT_CHARACTERS}
            case Kind.NUMBER:
                return {"type": "number"}
            case Kind.INTEGER:
                return {"type": "integer"}
            case Kind.YES_NO:
                return {"type": "boolean"}
            case Kind.LIST:
                items: Json = {"type": "string", "maxLength": _ITEM_CHARACTERS}
                return {"type": "array", "maxItems": _MOST_ITEMS, "items": items}
            case Kind.CHOICE:
                return {"enum": list(self.choices)}

    @property
    def characters(self) -> int:
        """The most that it may hold, for the limit of the answer."""
        most = {Kind.TEXT: _TEXT_CHARACTERS, Kind.LIST: _MOST_ITEMS * _ITEM_CHARACTERS // 2}
        return most.get(self.kind, 40)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What an agent is for, what it takes, and what it answers with."""

    description: str
    inputs: tuple[DesignField, ...]
    outputs: tuple[DesignField, ...]
    temperature: float
    tools: tuple[str, ...] = ()

    @property
    def max_output_tokens(self) -> int:
        needed = sum(field.characters for field in self.outputs) // _CHARACTERS_OF_TOKEN
        return max(_LEAST_TOKENS, min(needed, _MOST_TOKENS))

    def front_matter(self, name: str) -> dict[str, Json]:
        """The front matter of the agent's file."""
        return {
            "name": name,
            "description": self.description,
            "category": "created",
            "temperature": self.temperature,
            **({"tools": list(self.tools)} if self.tools else {}),
            "input": {
                "type": "object",
                "properties": {field.name: field.schema for field in self.inputs},
                "required": [field.name for field in self.inputs],
                "additionalProperties": False,
            },
            "output": {
                "type": "object",
                "properties": {field.name: field.schema for field in self.outputs},
                "required": [field.name for field in self.outputs],
                "additionalProperties": False,
            },
            "limits": {
                "max_output_tokens": self.max_output_tokens,
                "timeout_seconds": _TIMEOUT_SECONDS,
            },
        }


def design_schema(tools: Sequence[str] = ()) -> JsonObject:
    """The schema of a design, with the tools that the agent may be given."""
    properties: dict[str, Json] = {
        "description": {"type": "string", "minLength": 1, "maxLength": 300},
        "inputs": _fields_schema(_MOST_INPUTS),
        "outputs": _fields_schema(_MOST_OUTPUTS),
        "temperature": {"type": "number", "minimum": 0, "maximum": 1},
    }
    if tools:
        properties["tools"] = {
            "type": "array",
            "maxItems": len(tools),
            "items": {"enum": list(tools)},
        }
    return _closed(properties)


def instructions_schema() -> JsonObject:
    """The schema of the answer that has the instructions."""
    return _closed({"instructions": {"type": "string", "minLength": 1, "maxLength": _MOST_TEXT}})


def read_design(answer: JsonObject, tools: Sequence[str] = ()) -> Design:
    """The design in an answer that matches its schema; names become names of fields."""
    temperature = answer["temperature"]
    assert isinstance(temperature, int | float)
    chosen = cast("Sequence[str]", answer.get("tools") or ())
    return Design(
        description=one_line(str(answer["description"])),
        inputs=_read_fields(answer["inputs"]),
        outputs=_read_fields(answer["outputs"]),
        temperature=round(float(temperature), 2),
        tools=tuple(tool for tool in dict.fromkeys(chosen) if tool in tools),
    )


def one_line(text: str) -> str:
    """The text without line ends and repeated spaces."""
    return " ".join(text.split())


def _fields_schema(most: int) -> JsonObject:
    item = _closed(
        {
            "name": {"type": "string", "minLength": 1, "maxLength": 40},
            "kind": {"enum": [kind.value for kind in Kind]},
            "about": {"type": "string", "maxLength": 200},
            "choices": {
                "type": "array",
                "maxItems": 8,
                "items": {"type": "string", "minLength": 1, "maxLength": 40},
            },
        },
        optional=("choices",),
    )
    return {"type": "array", "minItems": 1, "maxItems": most, "items": item}


def _closed(properties: Mapping[str, Json], *, optional: Iterable[str] = ()) -> JsonObject:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _read_fields(value: Json) -> tuple[DesignField, ...]:
    found: dict[str, DesignField] = {}
    for number, item in enumerate(cast("Sequence[JsonObject]", value), start=1):
        name = _field_name(str(item["name"]), number, found)
        choices = cast("Sequence[str]", item.get("choices") or ())
        spoken = [one_line(choice) for choice in choices]
        listed = tuple(dict.fromkeys(choice for choice in spoken if choice))
        kind = Kind(str(item["kind"]))
        if kind is Kind.CHOICE and len(listed) < 2:
            kind = Kind.TEXT  # one that names nothing to choose from
        about = one_line(str(item["about"]))
        chosen = listed if kind is Kind.CHOICE else ()
        found[name] = DesignField(name=name, kind=kind, about=about, choices=chosen)
    return tuple(found.values())


def _field_name(written: str, number: int, taken: Mapping[str, DesignField]) -> str:
    name = _NOT_IN_NAMES.sub("_", written.lower()).strip("_")[:40]
    if not name or not name[0].isalpha() or keyword.iskeyword(name) or name in _CONSTANTS:
        name = f"field_{name or number}"  # conditions could not read it
    return name if name not in taken else f"{name}_{number}"
