"""OnStuck: what happens when a run is stuck."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias


class OnStuck(StrEnum):
    """What happens when a run is stuck: its history says so, or a person is asked as well."""

    NOTICE = "notice"
    ASK = "ask"


OnStuckName: TypeAlias = OnStuck | Literal["notice", "ask"]
