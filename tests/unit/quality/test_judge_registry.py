"""Calibrations are kept by model, and a part of the pairs never replaces a run on all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.usage import Usage
from parallel_agents.errors import InvalidFile
from parallel_agents.models.choice import Choice
from parallel_agents.models.ladders import Ladders
from parallel_agents.quality.judge_registry import Calibration, JudgeRegistry
from parallel_agents.sessions.directory import Directory
from parallel_agents.testing import RepliesWith

MODEL = RepliesWith(lambda _: "Done.", "scripted/judge")


class OneModel:
    def get(self, name: str) -> RepliesWith:
        assert name == MODEL.name
        return MODEL

    def cost_nanousd(self, model: str, usage: Usage) -> int | None:
        raise AssertionError(f"a registry of judges does not price {usage} on {model}")

    def most_nanousd(self, model: str, input_tokens: int, output_tokens: int) -> int | None:
        raise AssertionError(f"nor {input_tokens} and {output_tokens} tokens on {model}")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[JudgeRegistry]:
    choice = Choice(default=MODEL.name, tiers={}, providers={}, read_key=lambda _: None)
    directory = Directory(Catalog(), {}, choice, OneModel(), ladders=Ladders({}))
    yield JudgeRegistry(directory, OneModel(), tmp_path / "judges.json")
    assert not (tmp_path / "judges.part").exists()


def calibration(agreement: float, *, counts: bool, model: str = MODEL.name) -> Calibration:
    return Calibration(model=model, agreement=agreement, pairs=10, at=1.0, counts=counts)


def test_a_model_that_was_not_calibrated_has_no_agreement(registry: JudgeRegistry) -> None:
    assert registry.calibrations() == {}
    assert registry.agreement_of(MODEL.name) is None


def test_the_latest_calibration_of_each_model_is_kept(registry: JudgeRegistry) -> None:
    registry.keep(calibration(0.5, counts=True))
    registry.keep(calibration(0.7, counts=True, model="scripted/other"))
    registry.keep(calibration(0.9, counts=True))

    assert registry.agreement_of(MODEL.name) == 0.9
    assert registry.agreement_of("scripted/other") == 0.7


def test_a_calibration_that_does_not_count_says_nothing(registry: JudgeRegistry) -> None:
    registry.keep(calibration(1.0, counts=False))

    assert registry.agreement_of(MODEL.name) is None
    assert list(registry.calibrations()) == [MODEL.name]


def test_a_calibration_that_does_not_count_replaces_none_that_does(
    registry: JudgeRegistry,
) -> None:
    registry.keep(calibration(0.9, counts=True))
    registry.keep(calibration(1.0, counts=False))

    assert registry.agreement_of(MODEL.name) == 0.9


def test_the_judge_is_an_agent_of_the_catalog_on_the_chosen_model(registry: JudgeRegistry) -> None:
    assert registry.judge().name == "judge"
    assert registry.model_for(None) == MODEL.name


@pytest.mark.parametrize(
    ("agreement", "counts", "weakness"),
    [
        (None, True, ""),
        (0.8, True, ""),
        (0.7, True, "it judged 70% of the calibration pairs correctly; 80% is required"),
        (1.0, False, ""),
    ],
)
def test_a_model_that_failed_its_calibration_is_weak(
    registry: JudgeRegistry, agreement: float | None, counts: bool, weakness: str
) -> None:
    if agreement is not None:
        registry.keep(calibration(agreement, counts=counts))

    assert registry.weakness_of(MODEL.name) == weakness


@pytest.mark.parametrize("content", [b"", b"[]", b'{"m": 1}', b'{"m": {"x": 1}}', b"\xff"])
def test_a_file_of_calibrations_that_cannot_be_read_is_named(
    registry: JudgeRegistry, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "judges.json").write_bytes(content)

    with pytest.raises(InvalidFile, match=r"judges\.json has no calibrations") as caught:
        registry.weakness_of(MODEL.name)
    assert "pagents judge calibrate" in caught.value.hint
