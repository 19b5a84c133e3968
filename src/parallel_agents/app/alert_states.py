"""Alert states: which alerts hold, and who was told, in a file of the home that survives each process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from parallel_agents.files import write_private

FOLDER_NAME, LOCK_NAME = "alerts", "looking.lock"
_FILE_NAME = "states.json"
_MOST_BYTES, _MOST_STATES = 2_000_000, 500


class AlertState(BaseModel):
    """What is known of an alert.

    Attributes:
        when: its condition, for whoever reads the file.
        since: when the condition began to hold, or ended, in seconds since the epoch.
        is_due: whether somebody is still to be told that it holds.
        tries: how often that was tried.
        error: why the last try failed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    when: str
    is_firing: bool
    since: float
    value: float
    is_due: bool = False
    tries: int = 0
    error: str = ""


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    states: dict[str, AlertState] = {}


def read_states(home: Path) -> dict[str, AlertState]:
    """The states by the ids of alerts; none if there is no file that can be read."""
    try:
        with (home / FOLDER_NAME / _FILE_NAME).open("rb") as file:
            return dict(_Kept.model_validate_json(file.read(_MOST_BYTES)).states)
    except (OSError, ValidationError):
        return {}


def keep_states(home: Path, states: Mapping[str, AlertState]) -> None:
    """Replace the states; of alerts that nobody has any more, the oldest are forgotten.

    Raises:
        InvalidInput: the file cannot be written.
    """
    newest = sorted(states.items(), key=lambda each: each[1].since, reverse=True)[:_MOST_STATES]
    kept = _Kept(states=dict(newest))
    write_private(home / FOLDER_NAME / _FILE_NAME, kept.model_dump_json(indent=1).encode())
