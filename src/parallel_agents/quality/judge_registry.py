"""Judge registry: which agents and models may judge, and how well the models judged when calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.model import Models
from parallel_agents.errors import InvalidFile
from parallel_agents.files import write_private
from parallel_agents.sessions.directory import Directory

MIN_AGREEMENT = 0.8
CALIBRATIONS_NAME = "judges.json"
JUDGE = "judge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How well a model judged pairs of works of which one is known to be better.

    Attributes:
        agreement: the share of pairs whose better work it scored higher, 0 to 1.
        pairs: how many pairs it judged.
        at: the time, in seconds since the epoch.
        counts: whether it decides if the model can judge; a good result on only some of the pairs
            does not decide that.
    """

    model: str
    agreement: float
    pairs: int
    at: float
    counts: bool = True


class JudgeRegistry:
    """The judges of a home folder.

    Args:
        directory: finds judging agents and chooses their models.
        models: finds models by name.
        file: keeps the calibrations.
    """

    def __init__(self, directory: Directory, models: Models, file: Path) -> None:
        self._directory = directory
        self._models = models
        self._file = file

    def judge(self, name: str = JUDGE) -> Agent:
        """The judging agent of that name.

        Raises:
            UnknownAgent, InvalidFile: as for `Directory.agent`.
        """
        return self._directory.agent(name)

    def model_for(self, asked: str | None, judge: str = JUDGE) -> str:
        """The model that judges: the one asked for, or the judging agent's.

        Raises:
            ConfigError: the model is unknown, or its key is missing.
        """
        return self._directory.choose(self.judge(judge), asked).model

    def weakness_of(self, model: str) -> str:
        """Why a model may not judge; empty if it is not known to judge badly."""
        agreement = self.agreement_of(model)
        if agreement is not None:
            told = f"it judged {agreement:.0%} of the calibration pairs correctly"
            is_enough = agreement >= MIN_AGREEMENT
            return "" if is_enough else f"{told}; {MIN_AGREEMENT:.0%} is required"
        is_weak = Need.JUDGEMENT in self._models.get(model).capabilities.lacks
        return "models of its size score good and bad work alike" if is_weak else ""

    def agreement_of(self, model: str) -> float | None:
        """The share of pairs that a model judged correctly; None if it has no valid calibration."""
        found = self.calibrations().get(model)
        return found.agreement if found is not None and found.counts else None

    def calibrations(self) -> Mapping[str, Calibration]:
        """The latest calibration of each model.

        Raises:
            InvalidFile: the file cannot be read, or is not one of calibrations.
        """
        try:
            content = orjson.loads(self._file.read_bytes())
            return {model: Calibration(**found) for model, found in content.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise InvalidFile(
                f"{self._file} has no calibrations that can be read",
                why=str(error),
                hint="delete it, and run `pagents judge calibrate` again",
            ) from error

    def keep(self, calibration: Calibration) -> None:
        """Replace the model's calibration; one that does not count never replaces one that does.

        The file is replaced as a whole, so a crash leaves the old one or the new one.
        """
        calibrations = self.calibrations()
        before = calibrations.get(calibration.model)
        if before is not None and before.counts and not calibration.counts:
            return
        content = {**calibrations, calibration.model: calibration}
        write_private(self._file, orjson.dumps(content, option=orjson.OPT_INDENT_2))
