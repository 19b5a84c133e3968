"""Arguments: the arguments of a call under the contract's names, in either spelling."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.core.schema import Json, JsonObject

_Choice = TypeVar("_Choice", bound=StrEnum)
_SNAKE = re.compile(r"_([a-z0-9])")
_NO_ALIASES: Mapping[str, str] = {}
_SHOWN = 80


class Refusal(Exception):
    """A call that is answered with an error and has no effect.

    Attributes:
        answer: `status`, which is `error` or `forbidden`, the `error` as text, and further fields.
    """

    def __init__(self, error: str, *, status: str = "error", **more: Json) -> None:
        super().__init__(error)
        self.answer: JsonObject = {"status": status, "error": error, **more}


def fold(name: str) -> str:
    """A name without what people write differently: its case, `_` and `-`."""
    return name.replace("_", "").replace("-", "").lower()


class Arguments:
    """The arguments of one call; None counts as missing.

    Args:
        values: by name; case, `_` and `-` make no difference to a known one.
        aliases: other names of a parameter.
        known: the names that the tool takes.

    Raises:
        Refusal: from each method; a value has the wrong type, and the text names it.
    """

    def __init__(
        self,
        values: JsonObject,
        aliases: Mapping[str, str] = _NO_ALIASES,
        known: Collection[str] = (),
    ) -> None:
        self._values: dict[str, Json] = {}
        written = {fold(name): name for name in known}
        for name, value in values.items():
            camel = written.get(fold(name)) or _SNAKE.sub(lambda match: match[1].upper(), name)
            if value is not None:
                self._values.setdefault(aliases.get(camel, camel), value)

    @property
    def names(self) -> Collection[str]:
        """The names of those that are given."""
        return self._values.keys()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, *, most: int | None = None) -> str:
        """A string without surrounding spaces; empty if it is missing."""
        value = self._values.get(name, "")
        if not isinstance(value, str):
            raise Refusal(f"{name} must be a string")
        value = value.strip()
        if most is not None and len(value) > most:
            raise Refusal(f"{name} has {len(value)} characters; at most {most} are allowed")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self._values.get(name, default)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise Refusal(f"{name} must be true or false")
        return value

    def whole(self, name: str, *, least: int = 0, most: int | None = None) -> int | None:
        """An integer, even one in quotes; None if it is missing."""
        if name not in self._values:
            return None
        number = _as_whole(self._values[name])
        if number is None or number < least:
            kind = "a non-negative integer" if least == 0 else f"an integer of at least {least}"
            raise Refusal(f"{name} must be {kind}")
        if most is not None and number > most:
            raise Refusal(f"{name} must be at most {most}")
        return number

    def choice(self, name: str, kinds: type[_Choice], default: _Choice) -> _Choice:
        if name not in self._values:
            return default
        value = self._values[name]
        try:
            return kinds(str(value))
        except ValueError:
            listed = ", ".join(kinds)
            raise Refusal(f"Invalid {name} {_quoted(value)}. Use one of: {listed}.") from None

    def texts(self, name: str, *, most: int) -> tuple[str, ...]:
        """A list of strings, or a single string."""
        value = self._values.get(name, ())
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, Sequence) or not all(isinstance(item, str) for item in items):
            raise Refusal(f"{name} must be a list of strings")
        if len(items) > most:
            raise Refusal(f"{name} has {len(items)} items; at most {most} are allowed")
        return tuple(str(item) for item in items)

    def object(self, name: str) -> JsonObject | None:
        """An object, even one that a model wrote as a string of JSON."""
        value: Json | JsonObject = self._values.get(name)
        if isinstance(value, str):
            try:
                value = orjson.loads(value)
            except orjson.JSONDecodeError:
                raise Refusal(f"{name} must be an object; this string is not JSON") from None
        if value is not None and not isinstance(value, Mapping):
            raise Refusal(f"{name} must be an object")
        return value

    def objects(self, name: str) -> Sequence[JsonObject]:
        """A list of objects; empty if it is missing."""
        value = self._values.get(name, ())
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise Refusal(f"{name} must be a list")
        objects = [item for item in value if isinstance(item, Mapping)]
        if len(objects) < len(value):
            raise Refusal(f"{name} must be a list of objects")
        return objects

    def raw(self, name: str) -> Json:
        """The value as it is, for a parameter of several types."""
        return self._values.get(name)


def _as_whole(value: Json) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,12}", value.strip()):
        return int(value)
    return None


def _quoted(value: Json) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f'"{head(text, _SHOWN)}"'
