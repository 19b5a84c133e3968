"""JSON values: their types, as a parser returns them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
    JsonObject: TypeAlias = Mapping[str, Json]
else:
    # Parsed JSON is valid JSON: decoders need not walk it again.
    Json = Any
    JsonObject = Mapping[str, Any]
