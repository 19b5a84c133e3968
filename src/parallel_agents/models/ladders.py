"""Ladders: named lists of models, cheapest first; a task climbs one until an answer is accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from parallel_agents.core.cutting import head
from parallel_agents.errors import UnknownModel

PREFIX = "ladder/"
BUILT_IN: Mapping[str, Sequence[str]] = {
    "default": (
        "anthropic/claude-haiku-5-5",
        "kimi-coding/kimi-for-coding",
        "anthropic/claude-opus-5-5",
    ),
}


class Ladders:
    """The built-in ladder, and the ladders in the settings, which may replace it."""

    def __init__(self, configured: Mapping[str, Sequence[str]]) -> None:
        self._by_name = {**BUILT_IN, **configured}

    def expand(self, names: Sequence[str]) -> list[str]:
        """Replace each `ladder/NAME` in `names` with the models of that ladder.

        Raises:
            UnknownModel: no ladder has the name.
        """
        return [model for name in names for model in self._models_of(name)]

    def _models_of(self, name: str) -> Sequence[str]:
        if not name.startswith(PREFIX):
            return (name,)
        ladder = name.removeprefix(PREFIX)
        if ladder not in self._by_name:
            close = get_close_matches(ladder, self._by_name, n=1)
            raise UnknownModel(
                f"no ladder {head(ladder, 80)!r}",
                hint=f"did you mean {PREFIX}{close[0]}?" if close else "add it under [ladders]",
            )
        return self._by_name[ladder]
