"""Bench: who may judge, by what models lack and by calibrations that were kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson

from parallel_agents.core.agent import Agent
from parallel_agents.core.model import Capabilities, Models

CALIBRATIONS_NAME = "judges.json"
JUDGE = "judge"


class Choices(Protocol):
    """Which agent a name means, and which model it gets."""

    def agent(self, name: str) -> Agent: ...

    def model(self, agent: Agent, asked: str | None) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How a model judged pairs of which it was known which is better.

    Attributes:
        agreement: the share of pairs of which it scored the better one higher.
        at: when, in seconds since the epoch.
    """

    model: str
    agreement: float
    pairs: int
    at: float


class JudgeBench:
    """The judges of a home.

    Args:
        choices: the agent that judges, and its models.
        models: where models are had by name.
        file: where calibrations are kept.
    """

    def __init__(self, choices: Choices, models: Models, file: Path) -> None:
        self._choices = choices
        self._models = models
        self._file = file

    def judge(self, name: str = JUDGE) -> Agent:
        return self._choices.agent(name)

    def model_for(self, asked: str | None, judge: str = JUDGE) -> str:
        return self._choices.model(self.judge(judge), asked)

    def capabilities_of(self, model: str) -> Capabilities:
        return self._models.get(model).capabilities

    def agreement_of(self, model: str) -> float | None:
        found = self.calibrations().get(model)
        return None if found is None else found.agreement

    def calibrations(self) -> Mapping[str, Calibration]:
        """All that were kept, by model."""
        try:
            kept = orjson.loads(self._file.read_bytes())
        except FileNotFoundError:
            return {}
        return {model: Calibration(**found) for model, found in kept.items()}

    def keep(self, calibration: Calibration) -> None:
        """Keep a calibration in the place of an earlier one of the same model; whole or not."""
        kept = {**self.calibrations(), calibration.model: calibration}
        part = self._file.with_suffix(".part")
        part.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2))
        part.replace(self._file)
