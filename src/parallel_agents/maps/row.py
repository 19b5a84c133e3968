"""Row: the values of one row by column, with the line that it begins on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from parallel_agents.core.schema import Json


class Row(NamedTuple):
    """One row of a map's source.

    Attributes:
        number: its position, from 1.
        line: the line of its file that it begins on, from 1; the position for rows that are files.
        values: by column, in the order of the columns.
    """

    number: int
    line: int
    values: Mapping[str, Json]
