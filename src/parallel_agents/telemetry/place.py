"""Place: how far the journal was exported, in a file of the home that one process at a time works on."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from parallel_agents.files import write_private
from parallel_agents.telemetry.totals import Series, Totals

FOLDER_NAME = "telemetry"
_PLACE_NAME, LOCK_NAME = "place.json", "exporting.lock"
_MOST_BYTES = 8_000_000


class Place(BaseModel):
    """How far the journal was exported, and the totals up to there.

    Attributes:
        seq: the number of the last event that was exported.
        instance: names the source of the totals, which is the store and not a process.
        since: when the totals began, in seconds since the epoch.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    seq: int = Field(ge=0)
    instance: str
    since: float
    series: list[Series] = []

    @classmethod
    def beginning(cls, seq: int, now: float) -> Place:
        return cls(seq=seq, instance=str(uuid.uuid4()), since=now)

    @property
    def totals(self) -> Totals:
        """A copy of the totals, to be added to."""
        return Totals.of([each.model_copy(deep=True) for each in self.series])

    def moved(self, seq: int, totals: Totals) -> Place:
        return self.model_copy(update={"seq": seq, "series": list(totals.series.values())})


def read_place(folder: Path) -> Place | None:
    """The place that was kept; None if there is none that can be read."""
    try:
        with (folder / _PLACE_NAME).open("rb") as file:
            return Place.model_validate_json(file.read(_MOST_BYTES))
    except (OSError, ValidationError):
        return None


def keep_place(folder: Path, place: Place) -> None:
    """Replace the place that was kept.

    Raises:
        InvalidInput: the file cannot be written.
    """
    write_private(folder / _PLACE_NAME, place.model_dump_json().encode())
