"""`pagents docs`: every code has its paragraph, and an unknown one is refused."""

from __future__ import annotations

import pytest

from parallel_agents.errors import NotFound
from parallel_agents.surfaces.cli.docs import docs, paragraphs


@pytest.mark.parametrize("spelled", ["PA-E104", "E104", "pa-e104"])
def test_a_code_shows_its_paragraph(spelled: str, capfd: pytest.CaptureFixture[str]) -> None:
    docs(spelled)

    shown = capfd.readouterr().out
    assert shown.startswith("PA-E104\n")
    assert "pagents list --all" in shown
    assert "PA-E105" not in shown


def test_without_a_name_all_pages_and_codes_are_listed(capfd: pytest.CaptureFixture[str]) -> None:
    docs(None)

    lines = capfd.readouterr().out.splitlines()
    first = lines.index("Error codes")
    assert lines[0] == "Pages"
    assert "  settings           Settings" in lines[:first]
    assert lines[first + 1].startswith("  PA-E000")
    assert any(line.startswith("  PA-E410") for line in lines)
    assert [line for line in lines[first + 1 :] if not line.endswith((".", "?"))] == []


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("settings", "# Settings"),
        ("docs/settings.md", "# Settings"),
        ("0007", "# 0007 Money in whole nanodollars"),
    ],
)
def test_a_page_is_printed(name: str, title: str, capfd: pytest.CaptureFixture[str]) -> None:
    docs(name)

    assert capfd.readouterr().out.splitlines()[0] == title


def test_an_unknown_page_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        docs("setings")

    assert caught.value.hint.startswith("did you mean 'settings'?")


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(NotFound, match="E999"):
        docs("E999")


def test_a_paragraph_is_shown_without_its_marks(capfd: pytest.CaptureFixture[str]) -> None:
    docs("E219")

    shown = capfd.readouterr().out
    assert "never pauses the model." in shown
    assert "```" not in shown
    assert "  ✖ PA-E219  mine answered" in shown


def test_a_paragraph_and_an_item_are_one_line_and_examples_and_tables_stay() -> None:
    page = "# T\n\none\ntwo\n- a\n  b\n- c\n\n| x |\n| y |\n```\n1\n2\n```\n"

    assert paragraphs(page) == [
        *("# T", "", "one two", "- a b", "- c", "", "| x |", "| y |", "```", "1", "2", "```"),
    ]
