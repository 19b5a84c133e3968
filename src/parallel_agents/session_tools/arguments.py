"""Arguments: the arguments of a call under the contract's names, however a model spells them and their values.

This is the one gate of all tools: what can mean one thing only is taken, and all else is refused in words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import TypeGuard, TypeVar

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.core.schema import Json, JsonObject

_Choice = TypeVar("_Choice", bound=StrEnum)
_NUMBER = re.compile(r"[-+]?\d{1,12}(\.\d{1,12})?")
_SNAKE = re.compile(r"_([a-z0-9])")
_NO_ALIASES: Mapping[str, str] = {}
_SHOWN = 80
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MILLISECONDS = "ms"  # at the end of a name whose unit here is seconds


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
    """The arguments of one call; None counts as missing, and so does an empty text for another type.

    Args:
        values: by name; case, `_` and `-` make no difference to a known one. A time that is known in
            seconds may be given in milliseconds, as `timeoutMs`.
        aliases: other names of a parameter.
        known: the names that the tool takes.

    Raises:
        Refusal: from each method; a value has the wrong type, and the text names it. From `__init__`:
            two names of one parameter have different values.
    """

    def __init__(
        self,
        values: JsonObject,
        aliases: Mapping[str, str] = _NO_ALIASES,
        known: Collection[str] = (),
    ) -> None:
        self._values: dict[str, Json] = {}
        written = {fold(name): name for name in (*aliases, *known)}
        given: dict[str, str] = {}
        for name, value in values.items():
            if value is None:
                continue
            found = written.get(fold(name)) or _SNAKE.sub(lambda match: match[1].upper(), name)
            if (seconds := _in_seconds(name, written)) is not None:
                found, value = seconds, _seconds(name, value)  # noqa: PLW2901 - the same time
            meant = aliases.get(found, found)
            if meant in given and self._values[meant] != value:
                raise Refusal(f"{given[meant]} and {name} are one parameter: give one of them")
            given[meant] = name
            self._values[meant] = value

    @property
    def names(self) -> Collection[str]:
        """The names of those that are given."""
        return self._values.keys()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def _other(self, name: str) -> Json:
        """The value of a parameter that is no text; None if it is missing or an empty text."""
        value = self._values.get(name)
        return None if isinstance(value, str) and not value.strip() else value

    def text(self, name: str, *, most: int | None = None) -> str:
        """A string without surrounding spaces; empty if it is missing."""
        value = self._values.get(name, "")
        if not isinstance(value, str):
            raise Refusal(f"{name} must be a string")
        value = value.strip()
        if most is not None and len(value) > most:
            raise Refusal(f"{name} has {len(value)} characters; at most {most} are allowed")
        return value

    def name(self, name: str, *, most: int | None = None) -> str:
        """What something is called, which may be a number; empty if it is missing."""
        value = self._values.get(name)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return str(value) if is_number else self.text(name, most=most)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false, even in quotes or as 1 and 0."""
        value = self._other(name)
        if value is None:
            return default
        found = _FLAGS.get(str(value).strip().lower())
        if found is None:
            raise Refusal(f"{name} must be true or false")
        return found

    def whole(self, name: str, *, least: int = 0, most: int | None = None) -> int | None:
        """An integer, even one in quotes; None if it is missing."""
        value = self._other(name)
        if value is None:
            return None
        number = _as_number(value)
        if number is None or not number.is_integer() or number < least:
            kind = "a non-negative integer" if least == 0 else f"an integer of at least {least}"
            raise Refusal(f"{name} must be {kind}")
        if most is not None and number > most:
            raise Refusal(f"{name} must be at most {most}")
        return int(number)

    def positive(self, name: str) -> float | None:
        """A number above 0, even one in quotes; None if it is missing."""
        value = self._other(name)
        if value is None:
            return None
        number = _as_number(value)
        if number is None or number <= 0:
            raise Refusal(f"{name} must be a number above 0")
        return number

    def choice(self, name: str, kinds: type[_Choice], default: _Choice) -> _Choice:
        """One of several words, however it is spelt."""
        value = self._other(name)
        if value is None:
            return default
        found = {fold(kind): kind for kind in kinds}.get(fold(str(value).strip()))
        if found is None:
            listed = ", ".join(kinds)
            raise Refusal(f"Invalid {name} {_quoted(value)}. Use one of: {listed}.")
        return found

    def texts(self, name: str, *, most: int) -> tuple[str, ...]:
        """A list of strings, even one that a model wrote as a string of JSON, or a single string."""
        value = self._other(name)
        if value is None:
            return ()
        if isinstance(value, str) and value.lstrip().startswith("["):
            with suppress(orjson.JSONDecodeError):  # a label may begin so, too
                value = orjson.loads(value)
        items = value if _is_list(value) else [value]
        texts = [_as_text(item) for item in items]
        found = tuple(text for text in texts if text is not None)
        if len(found) < len(texts):
            raise Refusal(f"{name} must be a list of strings")
        if len(found) > most:
            raise Refusal(f"{name} has {len(found)} items; at most {most} are allowed")
        return found

    def object(self, name: str) -> JsonObject | None:
        """An object, even one that a model wrote as a string of JSON."""
        value = self._other(name)
        if isinstance(value, str):
            value = _from_json(name, value, "an object")
        if value is not None and not isinstance(value, Mapping):
            raise Refusal(f"{name} must be an object")
        return value

    def objects(self, name: str) -> Sequence[JsonObject]:
        """A list of objects, even one in a string of JSON, or a single object; empty if it is missing."""
        value = self._other(name)
        if value is None:
            return ()
        if isinstance(value, str):
            value = _from_json(name, value, "a list of objects")
        items = value if _is_list(value) else [value]
        objects = [item for item in items if isinstance(item, Mapping)]
        if len(objects) < len(items):
            raise Refusal(f"{name} must be a list of objects")
        return objects

    def raw(self, name: str) -> Json:
        """The value as it is, for a parameter of several types."""
        return self._values.get(name)


def _in_seconds(name: str, written: Mapping[str, str]) -> str | None:
    """The known name of a time that this one gives in milliseconds; None if it does not."""
    folded = fold(name)
    stem = folded.removesuffix(_MILLISECONDS)
    if stem == folded or folded in written:
        return None
    return written.get(f"{stem}seconds") or (written.get(stem) if "timeout" in stem else None)


def _seconds(name: str, value: Json) -> int:
    """Milliseconds as whole seconds, of which a part counts as one."""
    number = _as_number(value)
    if number is None or number < 0:
        raise Refusal(f"{name} must be milliseconds, as a non-negative number")
    return math.ceil(number / 1000)


def _is_list(value: Json) -> TypeGuard[Sequence[Json]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _as_text(value: Json) -> str | None:
    """A string, or a whole number as one; None for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _as_number(value: Json) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _from_json(name: str, text: str, kind: str) -> Json:
    try:
        found: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Refusal(f"{name} must be {kind}; this string is not JSON") from None
    return found


def _quoted(value: Json) -> str:
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return f'"{head(text, _SHOWN)}"'
