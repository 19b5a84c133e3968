"""Tier: how strong a model an agent wants."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, TypeAlias


class Tier(StrEnum):
    """How strong a model an agent wants; the settings name a model for each."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


TierName: TypeAlias = Tier | Literal["small", "medium", "large"]
