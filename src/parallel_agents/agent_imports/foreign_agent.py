"""Foreign agent: what a file of another program says about one agent; all of it is data of a stranger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignAgent:
    """An agent as another program has it.

    Attributes:
        name: as it is written there.
        model: as it is written there; empty if none is named.
        tools: as they are written there.
        inputs: the names of what its instructions are filled with.
        left_out: each field that has no counterpart here, with why.
    """

    name: str
    description: str
    instructions: str
    model: str = ""
    tools: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict[str, str])
