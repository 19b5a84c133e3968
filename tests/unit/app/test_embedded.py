"""Embedded: a run on the embedded model is told of where nobody chose it, or its file is not here."""

from __future__ import annotations

from pathlib import Path

from parallel_agents.app.embedded import EmbeddedNotes
from parallel_agents.core.agent import Agent
from parallel_agents.models.local.known import known_models
from parallel_agents.settings import Settings

PLAIN = Agent(name="plain", instructions="x")


def test_a_run_that_nobody_chose_a_model_for_says_so_and_what_it_fetches(tmp_path: Path) -> None:
    known = next(iter(known_models()))

    told = EmbeddedNotes(Settings(), tmp_path).of(PLAIN, None, known.model_name)

    assert told.startswith("No model was chosen and no key is set")
    assert "GB, is fetched first" in told


def test_a_model_that_is_here_is_not_fetched(tmp_path: Path) -> None:
    known = next(iter(known_models()))
    (tmp_path / known.file).write_bytes(b"")

    told = EmbeddedNotes(Settings(), tmp_path).of(PLAIN, None, known.model_name)

    assert "fetched" not in told


def test_nothing_is_said_of_a_model_that_was_chosen_and_is_here(tmp_path: Path) -> None:
    known = next(iter(known_models()))
    (tmp_path / known.file).write_bytes(b"")
    notes = EmbeddedNotes(Settings(), tmp_path)

    assert notes.of(PLAIN, known.model_name, known.model_name) == ""
    assert notes.of(PLAIN, None, "sim/calm") == ""
