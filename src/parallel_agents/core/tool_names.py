"""Tool names: an agent names its tools, and the program passes the functions; who mixes them up is told how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from parallel_agents.core.converted import Texts
from parallel_agents.core.takers import PLAIN, Taker, Wrong, items

_TAKES = "the name of a tool"


def _take_name(value: object) -> object:
    if isinstance(value, str):
        return PLAIN[str].take(value)
    name = getattr(getattr(value, "spec", value), "name", None) or getattr(value, "__name__", None)
    is_meant = (callable(value) or hasattr(value, "spec")) and not isinstance(value, type)
    if not is_meant or not isinstance(name, str) or not name.isidentifier():
        raise Wrong(value, _TAKES)
    hint = f"an agent names its tools: write tools=[{name!r}], and pass tools=[{name}] to run() or open()"
    raise Wrong(value, _TAKES, hint=hint)


if TYPE_CHECKING:
    ToolNames: TypeAlias = Texts
else:
    ToolNames = Annotated[tuple[str, ...], items(Taker(frozenset(), _take_name, _TAKES))]
