"""`pagents docs`: every code has its paragraph, and an unknown one is refused."""

from __future__ import annotations

import pytest

from parallel_agents.errors import NotFound
from parallel_agents.surfaces.cli.docs import docs


@pytest.mark.parametrize("spelled", ["PA-E104", "E104", "pa-e104"])
def test_a_code_shows_its_paragraph(spelled: str, capfd: pytest.CaptureFixture[str]) -> None:
    docs(spelled)

    shown = capfd.readouterr().out
    assert shown.startswith("PA-E104\n")
    assert "pagents list --all" in shown
    assert "PA-E105" not in shown


def test_without_a_code_all_are_listed(capfd: pytest.CaptureFixture[str]) -> None:
    docs(None)

    lines = capfd.readouterr().out.splitlines()
    assert lines[0].startswith("PA-E000")
    assert any(line.startswith("PA-E410") for line in lines)
    assert [line for line in lines if not line.endswith((".", "?"))] == []


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(NotFound, match="E999"):
        docs("E999")


def test_a_paragraph_is_shown_without_its_marks(capfd: pytest.CaptureFixture[str]) -> None:
    docs("E219")

    shown = capfd.readouterr().out
    assert "never pauses the model." in shown
    assert "```" not in shown
    assert "  ✖ PA-E219  mine answered" in shown
