"""Judges: who may judge, by what models lack and by calibrations that were kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from parallel_agents.core.agent import Agent
from parallel_agents.core.model import Capabilities, Models
from parallel_agents.files import write_whole
from parallel_agents.sessions.directory import Directory

CALIBRATIONS_NAME = "judges.json"
JUDGE = "judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How a model judged pairs of which it was known which is better.

    Attributes:
        agreement: the share of pairs of which it scored the better one higher.
        pairs: how many it judged.
        at: when, in seconds since the epoch.
        counts: it says whether the model may judge; good work on a part of the pairs does not.
    """

    model: str
    agreement: float
    pairs: int
    at: float
    counts: bool = True


class JudgeRegistry:
    """The judges of a home.

    Args:
        directory: the agent that judges, and its models.
        models: where models are had by name.
        file: where calibrations are kept.
    """

    def __init__(self, directory: Directory, models: Models, file: Path) -> None:
        self._directory = directory
        self._models = models
        self._file = file

    def judge(self, name: str = JUDGE) -> Agent:
        return self._directory.agent(name)

    def model_for(self, asked: str | None, judge: str = JUDGE) -> str:
        return self._directory.model(self.judge(judge), asked)

    def capabilities_of(self, model: str) -> Capabilities:
        return self._models.get(model).capabilities

    def agreement_of(self, model: str) -> float | None:
        """The share of pairs that it put right, where that says whether it may judge."""
        found = self.calibrations().get(model)
        return found.agreement if found is not None and found.counts else None

    def calibrations(self) -> Mapping[str, Calibration]:
        """All that were kept, by model."""
        try:
            kept = orjson.loads(self._file.read_bytes())
        except FileNotFoundError:
            return {}
        return {model: Calibration(**found) for model, found in kept.items()}

    def keep(self, calibration: Calibration) -> None:
        """Keep a calibration, whole or not at all, in the place of the model's one before.

        One that does not count takes no place of one that does.
        """
        earlier = self.calibrations()
        before = earlier.get(calibration.model)
        if before is not None and before.counts and not calibration.counts:
            return
        kept = {**earlier, calibration.model: calibration}
        write_whole(self._file, orjson.dumps(kept, option=orjson.OPT_INDENT_2))
