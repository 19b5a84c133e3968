"""Call: a call of a step's function, known again by its arguments."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from parallel_agents.containment.functions import UserFunction
from parallel_agents.core.output_type import OutputType
from parallel_agents.core.schema import Json
from parallel_agents.core.tool import Effect
from parallel_agents.flows.function import as_json, ordered


class Unstored(Exception):
    """A function returned, and what it returned cannot be stored."""


class Call(NamedTuple):
    """A call of a step's function.

    Attributes:
        kind: the type of what it returns; None for any JSON.
        is_wait: whether it only waits, so that a stop of the process breaks it off.
    """

    function: UserFunction
    kind: OutputType[Any] | None
    values: tuple[object, ...]
    named: Mapping[str, object]
    effect: Effect
    is_wait: bool = False

    @property
    def digest(self) -> str:
        """Identifies the arguments; empty if they are not JSON, so that nobody can tell them apart."""
        try:
            given = as_json(ordered([self.values, self.named]))
            encoded = orjson.dumps(given, option=orjson.OPT_SORT_KEYS)
        except (ValueError, TypeError, RecursionError):
            return ""
        return hashlib.sha256(encoded).hexdigest()[:32]

    async def result(self) -> Json:
        """What the function returns, as it is stored.

        Raises:
            Unstored: it cannot be stored, or is not of its type.
            Exception: the function raised it.
        """
        output = await self.function.call(_storable, *self.values, named=lambda: self.named)
        if self.kind is not None and (problems := self.kind.problems(output)):
            raise Unstored(f"it is not a {self.kind.name}: {'; '.join(problems)}")
        return output

    def instance(self, stored: Json) -> object:
        """What the function returned, of its type, made of what is stored."""
        return stored if self.kind is None else self.kind.instance(stored)


def _storable(value: object) -> Json:
    try:
        return as_json(value)
    except (ValueError, TypeError, RecursionError) as error:
        raise Unstored(str(error)) from None
